/* SPDX-License-Identifier: MIT */
/*
 * test_cmdline.c - options on the command line, right and wrong
 */
#include "fake/machine.h"

#include <errno.h>
#include <string.h>

#include <lodge/cmdline.h>
#include <lodge/lib.h>

static bool flag;
static uint32_t number;
static uint16_t small;
static uint64_t size;
static char text[8];
static char seen[32];

size_t strlcpy(char *dst, const char *src, size_t n)
{
	size_t len = strlen(src);

	assert_true(n > len);	/* the parser has checked */
	memcpy(dst, src, len + 1);
	return len;
}

static int take(const char *value)
{
	if (!strcmp(value, "bad"))
		return -EINVAL;
	assert_true(strlen(value) < sizeof(seen));
	strcpy(seen, value);
	return 0;
}

static const struct param table[] = {
	{ "flag", "", PARAM_BOOL, sizeof(flag), &flag },
	{ "number", "", PARAM_UINT, sizeof(number), &number },
	{ "small", "", PARAM_UINT, sizeof(small), &small },
	{ "size", "", PARAM_SIZE, sizeof(size), &size },
	{ "text", "", PARAM_STRING, sizeof(text), text },
	{ "call", "", PARAM_FN, 0, (void *)take },
	{ "no-dash", "", PARAM_FN, 0, (void *)take },
};

static void parse(const char *line)
{
	fake_log_clear();
	cmdline_parse(line, table, table + ARRAY_SIZE(table));
}

static void assert_quiet(void)
{
	assert_string_equal(fake_log, "");
}

static int reset(void **state)
{
	flag = false;
	number = 7;
	small = 7;
	size = 7;
	strcpy(text, "old");
	seen[0] = '\0';
	return 0;
}

static void nothing_to_parse(void **state)
{
	parse("");
	parse("   \t  ");
	assert_quiet();
	assert_int_equal(number, 7);
}

static void all_kinds(void **state)
{
	parse("flag number=0x10 small=65535 size=2M text=abc call=hello");
	assert_quiet();
	assert_true(flag);
	assert_int_equal(number, 16);
	assert_int_equal(small, 65535);
	assert_int_equal(size, 2 << 20);
	assert_string_equal(text, "abc");
	assert_string_equal(seen, "hello");
}

static void truth_values(void **state)
{
	static const struct {
		const char *line;
		bool want;
	} cases[] = {
		{ "flag", true }, { "no-flag", false }, { "flag=yes", true },
		{ "flag=off", false }, { "flag=1", true }, { "flag=0", false },
		{ "flag=true", true }, { "flag=false", false },
		{ "no-flag=no", true }, { "flag=enable", true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		flag = !cases[i].want;
		parse(cases[i].line);
		assert_quiet();
		assert_int_equal(flag, cases[i].want);
	}
}

static void wrong_values_change_nothing(void **state)
{
	static const char *const lines[] = {
		"flag=maybe", "flag=", "number", "number=", "number=x",
		"number=12x", "number=0x100000000", "number=-1",
		"number=99999999999999999999", "small=65536", "size=",
		"size=5Q", "size=99999999999999T", "size=-1",
		"text=12345678", "text", "call=bad", "no-number", "no-call=1",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(lines[i]);
		assert_non_null(strstr(fake_log, "ignored"));
		assert_false(flag);
		assert_int_equal(number, 7);
		assert_int_equal(small, 7);
		assert_int_equal(size, 7);
		assert_string_equal(text, "old");
		assert_string_equal(seen, "");
	}
}

static void unknown_options_are_named(void **state)
{
	parse("fleg number=3");
	assert_non_null(strstr(fake_log, "\"fleg\""));
	assert_int_equal(number, 3);
	parse("no-fleg=1");
	assert_non_null(strstr(fake_log, "\"no-fleg\""));
}

static void names_that_begin_with_no(void **state)
{
	parse("no-dash=x");
	assert_quiet();
	assert_string_equal(seen, "x");
}

/* A function gets "no" for its no-form, as if that were its value. */
static void no_form_of_a_function(void **state)
{
	parse("no-call");
	assert_quiet();
	assert_string_equal(seen, "no");
}

static void the_later_one_counts(void **state)
{
	parse("number=1 number=2");
	assert_quiet();
	assert_int_equal(number, 2);
}

static void quotes_keep_blanks(void **state)
{
	parse("call=\"a b\"  number=4");
	assert_quiet();
	assert_string_equal(seen, "a b");
	assert_int_equal(number, 4);
	parse("\"call=c d");
	assert_string_equal(seen, "c d");
}

static void longest_word(void **state)
{
	char line[1100];

	memset(line, 'a', 1000);
	strcpy(line + 1000, " number=9");
	parse(line);
	assert_non_null(strstr(fake_log, "too long"));
	assert_int_equal(number, 9);
	memcpy(line, "number=5", 8);
	parse(line);
	assert_int_equal(number, 9);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{ "1", 1 << 10 }, { "1b", 1 }, { "3k", 3 << 10 },
		{ "3M", 3 << 20 }, { "2g", 2UL << 30 }, { "1T", 1UL << 40 },
		{ "0x10M", 16 << 20 }, { "16777215T", 16777215UL << 40 },
		{ "16777216T", UINT64_MAX },
	};
	const char *end;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_size(cases[i].text, &end),
				 cases[i].want);
		assert_string_equal(end, "");
	}
	assert_int_equal(parse_size("5M,x", &end), 5 << 20);
	assert_string_equal(end, ",x");
	parse_size("M", &end);
	assert_string_equal(end, "M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_to_parse, reset),
		cmocka_unit_test_setup(all_kinds, reset),
		cmocka_unit_test_setup(truth_values, reset),
		cmocka_unit_test_setup(wrong_values_change_nothing, reset),
		cmocka_unit_test_setup(unknown_options_are_named, reset),
		cmocka_unit_test_setup(names_that_begin_with_no, reset),
		cmocka_unit_test_setup(no_form_of_a_function, reset),
		cmocka_unit_test_setup(the_later_one_counts, reset),
		cmocka_unit_test_setup(quotes_keep_blanks, reset),
		cmocka_unit_test_setup(longest_word, reset),
		cmocka_unit_test_setup(sizes, reset),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
