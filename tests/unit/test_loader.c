/* SPDX-License-Identifier: MIT */
/*
 * test_loader.c - kernels as they are shipped, whole and damaged
 *
 * The machine's memory is a piece of the fake direct map, the decoders are the
 * very libraries that go into the image, and the compressed kernels are made
 * by the same libraries' other halves.
 */
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <lz4.h>

#include "fake/machine.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include <lodge/boot.h>
#include <lodge/layout.h>
#include <lodge/loader.h>
#include <lodge/x86.h>

#include "hypervisor/loader/private.h"
#include "hypervisor/loader/decode/decode.h"

#define MIB		(1UL << 20)
#define RAM_END		(64 * MIB)
#define FILE_AT		(8 * MIB)
#define SETUP_BYTES	(5 * 512)
#define PAYLOAD_AT	(SETUP_BYTES + 0x40)
#define KERNEL_BYTES	100000
#define PACKED_MAX	(KERNEL_BYTES + 65536)
#define XZ_LEVEL	0		/* a dictionary of 256 KiB */
#define LZ4_BLOCK	65536

struct packer {
	const char *name;
	size_t (*pack)(uint8_t *dst, const uint8_t *src, size_t size);
	bool checksum, appended;
};

static struct boot_info info;
static uint8_t kernel[KERNEL_BYTES], packed[PACKED_MAX + 4];

void decoders_init(void)
{
}

static uint8_t *ram(uint64_t phys)
{
	return (uint8_t *)(DIRECTMAP_BASE + phys);
}

/* ---- making kernels ---- */

static size_t pack_xz(uint8_t *dst, const uint8_t *src, size_t size)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL }, { LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL },
	};
	size_t n = 0;

	assert_false(lzma_lzma_preset(&options, XZ_LEVEL));
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32,
						   NULL, src, size, dst, &n,
						   PACKED_MAX), LZMA_OK);
	return n;
}

/* As another tool might have it: CRC64, no x86 filter. */
static size_t pack_xz64(uint8_t *dst, const uint8_t *src, size_t size)
{
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(XZ_LEVEL, LZMA_CHECK_CRC64,
						 NULL, src, size, dst, &n,
						 PACKED_MAX), LZMA_OK);
	return n;
}

static size_t pack_zstd(uint8_t *dst, const uint8_t *src, size_t size)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(ctx, dst, PACKED_MAX, src, size);
	ZSTD_freeCCtx(ctx);
	assert_false(ZSTD_isError(n));
	return n;
}

static size_t pack_gzip(uint8_t *dst, const uint8_t *src, size_t size)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)src,
		       .avail_in = (uInt)size, .next_out = dst,
		       .avail_out = PACKED_MAX };
	size_t n;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	return n;
}

static size_t pack_lz4(uint8_t *dst, const uint8_t *src, size_t size)
{
	static const uint8_t magic[] = { 2, 0x21, 0x4c, 0x18 };
	size_t n = sizeof(magic), at, part;
	uint32_t got;

	memcpy(dst, magic, sizeof(magic));
	for (at = 0; at < size; at += part) {
		part = min(size - at, (size_t)LZ4_BLOCK);
		got = (uint32_t)LZ4_compress_default((const char *)src + at,
				(char *)dst + n + 4, (int)part,
				LZ4_COMPRESSBOUND(LZ4_BLOCK));
		assert_int_not_equal(got, 0);
		memcpy(dst + n, &got, sizeof(got));
		n += sizeof(got) + got;
	}
	return n;
}

static const struct packer packers[] = {
	{ "xz", pack_xz, true, true }, { "xz", pack_xz64, true, true },
	{ "zstd", pack_zstd, true, true }, { "gzip", pack_gzip, true, false },
	{ "lz4", pack_lz4, false, true },
};

/* Compresses the kernel into packed[]. Returns the number of bytes. */
static size_t pack(const struct packer *p)
{
	uint32_t size = KERNEL_BYTES;
	size_t n = p->pack(packed, kernel, KERNEL_BYTES);

	if (!p->appended)
		return n;
	memcpy(packed + n, &size, sizeof(size));
	return n + sizeof(size);
}

static void put(uint8_t *file, unsigned int at, uint32_t v, size_t bytes)
{
	memcpy(file + at, &v, bytes);
}

