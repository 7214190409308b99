/* SPDX-License-Identifier: MIT */
/*
 * attend.c - the end of guests: what their configuration asks for is done
 *
 *	it runs --> it has shut down --decided--> kept as it is
 *				       \--------> ended
 *					\-------> started again (again.c)
 *
 * Each decision is one transaction, after which nobody decides anew; what
 * follows can be done again by whoever comes after one that was killed.
 */
#include "attend.h"

#include "end.h"
#include "guest_store.h"
#include "halt.h"
#include "host.h"
#include "store.h"
#include "unfinished.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that has shut down. */
struct ended {
	struct attending *a;
	const struct lodge_domain *d;
	struct record kept;
	struct lodge_config *config;
	struct end_decision decision;
	const char *why;	/* it is left alone; NULL: it is ended */
	char *new_name;		/* of the old domain; NULL: as it is */
	struct restart next;
};

/* ---- what is told ------------------------------------------------------- */

static void tell_end(const struct ended *e, const char *then)
{
	attend_tell(e->a, "domain %u, \"%s\", %s: %s", e->d->domid,
		    e->d->name, end_words(e->d->shutdown_reason), then);
}

/* ---- one decision ------------------------------------------------------- */

/* Whoever ends it, or has decided, comes first. 1: there is nothing to do */
static int check_claim(struct store_change *t, const struct ended *e)
{
	bool left;
	int rc = record_is_left(t, e->d->domid, &left);

	if (!rc && !left)
		rc = unfinished_check(e->a->l, t, e->d->uuid);
	return rc == -EBUSY || (!rc && left) ? 1 : rc;
}

static int put_new_name(struct store_change *t, const struct ended *e)
{
	char uuid[UUID_TEXT];
	unsigned int other;
	int rc = store_find_name(t, e->new_name, &other);

	if (!rc && other != STORE_NOBODY)
		rc = fail(e->a->l, EEXIST, "domain %u is called \"%s\"", other,
			  e->new_name);
	if (!rc)
		rc = store_put(t, STORE_SHOW(e->d->domid), e->new_name,
			       "/local/domain/%u/name", e->d->domid);
	uuid_text(uuid, e->d->uuid);
	return rc ? rc : store_put(t, STORE_SHOW(e->d->domid), e->new_name,
				   "/vm/%s/name", uuid);
}

static int put_claim(struct store_change *t, void *arg)
{
	struct ended *e = arg;
	int rc = check_claim(t, e);

	if (!rc && e->new_name)
		rc = put_new_name(t, e);
	if (!rc && e->next.name)
		rc = restart_put(e->a->l, t, &e->next);
	if (rc)
		return rc;
	return e->why ? record_leave(t, e->d->domid, e->why)
		      : unfinished_take(e->a->l, t, e->d->uuid, e->d->domid);
}

/* 0 it is ours; 1 it is not; -errno and an error */
static int claim(struct ended *e, const char *why)
{
	e->why = why;
	return store_change(e->a->l, put_claim, e);
}

/* ---- actions ------------------------------------------------------------ */

static int keep(struct ended *e, const char *then)
{
	int rc = claim(e, "kept");

	if (!rc)
		tell_end(e, then);
	return rc;
}

static int put_let_go(struct store_change *t, void *arg)
{
	const struct ended *e = arg;
	int rc = unfinished_end(t, e->d->uuid);

	return rc || !e->why ? rc : record_leave(t, e->d->domid, e->why);
}

/*
 * It could not be destroyed: it is tried again, unless that makes no sense. The
 * error that is told is the one that led here.
 */
static int let_go(struct ended *e, int rc)
{
	struct lodge *l = e->a->l, other = aside(l);

	e->why = rc == -EOPNOTSUPP ? "cannot be destroyed" : NULL;
	store_change(&other, put_let_go, e);
	aside_end(l, &other);
	return rc;
}

static int end_it(struct ended *e)
{
	int rc = claim(e, NULL);

	if (rc)
		return rc;
	tell_end(e, "it is destroyed");
	rc = destroy_and_forget(e->a->l, e->d->domid, e->d->uuid);
	if (rc)
		fail_because(e->a->l, "cannot destroy domain %u",
			     e->d->domid);
	return rc && rc != -ETIMEDOUT ? let_go(e, rc) : rc;
}

static int preserve(struct ended *e)
{
	return keep(e, e->decision.too_often
			       ? "it is kept, because it has ended so soon too "
				 "often to be started again"
			       : "it is kept");
}

/* What cannot be made anew is better kept than ended. */
static bool check_files(struct ended *e)
{
	return !lodge_config_check_files(e->config) &&
	       lodge_config_domain(e->config);
}

