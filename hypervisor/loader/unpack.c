/* SPDX-License-Identifier: MIT */
/*
 * unpack.c - the throw-away stage that unpacks Dom0's kernel
 *
 *   bzImage in module 0 -> free memory -> module 0 is the ELF file
 *
 * Runs on the boot CPU between the loader's data being copied and memory being
 * taken over, on the early page tables, which map the low 4 GiB. Nothing is
 * allocated from anybody: what was the compressed file, and the decoder's
 * working memory, is simply free when mm_init() looks at the modules.
 *
 * The decoders are the libraries' own, compiled for any program: they use SSE
 * registers and look for the stack protector's word in FS's segment. Both are
 * theirs for the time being. They also write below the stack pointer, which
 * only an interrupt could hurt, and there are none.
 */
#include "private.h"
#include "decode/decode.h"

#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/layout.h>
#include <lodge/lib.h>
#include <lodge/loader.h>
#include <lodge/x86.h>

#define MIB		(1UL << 20)
#define UNPACKED_MAX	(1UL << 30)

/* Most of it is xz's dictionary: 32 MiB for Debian's kernels. */
#define ARENA_MAX	(192 * MIB)
#define ARENA_STEP	(4 * MIB)

/* The ABI's place for the stack protector's word, from FS's base on. */
static uint64_t protector_block[6] __initdata = { 0 };

static void *__init low(uint64_t phys)
{
	return (void *)(DIRECTMAP_BASE + phys);
}

static const char *__init find_room(const struct boot_info *bi, uint64_t size,
				    struct span *out, struct span *work)
{
	out->size = size;
	if (!loader_find_memory(bi, NULL, 0, size, &out->start))
		return DECODE_NO_MEMORY;
	for (work->size = ARENA_MAX; work->size; work->size -= ARENA_STEP)
		if (loader_find_memory(bi, out, 1, work->size, &work->start))
			return NULL;
	return DECODE_NO_MEMORY;
}

static const char *__init decode(const struct unpack_format *format,
				 struct unpack_job *job)
{
	unsigned long cr4 = read_cr4();
	const char *wrong;

	write_cr4(cr4 | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT);
	wrmsr(MSR_FS_BASE, (unsigned long)protector_block);
	decoders_init();
	wrong = format->decode(job);
	wrmsr(MSR_FS_BASE, 0);
	write_cr4(cr4);
	return wrong;
}

/* The size after unpacking: the last four bytes of the data. */
static uint32_t __init unpacked_size(const uint8_t *src, uint64_t size)
{
	uint32_t v;

	memcpy(&v, src + size - sizeof(v), sizeof(v));
	return v;
}

static const char *__init unpack(struct boot_info *bi,
				 const struct unpack_format *format,
				 const uint8_t *src, uint64_t size)
{
	struct boot_module *m = &bi->modules[0];
	struct arena arena = { 0 };
	struct unpack_job job = {
		.src = src, .src_size = size - format->trailer,
		.dst_size = unpacked_size(src, size), .arena = &arena,
	};
	struct span out, work;
	const char *wrong;

	if (!job.dst_size || job.dst_size > UNPACKED_MAX)
		return "the size told at their end makes no sense";
	wrong = find_room(bi, job.dst_size, &out, &work);
	if (wrong)
		return wrong;
	printk(LOG_INFO "Dom0's kernel: unpacking %lu KiB of %s to %lu KiB\n",
	       (unsigned long)(size >> 10), format->name,
	       (unsigned long)(job.dst_size >> 10));
	job.dst = low(out.start);
	arena.base = low(work.start);
	arena.size = work.size;
	wrong = decode(format, &job);
	if (wrong)
		return wrong;
	m->start = out.start;
	m->size = job.dst_size;
	return NULL;
}

static void __init unpack_payload(struct boot_info *bi,
				  const struct bzimage *bz)
{
	struct boot_module *m = &bi->modules[0];
	const uint8_t *src = (const uint8_t *)low(m->start) + bz->offset;
	const struct unpack_format *format = unpack_find_format(src, bz->size);
	const char *wrong;

	if (!format && !memcmp(src, "\177ELF", 4)) {
		m->start += bz->offset;
		m->size = bz->size;
		return;
	}
	if (!format)
		panic("Dom0's kernel cannot be used: its data at byte %lu are "
		      "not compressed by any method known: get the file anew",
		      (unsigned long)bz->offset);
	if (!format->decode)
		panic("Dom0's kernel cannot be used: it is compressed with "
		      "%s: give one with xz, zstd, gzip or lz4, or vmlinux",
		      format->name);
	wrong = unpack(bi, format, src, bz->size);
	if (wrong)
		panic("Dom0's kernel cannot be used: the %s data at byte %lu: "
		      "%s: %s", format->name, (unsigned long)bz->offset, wrong,
		      strcmp(wrong, DECODE_NO_MEMORY) ? "get the file anew" :
							"give the machine more");
}

/**
 * loader_unpack_kernel() - make an ELF file of a kernel as it is shipped
 * @bi: memory map and modules; the first one changes
 *
 * Context: boot CPU, once, early page tables, IRQs off.
 */
void __init loader_unpack_kernel(struct boot_info *bi)
{
	const struct boot_module *m = &bi->modules[0];
	const char *wrong;
	struct bzimage bz;

	if (!bi->nr_modules || !bzimage_is(low(m->start), m->size))
		return;
	wrong = bzimage_parse(&bz, low(m->start), m->size);
	if (wrong)
		panic("Dom0's kernel cannot be used: %s", wrong);
	unpack_payload(bi, &bz);
}
