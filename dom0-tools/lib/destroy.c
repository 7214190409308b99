/* SPDX-License-Identifier: MIT */
/*
 * destroy.c - the end of a domain, and of all that is said of it
 */
#include "guest_store.h"
#include "host.h"
#include "store.h"

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

int destroy_and_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16])
{
	int rc = kill_domain(l, domid);

	if (!rc)
		rc = store_release(l, domid);
	return rc ? rc : guest_store_forget(l, domid, uuid);
}

/* Who it is, and whether we know how to end it. */
static int look_at(struct lodge *l, unsigned int domid, uint8_t uuid[16])
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.domain = (domid_t)domid,
	};
	bool has;
	int rc = hv_domctl(l, &op);

	if (!rc && op.domain != domid)
		rc = fail(l, ESRCH, "there is no domain %u", domid);
	if (rc)
		return rc;
	memcpy(uuid, op.u.getdomaininfo.handle, 16);
	rc = guest_store_has_devices(l, domid, &has);
	if (rc || !has)
		return rc;
	fail(l, EOPNOTSUPP, "it has devices, which this version cannot "
	     "detach");
	hint(l, "end it with the tool that attached them");
	return -EOPNOTSUPP;
}

int lodge_domain_destroy(struct lodge *l, unsigned int domid)
{
	uint8_t uuid[16];
	int rc = domid ? look_at(l, domid, uuid)
		       : fail(l, EINVAL, "it is Dom0, the host's own");

	if (!rc)
		rc = destroy_and_forget(l, domid, uuid);
	return rc ? fail_because(l, "cannot destroy domain %u", domid) : 0;
}
