/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - what credit2 gives the domains of a CPU pool
 */
#include "host.h"

#include <errno.h>

#define WEIGHT_MOST 65535

/* ---- pools -------------------------------------------------------------- */

static int pool_call(struct lodge *l, unsigned int pool, uint32_t cmd,
		     uint32_t *ratelimit_us)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_scheduler_op,
		.u.scheduler_op = {
			.cpupool_id = pool,
			.sched_id = XEN_SCHEDULER_CREDIT2,
			.cmd = cmd,
			.u.sched_credit2.ratelimit_us = *ratelimit_us,
		},
	};
	int rc = hv_sysctl(l, &op);

	if (!rc)
		*ratelimit_us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
	return rc;
}

int lodge_cpupool_ratelimit(struct lodge *l, unsigned int pool,
			    unsigned int *ratelimit_us)
{
	uint32_t us = 0;

	if (pool_call(l, pool, XEN_SYSCTL_SCHEDOP_getinfo, &us))
		return fail_because(l, "cannot read the parameters of CPU pool "
				    "%u", pool);
	*ratelimit_us = us;
	return 0;
}

int lodge_cpupool_set_ratelimit(struct lodge *l, unsigned int pool,
				unsigned int ratelimit_us)
{
	uint32_t us = ratelimit_us;
	int rc = 0;

	if (us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
		   us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
		rc = fail(l, EINVAL,
			  "the rate limit is 0 or from %d to %d us, not %u",
			  XEN_SYSCTL_SCHED_RATELIMIT_MIN,
			  XEN_SYSCTL_SCHED_RATELIMIT_MAX, us);
	if (!rc)
		rc = pool_call(l, pool, XEN_SYSCTL_SCHEDOP_putinfo, &us);
	return rc ? fail_because(l, "cannot set the parameters of CPU pool %u",
				 pool)
		  : 0;
}

/* ---- shares ------------------------------------------------------------- */

static int share_call(struct lodge *l, unsigned int domid, uint32_t cmd,
		      struct lodge_share *share)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_scheduler_op,
		.domain = (domid_t)domid,
		.u.scheduler_op = {
			.sched_id = XEN_SCHEDULER_CREDIT2,
			.cmd = cmd,
			.u.credit2 = {
				.weight = (uint16_t)share->weight,
				.cap = (uint16_t)share->cap,
			},
		},
	};
	int rc = hv_domctl(l, &op);

	if (rc)
		return rc;
	share->weight = op.u.scheduler_op.u.credit2.weight;
	share->cap = op.u.scheduler_op.u.credit2.cap;
	return 0;
}

int lodge_domain_share(struct lodge *l, unsigned int domid,
		       struct lodge_share *share)
{
	*share = (struct lodge_share){0};
	return share_call(l, domid, XEN_DOMCTL_SCHEDOP_getinfo, share)
		       ? fail_because(l, "cannot read the share of domain %u",
				      domid)
		       : 0;
}

int lodge_domain_set_share(struct lodge *l, unsigned int domid,
			   const struct lodge_share *share)
{
	struct lodge_share copy = *share;
	int rc = 0;

	if (!share->weight || share->weight > WEIGHT_MOST ||
	    share->cap > WEIGHT_MOST)
		rc = fail(l, EINVAL,
			  "the weight is from 1 to %d, the cap up to %d",
			  WEIGHT_MOST, WEIGHT_MOST);
	if (!rc)
		rc = share_call(l, domid, XEN_DOMCTL_SCHEDOP_putinfo, &copy);
	return rc ? fail_because(l, "cannot change the share of domain %u",
				 domid)
		  : 0;
}
