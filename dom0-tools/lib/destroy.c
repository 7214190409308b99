/* SPDX-License-Identifier: MIT */
/*
 * destroy.c - the end of a domain, and of all that is said of it
 */
#include "device.h"
#include "guest_store.h"
#include "host.h"
#include "restart.h"
#include "store.h"
#include "unfinished.h"

#include <errno.h>
#include <string.h>

/* Its memory is given back step by step; the hypervisor asks to go on. */
static int kill_domain(struct lodge *l, unsigned int domid)
{
	struct xen_domctl op;
	int rc;

	do {
		op = (struct xen_domctl){
			.cmd = XEN_DOMCTL_destroydomain,
			.domain = (domid_t)domid,
		};
		rc = hv_domctl(l, &op);
	} while (rc == -EAGAIN || rc == -EINTR);
	return rc == -ESRCH ? 0 : rc;
}

static int stop_domain(struct lodge *l, unsigned int domid)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_pausedomain,
		.domain = (domid_t)domid,
	};
	int rc = hv_domctl(l, &op);

	/* One that is dying already does not run either. */
	return rc == -ESRCH || rc == -EINVAL ? 0 : rc;
}

struct ending {
	struct lodge *l;
	unsigned int domid;
	const uint8_t *uuid;
};

static int take(struct store_change *t, void *arg)
{
	const struct ending *e = arg;

	return unfinished_take(e->l, t, e->uuid, e->domid);
}

/*
 * Back ends let go of the guest's memory before it ends. One that does not is
 * told of, but keeps no domain alive.
 */
int destroy_and_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16])
{
	struct ending e = {l, domid, uuid};
	int rc = device_check_detach(l, domid), detached = 0;

	if (!rc)
		rc = store_change(l, take, &e);
	if (!rc)
		rc = stop_domain(l, domid);
	if (!rc)
		detached = device_detach_all(l, domid);
	if (!rc && detached != -ETIMEDOUT)
		rc = detached;
	if (!rc)
		rc = kill_domain(l, domid);
	if (!rc)
		rc = store_release(l, domid);
	if (!rc)
		rc = guest_store_forget(l, domid, uuid);
	return rc ? rc : detached;
}

int lodge_domain_destroy(struct lodge *l, unsigned int domid)
{
	struct xen_domctl_getdomaininfo info;
	int rc = domid ? hv_domain_info(l, domid, &info)
		       : fail(l, EINVAL, "it is Dom0, the host's own");

	if (!rc)
		rc = restart_forget(l, info.handle);
	if (!rc)
		rc = destroy_and_forget(l, domid, info.handle);
	return rc ? fail_because(l, "cannot destroy domain %u", domid) : 0;
}

int lodge_domain_give_up(struct lodge *l, const char *name)
{
	size_t nr;
	int rc = restart_cancel(l, name, &nr);

	return rc || nr ? rc
			: fail(l, ESRCH, "no domain is called \"%s\"", name);
}

/* ---- what others have left ---------------------------------------------- */

/*
 * Those of the hypervisor's domains that @u is. If there is none any more, its
 * nodes stay until somebody takes them away; the number may be another one's.
 */
static int end_domains(struct lodge *l, const struct unfinished *u,
		       const struct lodge_domain *list, size_t nr)
{
	bool known = u->domid != STORE_NOBODY;
	size_t i;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++) {
		if (list[i].domid == u->domid)
			known = false;
		if (list[i].abandoned && !memcmp(list[i].uuid, u->uuid, 16))
			rc = destroy_and_forget(l, list[i].domid, u->uuid);
	}
	if (rc)
		return rc;
	return known ? destroy_and_forget(l, u->domid, u->uuid)
		     : unfinished_forget(l, u->uuid);
}

/* The error that is told is the one that led here. */
static int give_back(struct lodge *l, const struct unfinished *u, int rc)
{
	struct lodge other = aside(l);

	unfinished_give_back(&other, u);
	aside_end(l, &other);
	return rc;
}

/* *nr: one more, if no other process has been quicker. */
static int finish_one(struct lodge *l, const struct unfinished *u, size_t *nr)
{
	struct lodge_domain *list;
	size_t nr_list;
	int rc = lodge_domains(l, &list, &nr_list);

	if (rc)
		return rc;
	/* Listed before: of domains that have come since none is meant. */
	rc = unfinished_adopt(l, u->uuid);
	if (rc > 0) {
		(*nr)++;
		rc = end_domains(l, u, list, nr_list);
		if (rc)
			rc = give_back(l, u, rc);
	}
	lodge_domains_free(list, nr_list);
	return rc;
}

int lodge_finish(struct lodge *l, const char *name, size_t *nr)
{
	struct unfinished *list;
	size_t nr_list, i;
	int rc = unfinished_list(l, &list, &nr_list);

	*nr = 0;
	for (i = 0; i < nr_list && !rc; i++)
		if (list[i].abandoned && (!name || !strcmp(name, list[i].name)))
			rc = finish_one(l, &list[i], nr);
	unfinished_free(list, nr_list);
	return rc ? fail_because(l, "cannot end what a process has left that "
				 "was killed") : 0;
}
