/* SPDX-License-Identifier: MIT */
/*
 * test_dom0_elf.c - Dom0's kernel: what is taken from a good file, and that
 * every kind of bad one is refused with a sentence
 *
 * Files are made in allocations of exactly their size, so that a read behind
 * the end is seen by AddressSanitizer.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <xen/elfnote.h>
#include "../../hypervisor/pv/dom0.h"

#define VIRT_BASE	0xffffffff80000000UL
#define ENTRY		(VIRT_BASE + 0x1000180)
#define NOTES_AT	0x200
#define TEXT_AT		0x1000
#define TEXT_BYTES	0x300
#define DATA_AT		0x1400
#define DATA_BYTES	0x100
#define FILE_BYTES	(DATA_AT + DATA_BYTES)

struct header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

enum { TEXT, DATA, NOTES, NR_SEGMENTS };

/* A file in the making; finish() gives an allocation of its size. */
struct file {
	struct header h;
	struct segment s[NR_SEGMENTS];
	uint8_t notes[512];
	uint64_t notes_bytes, size;
};

static void add_note(struct file *f, const char *name, uint32_t type,
		     const void *desc, uint32_t len)
{
	uint32_t namesz = (uint32_t)strlen(name) + 1;
	uint32_t head[3] = { namesz, len, type };
	uint8_t *at = f->notes + f->notes_bytes;

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	memcpy(at, name, namesz);
	at += ALIGN_UP(namesz, 4U);
	memcpy(at, desc, len);
	at += ALIGN_UP(len, 4U);
	f->notes_bytes = (uint64_t)(at - f->notes);
	f->s[NOTES].filesz = f->s[NOTES].memsz = f->notes_bytes;
}

static void add_number(struct file *f, uint32_t type, uint64_t value)
{
	add_note(f, "Xen", type, &value, sizeof(value));
}

static struct file good_file(void)
{
	struct file f = {
		.h = { .ident = "\177ELF\2\1\1", .type = 2, .machine = 62,
		       .version = 1, .entry = VIRT_BASE + 0x1000000,
		       .phoff = sizeof(struct header),
		       .ehsize = sizeof(struct header),
		       .phentsize = sizeof(struct segment),
		       .phnum = NR_SEGMENTS },
		.s = {
			[TEXT] = { .type = 1, .offset = TEXT_AT,
				   .vaddr = VIRT_BASE + 0x1000000,
				   .paddr = 0x1000000, .filesz = TEXT_BYTES,
				   .memsz = TEXT_BYTES },
			[DATA] = { .type = 1, .offset = DATA_AT,
				   .vaddr = VIRT_BASE + 0x1800000,
				   .paddr = 0x1800000, .filesz = DATA_BYTES,
				   .memsz = 0x5000 },
			[NOTES] = { .type = 4, .offset = NOTES_AT },
		},
		.size = FILE_BYTES,
	};

