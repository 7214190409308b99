/* SPDX-License-Identifier: MIT */
/*
 * req_domain.c - requests about domains
 *
 * Domain numbers are decimal and real (below 0x7ff0): anything else is EINVAL,
 * where the protocol leaves the outcome open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "journal.h"
#include "ring.h"
#include "util.h"
#include "wire.h"
#include "xen.h"

static bool parse_domid(const char *s, uint16_t *domid)
{
	uint32_t v;

	if (!parse_u32(s, DOMID_LIMIT - 1, &v))
		return false;
	*domid = (uint16_t)v;
	return true;
}

/* The domain that a request of one string names, if it was introduced. */
static int introduced(struct req *r, struct domain **d)
{
	const char *s[1];
	uint16_t domid;

	if (req_strings(r, s, 1) != 1 || r->data[r->len - 1] ||
	    !parse_domid(s[0], &domid))
		return EINVAL;
	*d = domain_lookup(domid);
	return *d && (*d)->introduced ? 0 : ENOENT;
}

/* A frame number, which old clients send as a signed decimal. */
static bool parse_gfn(const char *s, uint64_t *gfn)
{
	char *end;

	errno = 0;
	*gfn = (uint64_t)strtoll(s, &end, 10);
	return *s && !*end && !errno;
}

int do_introduce(struct req *r)
{
	const char *s[3];
	uint16_t domid;
	uint32_t port;
	uint64_t gfn;

	if (req_strings(r, s, 3) != 3 || r->data[r->len - 1] ||
	    !parse_domid(s[0], &domid) || !parse_gfn(s[1], &gfn) ||
	    !parse_u32(s[2], UINT32_MAX, &port))
		return EINVAL;
	if (!domid)
		return EINVAL;
	if (!xen_present())
		return ENOSYS;
	if (!journal_ready(XENSTORE_PAYLOAD_MAX))
		return ENOSPC;
	return domain_introduce(domain_make(domid), gfn, port);
}

int do_release(struct req *r)
{
	struct domain *d;
	int rc;

	rc = introduced(r, &d);
	if (rc)
		return rc;
	if (!d->id.domid)
		return EINVAL;
	domain_release(d);
	return 0;
}

int do_resume(struct req *r)
{
	struct domain *d;
	int rc;

	rc = introduced(r, &d);
	if (rc)
		return rc;
	d->shutdown = false;
	domain_record(d);
	return 0;
}

int do_set_target(struct req *r)
{
	struct domain *d, *t;
	const char *s[2];
	uint16_t domid, target;

	if (req_strings(r, s, 2) != 2 || r->data[r->len - 1] ||
	    !parse_domid(s[0], &domid) || !parse_domid(s[1], &target) ||
	    !target)
		return EINVAL;
	d = domain_lookup(domid);
	t = domain_lookup(target);
	if (!d || !d->introduced || !t || !t->introduced)
		return ENOENT;
	d->id.target = target;
	domain_record(d);
	return 0;
}

int do_get_domain_path(struct req *r)
{
	const char *s[1];
	uint16_t domid;

	if (req_strings(r, s, 1) != 1 || r->data[r->len - 1] ||
	    !parse_domid(s[0], &domid))
		return EINVAL;
	req_reply_string(r, arena_printf(r->mem, "/local/domain/%u", domid));
	return 0;
}

/* Dom0 counts as introduced: it is where the daemon runs. */
int do_is_domain_introduced(struct req *r)
{
	const struct domain *d;
	const char *s[1];
	uint16_t domid;

	if (req_strings(r, s, 1) != 1 || r->data[r->len - 1] ||
	    !parse_domid(s[0], &domid))
		return EINVAL;
	d = domain_lookup(domid);
	req_reply_string(r, !domid || (d && d->introduced) ? "T" : "F");
	return 0;
}
