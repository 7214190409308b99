/* SPDX-License-Identifier: MIT */
/*
 * again.c - guests that have ended are started again
 *
 *	to be started again --> the old one ends --> made anew --> it runs
 *
 * Who comes after one that was killed goes on: the new domain is known by its
 * UUID. If it is there and has not run, it is started.
 */
#include "attend.h"

#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told ------------------------------------------------------- */

void attend_tell(const struct attending *a, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	a->how->told(a->how->arg, text);
}

void attend_call_again(struct attending *a, uint64_t ms)
{
	if (a->again_ms < 0 || ms < (uint64_t)a->again_ms)
		a->again_ms = (int)ms;
}

void attend_tell_error(struct attending *a)
{
	char *text = lodge_error_text(a->l);

	a->how->told(a->how->arg, text ? text : "there is no memory");
	free(text);
	attend_call_again(a, TROUBLE_MS);
}

/* ---- one of them -------------------------------------------------------- */

int attend_read(struct lodge *l, const char *text,
		struct lodge_config **config)
{
	const struct lodge_source source = {
		"kept configuration", text, strlen(text),
	};

	return lodge_config_read(config, &source, 1)
		       ? fail(l, ENOMEM, "there is no memory")
		       : 0;
}

/* What there is of one: the domain that ended, the new one. NULL: it is not */
struct pair {
	const struct lodge_domain *old, *new;
};

static struct pair find_pair(const struct lodge_domain *list, size_t nr,
			     const struct restart *r)
{
	struct pair p = {NULL, NULL};
	size_t i;

	for (i = 0; i < nr; i++) {
		if (list[i].flags & LODGE_DYING || list[i].abandoned ||
		    memcmp(list[i].uuid, r->uuid, sizeof(r->uuid)))
			continue;
		if (list[i].domid == r->from)
			p.old = &list[i];
		else
			p.new = &list[i];
	}
	return p;
}

/* Somebody may have let it run already, and have paused it since. */
static int run_new(struct attending *a, const struct restart *r,
		   unsigned int domid, bool has_run)
{
	int rc = has_run ? 0 : lodge_domain_unpause(a->l, domid);

	if (!rc)
		rc = restart_forget(a->l, r->uuid);
	if (!rc)
		attend_tell(a, "\"%s\", which was domain %u, is domain %u",
			    r->name, r->from, domid);
	return rc;
}

static int make_from(struct attending *a, const struct restart *r,
		     const struct lodge_config *config)
{
	const struct lodge_domain_config *read = lodge_config_domain(config);
	struct lodge_domain_config c;
	unsigned int domid;
	int rc;

	if (!read)
		return fail(a->l, EINVAL, "the configuration of \"%s\" has "
			    "errors, or names a file that is not there",
			    r->name);
	/* It may have got another name since it was made. */
	c = *read;
	c.name = r->name;
	rc = create_again(a->l, &c, r, &domid);
	return rc ? rc : run_new(a, r, domid, false);
}

static int make_new(struct attending *a, const struct restart *r)
{
	struct lodge_config *config = NULL;
	int rc = attend_read(a->l, r->past.text, &config);

	if (!rc && lodge_config_check_files(config))
		rc = fail(a->l, ENOMEM, "there is no memory");
	if (!rc)
		rc = make_from(a, r, config);
	lodge_config_free(config);
	return rc;
}

/* A back end that does not let go of the old one is told of; it is gone. */
static int end_old(struct attending *a, const struct lodge_domain *old)
{
	int rc = destroy_and_forget(a->l, old->domid, old->uuid);

	if (rc == -ETIMEDOUT)
		attend_tell_error(a);
	return rc == -ETIMEDOUT ? 0 : rc;
}

static int restart_one(struct attending *a, const struct restart *r)
{
	struct lodge_domain *list;
	struct pair p;
	size_t nr;
	int rc = lodge_domains(a->l, &list, &nr);

	if (rc)
		return rc;
	p = find_pair(list, nr, r);
	if (p.old)
		rc = end_old(a, p.old);
	if (!rc && p.new)
		rc = run_new(a, r, p.new->domid,
			     !(p.new->flags & LODGE_PAUSED) ||
				     p.new->cpu_time_ns);
	else if (!rc)
		rc = make_new(a, r);
	lodge_domains_free(list, nr);
	return rc;
}

static void try_restart(struct attending *a, struct restart *r)
{
	uint64_t now_s = record_now_s();
	int rc = 0;

	if (r->next_s <= now_s) {
		rc = restart_one(a, r);
		if (!rc || rc == -ECANCELED)
			return;
		attend_tell_error(a);
		rc = restart_delay(a->l, r);
	}
	if (!rc && r->next_s > now_s)
		attend_call_again(a, (r->next_s - now_s) * 1000);
}

int attend_restarts(struct attending *a)
{
	struct restart *list;
	size_t nr, i;
	int rc = restart_list(a->l, &list, &nr);

	for (i = 0; i < nr; i++)
		try_restart(a, &list[i]);
	restart_free(list, nr);
	return rc;
}
