/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dom0_elf.c - any file as Dom0's kernel
 *
 * The first bytes choose how the rest is framed, since chance hardly finds an
 * ELF header: as it is, or behind a valid header whose segment table it then
 * begins. Whatever the parser accepts keeps its promises: every piece to be
 * loaded comes from the file and goes into [start, end), and the layout made
 * from it lies in one piece outside of the hypervisor's slots.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/pv/dom0.h"

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

#define HEADER_BYTES	64

/* The head of an input. */
struct input {
	uint8_t framed, nr_segments;
	uint8_t megabytes, initrd_megabytes;
};

struct loading {
	const struct dom0_image *img;
	uint64_t bytes;
};

/* 64-bit, x86-64, an executable, with its segments right behind. */
static void put_header(uint8_t *to, uint8_t nr_segments)
{
	static const uint8_t header[HEADER_BYTES] = {
		0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62, [20] = 1,
		[32] = HEADER_BYTES, [52] = HEADER_BYTES, [54] = 56,
	};

	memcpy(to, header, sizeof(header));
	to[56] = nr_segments;
}

static void copy(void *priv, uint64_t va, const void *src, uint64_t len)
{
	struct loading *l = priv;
	const struct dom0_image *img = l->img;
	const uint8_t *from = src;

	l->bytes += len;
	if (!len)
		return;
	CHECK(va >= img->start && va < img->end && len <= img->end - va);
	if (!from)
		return;
	CHECK(from >= img->data && from <= img->data + img->size);
	CHECK(len <= (uint64_t)(img->data + img->size - from));
}

static bool ours(uint64_t va)
{
	return va >= 1UL << 47 && va < HYPERVISOR_VIRT_END;
}

static void check_image(const struct dom0_image *img, const struct input *in)
{
	struct loading loading = { .img = img };
	struct dom0_layout l;

	CHECK(img->start < img->end && img->start >= img->virt_base);
	CHECK(img->entry >= img->start && img->entry < img->end);
	CHECK(!(img->virt_base & ~PAGE_MASK));
	CHECK(!ours(img->start) && !ours(img->end - 1));
	if (img->hypercall_page)
		CHECK(img->hypercall_page >= img->start &&
		      img->hypercall_page + PAGE_SIZE <= img->end);
	dom0_elf_load(img, copy, &loading);
	if (dom0_layout(&l, img, (uint64_t)in->megabytes << 16,
			(uint64_t)in->initrd_megabytes << 24))
		return;
	CHECK(l.v_start <= img->start && l.v_end >= img->end);
	CHECK(l.v_end > l.v_start && l.stack_va + PAGE_SIZE <= l.v_end);
	CHECK(!ours(l.v_start) && !ours(l.v_end - 1));
	CHECK(l.v_end < 1UL << 47 || l.v_start >= HYPERVISOR_VIRT_END ||
	      l.v_end == 1UL << 47);
	CHECK(l.min_pages >= (l.v_end - l.v_start) / PAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dom0_image img;
	struct input in;
	const char *wrong;
	uint8_t *file;
	size_t head;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	head = in.framed & 1 ? HEADER_BYTES : 0;
	file = malloc(head + size);
	if (head)
		put_header(file, in.nr_segments % 8);
	memcpy(file + head, data, size);
	wrong = dom0_elf_parse(&img, file, head + size);
	if (!wrong)
		check_image(&img, &in);
	free(file);
	return 0;
}
