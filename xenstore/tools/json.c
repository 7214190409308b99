/* SPDX-License-Identifier: MIT */
/*
 * json.c - JSON on standard output, by libyajl
 *
 * Strings are text: what a node holds goes through text_escape() first, so
 * that any value can be shown and written back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "tool.h"

struct json {
	yajl_gen gen;
};

static void check(yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		fail("cannot write JSON (%d)", (int)status);
}

struct json *json_begin(void)
{
	struct json *j = malloc(sizeof(*j));

	if (!j || !(j->gen = yajl_gen_alloc(NULL)))
		fail("out of memory");
	yajl_gen_config(j->gen, yajl_gen_beautify, 1);
	yajl_gen_config(j->gen, yajl_gen_indent_string, "  ");
	return j;
}

void json_object(struct json *j, bool open)
{
	check(open ? yajl_gen_map_open(j->gen) : yajl_gen_map_close(j->gen));
}

void json_array(struct json *j, bool open)
{
	check(open ? yajl_gen_array_open(j->gen) :
		     yajl_gen_array_close(j->gen));
}

void json_string(struct json *j, const char *s)
{
	check(yajl_gen_string(j->gen, (const unsigned char *)s, strlen(s)));
}

void json_number(struct json *j, long v)
{
	check(yajl_gen_integer(j->gen, v));
}

/* Print what was put together. Return: exit status 0. */
int json_end(struct json *j)
{
	const unsigned char *text;
	size_t len;

	check(yajl_gen_get_buf(j->gen, &text, &len));
	fwrite(text, 1, len, stdout);
	yajl_gen_free(j->gen);
	free(j);
	return 0;
}
