/* SPDX-License-Identifier: MIT */
/*
 * command.c - the command line of a service, from one table
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_OPTIONS 31

static void usage(const struct service_command *c, FILE *f)
{
	size_t i;

	fprintf(f, "Usage: %s [OPTION]...\n\n", c->name);
	for (i = 0; i < c->nr; i++)
		if (c->table[i].help)
			fprintf(f, "  --%-14s %-7s %s\n", c->table[i].o.name,
				c->table[i].value, c->table[i].help);
}

static void take(const struct service_command *c, int letter)
{
	switch (letter) {
	case 'V':
		puts(c->version);
		exit(0);
	case 'h':
		usage(c, stdout);
		exit(0);
	case '?':
		usage(c, stderr);
		exit(2);
	default:
		c->take(letter);
	}
}

void service_parse(const struct service_command *c, int argc, char **argv)
{
	struct option longs[MOST_OPTIONS + 1] = {0};
	size_t i;
	int letter;

	if (c->nr > MOST_OPTIONS)
		abort();
	for (i = 0; i < c->nr; i++)
		longs[i] = c->table[i].o;
	while ((letter = getopt_long(argc, argv, c->letters, longs, NULL)) !=
	       -1)
		take(c, letter);
	if (optind != argc)
		take(c, '?');
}
