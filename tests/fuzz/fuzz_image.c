/* SPDX-License-Identifier: MIT */
/*
 * fuzz_image.c - any file as a guest's kernel: it is refused with words, or
 * the image keeps its promises
 *
 * The first byte says what the rest is: as it is; ELF headers and notes of a
 * good kernel with the rest laid over them; that in a bzImage.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elf.h>

#include "reader.h"

#define ROOM		(2 << 20)
#define MEMORY_BYTES	(UINT64_C(8) << 20)
#define FILE_MOST	65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* ---- files --------------------------------------------------------------- */

struct good_kernel {
	Elf64_Ehdr header;
	Elf64_Phdr load, note;
	struct {
		uint32_t name_bytes, bytes, type;
		char name[4];
		uint64_t value;
	} notes[4];
	char code[16];
};

static const struct good_kernel good = {
	.header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1,
		.e_phoff = offsetof(struct good_kernel, load),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
	},
	.load = {
		.p_type = PT_LOAD, .p_paddr = 0x100000, .p_memsz = 0x3000,
		.p_filesz = sizeof(struct good_kernel),
	},
	.note = {
		.p_type = PT_NOTE,
		.p_offset = offsetof(struct good_kernel, notes),
		.p_filesz = sizeof(good.notes),
	},
	.notes = {
		{4, 8, 1, "Xen", 0xffffffff80100010},
		{4, 8, 2, "Xen", 0xffffffff80101000},
		{4, 8, 3, "Xen", 0xffffffff80000000},
		{4, 8, 15, "Xen", 0x8000000000},
	},
};

/* Pieces of three bytes of place and length, then what replaces. */
static size_t lay_over(uint8_t *file, size_t length, const uint8_t *data,
		       size_t size)
{
	size_t at, n;

	while (size > 3) {
		at = (data[0] | (size_t)data[1] << 8) % (length + 1);
		n = data[2] % 16 + 1;
		data += 3;
		size -= 3;
		if (n > size)
			n = size;
		memcpy(file + at, data, n);
		if (at + n > length)
			length = at + n;
		data += n;
		size -= n;
		if (length > FILE_MOST / 2)
			break;
	}
	return length;
}

/* One setup sector, then the payload at once. */
static size_t wrap(uint8_t *file, const uint8_t *data, size_t size)
{
	uint32_t length = (uint32_t)size;

	memset(file, 0, 1024);
	file[0x1f1] = 1;
	memcpy(file + 0x202, "HdrS", 4);
	file[0x206] = 8;
	file[0x207] = 2;
	memcpy(file + 0x24c, &length, sizeof(length));
	memcpy(file + 1024, data, size);
	return size + 1024;
}

static size_t make_file(uint8_t *file, const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (size > FILE_MOST / 2)
		size = FILE_MOST / 2;
	switch (data[0] % 3) {
	case 0:
		memcpy(file, data + 1, size - 1);
		return size - 1;
	case 1:
		memcpy(file, &good, sizeof(good));
		return lay_over(file, sizeof(good), data + 1, size - 1);
	default:
		return wrap(file, data + 1, size - 1);
	}
}

/* ---- promises ------------------------------------------------------------ */

static bool inside(const struct image *img, uint64_t va, uint64_t bytes)
{
	const struct image_segment *s;
	size_t i;

	for (i = 0; i < img->nr_segments; i++) {
		s = &img->segments[i];
		if (va >= s->va && va - s->va < s->memory_bytes)
			return bytes <= s->memory_bytes - (va - s->va);
	}
	return false;
}

static void check_image(const struct image *img, const struct reader *r)
{
	const struct image_segment *s;
	uint64_t last = img->virt_base;
	uint64_t room = r->claims->flags & CLAIM_IN_FILE ?
			r->file_bytes : CLAIMS_BYTES + ROOM;
	size_t i;

	expect(img->nr_segments && img->nr_segments <= IMAGE_SEGMENTS_MOST);
	for (i = 0; i < img->nr_segments; i++) {
		s = &img->segments[i];
		expect(s->va >= last && s->memory_bytes);
		last = s->va + s->memory_bytes;
		expect(last > s->va && s->file_bytes <= s->memory_bytes);
		expect(s->at <= room && s->file_bytes <= room - s->at);
	}
	expect(img->start == img->segments[0].va && img->end == last);
	expect(img->end - img->virt_base <= MEMORY_BYTES);
	expect(inside(img, img->entry, 1));
	expect(img->hypercall_page == IMAGE_NONE ||
	       inside(img, img->hypercall_page, 4096));
	expect(!(img->features_needed & ~img->features_supported));
	expect(memchr(img->guest_os, 0, sizeof(img->guest_os)));
}

static void check_refusal(const struct image_refusal *why)
{
	size_t i, length = strnlen(why->words, sizeof(why->words));

	expect(why->code > 0 && length && length < sizeof(why->words) - 1);
	for (i = 0; i < length; i++)
		expect(why->words[i] >= ' ' && why->words[i] <= '~');
}

static void read_file(int fd, uint64_t bytes, uint8_t *result)
{
	struct reader r = {
		.claims = (struct claims *)result,
		.data = result + CLAIMS_BYTES, .room = ROOM,
		.fd = fd, .file_bytes = bytes,
	};
	struct image_refusal why;
	struct image img;
	bool read;

	memset(r.claims, 0, sizeof(*r.claims));
	read = read_kernel(&r);
	r.claims->magic = CLAIMS_MAGIC;
	r.claims->state = read ? CLAIM_READ : CLAIM_REFUSED;
	expect(read || r.claims->problem != PROBLEM_NONE);
	if (image_check(&img, r.claims, bytes, MEMORY_BYTES, &why))
		check_refusal(&why);
	else
		check_image(&img, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[FILE_MOST + 1024], *result;
	static int fd = -1;
	size_t length;

	if (fd < 0) {
		fd = memfd_create("kernel", 0);
		result = malloc(CLAIMS_BYTES + ROOM);
		expect(fd >= 0 && result);
		memset(result, 0, CLAIMS_BYTES + ROOM);
	}
	length = make_file(file, data, size);
	expect(!ftruncate(fd, (off_t)length));
	expect(pwrite(fd, file, length, 0) == (ssize_t)length);
	read_file(fd, length, result);
	return 0;
}
