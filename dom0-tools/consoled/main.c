/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge-consoled: options, signals, the background
 *
 * The options of xenconsoled mean the same here. Whatever it needs to go on
 * after it has been killed is in the store and in the guests' rings.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"
#include "guests.h"
#include "hvlog.h"
#include "liblodge.h"
#include "loop.h"
#include "say.h"
#include "xen.h"

#define VERSION "lodge-consoled, for Xen 4.17"

/* Of what: a set of these. */
enum { OF_GUESTS = 1, OF_HYPERVISOR = 2 };

static struct {
	bool foreground;
	unsigned int log, stamps;
	const char *pid_file;
	struct log_style guests, hypervisor;
} options = {
	.pid_file = "/run/lodge-consoled.pid",
	.guests = {
		.dir = "/var/log/xen/console",
		.most_bytes = 16 << 20,
		.keep = 4,
	},
};

/* ---- options ------------------------------------------------------------ */

static const struct {
	struct option o;
	const char *value, *help;
} table[] = {
	{ { "foreground", no_argument, NULL, 'i' }, "",
	  "-i: do not go to the background" },
	{ { "log", required_argument, NULL, 'l' }, "WHAT",
	  "none, guest, hv or all: whose text is kept" },
	{ { "log-dir", required_argument, NULL, 'd' }, "DIR",
	  "where (/var/log/xen/console)" },
	{ { "log-size", required_argument, NULL, 's' }, "SIZE",
	  "the most of one file (16m); 0: no limit" },
	{ { "log-keep", required_argument, NULL, 'k' }, "NUMBER",
	  "how many older files are kept of each (4)" },
	{ { "timestamp", required_argument, NULL, 't' }, "WHAT",
	  "-t: none, guest, hv or all: lines begin with the time" },
	{ { "replace-escape", no_argument, NULL, 'e' }, "",
	  "logs have dots for escapes" },
	{ { "overflow-data", required_argument, NULL, 'o' }, "HOW",
	  "-o: discard what nobody reads, or keep it: the guest waits" },
	{ { "run-dir", required_argument, NULL, 'r' }, "DIR",
	  "where the sockets are (" LODGE_CONSOLE_SOCKETS ")" },
	{ { "pid-file", required_argument, NULL, 'p' }, "FILE",
	  "the process number (/run/lodge-consoled.pid)" },
	{ { "verbose", no_argument, NULL, 'v' }, "",
	  "-v: tell of each console" },
	{ { "version", no_argument, NULL, 'V' }, "", "-V: show the version" },
	{ { "help", no_argument, NULL, 'h' }, "", "-h: show this and leave" },
	{ { "interactive", no_argument, NULL, 'i' }, NULL, NULL },
};

#define NR_OPTIONS (sizeof(table) / sizeof(table[0]))

static void usage(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: lodge-consoled [OPTION]...\n\n");
	for (i = 0; i < NR_OPTIONS; i++)
		if (table[i].help)
			fprintf(f, "  --%-14s %-7s %s\n", table[i].o.name,
				table[i].value, table[i].help);
}

_Noreturn static void wrong(const char *value, const char *what)
{
	fprintf(stderr, "lodge-consoled: \"%s\" is not %s\n", value, what);
	exit(2);
}

static unsigned int parse_what(const char *value)
{
	static const struct {
		const char *name;
		unsigned int set;
	} names[] = {
		{ "none", 0 }, { "guest", OF_GUESTS }, { "hv", OF_HYPERVISOR },
		{ "all", OF_GUESTS | OF_HYPERVISOR },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(value, names[i].name))
			return names[i].set;
	wrong(value, "none, guest, hv or all");
}

/* @most: of the result, so that it can be shifted */
static uint64_t parse_number(const char *value, const char *units,
			     const char *what)
{
	unsigned long long n;
	const char *unit;
	char *end;

	n = isdigit((unsigned char)*value) ? strtoull(value, &end, 10) : 0;
	if (!isdigit((unsigned char)*value) || n >> 32)
		wrong(value, what);
	if (!*end)
		return n;
	unit = strchr(units, tolower((unsigned char)*end));
	if (!unit || end[1])
		wrong(value, what);
	return n << 10 * (unit - units + 1);
}