	add_note(&f, "GNU", 3, "build id", 8);
	add_number(&f, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	add_number(&f, XEN_ELFNOTE_ENTRY, ENTRY);
	return f;
}

static uint8_t *finish(const struct file *f)
{
	uint8_t whole[FILE_BYTES] = { 0 }, *data = malloc(f->size);
	unsigned int i;

	for (i = TEXT_AT; i < FILE_BYTES; i++)
		whole[i] = (uint8_t)(i * 7);
	memcpy(whole, &f->h, sizeof(f->h));
	memcpy(whole + sizeof(f->h), f->s, sizeof(f->s));
	memcpy(whole + NOTES_AT, f->notes, sizeof(f->notes));
	memcpy(data, whole, f->size);
	return data;
}

static const char *parse(struct dom0_image *img, const struct file *f)
{
	uint8_t *data = finish(f);
	const char *wrong = dom0_elf_parse(img, data, f->size);

	free(data);
	return wrong;
}

/* Its last part says what to do. */
static bool advises(const char *wrong)
{
	static const char *const advice[] = {
		": get the file anew", ": give ", ": unpack it first",
		": the first module has to be ",
	};
	const char *last = strrchr(wrong, ':');
	unsigned int i;

	for (i = 0; last && i < ARRAY_SIZE(advice); i++)
		if (!strncmp(last, advice[i], strlen(advice[i])))
			return true;
	return false;
}

/* Refused, and the sentence says @why, and what to do. */
static void refused(const struct file *f, const char *why)
{
	struct dom0_image img;
	const char *wrong = parse(&img, f);

	assert_non_null(wrong);
	if (!strstr(wrong, why))
		fail_msg("\"%s\" does not say \"%s\"", wrong, why);
	if (!advises(wrong))
		fail_msg("\"%s\" does not say what to do", wrong);
}

static void accepted(const struct file *f, struct dom0_image *img)
{
	const char *wrong = parse(img, f);

	if (wrong)
		fail_msg("refused: %s", wrong);
}

static void a_good_kernel_is_understood(void **state)
{
	struct file f = good_file();
	struct dom0_image img;

	add_number(&f, XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1801000);
	add_number(&f, XEN_ELFNOTE_INIT_P2M, 0x8000000000UL);
	add_note(&f, "Xen", XEN_ELFNOTE_MOD_START_PFN, "\1\0\0\0", 4);
	accepted(&f, &img);
	assert_int_equal(img.entry, ENTRY);
	assert_int_equal(img.virt_base, VIRT_BASE);
	assert_int_equal(img.start, VIRT_BASE + 0x1000000);
	assert_int_equal(img.end, VIRT_BASE + 0x1805000);
	assert_int_equal(img.hypercall_page, VIRT_BASE + 0x1801000);
	assert_int_equal(img.init_p2m, 0x8000000000UL);
	assert_true(img.mod_start_pfn);
}

static void without_notes_of_ours_defaults_hold(void **state)
{
	struct file f = good_file();
	struct dom0_image img;

	f.notes_bytes = 0;
	add_number(&f, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	accepted(&f, &img);
	assert_int_equal(img.entry, f.h.entry);
	assert_int_equal(img.hypercall_page, 0);
	assert_int_equal(img.init_p2m, 0);
	assert_false(img.mod_start_pfn);
}

struct loaded {
	uint8_t bytes[0x6000];
	uint64_t base;
	unsigned int calls;
};

static void keep(void *priv, uint64_t va, const void *src, uint64_t len)
{
	struct loaded *l = priv;

	l->calls++;
	if (va < l->base)
		return;
	assert_true(va - l->base + len <= sizeof(l->bytes));
	if (src)
		memcpy(l->bytes + (va - l->base), src, len);
	else
		memset(l->bytes + (va - l->base), 0, len);
}

static void segments_are_loaded_with_zeroes_behind(void **state)
{
	struct loaded l = { .base = VIRT_BASE + 0x1800000 };
	struct file f = good_file();
	uint8_t *data = finish(&f);
	struct dom0_image img;
	unsigned int i;

	assert_null(dom0_elf_parse(&img, data, f.size));
	memset(l.bytes, 0xee, sizeof(l.bytes));
	dom0_elf_load(&img, keep, &l);
	assert_int_equal(l.calls, 4);
	assert_memory_equal(l.bytes, data + DATA_AT, DATA_BYTES);
	for (i = DATA_BYTES; i < 0x5000; i++)
		assert_int_equal(l.bytes[i], 0);
	assert_int_equal(l.bytes[0x5000], 0xee);
	free(data);
}

/* Whatever is missing at the end: a sentence, and no read behind it. */
static void every_truncation_is_refused(void **state)
{
	struct file f = good_file();
	struct dom0_image img;

	for (f.size = 0; f.size < FILE_BYTES; f.size++)
		assert_non_null(parse(&img, &f));
}

static void other_files_are_named(void **state)
{
	struct file f = good_file();

	f.h.ident[1] = 'X';
	refused(&f, "nor an ELF file");
	memcpy(f.h.ident, "\x1f\x8b", 2);
	refused(&f, "gzip");

	f = good_file();
	f.h.machine = 3;
	refused(&f, "64-bit");
	f.h.machine = 62;
	f.h.ident[4] = 1;
	refused(&f, "64-bit");

	f = good_file();
	f.h.type = 1;
	refused(&f, "no executable");
}

static void segment_tables_are_checked(void **state)
{
	static const uint64_t offsets[] = {
		FILE_BYTES, FILE_BYTES - 1, ~0UL, ~0UL - 100, 1UL << 63,
	};
	struct file f = good_file();
	unsigned int i;

	f.h.phnum = 0;
	refused(&f, "malformed");
	f.h.phnum = 65;
	refused(&f, "malformed");
	f.h.phnum = 0xffff;
	refused(&f, "malformed");
	f = good_file();
	f.h.phentsize = 32;
	refused(&f, "malformed");
	f = good_file();
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		f.h.phoff = offsets[i];
		refused(&f, "truncated");
	}
}

static void segments_outside_the_file_are_refused(void **state)
{
	struct file f = good_file();

	f.s[DATA].offset = FILE_BYTES + 1;
	refused(&f, "truncated");
	f.s[DATA].offset = ~0UL - 0x10;
	refused(&f, "truncated");
	f = good_file();
	f.s[DATA].filesz++;
	refused(&f, "truncated");
	f.s[DATA].filesz = ~0UL;
	refused(&f, "truncated");
	f = good_file();
	f.s[DATA].memsz = f.s[DATA].filesz - 1;
	refused(&f, "size");
	f.s[DATA].memsz = ~0UL;
	refused(&f, "size");
	f.s[DATA].memsz = (1UL << 30) + 1;
	refused(&f, "size");
}

static void segments_outside_the_range_are_refused(void **state)
{
	struct file f = good_file();

	f.s[TEXT].paddr = ~0UL;
	refused(&f, "outside");
	f.s[TEXT].paddr = 2UL << 30;
	refused(&f, "outside");
	/* Behind the end of the address space. */
	f = good_file();
	f.notes_bytes = 0;
	add_number(&f, XEN_ELFNOTE_VIRT_BASE, 0xfffffffffffff000UL);
	f.s[TEXT].paddr = 0;
	f.s[DATA].paddr = 0;
	refused(&f, "outside");
	f = good_file();
	f.s[TEXT].memsz = f.s[DATA].memsz = 0;
	f.s[TEXT].filesz = f.s[DATA].filesz = 0;
	refused(&f, "nothing to load");
}

static void our_addresses_are_refused(void **state)
{
	static const uint64_t bases[] = {
		HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - PAGE_SIZE,
		HYPERVISOR_VIRT_START + (1UL << 39), 1UL << 47, 1UL << 62,
		0xffff7ffffffff000UL, VIRT_BASE + 1,
		/* The image's end lies where no address is. */
		(1UL << 47) - PAGE_SIZE,
	};
	struct file f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		f = good_file();
		f.notes_bytes = 0;
		add_number(&f, XEN_ELFNOTE_VIRT_BASE, bases[i]);
		add_number(&f, XEN_ELFNOTE_ENTRY, bases[i] + 0x1000000);
		refused(&f, "hypervisor's range");
	}
}

