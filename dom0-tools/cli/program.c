/* SPDX-License-Identifier: MIT */
/*
 * program.c - commands that are programs of their own: lodge-COMMAND
 *
 * They need libraries that would make all others slower to start. They are
 * where lodge is, or where it has been installed beside.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define MOST_WORDS 32
#define WORD_MOST  256

/* What was said, in words again. */
static void say_again(const struct cli_option *options,
		      const struct cli_options *o, char **argv,
		      char words[][WORD_MOST])
{
	size_t nr = 1;

	for (; options->letter && nr < MOST_WORDS - 2; options++) {
		if (!o->has[(int)options->letter])
			continue;
		snprintf(words[nr], WORD_MOST, "--%s", options->name);
		argv[nr] = words[nr];
		nr++;
		if (options->argument)
			argv[nr++] = (char *)(uintptr_t)
				o->value[(int)options->letter];
	}
	argv[nr] = NULL;
}

static void run(const char *where, const char *name, char **argv)
{
	char self[PATH_MAX], path[PATH_MAX + 64], *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return;
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return;
	*slash = '\0';
	snprintf(path, sizeof(path), "%s%s/%s", self, where, name);
	execv(path, argv);
}

int cli_run_program(const char *name, const struct cli_option *options,
		    const struct cli_options *o)
{
	char words[MOST_WORDS][WORD_MOST], *argv[MOST_WORDS];

	say_again(options, o, argv, words);
	argv[0] = words[0];
	snprintf(words[0], WORD_MOST, "%s", name);
	run("", name, argv);
	if (errno == ENOENT)
		run("/../libexec/lodge", name, argv);
	fprintf(stderr, "lodge: the program %s cannot be run: %s\n", name,
		strerror(errno));
	return CLI_FAILED;
}
