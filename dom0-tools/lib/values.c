/* SPDX-License-Identifier: MIT */
/*
 * values.c - the plain kinds of values: numbers, booleans, choices, strings
 *
 * A number may be written as a string and the other way round, as with xl.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool is_domain_name(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '/')
			return false;
	return i && strspn(text, "0123456789") != i;
}

/* Decimal, octal with a leading 0, hexadecimal with 0x; no sign, no blanks. */
bool parse_number(const char *text, uint64_t *number)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	*number = n;
	return !*end && !errno;
}

static const char *shown_value(const struct cfg_at *at,
			       const struct cfg_value *v)
{
	if (v->kind == CFG_LIST)
		return "a list";
	return v->kind == CFG_STRING ? quoted(at, v->text) : v->text;
}

static const char *range_text(const struct cfg_at *at,
			      const struct cfg_range *r)
{
	return arena_printf(&at->config->arena,
			    "a number%s%s from %llu to %llu",
			    r->unit ? " of " : "", r->unit ? r->unit : "",
			    (unsigned long long)r->least,
			    (unsigned long long)r->most);
}

bool value_number(const struct cfg_at *at, const struct cfg_value *v,
		  const struct cfg_range *range, uint64_t *number)
{
	uint64_t n;

	if (v->kind == CFG_LIST || !parse_number(v->text, &n) ||
	    n < range->least || n > range->most) {
		must_be(at, range_text(at, range), "is %s", shown_value(at, v));
		return false;
	}
	*number = n;
	return true;
}

bool value_bool(const struct cfg_at *at, const struct cfg_value *v,
		bool *result)
{
	uint64_t n;

	if (v->kind == CFG_LIST || !parse_number(v->text, &n)) {
		must_be(at, "0 or 1", "is %s", shown_value(at, v));
		return false;
	}
	*result = n != 0;
	return true;
}

bool value_string(const struct cfg_at *at, const struct cfg_value *v,
		  const char **string)
{
	if (v->kind == CFG_LIST) {
		must_be(at, "a string", "is a list");
		return false;
	}
	*string = v->text;
	return true;
}

const char *choices_text(const struct cfg_at *at,
			 const struct cfg_choice *choices)
{
	const char *text = "";
	size_t i;

	for (i = 0; choices[i].name; i++)
		text = arena_printf(&at->config->arena, "%s%s\"%s\"", text,
				    !i			 ? ""
				    : choices[i + 1].name ? ", "
							 : " or ",
				    choices[i].name);
	return text;
}

bool value_choice(const struct cfg_at *at, const char *text,
		  const struct cfg_choice *choices, int *result)
{
	size_t i;

	for (i = 0; choices[i].name; i++)
		if (!strcmp(text, choices[i].name)) {
			*result = choices[i].value;
			return true;
		}
	must_be(at, choices_text(at, choices), "is %s", quoted(at, text));
	return false;
}

int hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10;
}

/* 8-4-4-4-12 digits */
bool parse_uuid(const char *text, uint8_t uuid[16])
{
	size_t i, byte = 0;

	if (strlen(text) != 36)
		return false;
	for (i = 0; i < 36;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i++] != '-')
				return false;
			continue;
		}
		if (hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
			return false;
		uuid[byte++] = (uint8_t)(hex_digit(text[i]) << 4 |
					 hex_digit(text[i + 1]));
		i += 2;
	}
	return true;
}

bool value_uuid(const struct cfg_at *at, const char *text, uint8_t uuid[16])
{
	if (parse_uuid(text, uuid))
		return true;
	must_be(at, "of the form 01234567-89ab-cdef-0123-456789abcdef",
		"is %s", quoted(at, text));
	return false;
}

const char **value_strings(const struct cfg_at *at, const struct cfg_value *v,
			   size_t *nr)
{
	const struct cfg_value *e;
	const char **strings;
	size_t n = 0;

	if (v->kind != CFG_LIST) {
		must_be(at, "a list of strings: [ \"...\" ]", "is %s",
			shown_value(at, v));
		return NULL;
	}
	for (e = v->first; e; e = e->next)
		n++;
	if (n > MOST_ELEMENTS) {
		must_be(at, arena_printf(&at->config->arena, "at most %d",
					 MOST_ELEMENTS),
			"has %zu elements", n);
		return NULL;
	}
	strings = arena_alloc(&at->config->arena, (n + 1) * sizeof(*strings));
	for (n = 0, e = v->first; e; e = e->next, n++) {
		if (e->kind == CFG_LIST) {
			must_be(at, "a list of strings", "has a list in it");
			return NULL;
		}
		strings[n] = e->text;
	}
	*nr = n;
	return strings;
}
