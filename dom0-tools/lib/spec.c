/* SPDX-License-Identifier: MIT */
/*
 * spec.c - "key=value,flag,positional": what a string of a list is made of
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

/* Letters, digits, - and _: then what is before "=" is a name. */
static size_t name_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '-' ||
	       text[n] == '_')
		n++;
	return n;
}

static size_t without_trailing_blanks(const char *text, size_t length)
{
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return length;
}

bool spec_next(struct arena *a, const char **text, const char *rest,
	       struct spec_param *param)
{
	const char *p = *text;
	size_t name, length;
	bool whole;

	if (!*p)
		return false;
	while (isspace((unsigned char)*p))
		p++;
	*param = (struct spec_param){0};
	name = name_length(p);
	if (name && p[name] == '=') {
		param->name = arena_strndup(a, p, name);
		p += name + 1;
	}
	whole = rest && param->name && !strcmp(param->name, rest);
	length = whole ? strlen(p) : strcspn(p, ",");
	*text = p + length + (p[length] == ',');
	if (!whole)
		length = without_trailing_blanks(p, length);
	param->value = arena_strndup(a, p, length);
	return true;
}
