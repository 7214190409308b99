/* SPDX-License-Identifier: MIT */
/*
 * lifecycle.c - domains come, shut down, and go
 *
 * The hypervisor tells by a virtual interrupt that some domain changed its
 * state, not which one: domain_scan() asks about each that was introduced.
 */
#include <errno.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "log.h"
#include "ring.h"
#include "store.h"
#include "watch.h"
#include "xen.h"

/* Put what is known of a domain into the record of this request. */
void domain_record(const struct domain *d)
{
	journal_domain(d->id.domid, d->id.target, d->gfn, d->port,
		       d->introduced, d->shutdown);
}

static void tell(enum special which, const struct domain *d)
{
	watch_fire_special(store_special_name(which), d->id.domid,
			   store_special_perms(which));
}

/**
 * domain_introduce() - serve a domain, or serve it anew
 *
 * Return: 0, or an errno of ring_connect(); nothing has changed then but that
 *         a ring that was served before is not any more.
 */
int domain_introduce(struct domain *d, uint64_t gfn, uint32_t port)
{
	int rc;

	if (d->conn) {
		conn_kill(d->conn, 0, NULL);
		d->conn = NULL;
	}
	/* Its old ring must let go of the port that is to be bound. */
	conn_reap();
	rc = ring_connect(d, gfn, port);
	if (rc)
		return rc;
	d->introduced = true;
	d->shutdown = false;
	domain_record(d);
	tell(SPECIAL_INTRODUCE, d);
	log_info("dom%u: introduced", d->id.domid);
	return 0;
}

/* Who acted for a domain that is gone must not act for its number's next. */
static void forget_target(uint16_t domid)
{
	struct domain *d;
	int cursor = 0;

	while ((d = domain_next(&cursor))) {
		if (d->id.target != domid)
			continue;
		d->id.target = DOMID_LIMIT;
		domain_record(d);
	}
}

/**
 * domain_release() - a domain is gone, or shall not be served any more
 *
 * Its connection ends, and what it owned is removed.
 */
void domain_release(struct domain *d)
{
	if (d->conn) {
		conn_kill(d->conn, 0, NULL);
		d->conn = NULL;
	}
	d->introduced = false;
	d->shutdown = false;
	d->id.target = DOMID_LIMIT;
	forget_target(d->id.domid);
	store_release_domain(d->id.domid);
	domain_record(d);
	tell(SPECIAL_RELEASE, d);
	log_info("dom%u: released", d->id.domid);
}

static void scan_one(struct domain *d)
{
	switch (xen_domain_state(d->id.domid)) {
	case XEN_DOMAIN_GONE:
		domain_release(d);
		break;
	case XEN_DOMAIN_SHUTDOWN:
		if (d->shutdown)
			return;
		d->shutdown = true;
		domain_record(d);
		tell(SPECIAL_RELEASE, d);
		break;
	default:
		return;
	}
	conn_commit(NULL, 0);
}

/**
 * domain_scan() - which of the introduced domains have shut down or died?
 */
void domain_scan(void)
{
	struct domain *d;
	int cursor = 1;		/* not ourselves */

	while ((d = domain_next(&cursor)))
		if (d->introduced)
			scan_one(d);
}
