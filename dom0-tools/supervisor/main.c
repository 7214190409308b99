/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge-supervisor: options, the background, one of us
 *
 * Whatever it needs to go on after it has been killed is in the store. With
 * --start and --stop it is no daemon: it does that, and leaves.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attend.h"
#include "auto.h"
#include "liblodge.h"
#include "say.h"

#define VERSION "lodge-supervisor, for Xen 4.17"
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
	.halt = {.told = say_text, .limit_s = 300},
	.pid_file = LODGE_SUPERVISOR_PID,
	.how = {.told = say_text, .quick_s = 10, .most_quick = 5},
};

/* ---- options ------------------------------------------------------------ */

static const struct {
	struct option o;
	const char *value, *help;
} table[] = {
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

#define NR_OPTIONS (sizeof(table) / sizeof(table[0]))

static void usage(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: lodge-supervisor [OPTION]...\n\n");
	for (i = 0; i < NR_OPTIONS; i++)
		fprintf(f, "  --%-11s %-8s %s\n", table[i].o.name,
			table[i].value, table[i].help);
}

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
	case 'V':
		puts(VERSION);
		exit(0);
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
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

static void parse(int argc, char **argv)
{
	struct option longs[NR_OPTIONS + 1] = {0};
	size_t i;
	int letter;

	read_environment();

	for (i = 0; i < NR_OPTIONS; i++)
		longs[i] = table[i].o;
	while ((letter = getopt_long(argc, argv, "iVh", longs, NULL)) != -1)
		take_option(letter);
	if (optind != argc)
		take_option('?');
}

/* ---- one of us, in the background --------------------------------------- */

/*
 * The lock goes with this process, not with a child that it has just made when
 * it is killed; others can ask for it without taking it: lodge_supervised().
 */
static void write_pid(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int fd;

	if (!strcmp(options.pid_file, LODGE_SUPERVISOR_PID) &&
	    mkdir(DIR_OF_PID, 0755) && errno != EEXIST)
		die("cannot make " DIR_OF_PID ": %s", strerror(errno));
	fd = open(options.pid_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		die("cannot open %s: %s", options.pid_file, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock))
		die("%s is locked: another one is at work", options.pid_file);
	if (ftruncate(fd, 0) || write(fd, text, (size_t)n) != n)
		die("cannot write %s: %s", options.pid_file, strerror(errno));
}

static int told = -1;		/* the parent waits here; -1: there is none */

/* Returns in the child; the parent leaves when it is at work, or has failed. */
static void go_to_background(void)
{
	int ends[2];
	char ready;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child)
		_exit(close(ends[1]) || read(ends[0], &ready, 1) != 1);
	close(ends[0]);
	setsid();
	told = ends[1];
}

static void leave_terminal(void)
{
	int null;

	if (told < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	say_to_syslog();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    chdir("/") || write(told, "", 1) != 1)
		die("cannot go to the background: %s", strerror(errno));
	close(null);
	close(told);
}

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
		say_error(l);
	lodge_close(l);
	return rc ? EXIT_FAILURE : 0;
}

static int attend(void)
{
	if (!options.foreground)
		go_to_background();
	attend_catch_signals();
	write_pid();
	attend_until_stopped(&options.how, leave_terminal);
	unlink(options.pid_file);
	return 0;
}

int main(int argc, char **argv)
{
	static int (*const modes[])(void) = {
		[ATTEND] = attend, [START] = start, [STOP] = stop,
	};

	parse(argc, argv);
	umask(022);
	return modes[options.mode]();
}
