/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - accept clients, hold their sockets and streams; start the daemon,
 * again and again
 *
 * The keeper binds and listens, accepts each client, makes its streams, and
 * hands copies of both descriptors to the daemon. It never looks at a byte
 * that a client sends, so nothing that a client sends can end it; its state is
 * the table held[]. If it ends all the same the daemon starts another one and
 * hands everything back (keeper.h).
 *
 *	daemon ABSENT --fork--> STARTING --READY--> SERVING
 *	       ^                   |                  |
 *	       '----- it ended, for whatever reason --'
 *
 * The end of the pair tells that the daemon is ending; when it has ended its
 * event channels are closed, which the next daemon wants to bind, so that is
 * waited for. A daemon that is not a child has a pidfd for this.
 *
 * The keeper must not block on the daemon, which may be blocked on the keeper:
 * what cannot be handed over yet stays marked until the pair takes more. A
 * client that is accepted is in one process alone until then, so no further
 * one is accepted before it was handed over.
 */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "sock.h"
#include "stream.h"
#include "util.h"

#define BACKLOG 128
#define QUICK_DEATH_NS 1000000000ull	/* sooner: wait before the next */
#define LOCK_TRIES 100u
#define LOCK_WAIT_US 50000u
#define ACCEPT_RETRY_US 50000u
#define UPDATE_LIMIT_S 60u		/* for an update's binary to serve */

struct held {
	uint32_t id;
	int sock;
	int stream;
	bool readonly;
	bool handed;
};

static struct held *held;
static unsigned int nr_held;
static uint32_t next_id;
static int listener[2] = { -1, -1 };	/* socket, socket_ro */
static int pair = -1;			/* to the daemon */
static pid_t child;			/* the daemon; 0: there is none */
static int child_fd = -1;		/* its pidfd, if it is not our child */
static bool told;			/* LISTEN was sent */
static bool synced;			/* SYNC was sent */
static bool ready;
static bool stopping;
static bool hopeless;			/* the state cannot be read */
static uint64_t started;
static char binary[256], fallback[256];
static uint32_t update_limit_s = UPDATE_LIMIT_S;
static char **child_argv;
static int spare_stream = -1;		/* for the next client */
static int parent_pipe = -1;		/* tells who started us */
static bool announced;
static const struct options *opt;

static int listen_at(const char *name, mode_t mode)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if ((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s",
			     opt->run_dir, name) >= sizeof(sa.sun_path)) {
		log_error("%s/%s: the path is too long", opt->run_dir, name);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(sa.sun_path);
	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)) ||
	    chmod(sa.sun_path, mode) || listen(fd, BACKLOG)) {
		log_error("%s: %s", sa.sun_path, strerror(errno));
		return -1;
	}
	return fd;
}

/* --- what is held --- */

