/* SPDX-License-Identifier: MIT */
/*
 * test_lib.c - strings, print, numbers and bitmaps against the C library
 *
 * The functions under test are renamed by test_lib.mk; those of the C library
 * are reached by their assembler names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lodge/bitmap.h>
#include <lodge/lib.h>
#include <lodge/symbols.h>

int libc_snprintf(char *buf, size_t size, const char *fmt, ...)
	__asm__("snprintf");
int libc_memcmp(const void *a, const void *b, size_t n) __asm__("memcmp");
void *libc_memmove(void *d, const void *s, size_t n) __asm__("memmove");
unsigned long long libc_strtoull(const char *s, char **end, int base)
	__asm__("strtoull");

/* One symbol, for %pB. */
const char *symbols_lookup(unsigned long addr, unsigned long *offset,
			   unsigned long *size)
{
	if (addr < 0x1000 || addr >= 0x1100)
		return NULL;
	*offset = addr - 0x1000;
	*size = 0x100;
	return "some_function";
}

/* ---- memory ---- */

static void fill(unsigned char *p, size_t n, unsigned int seed)
{
	size_t i;

	for (i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (unsigned char)(seed >> 16);
	}
}

/* Every alignment and length up to a few unrolled steps. */
static void copies_exactly(void **state)
{
	unsigned char src[160], dst[160], want[160];
	size_t from, to, n;

	fill(src, sizeof(src), 1);
	for (from = 0; from < 9; from++)
		for (to = 0; to < 9; to++)
			for (n = 0; n < 140; n++) {
				fill(dst, sizeof(dst), 2);
				fill(want, sizeof(want), 2);
				libc_memmove(want + to, src + from, n);
				assert_ptr_equal(memcpy(dst + to, src + from, n),
						 dst + to);
				assert_int_equal(libc_memcmp(dst, want, 160),
						 0);
			}
}

/* From where the processor's own loop does it. */
static void copies_long_ones(void **state)
{
	unsigned char a[5000], want[5000];
	size_t from, to, n;

	for (from = 0; from < 40; from += 7)
		for (to = 0; to < 40; to += 3)
			for (n = 500; n < 4200; n += n < 530 ? 1 : 911) {
				fill(a, sizeof(a), 5);
				fill(want, sizeof(want), 5);
				libc_memmove(want + to, want + from, n);
				assert_ptr_equal(memmove(a + to, a + from, n),
						 a + to);
				assert_int_equal(libc_memcmp(a, want, 5000),
						 0);
			}
}

static void moves_overlapping(void **state)
{
	unsigned char a[128], want[128];
	size_t from, to, n;

	for (from = 0; from < 48; from++)
		for (to = 0; to < 48; to++)
			for (n = 0; n < 80; n += 3) {
				fill(a, sizeof(a), 3);
				fill(want, sizeof(want), 3);
				libc_memmove(want + to, want + from, n);
				assert_ptr_equal(memmove(a + to, a + from, n),
						 a + to);
				assert_int_equal(libc_memcmp(a, want, 128), 0);
			}
}

static void sets_exactly(void **state)
{
	unsigned char a[700];
	size_t at, n, i;

	for (at = 0; at < 9; at++)
		for (n = 0; n < 600; n += n < 90 || n > 500 ? 1 : 11) {
			fill(a, sizeof(a), 4);
			a[at + n] = 0x11;
			memset(a + at, 0x1a5, n);
			for (i = 0; i < n; i++)
				assert_int_equal(a[at + i], 0xa5);
			assert_int_equal(a[at + n], 0x11);
		}
}

static void compares_as_unsigned(void **state)
{
	assert_int_equal(memcmp("abc", "abd", 2), 0);
	assert_true(memcmp("\x80", "\x7f", 1) > 0);
	assert_true(memcmp("a", "b", 1) < 0);
	assert_int_equal(memcmp("a", "b", 0), 0);
	assert_true(strcmp("\x80", "\x7f") > 0);
	assert_true(strcmp("ab", "abc") < 0);
	assert_int_equal(strcmp("abc", "abc"), 0);
	assert_int_equal(strncmp("abcd", "abce", 3), 0);
	assert_true(strncmp("abcd", "abce", 4) < 0);
	assert_int_equal(strncmp("ab", "ab", 9), 0);
}

