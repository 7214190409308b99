/* SPDX-License-Identifier: MIT */
/*
 * keeper_link.c - the daemon's end of the line to the keeper
 *
 *	ATTACHED --the pair ends--> ALONE --a keeper was started--> ATTACHED
 *	                              '--it failed: again in RETRY_S--^
 *
 * Everything that the keeper holds is open here as well. While there is no
 * keeper the clients are served as ever; new ones wait in the listening
 * sockets' queues.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "conn.h"
#include "journal.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "sock.h"
#include "util.h"

#define RETRY_S 1
#define QUICK_DEATH_NS 1000000000ull	/* sooner: wait before the next */

extern char **environ;

static char **start_argv;
static int listener[2] = { -1, -1 };
static uint32_t next_id;	/* of a client, for the next keeper */
static bool alone;		/* there is no keeper to tell anything */
static bool serving;
static uint64_t started_ns;	/* when the last keeper was */

static void on_message(struct source *s, uint32_t events);
static void on_retry(struct source *s, uint32_t events);

static struct source src = { on_message, KEEPER_FD };
static struct source timer = { on_retry, -1 };

static void adopt(const struct keeper_msg *m, const int fds[2])
{
	bool known = conn_lookup(m->id) != NULL;
	struct conn *c = sock_adopt(m->id, fds[0], fds[1], m->readonly);

	/* They do not come in the order of their numbers. */
	next_id = counter_max(next_id, m->id + 2);
	if (c && !known) {
		journal_conn(true, c->id, 0, m->readonly);
		conn_commit(c, stream_in_done(c->st));
	}
}

static void listen_on(const struct keeper_msg *m, const int fds[2])
{
	memcpy(listener, fds, sizeof(listener));
	next_id = m->id;
}

/* --- starting a keeper --- */

static int spawn_keeper(int fd)
{
	static char option[] = "--keeper";
	posix_spawn_file_actions_t actions;
	char *keep = start_argv[1];
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, KEEPER_FD);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	start_argv[1] = option;
	rc = posix_spawn(&pid, "/proc/self/exe", &actions, &attr, start_argv,
			 environ);
	start_argv[1] = keep;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Hand over all that the last keeper held. Return: 0 or an errno. */
static int hand_over(void)
{
	struct keeper_msg m = { .op = KEEPER_LISTEN, .id = next_id };
	struct conn *c;
	int rc = 0;

	if (listener[0] >= 0)
		rc = keeper_send(KEEPER_FD, &m, listener, 0);
	TAILQ_FOREACH(c, &conns, link) {
		if (rc)
			return rc;
		if (c->fd < 0 || c->doomed)
			continue;
		m = (struct keeper_msg){ .op = KEEPER_CONN, .id = c->id,
					 .readonly = c->readonly };
		rc = keeper_send(KEEPER_FD, &m, (int[]){ c->fd, c->st->fd },
				 0);
	}
	m = (struct keeper_msg){ .op = KEEPER_SYNC };
	return rc ? rc : keeper_send(KEEPER_FD, &m, NULL, 0);
}

static void retry_later(void)
{
	struct itimerspec when = { .it_value.tv_sec = RETRY_S };

	timerfd_settime(timer.fd, 0, &when, NULL);
}

/*
 * The new keeper is a child of ours, as we are one of the old one's or of an
 * even older one's: what counts for either is the pair, not who started whom.
 */
static void start_keeper(void)
{
	int sv[2], rc;

	started_ns = now_ns();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv)) {
		log_error("socketpair: %s", strerror(errno));
		retry_later();
		return;
	}
	rc = spawn_keeper(sv[1]);
	close(sv[1]);
	if (!rc && dup3(sv[0], KEEPER_FD, O_CLOEXEC) < 0)
		rc = errno;
	close(sv[0]);
	if (!rc)
		rc = hand_over();
	if (rc) {
		log_error("cannot start a keeper: %s", strerror(rc));
		retry_later();
		return;
	}
	alone = false;
	loop_add(&src, EPOLLIN);
	if (serving)
		keeper_ready();
}

static void on_retry(struct source *s, uint32_t events)
{
	uint64_t times;

	(void)events;
	if (read(s->fd, &times, sizeof(times)) == sizeof(times))
		start_keeper();
}

/* --- messages --- */

static void handle(const struct keeper_msg *m, const int fds[2])
{
	if (m->op == KEEPER_LISTEN)
		listen_on(m, fds);
	else if (m->op == KEEPER_CONN)
		adopt(m, fds);
}

static void on_message(struct source *s, uint32_t events)
{
	struct keeper_msg m;
	int fds[2], rc;

	(void)events;
	rc = keeper_receive(KEEPER_FD, &m, fds, MSG_DONTWAIT);
	if (rc > 0)
		handle(&m, fds);
	if (rc)
		return;
	log_warn("the keeper is gone; starting another");
	loop_remove(s);
	alone = true;
	if (now_ns() - started_ns < QUICK_DEATH_NS)
		retry_later();
	else
		start_keeper();
}

/**
 * keeper_attach() - take over the clients that the keeper holds
 * @argv: with which this process was started; kept
 *
 * Clients that the journal knows go on; those that it does not know are new.
 * Who is in the journal but was not handed over has left meanwhile; the caller
 * ends those. If the keeper dies meanwhile, what it had handed over counts.
 */
void keeper_attach(char **argv)
{
	struct keeper_msg m = { 0 };
	int fds[2], rc = 1;

	start_argv = argv;
	signal(SIGCHLD, SIG_IGN);
	timer.fd = timerfd_create(CLOCK_MONOTONIC,
				  TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer.fd < 0)
		log_fatal("timerfd_create: %s", strerror(errno));
	loop_add(&timer, EPOLLIN);
	fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC);
	while (rc && m.op != KEEPER_SYNC) {
		rc = keeper_receive(KEEPER_FD, &m, fds, 0);
		if (rc > 0)
			handle(&m, fds);
	}
	loop_add(&src, EPOLLIN);
}

/* Nothing that is told matters to a keeper that is gone. */
static void tell(const struct keeper_msg *m)
{
	int rc = alone ? 0 : keeper_send(KEEPER_FD, m, NULL, 0);

	if (rc && rc != EPIPE && rc != ECONNRESET)
		log_error("cannot tell the keeper: %s", strerror(rc));
}

/* A client is gone: its descriptors are not needed any more. */
void keeper_drop(uint32_t id)
{
	struct keeper_msg m = { .op = KEEPER_DROP, .id = id };

	tell(&m);
}

/* The daemon serves: whoever started it may be told. */
void keeper_ready(void)
{
	struct keeper_msg m = { .op = KEEPER_READY };

	serving = true;
	tell(&m);
}

/* The next daemon shall be started from this binary, and serve in time. */
void keeper_exec(const char *path, uint32_t limit_s)
{
	struct keeper_msg m = { .op = KEEPER_EXEC, .id = limit_s };

	strncpy(m.path, path, sizeof(m.path) - 1);
	tell(&m);
}
