/* SPDX-License-Identifier: MIT */
/*
 * cli.h - the tool: one program, one row of a table for each command
 */
#ifndef LODGE_CLI_H
#define LODGE_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Exit status, as scripts see it. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* What a command's options said; which it has, its row says. */
struct cli_options {
	bool json;		/* --json */
};

struct cli_command {
	const char *name;
	const char *arguments;	/* for people: "FILE [KEY=VALUE...]" */
	const char *summary;
	const char *options;	/* letters, as for getopt() */
	int least, most;	/* arguments; most < 0: any number */
	int (*run)(const struct cli_options *o, int argc, char **argv);
};

extern const struct cli_command cli_commands[];
extern const size_t cli_nr_commands;

int cmd_check(const struct cli_options *o, int argc, char **argv);
int cmd_help(const struct cli_options *o, int argc, char **argv);

#endif
