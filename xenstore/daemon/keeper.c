/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - hold the sockets and their streams; start the daemon, again and
 * again
 *
 * The keeper binds and listens, accepts each client, makes its streams, and
 * hands copies of both descriptors to the daemon. It never looks at a byte
 * that a client sends, so nothing that a client sends can end it; its state is
 * the table held[].
 *
 *	daemon ABSENT --fork--> STARTING --READY--> SERVING
 *	       ^                   |                  |
 *	       '----- it ended, for whatever reason --'
 *
 * The keeper must not block on the daemon, which may be blocked on the keeper:
 * what cannot be handed over yet stays marked until the pair takes more.
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "sock.h"
#include "stream.h"
#include "util.h"

#define BACKLOG 128
#define QUICK_DEATH_NS 1000000000ull	/* sooner: wait before the next */

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
static pid_t child;
static bool synced;			/* SYNC was sent */
static bool ready;
static bool stopping;
static bool hopeless;			/* the state cannot be read */
static uint64_t started;
static char binary[256], fallback[256];
static char **child_argv;
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

static void accept_one(bool readonly)
{
	static bool warned;
	struct held h = { .readonly = readonly };

	h.sock = accept4(listener[readonly], NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (h.sock < 0)
		return;
	h.stream = stream_new();
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
	held = xrealloc(held, (nr_held + 1) * sizeof(*held));
	held[nr_held++] = h;
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
	int sv[2];

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
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (sv[1] == KEEPER_FD)
			fcntl(KEEPER_FD, F_SETFD, 0);
		else
			dup2(sv[1], KEEPER_FD);
		execv(binary, child_argv);
		log_error("%s: %s", binary, strerror(errno));
		_exit(127);
	}
	close(sv[1]);
	pair = sv[0];
	fcntl(pair, F_SETFL, O_NONBLOCK);
	synced = ready = false;
}

static bool tell(uint32_t op, const struct held *h)
{
	struct keeper_msg m = { .op = op };
	struct iovec iov = { &m, offsetof(struct keeper_msg, path) };
	union {
		char space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (h) {
		m.id = h->id;
		m.readonly = h->readonly;
		mh.msg_control = u.space;
		mh.msg_controllen = sizeof(u.space);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), (int[]){ h->sock, h->stream },
		       2 * sizeof(int));
	}
	return sendmsg(pair, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* Hand over what the daemon does not have yet. Return: nothing is left. */
static bool hand_over(void)
{
	unsigned int i;

	if (pair < 0)
		return true;
	for (i = 0; i < nr_held; i++) {
		if (held[i].handed)
			continue;
		if (!tell(KEEPER_CONN, &held[i]))
			return false;
		held[i].handed = true;
	}
	if (!synced)
		synced = tell(KEEPER_SYNC, NULL);
	return synced;
}

static void notify_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, strlen(path));
	if (*path == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (void *)&sa,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       strlen(path))) < 0)
		log_warn("%s: %s", path, strerror(errno));
	close(fd);
}

static void write_pid(const char *path, pid_t pid)
{
	char text[16];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int n = snprintf(text, sizeof(text), "%d\n", pid);

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		log_warn("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void on_ready(void)
{
	char path[256];

	ready = true;
	snprintf(path, sizeof(path), "%s/daemon.pid", opt->state_dir);
	write_pid(path, child);
	memcpy(fallback, binary, sizeof(fallback));
	if (announced)
		return;
	announced = true;
	if (opt->pid_file)
		write_pid(opt->pid_file, getpid());
	notify_manager();
	if (parent_pipe < 0)
		return;
	if (write(parent_pipe, "", 1) < 0)
		log_warn("who started us is gone");
	close(parent_pipe);
}

static void on_message(void)
{
	struct keeper_msg m = { 0 };
	ssize_t n = recv(pair, &m, sizeof(m), MSG_DONTWAIT);

	if (n < (ssize_t)offsetof(struct keeper_msg, path)) {
		if (!n || (n < 0 && errno != EAGAIN)) {
			close(pair);
			pair = -1;
		}
		return;
	}
	switch (m.op) {
	case KEEPER_DROP:
		drop(m.id);
		break;
	case KEEPER_READY:
		on_ready();
		break;
	case KEEPER_EXEC:
		m.path[sizeof(m.path) - 1] = '\0';
		memcpy(binary, m.path, sizeof(binary));
		break;
	}
}

/* What the daemon said before it ended still counts. */
static void drain(void)
{
	while (pair >= 0) {
		struct pollfd p = { .fd = pair, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		on_message();
	}
	if (pair >= 0)
		close(pair);
	pair = -1;
}

static void on_child(void)
{
	unsigned int i;
	int status;

	if (waitpid(child, &status, WNOHANG) != child)
		return;
	drain();
	child = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_HOPELESS)
		stopping = hopeless = true;
	if (stopping)
		return;
	if (WIFSIGNALED(status))
		log_warn("the daemon was ended by signal %d; starting it again",
			 WTERMSIG(status));
	else
		log_info("the daemon ended with status %d; starting %s",
			 WEXITSTATUS(status), binary);
	if (!ready && strcmp(binary, fallback)) {
		log_error("%s does not start; going back to %s", binary,
			  fallback);
		memcpy(binary, fallback, sizeof(binary));
	} else if (!ready && now_ns() - started < QUICK_DEATH_NS) {
		sleep(1);
	}
	for (i = 0; i < nr_held; i++)
		held[i].handed = false;
	start_daemon();
}

static void on_signal(int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		on_child();
		return;
	}
	stopping = true;
	if (child)
		kill(child, SIGTERM);
}

static void serve(int sigfd)
{
	struct pollfd p[4];
	bool all;

	while (!stopping || child) {
		all = hand_over();
		p[0] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = listener[0], .events = POLLIN };
		p[2] = (struct pollfd){ .fd = listener[1], .events = POLLIN };
		p[3] = (struct pollfd){
			.fd = pair,
			.events = (short)(POLLIN | (all ? 0 : POLLOUT)),
		};
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			log_fatal("poll: %s", strerror(errno));
		if (p[3].revents & (POLLIN | POLLHUP | POLLERR))
			on_message();
		if (p[1].revents & POLLIN)
			accept_one(false);
		if (p[2].revents & POLLIN)
			accept_one(true);
		if (p[0].revents & POLLIN)
			on_signal(sigfd);
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

	signal(SIGPIPE, SIG_IGN);
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

/**
 * keeper_main() - be the keeper until SIGTERM or SIGINT
 * @argv: with which to start the daemon, name first
 *
 * Return: exit status: 0; 1 the sockets cannot be made, or the daemon found
 *         its state damaged.
 */
int keeper_main(const struct options *o, char **argv)
{
	sigset_t set;
	int sigfd;

	opt = o;
	child_argv = argv;
	snprintf(binary, sizeof(binary), "%s", argv[0]);
	memcpy(fallback, binary, sizeof(fallback));
	if (getrandom(&next_id, sizeof(next_id), 0) != sizeof(next_id))
		log_fatal("getrandom: %s", strerror(errno));
	next_id |= 1;
	raise_limits();
	listener[0] = listen_at("socket", 0600);
	listener[1] = listen_at("socket_ro", 0660);
	if (listener[0] < 0 || listener[1] < 0)
		return 1;
	detach();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		log_fatal("signalfd: %s", strerror(errno));
	start_daemon();
	serve(sigfd);
	if (opt->pid_file)
		unlink(opt->pid_file);
	return hopeless;
}
