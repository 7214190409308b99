/* SPDX-License-Identifier: MIT */
/*
 * console.c - lodge console: this terminal becomes that of a guest
 *
 * From when the terminal is raw, it is given back as it was on every way out
 * of here, signals included. What was typed before somebody serves the console
 * is kept, up to a buffer.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "liblodge.h"

#define ESCAPE	 0x1d		/* ^] */
#define AGAIN_MS 500		/* a console that went may have come back */
#define PIECE	 1024		/* a pipe with room takes it at once */
#define PATIENCE 10		/* so often, then it is told what is missing */

struct session {
	struct lodge *l;
	struct lodge_console *console;
	unsigned int domid;
	int fd;			/* -1: nobody serves it now */
	bool input;		/* there may be more to be typed */
	bool over;
	bool watched, shut;	/* it ends with the guest, which has ended */
	unsigned int waited;	/* times, since somebody served it */
	size_t typed;		/* bytes of keys, not yet sent */
	char keys[4096];
	sigset_t waiting;	/* what is blocked while it waits */
};

static volatile sig_atomic_t ended;
static struct termios before;
static bool raw;

static void on_signal(int number)
{
	ended = number;
}

/* ---- this terminal ------------------------------------------------------ */

static void make_plain(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	raw = false;
}

static void make_raw(void)
{
	struct termios modes;

	if (tcgetattr(STDIN_FILENO, &before))
		return;		/* it is none: there is nothing to change */
	atexit(make_plain);
	modes = before;
	cfmakeraw(&modes);
	raw = !tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

/* They are let in while it waits; *waiting: what is blocked then. */
static void catch_signals(sigset_t *waiting)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, waiting);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- from here to the guest --------------------------------------------- */

/* Keys that find no room are lost, but for the one that ends it. */
static void take_keys(struct session *s)
{
	char chunk[512], *escape;
	ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
	size_t nr, room = sizeof(s->keys) - s->typed;

	if (n <= 0) {
		s->input = n < 0 && (errno == EINTR || errno == EAGAIN);
		return;
	}
	escape = memchr(chunk, ESCAPE, (size_t)n);
	nr = escape ? (size_t)(escape - chunk) : (size_t)n;
	if (nr > room)
		nr = room;
	memcpy(s->keys + s->typed, chunk, nr);
	s->typed += nr;
	if (escape)
		s->over = true;
}

static void send_keys(struct session *s)
{
	ssize_t n;

	while (s->fd >= 0 && s->typed) {
		n = write(s->fd, s->keys, s->typed);
		if (n <= 0)
			return;
		s->typed -= (size_t)n;
		memmove(s->keys, s->keys + n, s->typed);
	}
}

/* ---- from the guest to here --------------------------------------------- */

/* Signals are let in while nobody takes it. */
static bool show(const struct session *s, const char *text, size_t nr)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
	ssize_t n;

	for (; nr && !ended; text += n, nr -= (size_t)n) {
		n = ppoll(&p, 1, NULL, &s->waiting);
		if (n > 0)
			n = write(STDOUT_FILENO, text, nr < PIECE ? nr : PIECE);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			n = 0;
		if (n < 0)
			return false;
	}
	return !nr;
}

static void show_text(struct session *s)
{
	char text[8192];
	ssize_t n = read(s->fd, text, sizeof(text));

	if (n > 0) {
		if (!show(s, text, (size_t)n))
			s->over = true;
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		close(s->fd);
		s->fd = -1;
	}
}

/* ---- both --------------------------------------------------------------- */

/* 0, or how it ends: 1 the domain has gone, -1 an error is to be told */
static int look(struct session *s)
{
	int rc = lodge_console_attach(s->console, &s->fd);

	if (!rc)
		s->waited = 0;
	if (!rc || rc == -EAGAIN)
		return 0;
	return rc == -ESRCH ? 1 : -1;
}

/* Which of the three has something, or -1: a signal. */
static int wait_any(const struct session *s, struct pollfd p[3])
{
	struct timespec again = {.tv_nsec = AGAIN_MS * 1000000L};

	/* While it is served its events wait: they are looked at afterwards. */
	p[0] = (struct pollfd){
		.fd = s->fd < 0 || (s->watched && !s->shut)
			      ? lodge_console_events(s->console) : -1,
		.events = POLLIN,
	};
	p[1] = (struct pollfd){.fd = s->input ? STDIN_FILENO : -1,
			       .events = POLLIN};
	p[2] = (struct pollfd){
		.fd = s->fd,
		.events = (short)(s->typed ? POLLIN | POLLOUT : POLLIN),
	};
	return ppoll(p, 3, s->fd < 0 || s->shut ? &again : NULL, &s->waiting);
}

