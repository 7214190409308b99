/* SPDX-License-Identifier: MIT */
/*
 * create.c - lodge create: from a file to a running guest
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "liblodge.h"

/* On a terminal only: what is being done, on one line. */
static bool show_progress(void *arg, const char *what, uint64_t done,
			  uint64_t total)
{
	(void)arg;
	fprintf(stderr, "\r%s: %llu of %llu MiB\x1b[K%s", what,
		(unsigned long long)done >> 20,
		(unsigned long long)total >> 20, done == total ? "\r\x1b[K"
							       : "");
	return true;
}

static const struct lodge_task on_terminal = {.progress = show_progress};

/* The guest runs all the same. */
static void tell_unattended(const struct lodge_domain_config *d)
{
	if (!lodge_supervised())
		fprintf(stderr, "lodge: lodge-supervisor does not run: nobody "
			"acts when \"%s\" ends\n", d->name);
}

static int start(struct lodge *l, const struct lodge_domain_config *d,
		 const struct cli_options *o)
{
	bool quiet = o->has['q'];
	unsigned int domid;

	if (lodge_domain_create(l, d, !quiet && isatty(STDERR_FILENO)
					      ? &on_terminal : NULL, &domid))
		return cli_failed(l);
	if (o->has['e'] && lodge_domain_leave(l, domid))
		return cli_failed(l);
	if (!o->has['e'] && !quiet)
		tell_unattended(d);
	if (!o->has['p'] && lodge_domain_unpause(l, domid))
		return cli_failed(l);
	/* What it has written by then is kept for whoever is first to read. */
	if (o->has['c'])
		return cli_console_of_new(l, domid);
	return o->has['F'] && lodge_domain_wait_end(l, domid) ? cli_failed(l)
							      : CLI_DONE;
}

static int create(const struct lodge_config *config,
		  const struct cli_options *o)
{
	const struct lodge_domain_config *d = lodge_config_domain(config);
	struct lodge *l;
	int status;

	if (!d)
		return CLI_FAILED;
	if (o->has['n'])
		return CLI_DONE;
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	status = start(l, d, o);
	lodge_close(l);
	return status;
}

int cmd_create(const struct cli_options *o, int argc, char **argv)
{
	const struct lodge_source file = {.name = argv[0]};
	struct lodge_config *config = cli_read_config(&file, argc - 1,
						      argv + 1);
	int status;

	if (!config)
		return CLI_FAILED;
	if (!o->has['q'])
		printf("Parsing config from %s\n", argv[0]);
	cli_show_findings(stderr, config);
	status = create(config, o);
	lodge_config_free(config);
	return status;
}
