/* SPDX-License-Identifier: MIT */
/*
 * last-end.c - until a guest has ended, and is not started again
 */
#include "host.h"
#include "record.h"
#include "restart.h"
#include "store.h"

#include <errno.h>
#include <string.h>

#define LOOK_MS 5000	/* no event tells of a restart that is given up */

struct last_end {
	struct lodge *l;
	uint8_t uuid[16];
	unsigned int domid;	/* the latest of them */
	bool over;
};

static const struct lodge_domain *find(const struct lodge_domain *list,
				       size_t nr, const uint8_t uuid[16])
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!(list[i].flags & LODGE_DYING) &&
		    !memcmp(list[i].uuid, uuid, sizeof(list[i].uuid)))
			return &list[i];
	return NULL;
}

/* Who has shut down, and is left as it is, has ended as well. */
static int look_in_store(struct store_change *t, void *arg)
{
	struct last_end *w = arg;
	bool left;
	int rc = restart_check(w->l, t, w->uuid);

	w->over = rc == -ECANCELED;
	if (!w->over || w->domid == STORE_NOBODY)
		return rc == -ECANCELED ? 0 : rc;
	rc = record_is_left(t, w->domid, &left);
	w->over = left;
	return rc;
}

static int look(void *arg)
{
	const struct lodge_domain *d;
	struct lodge_domain *list;
	struct last_end *w = arg;
	bool runs;
	size_t nr;
	int rc = lodge_domains(w->l, &list, &nr);

	if (rc)
		return rc;
	d = find(list, nr, w->uuid);
	w->domid = d ? d->domid : STORE_NOBODY;
	runs = d && !(d->flags & LODGE_SHUTDOWN);
	lodge_domains_free(list, nr);
	if (runs)
		return 0;
	rc = store_change(w->l, look_in_store, w);
	return rc ? rc : w->over;
}

int lodge_domain_wait_end(struct lodge *l, unsigned int domid)
{
	struct last_end w = {.l = l};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (rc)
		return rc;
	memcpy(w.uuid, info.handle, sizeof(w.uuid));
	do {
		rc = store_wait(l, "@releaseDomain", look, &w, LOOK_MS);
	} while (rc == -ETIMEDOUT);
	return rc;
}
