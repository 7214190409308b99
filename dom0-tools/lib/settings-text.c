/* SPDX-License-Identifier: MIT */
/*
 * settings-text.c - settings as text, from which the same guest is read again
 *
 * What a later setting takes the place of is left out, and so are comments.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, strchr("\"\\\n", *text) ? "\\%03o" : "%c",
			(unsigned char)*text);
	fputc('"', out);
}

static void put_value(FILE *out, const struct cfg_value *v)
{
	const struct cfg_value *one;

	if (v->kind == CFG_NUMBER) {
		fputs(v->text, out);
	} else if (v->kind == CFG_STRING) {
		put_string(out, v->text);
	} else {
		fputc('[', out);
		for (one = v->first; one; one = one->next) {
			put_value(out, one);
			fputs(one->next ? "," : "", out);
		}
		fputc(']', out);
	}
}

/* Something behind it sets it anew, or it has become a part of one before. */
static bool counts(const struct lodge_config *config,
		   const struct cfg_setting *s)
{
	const struct cfg_setting *other;

	for (other = config->settings; other != s && s->append;
	     other = other->next)
		if (!strcmp(other->key, s->key))
			return false;
	for (other = s->next; other; other = other->next)
		if (!other->append && !strcmp(other->key, s->key))
			return false;
	return true;
}

char *settings_text(const struct lodge_config *config)
{
	const struct cfg_setting *s;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (s = out ? config->settings : NULL; s; s = s->next)
		if (counts(config, s)) {
			fprintf(out, "%s=", s->key);
			put_value(out, s->value);
			fputc('\n', out);
		}
	if (out && !fclose(out))
		return text;
	free(text);
	return NULL;
}