static void searches(void **state)
{
	const char *s = "hello, hello";

	assert_ptr_equal(strchr(s, 'l'), s + 2);
	assert_ptr_equal(strchr(s, '\0'), s + 12);
	assert_null(strchr(s, 'z'));
	assert_ptr_equal(strrchr(s, 'h'), s + 7);
	assert_ptr_equal(strrchr(s, '\0'), s + 12);
	assert_null(strrchr(s, 'z'));
	assert_ptr_equal(strstr(s, "lo"), s + 3);
	assert_ptr_equal(strstr(s, ""), s);
	assert_null(strstr(s, "hellos"));
	assert_int_equal(strlen(s), 12);
	assert_int_equal(strnlen(s, 5), 5);
	assert_int_equal(strnlen(s, 50), 12);
}

static void copies_strings_whole_or_cut(void **state)
{
	char b[5] = "zzzz";

	assert_int_equal(strlcpy(b, "abc", sizeof(b)), 3);
	assert_string_equal(b, "abc");
	assert_int_equal(strlcpy(b, "abcdefg", sizeof(b)), 7);
	assert_string_equal(b, "abcd");
	assert_int_equal(strlcpy(b, "xyz", 0), 3);
	assert_string_equal(b, "abcd");
}

/* ---- print ---- */

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

#define SAME(...)                                                             \
	do {                                                                  \
		char ours[256], theirs[256];                                  \
		int n = snprintf(ours, sizeof(ours), __VA_ARGS__);            \
		int m = libc_snprintf(theirs, sizeof(theirs), __VA_ARGS__);   \
		assert_string_equal(ours, theirs);                            \
		assert_int_equal(n, m);                                       \
	} while (0)

/* Each flag with each width, precision and conversion. */
static void prints_numbers_as_libc(void **state)
{
	static const char *const flags[] = { "", "0", "-", "+", " ", "#",
					     "-0", "+0", "#0", "- ", "+-" };
	static const char *const sizes[] = { "", "1", "7", "12", ".0", ".3",
					     "9.4", "2.6" };
	static const long values[] = { 0, 1, -1, 9, 10, 255, -4096, 65536,
				       2147483647, -2147483647L - 1 };
	unsigned int f, s, c, v;
	char fmt[16];

	for (f = 0; f < ARRAY_SIZE(flags); f++)
		for (s = 0; s < ARRAY_SIZE(sizes); s++)
			for (c = 0; c < 6; c++)
				for (v = 0; v < ARRAY_SIZE(values); v++) {
					libc_snprintf(fmt, sizeof(fmt),
						      "%%%s%s%c", flags[f],
						      sizes[s], "diuxXo"[c]);
					SAME(fmt, (int)values[v]);
					libc_snprintf(fmt, sizeof(fmt),
						      "%%%s%sl%c", flags[f],
						      sizes[s], "diuxXo"[c]);
					SAME(fmt, values[v] * 4294967295L);
				}
}

static void prints_lengths_as_libc(void **state)
{
	SAME("%hd %hu %hx", -1, 65535, 0x12345);
	SAME("%hhd %hhu %hhx", 200, 300, 0x1234);
	SAME("%lld %llu %zu", -5LL, ~0ULL, (size_t)77);
	SAME("%ld", (long)(1UL << 63));
	SAME("%*d|%-*d|%.*s", 6, 42, -6, 42, 2, "abc");
}

static void prints_strings_as_libc(void **state)
{
	SAME("%s|%10s|%-10s|%.2s|%5.1s|", "abc", "abc", "abc", "abc", "abc");
	SAME("%c|%4c|%-4c|", 'x', 'y', 'z');
	SAME("100%%");
	SAME("%s", "");
	SAME("%p", (void *)0x1234);
}