static void with_number(uint32_t type, uint64_t value, const char *why)
{
	struct file f = good_file();

	add_number(&f, type, value);
	refused(&f, why);
}

static void addresses_in_notes_are_checked(void **state)
{
	with_number(XEN_ELFNOTE_ENTRY, VIRT_BASE, "entry point");
	with_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + 0x1805000, "entry point");
	with_number(XEN_ELFNOTE_ENTRY, 0, "entry point");
	with_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1801001,
		    "hypercall page");
	with_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE, "hypercall page");
	with_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + 0x1805000,
		    "hypercall page");
	with_number(XEN_ELFNOTE_INIT_P2M, 0x1000, "512 GiB");
	with_number(XEN_ELFNOTE_INIT_P2M, HYPERVISOR_VIRT_START, "512 GiB");
	with_number(XEN_ELFNOTE_INIT_P2M, 1UL << 47, "512 GiB");
}

/* A kernel of less than a page: no room for a hypercall page in it. */
static void a_hypercall_page_needs_its_room(void **state)
{
	struct file f = good_file();

	f.notes_bytes = 0;
	add_number(&f, XEN_ELFNOTE_VIRT_BASE, 0);
	add_number(&f, XEN_ELFNOTE_ENTRY, 0x10);
	add_number(&f, XEN_ELFNOTE_HYPERCALL_PAGE, 0x1000);
	f.s[TEXT].paddr = 0;
	f.s[DATA].paddr = 0x400;
	f.s[DATA].memsz = DATA_BYTES;
	refused(&f, "hypercall page");
}

static void notes_that_run_over_are_left(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 4, 0xffffffff }, { 0xffffffff, 4 }, { 0xfffffffd, 0xfffffffd },
		{ 4, 512 }, { 4, 0xfffffff0 },
	};
	struct file f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		f = good_file();
		memcpy(f.notes, sizes[i], 8);
		memcpy(f.notes + 12, "Xen", 4);
		refused(&f, "no Xen notes");
	}
}

/* A name that only begins like ours, and a number of a strange size. */
static void foreign_notes_are_left(void **state)
{
	struct file f = good_file();
	struct dom0_image img;

	f.notes_bytes = 0;
	add_note(&f, "Xenon", XEN_ELFNOTE_ENTRY, "12345678", 8);
	refused(&f, "no Xen notes");
	add_number(&f, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	add_note(&f, "Xen", XEN_ELFNOTE_MOD_START_PFN, "\1\1\1", 3);
	accepted(&f, &img);
	assert_false(img.mod_start_pfn);
}

static void notes_outside_the_file_are_refused(void **state)
{
	struct file f = good_file();

	f.s[NOTES].offset = FILE_BYTES - 4;
	refused(&f, "notes are missing");
	f.s[NOTES].offset = ~0UL;
	refused(&f, "notes are missing");
	f = good_file();
	f.s[NOTES].filesz = ~0UL;
	refused(&f, "notes are missing");
	f = good_file();
	f.s[NOTES].type = 0;
	refused(&f, "no Xen notes");
	f = good_file();
	f.s[NOTES].filesz = 11;
	refused(&f, "no Xen notes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_kernel_is_understood),
		cmocka_unit_test(without_notes_of_ours_defaults_hold),
		cmocka_unit_test(segments_are_loaded_with_zeroes_behind),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(segment_tables_are_checked),
		cmocka_unit_test(segments_outside_the_file_are_refused),
		cmocka_unit_test(segments_outside_the_range_are_refused),
		cmocka_unit_test(our_addresses_are_refused),
		cmocka_unit_test(addresses_in_notes_are_checked),
		cmocka_unit_test(a_hypercall_page_needs_its_room),
		cmocka_unit_test(notes_that_run_over_are_left),
		cmocka_unit_test(foreign_notes_are_left),
		cmocka_unit_test(notes_outside_the_file_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