static void take_option(int letter)
{
	switch (letter) {
	case 'i':
		options.foreground = true;
		break;
	case 'l':
		options.log = parse_what(optarg);
		break;
	case 'd':
		options.guests.dir = optarg;
		break;
	case 's':
		options.guests.most_bytes = parse_number(
			optarg, "kmg", "a size, like 512k, 16m or 1g");
		break;
	case 'k':
		options.guests.keep = (unsigned int)parse_number(
			optarg, "", "a number");
		break;
	case 't':
		options.stamps = parse_what(optarg);
		break;
	case 'e':
		options.guests.plain = true;
		break;
	case 'o':
		guest_options.patient = !strcmp(optarg, "keep");
		if (!guest_options.patient && strcmp(optarg, "discard"))
			wrong(optarg, "discard or keep");
		break;
	case 'r':
		guest_options.socket_dir = optarg;
		break;
	case 'p':
		options.pid_file = optarg;
		break;
	case 'v':
		say_all();
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

static void parse(int argc, char **argv)
{
	struct option longs[NR_OPTIONS + 1] = { 0 };
	size_t i;
	int letter;

	guest_options.socket_dir = LODGE_CONSOLE_SOCKETS;
	for (i = 0; i < NR_OPTIONS; i++)
		longs[i] = table[i].o;
	while ((letter = getopt_long(argc, argv, "it:o:vVh", longs, NULL)) !=
	       -1)
		take_option(letter);
	if (optind != argc)
		take_option('?');
	if (options.guests.keep > 1000)
		wrong("--log-keep", "at most 1000");
	options.hypervisor = options.guests;
	options.guests.stamps = options.stamps & OF_GUESTS;
	options.hypervisor.stamps = options.stamps & OF_HYPERVISOR;
	if (options.log & OF_GUESTS)
		guest_options.log = &options.guests;
}

/* ---- one of us, in the background --------------------------------------- */

static void make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) && errno != EEXIST)
		die("cannot make %s: %s", path, strerror(errno));
}

/* Sockets of one that was killed: their guests may be gone as well. */
static void sweep(const char *path)
{
	DIR *all = opendir(path);
	struct dirent *e;

	while (all && (e = readdir(all)))
		if (e->d_type == DT_SOCK)
			unlinkat(dirfd(all), e->d_name, 0);
	if (all)
		closedir(all);
}

/* Only one may serve: the lock goes with the process. */
static void write_pid(void)
{
	int fd = open(options.pid_file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (fd < 0)
		die("cannot open %s: %s", options.pid_file, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		die("%s is locked: another one serves", options.pid_file);
	if (ftruncate(fd, 0) || write(fd, text, (size_t)n) != n)
		die("cannot write %s: %s", options.pid_file, strerror(errno));
}

/* Returns in the child; the parent leaves when it serves, or has failed. The
 * result is to be closed then, after a byte if all is well. */
static int go_to_background(void)
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
	return ends[1];
}

static void leave_terminal(int told)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	say_to_syslog();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    chdir("/") || write(told, "", 1) != 1)
		die("cannot go to the background: %s", strerror(errno));
	close(null);
	close(told);
}

/* ---- signals ------------------------------------------------------------ */

static bool stopping;

static void take_signal(struct source *s, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		guests_reopen_logs();
		hvlog_reopen();
	} else {
		stopping = true;
	}
}

static struct source from_signals = {.ready = take_signal};

static void catch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	from_signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (from_signals.fd < 0)
		die("signalfd: %s", strerror(errno));
	loop_want(&from_signals, EPOLLIN);
}

/* ---- all of it ---------------------------------------------------------- */

/* Each guest takes four. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void start(void)
{
	write_pid();
	allow_many_files();
	make_dir(guest_options.socket_dir, 0700);
	sweep(guest_options.socket_dir);
	if (options.log)
		make_dir(options.guests.dir, 0755);
	loop_init();
	catch_signals();
	xen_open();
	if (options.log & OF_HYPERVISOR)
		hvlog_start(&options.hypervisor);
	guests_start();
}

/* The sooner of two, negative: never. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int main(int argc, char **argv)
{
	int told = -1;

	parse(argc, argv);
	umask(027);
	if (!options.foreground)
		told = go_to_background();
	start();
	if (!options.foreground)
		leave_terminal(told);
	while (!stopping)
		loop_wait(sooner(guests_round(), guests_retry()));
	guests_stop();
	unlink(options.pid_file);
	return 0;
}
