/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge top: what the domains do, on a terminal, as text or as JSON
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "options.h"
#include "terminal.h"
#include "view.h"

#define DELAY_S	     3.0
#define LEAST_S	     0.1
#define MOST_S	     3600.0
#define MOST_LOOKS   1000000000ul

/* ---- what was said ------------------------------------------------------ */

static bool read_delay(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && !*end && *seconds >= LEAST_S && *seconds <= MOST_S)
		return true;
	fprintf(stderr, "lodge: \"%s\" is no delay, which is a number of "
		"seconds from 0.1 to 3600\n", text);
	return false;
}

static bool read_looks(const char *text, unsigned long *looks)
{
	char *end;

	*looks = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *looks <= MOST_LOOKS)
		return true;
	fprintf(stderr, "lodge: \"%s\" is no number of looks, which is up to "
		"%lu; 0: no end\n", text, MOST_LOOKS);
	return false;
}

static bool read_settings(const struct cli_options *o, struct settings *s)
{
	*s = (struct settings){
		.delay_s = DELAY_S,
		.looks = o->has[CLI_JSON] ? 1 : 0,
		.mono = o->has['m'],
		.shown = {
			.vcpus = o->has['v'],
			.vifs = o->has['n'],
			.vbds = o->has['x'],
			.repeat_titles = o->has['r'],
			.full_names = o->has['f'],
			.dom0_first = o->has['z'],
		},
	};
	return (!o->has['d'] || read_delay(o->value['d'], &s->delay_s)) &&
	       (!o->has['i'] || read_looks(o->value['i'], &s->looks));
}

/* ---- for programs ------------------------------------------------------- */

static void wait_s(double seconds)
{
	struct timespec t = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static int look(struct lodge *l, struct top_model *m)
{
	struct lodge_sample *s;

	if (lodge_sample_take(l, &s))
		return cli_failed(l);
	if (!top_model_update(m, s))
		return CLI_DONE;
	lodge_sample_free(s);
	fputs("lodge: there is no memory\n", stderr);
	return CLI_FAILED;
}

/* Until it was done often enough, or nobody reads it any more. */
static int print(struct lodge *l, const struct settings *s, bool json)
{
	struct top_model m = {0};
	int status = CLI_DONE;
	unsigned long n;

	for (n = 0; !status && (!s->looks || n < s->looks); n++) {
		if (n)
			wait_s(s->delay_s);
		status = look(l, &m);
		if (status)
			break;
		if ((json ? view_json(stdout, &m)
			  : view_text(stdout, &m, &s->shown)) ||
		    fflush(stdout))
			status = CLI_FAILED;
	}
	top_model_free(&m);
	return status;
}

static int run(const struct cli_options *o, int argc, char **argv)
{
	struct settings settings;
	struct lodge *l;
	int status;

	if (!read_settings(o, &settings))
		return CLI_USAGE;
	if (!o->has['b'] && !o->has[CLI_JSON])
		return terminal_run(&settings);
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	status = print(l, &settings, o->has[CLI_JSON]);
	lodge_close(l);
	return status;
}

int main(int argc, char **argv)
{
	static const struct cli_command top = {
		"top", "", TOP_SUMMARY, top_options, 0, 0, run};

	setlocale(LC_CTYPE, "");
	return cli_finish(cli_run(&top, argc, argv));
}