static void plan_restart(struct ended *e, const uint8_t uuid[16])
{
	e->next = (struct restart){
		.past = e->kept, .from = e->d->domid, .name = e->d->name,
	};
	e->next.past.quick = e->decision.quick;
	memcpy(e->next.uuid, uuid, sizeof(e->next.uuid));
}

static int restart(struct ended *e)
{
	int rc;

	if (!check_files(e))
		return keep(e, "it is kept, because it could not be made "
			       "again from its configuration");
	plan_restart(e, e->d->uuid);
	rc = claim(e, "restarting");
	if (!rc)
		tell_end(e, "it is started again");
	return rc;
}

static int rename_restart(struct ended *e)
{
	uint8_t uuid[16];
	int rc;

	if (!check_files(e))
		return keep(e, "it is kept, because it could not be made "
			       "again from its configuration");
	rc = random_uuid(e->a->l, uuid);
	if (rc)
		return rc;
	if (asprintf(&e->new_name, "%s-%u", e->d->name, e->d->domid) < 0)
		return fail(e->a->l, ENOMEM, "there is no memory");
	plan_restart(e, uuid);
	rc = claim(e, "kept");
	if (!rc)
		attend_tell(e->a,
			    "domain %u, \"%s\", %s: it is called \"%s\" now, "
			    "and another one is started",
			    e->d->domid, e->d->name,
			    end_words(e->d->shutdown_reason), e->new_name);
	free(e->new_name);
	return rc;
}

static int (*const actions[])(struct ended *e) = {
	[LODGE_ACTION_DESTROY] = end_it,
	[LODGE_ACTION_RESTART] = restart,
	[LODGE_ACTION_RENAME_RESTART] = rename_restart,
	[LODGE_ACTION_PRESERVE] = preserve,
};

/* ---- guests that have shut down ----------------------------------------- */

static int decide(struct ended *e)
{
	const struct lodge_attendance *how = e->a->how;
	uint64_t now_s = record_now_s();
	const struct guest_end end = {
		.reason = e->d->shutdown_reason,
		.life_s = now_s > e->kept.begun_s ? now_s - e->kept.begun_s
						  : 0,
		.quick = e->kept.quick,
	};
	const struct lodge_domain_config *c = lodge_config_domain(e->config);

	if (!c)
		return keep(e, "it is kept, because its configuration has "
			       "errors");
	e->decision = end_decide(c, &end, how->quick_s, how->most_quick);
	return e->decision.none ? 0 : actions[e->decision.action](e);
}

static int read_kept(struct store_change *t, void *arg)
{
	struct ended *e = arg;
	char base[40];
	int rc = check_claim(t, e);

	if (rc)
		return rc;
	record_free(&e->kept);
	snprintf(base, sizeof(base), RECORD_PATH, e->d->domid);
	return record_get(e->a->l, t, base, &e->kept);
}

/* Nothing is kept of what is not ours. */
static int attend_one(struct attending *a, const struct lodge_domain *d)
{
	struct ended e = {.a = a, .d = d};
	int rc = store_change(a->l, read_kept, &e);

	if (!rc)
		rc = attend_read(a->l, e.kept.text, &e.config);
	if (!rc)
		rc = decide(&e);
	lodge_config_free(e.config);
	record_free(&e.kept);
	return rc == -ENOENT || rc > 0 ? 0 : rc;
}

static bool has_ended(const struct lodge_domain *d)
{
	return d->domid && d->name && d->flags & LODGE_SHUTDOWN &&
	       !(d->flags & LODGE_DYING);
}

static int attend_ended(struct attending *a)
{
	struct lodge_domain *list;
	size_t nr, i;
	int rc = lodge_domains(a->l, &list, &nr);

	if (rc)
		return rc;
	for (i = 0; i < nr; i++)
		if (has_ended(&list[i]) && attend_one(a, &list[i]))
			attend_tell_error(a);
	lodge_domains_free(list, nr);
	return 0;
}

/* ---- all of it ---------------------------------------------------------- */

int lodge_attend(struct lodge *l, const struct lodge_attendance *how,
		 int *again_ms)
{
	struct attending a = {.l = l, .how = how, .again_ms = -1};
	bool halting;
	size_t nr;
	int rc = halt_is_on(l, &halting);

	*again_ms = TROUBLE_MS;
	if (rc || halting)
		return rc;
	if (lodge_finish(l, NULL, &nr))
		attend_tell_error(&a);
	rc = attend_ended(&a);
	if (!rc)
		rc = attend_restarts(&a);
	*again_ms = a.again_ms;
	return rc;
}
