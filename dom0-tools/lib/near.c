/* SPDX-License-Identifier: MIT */
/*
 * near.c - the known name that somebody meant
 */
#include "config.h"

#include <string.h>

#define LONGEST 64	/* no longer name is anybody's slip */

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to insert, to take out or to change, until @a is @b. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[LONGEST + 1], diagonal, above;
	size_t la = strlen(a), lb = strlen(b), i, j;

	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

const char *nearest(const char *name,
		    const char *(*candidate)(size_t i, const void *arg),
		    const void *arg)
{
	size_t length = strlen(name), i;
	/* A third of the letters may differ. */
	unsigned int limit = (unsigned int)(length + 2) / 3, d;
	const char *best = NULL, *c;

	if (length > LONGEST)
		return NULL;
	for (i = 0; (c = candidate(i, arg)) != NULL; i++) {
		if (strlen(c) > LONGEST)
			continue;
		d = distance(name, c);
		if (d <= limit) {
			best = c;
			limit = d ? d - 1 : 0;
			if (!d)
				break;
		}
	}
	return best;
}

void unknown_key(const struct cfg_at *at,
		 const char *(*candidate)(size_t i, const void *arg))
{
	const char *near = nearest(at->key, candidate, NULL);
	struct cfg_at file = *at;
	struct cfg_finding *f;

	file.key = NULL;
	f = finding(&file, LODGE_WARNING, "unknown key %s",
		    quoted(at, at->key));
	if (near)
		f->f.hint = arena_printf(&at->config->arena,
					 "did you mean \"%s\"?", near);
}
