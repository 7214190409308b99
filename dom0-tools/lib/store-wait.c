/* SPDX-License-Identifier: MIT */
/*
 * store-wait.c - until the store tells of what is waited for
 */
#include "store.h"

#include "clock.h"
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore.h"

static const char token[] = "lodge";

/* Until any event, or the time is over. 0, -ETIMEDOUT, or -errno and an error
 */
static int wait_event(struct lodge *l, long end)
{
	struct pollfd p = {.fd = xs_fileno(l->store), .events = POLLIN};
	long left;
	char **event;

	while (!(event = xs_check_watch(l->store))) {
		if (errno != EAGAIN)
			return fail(l, errno, "the store does not answer: %s",
				    strerror(errno));
		left = end - clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		/* Interrupted: what there is, is looked at again. */
		poll(&p, 1, left < INT_MAX ? (int)left : -1);
	}
	free(event);
	return 0;
}

int store_wait(struct lodge *l, const char *path, int (*look)(void *arg),
	       void *arg, int ms)
{
	long end = ms < 0 ? LONG_MAX : clock_ms() + ms;
	int rc = store_open(l);

	if (rc)
		return rc;
	if (xs_fileno(l->store) < 0 || !xs_watch(l->store, path, token))
		return fail(l, errno, "cannot watch %s in the store: %s", path,
			    strerror(errno));
	/* A watch begins with an event. */
	do {
		rc = wait_event(l, end);
		if (!rc)
			rc = look(arg);
	} while (!rc);
	xs_unwatch(l->store, path, token);
	return rc > 0 ? 0 : rc;
}
