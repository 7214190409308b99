/* SPDX-License-Identifier: MIT */
/*
 * attend.c - the daemon's work, until it is told to stop
 *
 * The store tells of each domain that ends by "@releaseDomain"; then all are
 * looked at. The watch is on a connection of its own, so that what comes
 * while something is being done is not lost. A signal ends the program between
 * two looks: never in the middle of one.
 */
#include "attend.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "liblodge.h"
#include "say.h"
#include "tell.h"
#include "xenstore.h"

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	stopping = number;
}

static sigset_t waiting;	/* what is blocked while it waits */

void attend_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static struct xs_handle *watch(void)
{
	struct xs_handle *store = xs_open(0);

	if (!store)
		die("cannot speak to the store: %s", strerror(errno));
	if (!xs_watch(store, "@releaseDomain", "end"))
		die("cannot watch the end of domains: %s", strerror(errno));
	return store;
}

/* True: something has come. All that has come so far is one. */
static bool take_events(struct xs_handle *store)
{
	bool came = false;
	char **event;

	while ((event = xs_check_watch(store))) {
		free(event);
		came = true;
	}
	if (errno != EAGAIN)
		die("the store is gone: %s", strerror(errno));
	return came;
}

static void wait_event(struct xs_handle *store, int ms)
{
	struct pollfd p = {.fd = xs_fileno(store), .events = POLLIN};
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (!stopping && !take_events(store))
		if (!ppoll(&p, 1, ms < 0 ? NULL : &t, &waiting))
			return;
}

void attend_until_stopped(const struct lodge_attendance *how,
			  void (*ready)(void))
{
	struct xs_handle *store = watch();
	struct lodge *l;
	int ms;

	if (lodge_open(&l))
		die("there is no memory");
	/* A watch begins with an event, which would be looked at twice. */
	wait_event(store, -1);
	do {
		if (lodge_attend(l, how, &ms)) {
			tell_error(l);
			exit(EXIT_FAILURE);
		}
		if (ready)
			ready();
		ready = NULL;
		wait_event(store, ms);
	} while (!stopping);
	lodge_close(l);
	xs_close(store);
}
