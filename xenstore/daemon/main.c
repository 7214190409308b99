/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge-xenstored: options, and the start of keeper and daemon
 *
 * One binary, two processes. Started by a person or a service manager it is
 * the keeper, which starts it again as the daemon, with KEEPER_FD open and
 * "--daemon" in front of the same options; a daemon that has lost its keeper
 * starts it in the same way with "--keeper".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conn.h"
#include "control.h"
#include "domain.h"
#include "journal.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "recover.h"
#include "ring.h"
#include "util.h"
#include "wire.h"

static const struct {
	struct option o;
	const char *arg, *help;
} table[] = {
	{ { "foreground", no_argument, NULL, 'f' }, "",
	  "do not go to the background" },
	{ { "no-domains", no_argument, NULL, 'D' }, "",
	  "serve the sockets alone, without a hypervisor" },
	{ { "run-dir", required_argument, NULL, 'r' }, "DIR",
	  "where the sockets are (/run/xenstored)" },
	{ { "state-dir", required_argument, NULL, 's' }, "DIR",
	  "where the state is kept, best on tmpfs (RUN-DIR/state)" },
	{ { "pid-file", required_argument, NULL, 'F' }, "FILE",
	  "write the process number there" },
	{ { "log-file", required_argument, NULL, 'L' }, "FILE",
	  "log there, not to standard error" },
	{ { "log-level", required_argument, NULL, 'l' }, "LEVEL",
	  "error, warn, info (as set) or debug" },
	{ { "trace", no_argument, NULL, 'T' }, "",
	  "log each request and reply" },
	{ { "limit", required_argument, NULL, 'q' }, "NAME=N",
	  "default limit of all domains; 0 for none" },
	{ { "help", no_argument, NULL, 'h' }, "", "show this and leave" },
	{ { "daemon", no_argument, NULL, 'd' }, NULL, NULL },
	{ { "keeper", no_argument, NULL, 'k' }, NULL, NULL },
};

#define NR_OPTIONS (sizeof(table) / sizeof(table[0]))

static bool is_daemon;
static bool is_replacement;	/* a keeper in place of one that died */
static char daemon_option[] = "--daemon";

static void usage(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: lodge-xenstored [OPTION]...\n\n");
	for (i = 0; i < NR_OPTIONS; i++)
		if (table[i].help)
			fprintf(f, "  --%-10s %-7s %s\n", table[i].o.name,
				table[i].arg, table[i].help);
}

static void set_limit(const char *arg)
{
	const char *eq = strchr(arg, '=');
	char name[32] = "";
	uint32_t value;
	int limit;

	if (eq && (size_t)(eq - arg) < sizeof(name))
		memcpy(name, arg, (size_t)(eq - arg));
	limit = limit_by_name(name);
	if (limit < 0) {
		fprintf(stderr, "lodge-xenstored: no such limit: %s\n", arg);
		exit(2);
	}
	if (!parse_u32(eq + 1, LIMIT_DEFAULT - 1, &value)) {
		fprintf(stderr, "lodge-xenstored: %s: a number from 0 (none) "
			"to %u is wanted\n", arg, LIMIT_DEFAULT - 1);
		exit(2);
	}
	limit_set(NULL, (enum limit)limit, value);
}

static void take_option(int c, struct options *o)
{
	switch (c) {
	case 'f':
		o->foreground = true;
		break;
	case 'D':
		o->domains = false;
		break;
	case 'r':
		o->run_dir = optarg;
		break;
	case 's':
		o->state_dir = optarg;
		break;
	case 'F':
		o->pid_file = optarg;
		break;
	case 'L':
		if (!log_open(optarg))
			break;
		fprintf(stderr, "lodge-xenstored: %s: %s\n", optarg,
			strerror(errno));
		exit(1);
	case 'l':
		if (log_set_level(optarg))
			break;
		fprintf(stderr, "lodge-xenstored: no such level: %s\n",
			optarg);
		exit(2);
	case 'T':
		log_tracing = true;
		break;
	case 'q':
		set_limit(optarg);
		break;
	case 'd':
		is_daemon = true;
		break;
	case 'k':
		is_replacement = true;
		break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct options *o)
{
	struct option longs[NR_OPTIONS + 1] = { 0 };
	size_t i;
	int c;

	for (i = 0; i < NR_OPTIONS; i++)
		longs[i] = table[i].o;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take_option(c, o);
	if (optind != argc)
		take_option('?', o);
	if (!o->state_dir &&
	    asprintf((char **)&o->state_dir, "%s/state", o->run_dir) < 0)
		log_fatal("out of memory");
}

static bool make_dir(const char *path)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return true;
	log_error("%s: %s", path, strerror(errno));
	return false;
}