/* A bzImage around packed[] as the first module. */
static void wrap(size_t size)
{
	uint8_t *file = ram(FILE_AT);

	memset(file, 0, PAYLOAD_AT);
	put(file, 0x1f1, 4, 1);
	put(file, 0x1fe, 0xaa55, 2);
	put(file, 0x202, 0x53726448, 4);
	put(file, 0x206, 0x20f, 2);
	put(file, 0x248, PAYLOAD_AT - SETUP_BYTES, 4);
	put(file, 0x24c, (uint32_t)size, 4);
	memcpy(file + PAYLOAD_AT, packed, size);
	info.modules[0].start = FILE_AT;
	info.modules[0].size = PAYLOAD_AT + size;
}

static int reset(void **state)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < KERNEL_BYTES; i++) {
		x = x * 1103515245 + 12345;
		/* Compresses, but not to nothing. */
		kernel[i] = i % 7 < 4 ? (uint8_t)i : (uint8_t)(x >> 28);
	}
	memcpy(kernel, "\177ELF", 4);
	memset(&info, 0, sizeof(info));
	info.nr_ranges = 1;
	info.ranges[0] = (struct mem_range){ 0, RAM_END, MEM_RAM };
	info.nr_modules = 2;
	info.modules[1].start = RAM_END - 2 * MIB;
	info.modules[1].size = MIB;
	fake_log_clear();
	fake_panic[0] = '\0';
	return 0;
}

static int map_ram(void **state)
{
	void *p = mmap(ram(0), RAM_END, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0);

	return p == MAP_FAILED ? -1 : 0;
}

/* ---- whole ones ---- */

static bool overlaps(const struct boot_module *a, uint64_t start, uint64_t size)
{
	return a->start < start + size && start < a->start + a->size;
}

static void unpacks_each_format(void **state)
{
	const struct boot_module *m = &info.modules[0];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		reset(NULL);
		wrap(pack(&packers[i]));
		loader_unpack_kernel(&info);
		assert_int_equal(m->size, KERNEL_BYTES);
		assert_memory_equal(ram(m->start), kernel, KERNEL_BYTES);
		assert_int_equal(PAGE_OFFSET(m->start), 0);
		assert_false(overlaps(m, info.modules[1].start, MIB));
		assert_false(overlaps(m, IMAGE_PHYS_BASE, MIB));
		assert_false(overlaps(m, FILE_AT, MIB));
		assert_non_null(strstr(fake_log, packers[i].name));
	}
}

static void leaves_the_processor_as_it_was(void **state)
{
	unsigned long cr4 = read_cr4();

	wrap(pack(&packers[0]));
	loader_unpack_kernel(&info);
	assert_int_equal(read_cr4(), cr4);
	assert_int_equal(rdmsr(MSR_FS_BASE), 0);
}

static void takes_a_kernel_that_is_not_compressed(void **state)
{
	memcpy(packed, kernel, KERNEL_BYTES);
	wrap(KERNEL_BYTES);
	loader_unpack_kernel(&info);
	assert_int_equal(info.modules[0].start, FILE_AT + PAYLOAD_AT);
	assert_int_equal(info.modules[0].size, KERNEL_BYTES);
}

static void leaves_other_files_alone(void **state)
{
	static const uint64_t sizes[] = { 1, 0x205, 0x206, 100000 };
	struct boot_info before;
	unsigned int i;

	memset(ram(FILE_AT), 'x', 100000);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		info.modules[0].start = FILE_AT;
		info.modules[0].size = sizes[i];
		before = info;
		loader_unpack_kernel(&info);
		assert_memory_equal(&before, &info, sizeof(info));
	}
	info.nr_modules = 0;
	loader_unpack_kernel(&info);
	assert_int_equal(info.nr_modules, 0);
}

/* ---- damaged ones ---- */

/* Refused, with one sentence that has @word in it and says what to do. */
static void expect_refusal(const char *word)
{
	fake_panic[0] = '\0';
	expect_assert_failure(loader_unpack_kernel(&info));
	assert_non_null(strstr(fake_panic, "Dom0's kernel cannot be used: "));
	if (!strstr(fake_panic, word))
		fail_msg("\"%s\" lacks \"%s\"", fake_panic, word);
	if (!strstr(fake_panic, ": get the file anew") &&
	    !strstr(fake_panic, ": give a newer one") &&
	    !strstr(fake_panic, ": give one with ") &&
	    !strstr(fake_panic, ": give the machine more"))
		fail_msg("\"%s\" does not say what to do", fake_panic);
}

static void a_changed_byte_is_noticed(void **state)
{
	unsigned int i;
	size_t n, at;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		if (!packers[i].checksum)
			continue;
		n = pack(&packers[i]);
		/* gzip's header has a date and a system that nobody checks. */
		for (at = 10; at < n; at += n / 50) {
			packed[at] ^= 0x10;
			wrap(n);
			packed[at] ^= 0x10;
			expect_refusal(packers[i].name);
		}
	}
}

