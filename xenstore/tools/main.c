/* SPDX-License-Identifier: MIT */
/*
 * main.c - xenstore: the tools as one program
 *
 * "xenstore ls /" and, by a link of that name, "xenstore-ls /" are the same.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const struct command commands[] = {
	{ "chmod", "urs", "[-h] [-u] [-r] [-s] key <mode [modes...]>", 2,
	  true, cmd_chmod },
	{ "control", "", "[-h] command [arg...]", 1, false, cmd_control },
	{ "exists", "ps", "[-h] [-p] [-s] key [...]", 1, false, cmd_exists },
	{ "limits", "", "[-h] [--json] [domid...]", 0, false, cmd_limits },
	{ "list", "ps", "[-h] [-p] [-s] [--json] key [...]", 1, false,
	  cmd_list },
	{ "ls", "fps", "[-h] [-f] [-p] [-s] [--json] [path]", 0, false,
	  cmd_ls },
	{ "read", "psR", "[-h] [-p] [-s] [-R] [--json] key [...]", 1, false,
	  cmd_read },
	{ "rm", "st", "[-h] [-s] [-t] key [...]", 1, true, cmd_rm },
	{ "watch", "n:", "[-h] [-n NR] key", 1, false, cmd_watch },
	{ "write", "sR", "[-h] [-s] [-R] key value [...]", 2, true,
	  cmd_write },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *tool_name;
static const char *called_as;

void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", tool_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static _Noreturn void usage(const struct command *c, bool multi, int status)
{
	FILE *f = status ? stderr : stdout;
	size_t i;

	if (c && multi)
		fprintf(f, "Usage: %s %s %s\n", called_as, c->name, c->usage);
	else if (c)
		fprintf(f, "Usage: %s %s\n", called_as, c->usage);
	else
		fprintf(f, "Usage: %s <mode> [-h] [...]\n", called_as);
	for (i = 0; !c && i < NR_COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i].name,
			commands[i].usage);
	exit(status);
}

static void take_option(int c, const struct command *cmd, struct opts *o)
{
	switch (c) {
	case 'f':
		o->full = true;
		break;
	case 'p':
		o->perms = o->prefix = true;
		break;
	case 'R':
		o->raw = true;
		break;
	case 't':
		o->tidy = true;
		break;
	case 'r':
		o->recurse = true;
		break;
	case 'u':
		o->upto = true;
		break;
	case 'n':
		o->count = atoi(optarg);
		break;
	case 'j':
		o->json = true;
		break;
	}
	(void)cmd;
}

static void parse(const struct command *cmd, bool multi, int argc, char **argv,
		  struct opts *o)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char letters[16];
	int c;

	/* What follows the command of "control" is not for us. */
	snprintf(letters, sizeof(letters), "%sh%s",
		 cmd->run == cmd_control ? "+" : "", cmd->letters);
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == 'h')
			usage(cmd, multi, 0);
		if (c == '?' || (c == 'j' && !strstr(cmd->usage, "--json")))
			usage(cmd, multi, 1);
		take_option(c, cmd, o);
	}
}

static int run(const struct command *cmd, const struct opts *o, int argc,
	       char **argv)
{
	struct xs_handle *h = xs_open(0);
	xs_transaction_t t = XBT_NULL;
	int rc;

	if (!h)
		fail("could not connect to xenstored: %s", strerror(errno));
	for (;;) {
		if (cmd->in_txn) {
			t = xs_transaction_start(h);
			if (!t)
				fail("could not start a transaction: %s",
				     strerror(errno));
		}
		rc = cmd->run(h, t, o, argc, argv);
		if (!cmd->in_txn || xs_transaction_end(h, t, rc != 0))
			break;
		if (errno != EAGAIN)
			fail("could not end the transaction: %s",
			     strerror(errno));
	}
	xs_close(h);
	if (fflush(stdout) || ferror(stdout))
		fail("could not write the output: %s", strerror(errno));
	return rc;
}

int main(int argc, char **argv)
{
	struct opts o = { .count = -1 };
	const struct command *cmd;
	bool multi;
	char *base;

	called_as = argv[0];
	base = strrchr(argv[0], '/');
	tool_name = base ? base + 1 : argv[0];
	multi = strncmp(tool_name, "xenstore-", 9) != 0;
	if (multi && argc < 2)
		usage(NULL, true, 1);
	cmd = find(multi ? argv[1] : tool_name + 9);
	if (multi && !strcmp(argv[1], "--help"))
		usage(NULL, true, 0);
	if (!cmd) {
		fprintf(stderr, "%s: unknown mode %s\n", tool_name,
			multi ? argv[1] : tool_name + 9);
		usage(NULL, true, 1);
	}
	parse(cmd, multi, argc - multi, argv + multi, &o);
	argc -= multi + optind;
	argv += multi + optind;
	if (argc < cmd->min_args)
		usage(cmd, multi, 1);
	return run(cmd, &o, argc, argv);
}
