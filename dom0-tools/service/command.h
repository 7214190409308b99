/* SPDX-License-Identifier: MIT */
/*
 * command.h - the command line of a service, from one table
 */
#ifndef SERVICE_COMMAND_H
#define SERVICE_COMMAND_H

#include <getopt.h>
#include <stddef.h>

/* @help: NULL, the option is another spelling, and not shown */
struct service_option {
	struct option o;
	const char *value, *help;
};

struct service_command {
	const char *name, *version;
	const char *letters;	/* of options that have a short form: getopt() */
	const struct service_option *table;
	size_t nr;
	/* One of the table, but for 'V' and 'h'; its value is in optarg. */
	void (*take)(int letter);
};

/**
 * service_parse() - take a command line
 *
 * Handles the letters 'V', version, and 'h', help, itself. Does not return when
 * the command line is wrong (exit status 2, usage on standard error).
 */
void service_parse(const struct service_command *c, int argc, char **argv);

#endif