static int stream_new(void)
{
	int fd = memfd_create("xenstore-stream", MFD_CLOEXEC);

	if (fd >= 0 && stream_format(fd, 0, 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void hold(const struct held *h)
{
	held = xrealloc(held, (nr_held + 1) * sizeof(*held));
	held[nr_held++] = *h;
}

static void accept_one(bool readonly)
{
	static bool warned;
	struct held h = { .readonly = readonly };

	h.sock = accept4(listener[readonly], NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (h.sock < 0) {
		/* It stays in the queue: do not spin until there is room. */
		if (errno != EAGAIN && errno != ECONNABORTED)
			usleep(ACCEPT_RETRY_US);
		return;
	}
	h.stream = spare_stream >= 0 ? spare_stream : stream_new();
	spare_stream = -1;
	if (h.stream < 0) {
		log_error("no streams for a new client: %s", strerror(errno));
		close(h.sock);
		return;
	}
	if (sock_prepare(h.sock) && !warned) {
		log_warn("the kernel does not count what sockets receive: "
			 "clients will not survive a restart");
		warned = true;
	}
	h.id = next_id;
	next_id += 2;
	hold(&h);
}

static void drop(uint32_t id)
{
	unsigned int i;

	for (i = 0; i < nr_held; i++) {
		if (held[i].id != id)
			continue;
		close(held[i].sock);
		close(held[i].stream);
		held[i] = held[--nr_held];
		return;
	}
}

/* --- the daemon --- */

static void start_daemon(void)
{
	unsigned int i;
	int sv[2];

	for (i = 0; i < nr_held; i++)
		held[i].handed = false;
	if (pair >= 0)
		close(pair);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		log_fatal("socketpair: %s", strerror(errno));
	started = now_ns();
	child = fork();
	if (child < 0)
		log_fatal("fork: %s", strerror(errno));
	if (!child) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(sv[1], KEEPER_FD);
		execv(binary, child_argv);
		log_error("%s: %s", binary, strerror(errno));
		_exit(127);
	}
	close(sv[1]);
	pair = sv[0];
	told = synced = ready = false;
}

static bool tell(uint32_t op, const struct held *h)
{
	struct keeper_msg m = { .op = op, .id = next_id };

	if (op == KEEPER_LISTEN)
		return !keeper_send(pair, &m, listener, MSG_DONTWAIT);
	if (!h)
		return !keeper_send(pair, &m, NULL, MSG_DONTWAIT);
	m.id = h->id;
	m.readonly = h->readonly;
	return !keeper_send(pair, &m, (int[]){ h->sock, h->stream },
			    MSG_DONTWAIT);
}

/* Hand over what the daemon does not have yet. Return: nothing is left. */
static bool hand_over(void)
{
	unsigned int i;

	if (pair < 0)
		return true;
	if (!told)
		told = tell(KEEPER_LISTEN, NULL);
	for (i = 0; told && i < nr_held; i++) {
		if (held[i].handed)
			continue;
		if (!tell(KEEPER_CONN, &held[i]))
			return false;
		held[i].handed = true;
	}
	if (told && !synced)
		synced = tell(KEEPER_SYNC, NULL);
	return synced;
}

static void on_ready(void)
{
	char path[256];

	ready = true;
	snprintf(path, sizeof(path), "%s/daemon.pid", opt->state_dir);
	manager_write_pid(path, child);
	memcpy(fallback, binary, sizeof(fallback));
	if (announced)
		return;
	announced = true;
	snprintf(path, sizeof(path), "%s/keeper.pid", opt->state_dir);
	manager_write_pid(path, getpid());
	if (opt->pid_file)
		manager_write_pid(opt->pid_file, getpid());
	manager_ready();
	if (parent_pipe < 0)
		return;
	if (write(parent_pipe, "", 1) < 0)
		log_warn("who started us is gone");
	close(parent_pipe);
}

/* Wait until the daemon has ended. Return: its status; -1: not our child. */
static int wait_for_end(void)
{
	struct pollfd p = { .fd = child_fd, .events = POLLIN };
	int status;

	if (waitpid(child, &status, 0) == child)
		return status;
	if (child_fd >= 0)
		poll(&p, 1, -1);
	return -1;
}

/* Does a daemon's status say that there is no use in starting another? */
static bool gives_up(int status)
{
	if (status < 0 || !WIFEXITED(status))
		return false;
	return WEXITSTATUS(status) == KEEPER_HOPELESS ||
	       (WEXITSTATUS(status) == KEEPER_UNABLE && !announced);
}

static void bury(void)
{
	int status = wait_for_end();

	if (child_fd >= 0)
		close(child_fd);
	child_fd = -1;
	child = 0;
	/* Of an update's binary that means only that it is of no use. */
	if (gives_up(status) && !strcmp(binary, fallback))
		stopping = hopeless = true;
	if (stopping)
		return;
	if (status < 0)
		log_warn("the daemon is gone; starting %s", binary);
	else if (WIFSIGNALED(status))
		log_warn("the daemon was ended by signal %d; starting it again",
			 WTERMSIG(status));
	else
		log_info("the daemon ended with status %d; starting %s",
			 WEXITSTATUS(status), binary);
}

/* An update's binary that has yet to show that it can serve. */
static bool on_trial(void)
{
	return child && !ready && strcmp(binary, fallback);
}

/* How long that may still take, in ms; -1: there is no such binary. */
static int trial_ms(void)
{
	uint64_t limit_ns = update_limit_s * 1000000000ull;
	uint64_t used_ns = now_ns() - started;

	if (!on_trial())
		return -1;
	return used_ns >= limit_ns ? 0 :
	       (int)MIN((limit_ns - used_ns) / 1000000 + 1, 1000000u);
}

static void end_trial(void)
{
	if (trial_ms())
		return;
	log_error("%s does not serve after %u s", binary, update_limit_s);
	kill(child, SIGKILL);
	started = now_ns();
}

static void on_end(void)
{
	close(pair);
	pair = -1;
	if (on_trial())
		kill(child, SIGKILL);
	bury();
	if (stopping)
		return;
	if (!ready && strcmp(binary, fallback)) {
		log_error("%s does not start; going back to %s", binary,
			  fallback);
		memcpy(binary, fallback, sizeof(binary));
	} else if (!ready && now_ns() - started < QUICK_DEATH_NS) {
		sleep(1);
	}
	start_daemon();
}

static void on_message(void)
{
	struct keeper_msg m = { 0 };
	int fds[2], rc = keeper_receive(pair, &m, fds, MSG_DONTWAIT);

	if (!rc)
		on_end();
	if (rc <= 0)
		return;
	switch (m.op) {
	case KEEPER_DROP:
		drop(m.id);
		break;
	case KEEPER_READY:
		on_ready();
		break;
	case KEEPER_EXEC:
		memcpy(binary, m.path, sizeof(binary));
		update_limit_s = m.id;
		break;
	}
}

static void on_signal(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	stopping = true;
	if (child)
		kill(child, SIGTERM);
}

static void prepare_spare(void)
{
	if (spare_stream < 0)
		spare_stream = stream_new();
}

/* Wait for something and do it. */
static void step(int sigfd)
{
	enum { SIGNALS, ANY, READ_ONLY, PAIR, NR };
	bool all = hand_over();
	short accepting = all ? POLLIN : 0;
	struct pollfd p[NR] = {
		[SIGNALS] = { .fd = sigfd, .events = POLLIN },
		[ANY] = { .fd = listener[0], .events = accepting },
		[READ_ONLY] = { .fd = listener[1], .events = accepting },
		[PAIR] = { .fd = pair,
			   .events = (short)(POLLIN | (all ? 0 : POLLOUT)) },
	};

	if (poll(p, NR, trial_ms()) < 0 && errno != EINTR)
		log_fatal("poll: %s", strerror(errno));
	end_trial();
	if (p[PAIR].revents & (POLLIN | POLLHUP | POLLERR))
		on_message();
	if (p[ANY].revents & POLLIN)
		accept_one(false);
	else if (p[READ_ONLY].revents & POLLIN)
		accept_one(true);
	if (p[SIGNALS].revents & POLLIN)
		on_signal(sigfd);
}

static void serve(int sigfd)
{
	while (!stopping || child) {
		prepare_spare();
		step(sigfd);
	}
}

static void raise_limits(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

/* Go to the background. Return: only in the child; the parent waits. */
static void detach(void)
{
	int p[2];
	char c;

	if (opt->foreground)
		return;
	if (pipe2(p, O_CLOEXEC))
		log_fatal("pipe: %s", strerror(errno));
	parent_pipe = p[1];
	switch (fork()) {
	case -1:
		log_fatal("fork: %s", strerror(errno));
	case 0:
		close(p[0]);
		setsid();
		return;
	default:
		close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
}

/* Nobody else shall serve from this state directory. Return: it is ours. */
static bool take_lock(void)
{
	char path[256];
	unsigned int i;
	int fd;

	snprintf(path, sizeof(path), "%s/lock", opt->state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	/* Whoever was killed a moment ago may not have ended yet. */
	for (i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (i == LOCK_TRIES) {
			log_error("%s: another daemon serves here", path);
			return false;
		}
		usleep(LOCK_WAIT_US);
	}
	dup2(fd, KEEPER_LOCK_FD);
	close(fd);
	return true;
}

static bool open_listeners(void)
{
	if (listener[0] < 0)
		listener[0] = listen_at("socket", 0600);
	if (listener[1] < 0)
		listener[1] = listen_at("socket_ro", 0660);
	return listener[0] >= 0 && listener[1] >= 0;
}

/* --- in place of a keeper that died --- */

static void take_over_one(const struct keeper_msg *m, const int fds[2])
{
	struct held h = { m->id, fds[0], fds[1], m->readonly, true };

	if (m->op == KEEPER_LISTEN) {
		memcpy(listener, fds, sizeof(listener));
		next_id = m->id;
	} else if (m->op == KEEPER_CONN) {
		hold(&h);
	}
}

/* What we run is what the daemon ran, maybe after a live update. */
static void find_binary(void)
{
	char path[sizeof(binary)] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n > 0 && !access(path, X_OK))
		memcpy(binary, path, sizeof(binary));
}

/* Take over from the daemon, which created the pair: so we know its number. */
static void take_over(void)
{
	struct keeper_msg m = { 0 };
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	int fds[2], rc = 1;

	if (getsockopt(KEEPER_FD, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		log_fatal("SO_PEERCRED: %s", strerror(errno));
	pair = fcntl(KEEPER_FD, F_DUPFD_CLOEXEC, KEEPER_LOCK_FD + 1);
	if (pair < 0)
		log_fatal("fcntl: %s", strerror(errno));
	child = peer.pid;
	child_fd = (int)syscall(SYS_pidfd_open, child, 0);
	while (rc && m.op != KEEPER_SYNC) {
		rc = keeper_receive(pair, &m, fds, 0);
		if (rc > 0)
			take_over_one(&m, fds);
	}
	told = synced = true;
	started = now_ns();
	log_info("the keeper was replaced; %u clients are held", nr_held);
	manager_main_pid(getpid());
}

static int block_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		log_fatal("signalfd: %s", strerror(errno));
	return fd;
}

/**
 * keeper_main() - be the keeper until SIGTERM or SIGINT
 * @argv:        with which to start the daemon, name first
 * @replacement: a daemon started us in place of a keeper that died
 *
 * Return: exit status: 0; 1 the sockets cannot be made, somebody else serves
 *         from this state directory, the daemon found its state damaged, or
 *         it found no hypervisor at the first start.
 */
int keeper_main(const struct options *o, char **argv, bool replacement)
{
	int sigfd;

	opt = o;
	child_argv = argv;
	snprintf(binary, sizeof(binary), "%s", argv[0]);
	if (replacement)
		find_binary();
	memcpy(fallback, binary, sizeof(fallback));
	if (getrandom(&next_id, sizeof(next_id), 0) != sizeof(next_id))
		log_fatal("getrandom: %s", strerror(errno));
	next_id |= 1;
	raise_limits();
	signal(SIGPIPE, SIG_IGN);
	if (replacement)
		take_over();
	else if (!take_lock())
		return 1;
	if (!open_listeners())
		return 1;
	if (!replacement)
		detach();
	sigfd = block_signals();
	if (!child)
		start_daemon();
	serve(sigfd);
	if (opt->pid_file)
		unlink(opt->pid_file);
	return hopeless;
}