/* Clients of the last daemon that neither keeper nor ring brought back. */
static void end_the_lost(void)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, link)
		if (!c->tp)
			conn_kill(c, 0, NULL);
	conn_reap();
}

/* Return: domains are served. */
static bool start_domains(const struct options *o)
{
	struct domain *dom0 = domain_make(0);
	int rc;

	rc = ring_start(o->state_dir);
	if (rc) {
		log_error("no hypervisor: %s", strerror(rc));
		return false;
	}
	ring_restore();
	rc = dom0->conn ? 0 : ring_connect(dom0, 0, 0);
	if (rc) {
		log_error("Dom0's ring: %s", strerror(rc));
		return false;
	}
	conn_commit(NULL, 0);
	domain_scan();
	ring_kick_all();
	return true;
}

/*
 * Give up every capability, for good: what is opened belongs to who started
 * us, and the hypervisor's device files ask for none. Who has none to give up
 * is left as it is.
 */
static void drop_rights(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = { { 0 } };
	int cap;

	for (cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_capset, &head, none))
		log_fatal("cannot give up rights: %s", strerror(errno));
}

static int daemon_main(const struct options *o, char **argv)
{
	const char *binary;
	uint32_t limit_s;
	uint64_t gen, pos;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	loop_init();
	wire_init();
	rc = recover(o->state_dir, &gen, &pos);
	if (rc) {
		log_error("the state in %s cannot be read", o->state_dir);
		return KEEPER_HOPELESS;
	}
	rc = journal_open(o->state_dir, gen, pos);
	if (rc)
		log_fatal("%s: %s", o->state_dir, strerror(rc));
	keeper_attach(argv);
	if (o->domains && !start_domains(o))
		return KEEPER_UNABLE;
	end_the_lost();
	keeper_ready();
	log_info("serving in %s", o->run_dir);
	loop_run();
	if (control_update_wanted(&binary, &limit_s))
		keeper_exec(binary, limit_s);
	return 0;
}

static int start_keeper(const struct options *o, int argc, char **argv)
{
	char **args = calloc((size_t)argc + 2, sizeof(*args));
	char self[256] = "";

	if (!args)
		log_fatal("out of memory");
	if (!strchr(argv[0], '/') &&
	    readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		log_fatal("/proc/self/exe: %s", strerror(errno));
	args[0] = self[0] ? self : argv[0];
	args[1] = daemon_option;
	memcpy(args + 2, argv + 1, (size_t)argc * sizeof(*args));
	if (!make_dir(o->run_dir) || !make_dir(o->state_dir))
		return 1;
	return keeper_main(o, args, false);
}

/*
 * KEEPER_FD and KEEPER_LOCK_FD have their meaning in every process: nothing
 * else that is opened may get these numbers.
 */
static void reserve_fds(void)
{
	int fd;

	do {
		fd = open("/", O_PATH | O_CLOEXEC);
	} while (fd >= 0 && fd <= KEEPER_LOCK_FD);
	close(fd);
}

int main(int argc, char **argv)
{
	struct options o = { .run_dir = "/run/xenstored", .domains = true };

	reserve_fds();
	parse(argc, argv, &o);
	drop_rights();
	if (is_daemon)
		return daemon_main(&o, argv);
	if (is_replacement) {
		argv[1] = daemon_option;
		return keeper_main(&o, argv, true);
	}
	return start_keeper(&o, argc, argv);
}
