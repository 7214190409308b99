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

int cli_failed(const struct lodge *l)
{
	char *text = lodge_error_text(l);

	fprintf(stderr, "lodge: %s\n", text ? text : "there is no memory");
	free(text);
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
