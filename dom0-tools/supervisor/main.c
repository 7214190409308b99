/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge-supervisor: options, the background, one of us
 *
 * Whatever it needs to go on after it has been killed is in the store. With
 * --start and --stop it is no daemon: it does that, and leaves.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attend.h"
#include "auto.h"
#include "background.h"
#include "command.h"
#include "liblodge.h"
#include "say.h"
#include "tell.h"

#define DIR_OF_PID "/run/lodge-supervisor"

enum mode { ATTEND, START, STOP };

static struct {
	enum mode mode;
	bool foreground;
	const char *pid_file, *auto_dir;
	struct lodge_attendance how;
	struct lodge_halting halt;
} options = {
	.auto_dir = "/etc/xen/auto",
	.halt = {.told = tell_text, .limit_s = 300},
	.pid_file = LODGE_SUPERVISOR_PID,
	.how = {.told = tell_text, .quick_s = 10, .most_quick = 5},
};

/* ---- options ------------------------------------------------------------ */

static const struct service_option table[] = {
	{{"foreground", no_argument, NULL, 'i'}, "",
	 "-i: do not go to the background"},
	{{"quick", required_argument, NULL, 'q'}, "SECONDS",
	 "who ends before that has ended soon (10); 0: nobody has"},
	{{"most", required_argument, NULL, 'm'}, "NUMBER",
	 "how often in a row such a guest is started again (5)"},
	{{"pid-file", required_argument, NULL, 'p'}, "FILE",
	 "the process number (" LODGE_SUPERVISOR_PID ")"},
	{{"start", no_argument, NULL, 's'}, "",
	 "start the guests of the directory, and leave"},
	{{"auto", required_argument, NULL, 'a'}, "DIR",
	 "that directory ($XENDOMAINS_AUTO, /etc/xen/auto)"},
	{{"stop", no_argument, NULL, 'x'}, "",
	 "have all guests shut down, destroy them, and leave"},
	{{"limit", required_argument, NULL, 'l'}, "SECONDS",
	 "when they are destroyed ($XENDOMAINS_STOP_MAXWAIT, 300); 0: never"},
	{{"all", no_argument, NULL, 'A'}, "",
	 "also those that other tools have made"},
	{{"version", no_argument, NULL, 'V'}, "", "-V: show the version"},
	{{"help", no_argument, NULL, 'h'}, "", "-h: show this and leave"},
};

static unsigned int parse_number(const char *option, const char *value)
{
	size_t length = strlen(value);

	if (length && length < 7 && strspn(value, "0123456789") == length)
		return (unsigned int)strtoul(value, NULL, 10);
	fprintf(stderr,
		"lodge-supervisor: --%s: \"%s\" is no number up to 999999\n",
		option, value);
	exit(2);
}

static void take_option(int letter)
{
	switch (letter) {
	case 'i':
		options.foreground = true;
		break;
	case 'q':
		options.how.quick_s = parse_number("quick", optarg);
		break;
	case 'm':
		options.how.most_quick = parse_number("most", optarg);
		break;
	case 'p':
		options.pid_file = optarg;
		break;
	case 's':
	case 'x':
		options.mode = letter == 's' ? START : STOP;
		break;
	case 'a':
		options.auto_dir = optarg;
		break;
	case 'l':
		options.halt.limit_s = parse_number("limit", optarg);
		break;
	case 'A':
		options.halt.all = true;
		break;
	}
}

/* Those of Debian's xendomains, by the same names. */
static void read_environment(void)
{
	const char *dir = getenv("XENDOMAINS_AUTO");
	const char *limit = getenv("XENDOMAINS_STOP_MAXWAIT");

	if (dir)
		options.auto_dir = dir;
	if (limit && *limit)
		options.halt.limit_s =
			parse_number("limit, by XENDOMAINS_STOP_MAXWAIT",
				     limit);
}

static const struct service_command command = {
	.name = "lodge-supervisor",
	.version = "lodge-supervisor, for Xen 4.17",
	.letters = "iVh",
	.table = table,
	.nr = sizeof(table) / sizeof(table[0]),
	.take = take_option,
};

/* ---- what is asked for -------------------------------------------------- */

/* An empty name: nothing is to be started. */
static int start(void)
{
	return *options.auto_dir && start_guests(options.auto_dir);
}

static int stop(void)
{
	struct lodge *l;
	int rc;

	if (lodge_open(&l))
		die("there is no memory");
	rc = lodge_halt(l, &options.halt);
	if (rc)
		tell_error(l);
	lodge_close(l);
	return rc ? EXIT_FAILURE : 0;
}

/* Where lodge_supervised() looks. */
static void make_dir_of_pid(void)
{
	if (!strcmp(options.pid_file, LODGE_SUPERVISOR_PID) &&
	    mkdir(DIR_OF_PID, 0755) && errno != EEXIST)
		die("cannot make " DIR_OF_PID ": %s", strerror(errno));
}

static int attend(void)
{
	if (!options.foreground)
		background_enter();
	attend_catch_signals();
	make_dir_of_pid();
	pid_file_write(options.pid_file);
	attend_until_stopped(&options.how, background_ready);
	unlink(options.pid_file);
	return 0;
}

int main(int argc, char **argv)
{
	static int (*const modes[])(void) = {
		[ATTEND] = attend, [START] = start, [STOP] = stop,
	};

	say_as(command.name);
	say_once();
	read_environment();
	service_parse(&command, argc, argv);
	umask(022);
	return modes[options.mode]();
}
