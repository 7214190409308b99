/* SPDX-License-Identifier: MIT */
/*
 * config.c - a configuration from a file and the command line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "liblodge.h"

/* As in a file that follows: one override on each line. */
static char *join_overrides(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		return NULL;
	for (i = 0; i < argc; i++)
		fprintf(out, "%s\n", argv[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

struct lodge_config *cli_read_texts(const struct lodge_source *first, int argc,
				    char **argv, cli_config_read *read)
{
	char *text = join_overrides(argc, argv);
	struct lodge_source sources[] = {
		first ? *first : (struct lodge_source){.name = NULL},
		{"command line", text, text ? strlen(text) : 0},
	};
	struct lodge_config *config = NULL;

	if (!text || read(&config, first ? sources : sources + 1,
			  first ? 2 : 1))
		fputs("lodge: out of memory\n", stderr);
	free(text);
	return config;
}

struct lodge_config *cli_read_config(const struct lodge_source *first, int argc,
				     char **argv)
{
	struct lodge_config *config = cli_read_texts(first, argc, argv,
						     lodge_config_read);

	if (!config || !lodge_config_check_files(config))
		return config;
	lodge_config_free(config);
	fputs("lodge: out of memory\n", stderr);
	return NULL;
}

void cli_show_findings(FILE *out, const struct lodge_config *config)
{
	const struct lodge_finding *f;
	size_t nr, i;
	char *text;

	f = lodge_config_findings(config, &nr);
	for (i = 0; i < nr; i++) {
		text = lodge_finding_text(&f[i]);
		fprintf(out, "%s\n", text ? text : "lodge: out of memory");
		free(text);
	}
}