static void lz4_damage_hurts_nothing_else(void **state)
{
	static const struct packer *const lz4 = &packers[4];
	static uint8_t dst[KERNEL_BYTES + 64], work[4096];
	struct arena arena = { work, sizeof(work), 0 };
	size_t n = pack(lz4) - 4, at;

	for (at = 4; at < n; at += 13) {
		struct unpack_job job = { packed, n, dst, KERNEL_BYTES,
					  &arena };

		memset(dst + KERNEL_BYTES, 0xa5, 64);
		packed[at] ^= 0x81;
		decode_lz4(&job);
		packed[at] ^= 0x81;
		assert_int_equal(dst[KERNEL_BYTES], 0xa5);
	}
}

static void a_cut_file_is_noticed(void **state)
{
	size_t n = pack(&packers[0]);
	uint64_t size;

	wrap(n);
	for (size = 0x206; size < PAYLOAD_AT + n; size += 997) {
		info.modules[0].start = FILE_AT;
		info.modules[0].size = size;
		expect_refusal("truncated");
	}
}

/* The file is whole, what it contains is not. */
static void cut_data_are_noticed(void **state)
{
	uint32_t size = KERNEL_BYTES;
	unsigned int i, part;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(packers); i++)
		for (part = 1; part < 12; part++) {
			n = pack(&packers[i]) * part / 12;
			memcpy(packed + n, &size, sizeof(size));
			wrap(n + sizeof(size));
			expect_refusal(packers[i].name);
		}
}

static void a_wrong_size_is_noticed(void **state)
{
	static const uint32_t sizes[] = {
		0, 1, KERNEL_BYTES - 1, KERNEL_BYTES + 1, 2 * KERNEL_BYTES,
		0x40000001, 0xffffffff,
	};
	unsigned int i, j;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(packers); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			n = pack(&packers[i]);
			memcpy(packed + n - 4, &sizes[j], 4);
			wrap(n);
			expect_refusal(packers[i].name);
		}
}

static void damaged_headers(void **state)
{
	static const struct {
		unsigned int at;
		uint32_t value;
		const char *word;
	} cases[] = {
		{ 0x1fe, 0, "signature" }, { 0x206, 0x207, "older" },
		{ 0x24c, 0, "no compressed kernel" },
		{ 0x24c, 7, "no compressed kernel" },
		{ 0x24c, 0xffffffff, "truncated" },
		{ 0x248, 0xffffffff, "truncated" },
		{ 0x248, 0x10, "not compressed by any method" },
	};
	unsigned int i;
	size_t n = pack(&packers[0]);

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		wrap(n);
		put(ram(FILE_AT), cases[i].at, cases[i].value,
		    cases[i].at < 0x248 ? 2 : 4);
		expect_refusal(cases[i].word);
	}
}

static void names_what_it_cannot_unpack(void **state)
{
	static const char *const cases[][2] = {
		{ "BZh91AY&SY", "bzip2" }, { "\x5d\0\0\x80\0\0\0\0", "lzma" },
		{ "\x89LZO\0\r\n\x1a\n", "lzo" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(packed, 0, 64);
		memcpy(packed, cases[i][0], 8);
		wrap(64);
		expect_refusal(cases[i][1]);
	}
}

static void too_little_memory(void **state)
{
	size_t n = pack(&packers[0]);

	wrap(n);
	/* Room for the kernel, none for the decoder. */
	info.ranges[0].size = info.modules[1].start;
	info.ranges[0].start = info.modules[1].start - KERNEL_BYTES - 8192;
	info.ranges[0].size = KERNEL_BYTES + 8192;
	expect_refusal("memory");
	info.ranges[0].size = KERNEL_BYTES / 2;
	expect_refusal("memory");
	info.ranges[0].kind = MEM_RESERVED;
	expect_refusal("memory");
}

/* ---- the decoders' own needs ---- */

#define STACK_BYTES	(256 * 1024)
#define STACK_LIMIT	8192	/* of the 32 KiB that the boot CPU has */

static void *run_job(void *job)
{
	struct unpack_job *j = job;
	const struct unpack_format *f = unpack_find_format(j->src, j->src_size);

	return (void *)(uintptr_t)(f ? f->decode(j) : NULL);
}

/* Bytes of stack that a thread has touched when it has done @job. */
static size_t stack_used(struct unpack_job *job)
{
	uint8_t *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;
	void *wrong;
	size_t i;

	memset(stack, 0x5a, STACK_BYTES);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK_BYTES);
	assert_false(pthread_create(&thread, &attr, run_job, job));
	pthread_join(thread, &wrong);
	assert_null(wrong);
	for (i = 0; stack[i] == 0x5a; i++)
		;
	munmap(stack, STACK_BYTES);
	return STACK_BYTES - i;
}

