/* SPDX-License-Identifier: MIT */
/*
 * json.c - members of JSON objects
 */
#include <stdio.h>
#include <string.h>

#include "json.h"

yajl_gen json_begin(void)
{
	yajl_gen g = yajl_gen_alloc(NULL);

	if (!g)
		return NULL;
	yajl_gen_config(g, yajl_gen_beautify, 1);
	yajl_gen_config(g, yajl_gen_validate_utf8, 1);
	return g;
}

bool json_end(yajl_gen g)
{
	const unsigned char *text;
	size_t length;
	bool good;

	good = yajl_gen_get_buf(g, &text, &length) == yajl_gen_status_ok;
	if (good)
		fwrite(text, 1, length, stdout);
	yajl_gen_free(g);
	return good;
}

void json_element(yajl_gen g, const char *text)
{
	if (yajl_gen_string(g, (const unsigned char *)text, strlen(text)) ==
	    yajl_gen_invalid_string)
		yajl_gen_null(g);
}

void json_name(yajl_gen g, const char *name)
{
	yajl_gen_string(g, (const unsigned char *)name, strlen(name));
}

void json_text(yajl_gen g, const char *name, const char *text)
{
	if (!text)
		return;
	json_name(g, name);
	json_element(g, text);
}

void json_number(yajl_gen g, const char *name, uint64_t number)
{
	json_name(g, name);
	yajl_gen_integer(g, (long long)number);
}

void json_bool(yajl_gen g, const char *name, bool value)
{
	json_name(g, name);
	yajl_gen_bool(g, value);
}
