/* SPDX-License-Identifier: MIT */
/*
 * report.c - why a command failed, in words
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "liblodge.h"

struct lodge *cli_open(void)
{
	struct lodge *l;

	if (!lodge_open(&l))
		return l;
	fputs("lodge: there is no memory\n", stderr);
	return NULL;
}

/* The cause first; what it led to behind it, in brackets. */
static void show_chain(const struct lodge_error *e)
{
	if (e->cause) {
		show_chain(e->cause);
		fprintf(stderr, " (%s)", e->what);
	} else {
		fputs(e->what, stderr);
	}
}

static const char *first_hint(const struct lodge_error *e)
{
	const char *found = NULL;

	for (; e; e = e->cause)
		if (e->hint)
			found = e->hint;
	return found;
}

int cli_failed(const struct lodge *l)
{
	const struct lodge_error *e = lodge_error(l);
	const char *hint = first_hint(e);

	fputs("lodge: ", stderr);
	show_chain(e);
	fprintf(stderr, "%s%s\n", hint ? "; " : "", hint ? hint : "");
	return CLI_FAILED;
}

unsigned int *cli_find_domains(struct lodge *l, int argc, char **argv)
{
	unsigned int *domids = calloc((size_t)argc + 1, sizeof(*domids));
	int i;

	if (!domids) {
		fputs("lodge: there is no memory\n", stderr);
		return NULL;
	}
	for (i = 0; i < argc; i++)
		if (lodge_domain_find(l, argv[i], &domids[i])) {
			cli_failed(l);
			free(domids);
			return NULL;
		}
	return domids;
}
