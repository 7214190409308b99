/* SPDX-License-Identifier: MIT */
/*
 * json.c - members of JSON objects
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli.h"
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

int json_whole(int (*fill)(yajl_gen g, void *arg), void *arg)
{
	yajl_gen g = json_begin();
	int status;

	if (!g)
		return CLI_FAILED;
	yajl_gen_array_open(g);
	status = fill(g, arg);
	yajl_gen_array_close(g);
	if (!status)
		return json_end(g) ? CLI_DONE : CLI_FAILED;
	yajl_gen_free(g);
	return status;
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

void json_real(yajl_gen g, const char *name, double number)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "%.3f", number);

	json_name(g, name);
	if (isfinite(number) && length < (int)sizeof(text))
		yajl_gen_number(g, text, (size_t)length);
	else
		yajl_gen_null(g);
}

void json_states(yajl_gen g, unsigned int flags)
{
	size_t i;

	json_name(g, "states");
	yajl_gen_array_open(g);
	for (i = 0; i < CLI_STATES; i++)
		if (flags & cli_states[i].flag)
			json_element(g, cli_states[i].name);
	yajl_gen_array_close(g);
}
