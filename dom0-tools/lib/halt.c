/* SPDX-License-Identifier: MIT */
/*
 * halt.c - all guests are shut down
 *
 *	it runs --asked--> it shuts down --> destroyed
 *	      \______ the time is over ______/
 *
 * Meanwhile the supervisor leaves all guests alone, and nothing is started
 * again: what was about to be is given up, again and again, since it may be
 * just in the middle of one.
 */
#include "halt.h"
#include "host.h"
#include "process.h"
#include "record.h"
#include "restart.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE	"/lodge/halting"
#define STEP_MS 1000	/* who did not listen may by then */

struct halting {
	struct lodge *l;
	const struct lodge_halting *how;
	uint64_t end_s;
	bool over;		/* the time is */
	size_t left, destroyed;	/* guests, of the last round */
	unsigned int *asked;	/* domids */
	size_t nr_asked;
};

/* ---- who is at it ------------------------------------------------------- */

int halt_is_on(struct lodge *l, bool *on)
{
	struct process p;
	char *text;
	int rc = store_read(l, &text, NODE);

	*on = text && sscanf(text, "%u %llu", &p.pid, &p.start) == 2 &&
	      !process_is_gone(&p);
	free(text);
	return rc;
}

static int put_self(struct store_change *t, void *arg)
{
	const struct halting *h = arg;
	struct process p;
	char text[48];
	int rc = process_self(h->l, &p);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%u %llu", p.pid, p.start);
	return store_put(t, STORE_KEEP, text, NODE);
}

static int remove_self(struct store_change *t, void *arg)
{
	return store_remove(t, NODE);
}

/* ---- one guest ---------------------------------------------------------- */

static void tell_error(const struct halting *h)
{
	char *text = lodge_error_text(h->l);

	h->how->told(h->how->arg, text ? text : "there is no memory");
	free(text);
}

__attribute__((format(printf, 2, 3))) static void
tell(const struct halting *h, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	h->how->told(h->how->arg, text);
}

static bool was_asked(const struct halting *h, unsigned int domid)
{
	size_t i;

	for (i = 0; i < h->nr_asked; i++)
		if (h->asked[i] == domid)
			return true;
	return false;
}

static void remember(struct halting *h, unsigned int domid)
{
	unsigned int *more = realloc(h->asked, (h->nr_asked + 1) *
					       sizeof(*more));

	if (!more)
		return;		/* it is asked twice */
	h->asked = more;
	h->asked[h->nr_asked++] = domid;
}

/* One that does not listen may not have started: it is asked again. */
static void ask(struct halting *h, const struct lodge_domain *d)
{
	int rc = 0;

	h->left++;
	if (was_asked(h, d->domid))
		return;
	if (d->flags & LODGE_PAUSED)
		rc = lodge_domain_unpause(h->l, d->domid);
	if (!rc)
		rc = lodge_domain_ask_shutdown(h->l, d->domid, false);
	if (!rc) {
		tell(h, "domain %u, \"%s\", is asked to shut down", d->domid,
		     d->name);
		remember(h, d->domid);
	} else if (rc != -EOPNOTSUPP && rc != -ESRCH) {
		tell_error(h);
	}
}

static void destroy(struct halting *h, const struct lodge_domain *d,
		    const char *why)
{
	tell(h, "domain %u, \"%s\", %s: it is destroyed", d->domid, d->name,
	     why);
	if (lodge_domain_destroy(h->l, d->domid))
		tell_error(h);
	else
		h->destroyed++;
}

/* Another tool's that has ended is that tool's. */
static void halt_one(struct halting *h, const struct lodge_domain *d,
		     bool ours)
{
	bool has_run = d->cpu_time_ns || !(d->flags & LODGE_PAUSED);

	if (d->flags & LODGE_SHUTDOWN && !ours)
		return;
	if (d->flags & LODGE_SHUTDOWN)
		destroy(h, d, "has ended");
	else if (!has_run)
		destroy(h, d, "has not run yet");
	else if (h->over)
		destroy(h, d, "has not shut down in time");
	else
		ask(h, d);
}

/* ---- all of them -------------------------------------------------------- */

static int halt_named(struct halting *h, const struct lodge_domain *d)
{
	char *life;
	int rc = store_read(h->l, &life, RECORD_PATH "/life", d->domid);

	if (!rc && (life || h->how->all))
		halt_one(h, d, life);
	free(life);
	return rc;
}

static int look(struct halting *h)
{
	struct lodge_domain *list;
	size_t nr, i;
	int rc = restart_cancel(h->l, NULL, &nr);

	if (!rc)
		rc = lodge_domains(h->l, &list, &nr);
	if (rc)
		return rc;
	h->left = h->destroyed = 0;
	h->over = record_now_s() >= h->end_s;
	for (i = 0; i < nr && !rc; i++)
		if (list[i].domid && list[i].name &&
		    !(list[i].flags & LODGE_DYING))
			rc = halt_named(h, &list[i]);
	lodge_domains_free(list, nr);
	return rc;
}

/* The first event is that of the watch itself. */
static int second_time(void *arg)
{
	return (*(int *)arg)++;
}

static int wait_for_more(struct halting *h)
{
	int events = 0;
	int rc = store_wait(h->l, "@releaseDomain", second_time, &events,
			    STEP_MS);

	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Until a round has found nothing to do: somebody may just have made one. */
static int halt_all(struct halting *h)
{
	int rc = look(h);

	while (!rc && (h->destroyed || (h->left && !h->over))) {
		if (!h->destroyed)
			rc = wait_for_more(h);
		if (!rc)
			rc = look(h);
	}
	return rc;
}

int lodge_halt(struct lodge *l, const struct lodge_halting *how)
{
	struct halting h = {
		.l = l,
		.how = how,
		.end_s = how->limit_s ? record_now_s() + how->limit_s
				      : UINT64_MAX,
	};
	size_t nr;
	int rc = store_change(l, put_self, &h);

	if (!rc && lodge_finish(l, NULL, &nr))
		tell_error(&h);
	if (!rc)
		rc = halt_all(&h);
	if (!rc)
		rc = store_change(l, remove_self, &h);
	free(h.asked);
	return rc ? fail_because(l, "cannot shut down all guests") : 0;
}
