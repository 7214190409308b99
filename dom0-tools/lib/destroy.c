/* SPDX-License-Identifier: MIT */
/*
 * destroy.c - the end of a domain, and of all that is said of it
 */
#include "device.h"
#include "guest_store.h"
#include "host.h"
#include "store.h"

#include <errno.h>

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

/*
 * Back ends let go of the guest's memory before it ends. One that does not is
 * told of, but keeps no domain alive.
 */
int destroy_and_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16])
{
	int rc = device_check_detach(l, domid), detached = 0;

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
		rc = destroy_and_forget(l, domid, info.handle);
	return rc ? fail_because(l, "cannot destroy domain %u", domid) : 0;
}