/* This terminal may be raw. */
static void tell_missing(const struct session *s)
{
	fprintf(stderr,
		"lodge: nobody serves this console of domain %u yet: does "
		"xenconsoled or lodge-consoled run? ^] leaves\r\n", s->domid);
}

/* 0; -1 an error is to be told. What has ended has perhaps not been read. */
static int look_for_end(struct session *s)
{
	int rc;

	if (!s->watched || s->shut)
		return 0;
	rc = lodge_console_has_shut_down(s->console);
	s->shut = rc == 1 || rc == -ESRCH;
	return rc >= 0 || s->shut ? 0 : -1;
}

/* As look(). */
static int converse(struct session *s)
{
	struct pollfd p[3];
	int rc = look(s), nr;
	bool looks;

	if (!rc)
		rc = look_for_end(s);
	while (!rc && !s->over && !ended) {
		nr = wait_any(s, p);
		if (nr < 0)
			continue;
		/* The last words have come. */
		if (!nr && s->shut)
			return 1;
		if (!nr && ++s->waited == PATIENCE)
			tell_missing(s);
		if (p[1].revents)
			take_keys(s);
		if (p[2].revents & (POLLIN | POLLHUP | POLLERR))
			show_text(s);
		send_keys(s);
		/* What looks takes events, of the guest's end as well. */
		looks = s->fd < 0 && !s->over;
		if (looks)
			rc = look(s);
		if (!rc && (looks || p[0].revents))
			rc = look_for_end(s);
	}
	return rc;
}

static int serve(struct session s, enum lodge_console_type type,
		 unsigned int number)
{
	struct lodge *l = s.l;
	unsigned int domid = s.domid;
	int rc;

	if (lodge_console_open(l, &s.console, domid, type, number))
		return cli_failed(l);
	catch_signals(&s.waiting);
	make_raw();
	rc = converse(&s);
	make_plain();
	if (rc < 0)
		cli_failed(l);
	lodge_console_close(s.console);
	if (s.fd >= 0)
		close(s.fd);
	return rc < 0 || ended ? CLI_FAILED : CLI_DONE;
}

int cli_console(struct lodge *l, unsigned int domid,
		enum lodge_console_type type, unsigned int number)
{
	return serve((struct session){.l = l, .domid = domid, .fd = -1,
				      .input = true}, type, number);
}

int cli_console_of_new(struct lodge *l, unsigned int domid)
{
	return serve((struct session){.l = l, .domid = domid, .fd = -1,
				      .input = true, .watched = true},
		     LODGE_CONSOLE_DEFAULT, 0);
}

/* ---- the command -------------------------------------------------------- */

/* False: it is no type */
static bool parse_type(const char *text, enum lodge_console_type *type)
{
	static const struct {
		const char *name;
		enum lodge_console_type type;
	} names[] = {
		{"pv", LODGE_CONSOLE_PV}, {"serial", LODGE_CONSOLE_SERIAL},
	};
	size_t i;

	*type = LODGE_CONSOLE_DEFAULT;
	for (i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i].name))
			*type = names[i].type;
	return !text || *type != LODGE_CONSOLE_DEFAULT;
}

/* False: it is no number */
static bool parse_number(const char *text, unsigned int *number)
{
	*number = text ? (unsigned int)strtoul(text, NULL, 10) : 0;
	return !text || (*text && strlen(text) < 6 &&
			 strspn(text, "0123456789") == strlen(text));
}

int cmd_console(const struct cli_options *o, int argc, char **argv)
{
	enum lodge_console_type type;
	unsigned int domid, number;
	struct lodge *l;
	int status;

	if (!parse_type(o->value['t'], &type) ||
	    !parse_number(o->value['n'], &number)) {
		fputs("lodge: -t is \"pv\" or \"serial\", and -n a number\n",
		      stderr);
		return CLI_USAGE;
	}
	l = cli_open();
	if (!l)
		return CLI_FAILED;
	if (lodge_domain_find(l, argv[0], &domid))
		status = cli_failed(l);
	else
		status = cli_console(l, domid, type, number);
	lodge_close(l);
	return status;
}