/* Without the compiler's eye on the format. */
static void assert_prints(const char *want, const char *fmt, ...)
{
	char b[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	assert_string_equal(b, want);
}

static void prints_what_libc_leaves_open(void **state)
{
	assert_prints("(null)", "%s", (char *)NULL);
	assert_prints("%q 5", "%q %d", 5);
	assert_prints("%", "%");
	assert_prints("%-5.3l", "%-5.3l");
	assert_prints("some_function+0x12/0x100 0x2000", "%pB %pB",
		      (void *)0x1012, (void *)0x2000);
}

static void cuts_and_says_the_length(void **state)
{
	char b[8] = "zzzzzzz";

	assert_int_equal(snprintf(b, 4, "%d", 123456), 6);
	assert_string_equal(b, "123");
	assert_int_equal(b[4], 'z');
	assert_int_equal(snprintf(b, 0, "%d", 12), 2);
	assert_string_equal(b, "123");
	assert_int_equal(snprintf(NULL, 0, "%5000s", "x"), 4096);
}

/* ---- numbers ---- */

static void parses_as_libc(void **state)
{
	static const char *const text[] = {
		"", "0", "12", "0x", "0x1f", "0X1Fg", "017", "08", "  42z",
		"+7", "18446744073709551615", "18446744073709551616",
		"0xfffffffffffffffff", "99999999999999999999", "z", "0b1", "x12",
	};
	static const int bases[] = { 0, 8, 10, 16, 36 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(text); i++)
		for (j = 0; j < ARRAY_SIZE(bases); j++) {
			char *a, *b;
			unsigned long long x = strtoull(text[i], &a, bases[j]);
			unsigned long long y = libc_strtoull(text[i], &b,
							     bases[j]);

			assert_int_equal(x, y);
			assert_ptr_equal(a, b);
		}
}

static void refuses_negative_numbers(void **state)
{
	const char *s = "-1";
	char *end;

	assert_int_equal(strtoull(s, &end, 0), 0);
	assert_ptr_equal(end, s);
}

/* ---- bitmaps ---- */

static void finds_bits(void **state)
{
	unsigned long map[3] = { 0 };
	unsigned long i;

	assert_int_equal(find_next_bit(map, 130, 0), 130);
	assert_int_equal(find_next_zero_bit(map, 130, 5), 5);
	bitmap_set(map, 3);
	bitmap_set(map, 64);
	bitmap_set(map, 131);
	assert_int_equal(find_next_bit(map, 130, 0), 3);
	assert_int_equal(find_next_bit(map, 130, 4), 64);
	assert_int_equal(find_next_bit(map, 130, 65), 130);
	assert_int_equal(find_next_bit(map, 130, 500), 130);
	for (i = 0; i < 130; i++)
		bitmap_set(map, i);
	assert_int_equal(find_next_zero_bit(map, 130, 0), 130);
	assert_int_equal(bitmap_weight(map, 130), 130);
	assert_int_equal(bitmap_weight(map, 64), 64);
	bitmap_clear(map, 77);
	assert_int_equal(find_next_zero_bit(map, 130, 0), 77);
	assert_int_equal(bitmap_weight(map, 130), 129);
}

int __popcountdi2(long x);

static void counts_bits(void **state)
{
	assert_int_equal(__popcountdi2(0), 0);
	assert_int_equal(__popcountdi2(-1), 64);
	assert_int_equal(__popcountdi2(0x8000000000000001L), 2);
	assert_int_equal(__popcountdi2(0x123456789abcdefL), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_exactly),
		cmocka_unit_test(copies_long_ones),
		cmocka_unit_test(moves_overlapping),
		cmocka_unit_test(sets_exactly),
		cmocka_unit_test(compares_as_unsigned),
		cmocka_unit_test(searches),
		cmocka_unit_test(copies_strings_whole_or_cut),
		cmocka_unit_test(prints_numbers_as_libc),
		cmocka_unit_test(prints_lengths_as_libc),
		cmocka_unit_test(prints_strings_as_libc),
		cmocka_unit_test(prints_what_libc_leaves_open),
		cmocka_unit_test(cuts_and_says_the_length),
		cmocka_unit_test(parses_as_libc),
		cmocka_unit_test(refuses_negative_numbers),
		cmocka_unit_test(finds_bits),
		cmocka_unit_test(counts_bits),
	};

	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
