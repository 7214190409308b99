/* SPDX-License-Identifier: MIT */
/*
 * test_consoled_log.c - logs of guests: names, limits, older files
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "logfile.h"
#include "say.h"

static char dir[] = "/tmp/test_consoled_log.XXXXXX";
static unsigned int complaints;

/* The administrator. */
void say(const char *format, ...)
{
	complaints++;
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void assert_file(const char *name, const char *text)
{
	char got[256] = "";
	FILE *f = fopen(path_of(name), "r");

	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, f), strlen(text));
	fclose(f);
	assert_string_equal(got, text);
}

static void assert_no_file(const char *name)
{
	assert_int_equal(access(path_of(name), F_OK), -1);
}

static void put(struct log_file *f, const char *text)
{
	log_write(f, text, strlen(text));
}

static void removed(const char *name)
{
	assert_int_equal(unlink(path_of(name)), 0);
}

static void assert_name(const char *name, const char *file)
{
	char *got = log_guest_name(name, 7);

	assert_string_equal(got, file);
	free(got);
}

static void names_are_safe(void **state)
{
	char longest[210];

	assert_name("web", "guest-web.log");
	assert_name("a b;c", "guest-a b;c.log");
	assert_name("../etc", "guest-.7.log");
	assert_name("a/b", "guest-.7.log");
	assert_name(".8", "guest-.7.log");
	assert_name("a\nb", "guest-.7.log");
	assert_name("a\x7f", "guest-.7.log");
	assert_name("", "guest-.7.log");
	assert_name(NULL, "guest-.7.log");
	memset(longest, 'n', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_name(longest, "guest-.7.log");
}

static void goes_on_where_it_was(void **state)
{
	struct log_style style = {.dir = dir};
	struct log_file f;

	log_open(&f, &style, "on");
	put(&f, "one\n");
	log_close(&f);
	log_open(&f, &style, "on");
	put(&f, "two\n");
	log_close(&f);
	assert_file("on", "one\ntwo\n");
	removed("on");
}

static void older_files_are_kept_up_to_a_number(void **state)
{
	struct log_style style = {.dir = dir, .most_bytes = 8, .keep = 2};
	static const char *const texts[] = {"1111", "1111", "2222", "2222",
					    "3333", "3333", "4444"};
	struct log_file f;
	size_t i;

	log_open(&f, &style, "old");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put(&f, texts[i]);
	assert_file("old", "4444");
	assert_file("old.1", "33333333");
	assert_file("old.2", "22222222");
	assert_no_file("old.3");
	log_close(&f);
	removed("old");
	removed("old.1");
	removed("old.2");
}

static void none_is_kept(void **state)
{
	struct log_style style = {.dir = dir, .most_bytes = 8};
	struct log_file f;

	log_open(&f, &style, "none");
	put(&f, "11111111");
	put(&f, "2");
	assert_file("none", "2");
	assert_no_file("none.1");
	log_close(&f);
	removed("none");
}

/* What a file was found with counts. */
static void size_survives_a_restart(void **state)
{
	struct log_style style = {.dir = dir, .most_bytes = 8, .keep = 1};
	struct log_file f;

	log_open(&f, &style, "again");
	put(&f, "1111111");
	log_close(&f);
	log_open(&f, &style, "again");
	put(&f, "22");
	assert_file("again.1", "1111111");
	assert_file("again", "22");
	log_close(&f);
	removed("again");
	removed("again.1");
}

static void moved_away(void **state)
{
	struct log_style style = {.dir = dir};
	char aside[512];
	struct log_file f;

	log_open(&f, &style, "here");
	put(&f, "old");
	strcpy(aside, path_of("there"));
	assert_int_equal(rename(path_of("here"), aside), 0);
	log_reopen(&f);
	put(&f, "new");
	log_close(&f);
	assert_file("there", "old");
	assert_file("here", "new");
	removed("here");
	removed("there");
}

static void links_are_not_followed(void **state)
{
	struct log_style style = {.dir = dir};
	struct log_file f;

	complaints = 0;
	assert_int_equal(symlink("target", path_of("link")), 0);
	log_open(&f, &style, "link");
	put(&f, "text");
	put(&f, "text");
	log_close(&f);
	assert_int_equal(complaints, 1);
	assert_no_file("target");
	removed("link");
}

static void lines_have_the_time(void **state)
{
	struct log_style style = {.dir = dir, .stamps = true};
	char got[128] = "";
	struct log_file f;
	int year, n = 0;
	FILE *in;

	log_open(&f, &style, "times");
	put(&f, "one\nt");
	put(&f, "wo\n");
	log_close(&f);
	in = fopen(path_of("times"), "r");
	assert_non_null(in);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, in),
			 2 * 22 + strlen("one\ntwo\n"));
	fclose(in);
	assert_int_equal(sscanf(got, "[%4d-%*2d-%*2d %*2d:%*2d:%*2d] one\n"
				"[%*4d-%*2d-%*2d %*2d:%*2d:%*2d] two%n",
				&year, &n), 1);
	assert_true(n);
	removed("times");
}

static void escapes_are_dots(void **state)
{
	struct log_style style = {.dir = dir, .plain = true};
	char text[1100];
	struct log_file f;
	struct stat st;

	memset(text, '\033', sizeof(text));
	log_open(&f, &style, "plain");
	put(&f, "\033[1mred\n");
	assert_file("plain", ".[1mred\n");
	log_write(&f, text, sizeof(text));
	assert_int_equal(stat(path_of("plain"), &st), 0);
	assert_int_equal(st.st_size, 8 + sizeof(text));
	log_close(&f);
	removed("plain");
}

static int setup(void **state)
{
	return !mkdtemp(dir);
}

/* Each test leaves nothing behind. */
static int teardown(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_safe),
		cmocka_unit_test(goes_on_where_it_was),
		cmocka_unit_test(older_files_are_kept_up_to_a_number),
		cmocka_unit_test(none_is_kept),
		cmocka_unit_test(size_survives_a_restart),
		cmocka_unit_test(moved_away),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(lines_have_the_time),
		cmocka_unit_test(escapes_are_dots),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