static void decoders_need_little_stack(void **state)
{
	static uint8_t dst[KERNEL_BYTES], work[4 * MIB];
	struct unpack_job nothing = { .src = kernel, .src_size = 1 };
	size_t base = stack_used(&nothing), used;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		struct arena arena = { work, sizeof(work), 0 };
		size_t n = pack(&packers[i]);
		struct unpack_job job = {
			packed, packers[i].appended ? n - 4 : n, dst,
			KERNEL_BYTES, &arena,
		};

		used = stack_used(&job);
		assert_in_range(used, 1, base + STACK_LIMIT);
	}
}

static void arena_gives_no_more_than_it_has(void **state)
{
	static uint8_t area[1024] __aligned(64);
	struct arena arena = { area, sizeof(area), 0 };

	assert_ptr_equal(arena_alloc(&arena, 1), area);
	assert_ptr_equal(arena_alloc(&arena, 64), area + 64);
	assert_null(arena_alloc(&arena, 897));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 62));
	assert_ptr_equal(arena_alloc(&arena, 896), area + 128);
	assert_null(arena_alloc(&arena, 1));
}

/* ---- finding memory ---- */

static void memory_is_the_highest_that_is_free(void **state)
{
	struct span taken = { 60 * MIB, MIB };
	uint64_t start;

	info.modules[0].start = FILE_AT;
	info.modules[0].size = MIB;
	assert_true(loader_find_memory(&info, NULL, 0, MIB, &start));
	assert_int_equal(start, 63 * MIB);
	assert_true(loader_find_memory(&info, NULL, 0, MIB + 1, &start));
	assert_int_equal(start, 61 * MIB - PAGE_SIZE);
	assert_true(loader_find_memory(&info, &taken, 1, MIB + 1, &start));
	assert_int_equal(start, 59 * MIB - PAGE_SIZE);
	assert_true(loader_find_memory(&info, &taken, 1, 51 * MIB, &start));
	assert_int_equal(start, 9 * MIB);
	assert_false(loader_find_memory(&info, &taken, 1, 51 * MIB + 1,
					&start));
}

static void memory_is_mapped_ram(void **state)
{
	uint64_t start;

	info.nr_modules = 0;
	info.nr_ranges = 3;
	info.ranges[0] = (struct mem_range){ 0, 3 * MIB, MEM_RAM };
	info.ranges[1] = (struct mem_range){ 16 * MIB, MIB, MEM_RESERVED };
	info.ranges[2] = (struct mem_range){ (1UL << 32) - 4097, 8 * MIB,
					     MEM_RAM };
	assert_true(loader_find_memory(&info, NULL, 0, 1, &start));
	assert_int_equal(start, (1UL << 32) - 4096);
	/* Between 1 MiB and the image at 2 MiB. */
	assert_true(loader_find_memory(&info, NULL, 0, 5000, &start));
	assert_int_equal(start, 2 * MIB - 8192);
	assert_true(loader_find_memory(&info, NULL, 0, MIB, &start));
	assert_int_equal(start, MIB);
	assert_false(loader_find_memory(&info, NULL, 0, MIB + 1, &start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unpacks_each_format, reset),
		cmocka_unit_test_setup(leaves_the_processor_as_it_was, reset),
		cmocka_unit_test_setup(takes_a_kernel_that_is_not_compressed,
				       reset),
		cmocka_unit_test_setup(leaves_other_files_alone, reset),
		cmocka_unit_test_setup(a_changed_byte_is_noticed, reset),
		cmocka_unit_test_setup(lz4_damage_hurts_nothing_else, reset),
		cmocka_unit_test_setup(a_cut_file_is_noticed, reset),
		cmocka_unit_test_setup(cut_data_are_noticed, reset),
		cmocka_unit_test_setup(a_wrong_size_is_noticed, reset),
		cmocka_unit_test_setup(damaged_headers, reset),
		cmocka_unit_test_setup(names_what_it_cannot_unpack, reset),
		cmocka_unit_test_setup(too_little_memory, reset),
		cmocka_unit_test_setup(decoders_need_little_stack, reset),
		cmocka_unit_test_setup(arena_gives_no_more_than_it_has, reset),
		cmocka_unit_test_setup(memory_is_the_highest_that_is_free,
				       reset),
		cmocka_unit_test_setup(memory_is_mapped_ram, reset),
	};

	return cmocka_run_group_tests_name("loader", tests, map_ram, NULL);
}
