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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "background.h"
#include "command.h"
#include "guest.h"
#include "guests.h"
#include "hvlog.h"
#include "liblodge.h"
#include "loop.h"
#include "say.h"
#include "xen.h"

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

static const struct service_option table[] = {
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
	}
}

static const struct service_command command = {
	.name = "lodge-consoled",
	.version = "lodge-consoled, for Xen 4.17",
	.letters = "it:o:vVh",
	.table = table,
	.nr = sizeof(table) / sizeof(table[0]),
	.take = take_option,
};

static void parse(int argc, char **argv)
{
	guest_options.socket_dir = LODGE_CONSOLE_SOCKETS;
	service_parse(&command, argc, argv);
	if (options.guests.keep > 1000)
		wrong("--log-keep", "at most 1000");
	options.hypervisor = options.guests;
	options.guests.stamps = options.stamps & OF_GUESTS;
	options.hypervisor.stamps = options.stamps & OF_HYPERVISOR;
	if (options.log & OF_GUESTS)
		guest_options.log = &options.guests;
}

/* ---- directories -------------------------------------------------------- */

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
	pid_file_write(options.pid_file);
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
	say_as(command.name);
	parse(argc, argv);
	umask(027);
	if (!options.foreground)
		background_enter();
	start();
	background_ready();
	while (!stopping)
		loop_wait(sooner(guests_round(), guests_retry()));
	guests_stop();
	unlink(options.pid_file);
	return 0;
}
