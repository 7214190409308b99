/* SPDX-License-Identifier: MIT */
/*
 * change.c - what is asked of a guest that runs
 *
 * A PV guest watches nodes of the store, docs/misc/xenstore-paths of xen-doc:
 * control/shutdown, control/sysrq, memory/target, cpu/N/availability.
 */
#include "change.h"
#include "config.h"
#include "guest_store.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_KIB 4
#define KIB_MOST (1ULL << 50)

/* One node of a guest's, below its directory. */
struct wish {
	struct lodge *l;
	struct store_rights rights;
	unsigned int domid;
	const char *node, *value;
};

static int put_wish(struct store_change *t, void *arg)
{
	const struct wish *w = arg;
	int rc = guest_store_check(w->l, t, w->domid);

	return rc ? rc
		  : store_put(t, w->rights, w->value, "/local/domain/%u/%s",
			      w->domid, w->node);
}

static int tell(struct lodge *l, struct wish w)
{
	w.l = l;
	return store_change(l, put_wish, &w);
}

/* ---- its end ------------------------------------------------------------ */

static int listens(struct lodge *l, unsigned int domid, bool reboot)
{
	const char *what = reboot ? "reboot" : "poweroff";
	struct xen_domctl_getdomaininfo info;
	char *text;
	int rc = hv_domain_info(l, domid, &info);

	if (rc)
		return rc;
	rc = store_read(l, &text, "/local/domain/%u/control/feature-%s", domid,
			what);
	bool yes = text && !strcmp(text, "1");

	free(text);
	if (rc || yes)
		return rc;
	fail(l, EOPNOTSUPP, "its kernel has not said that it listens to \"%s\"",
	     what);
	hint(l, "wait until it has started, or use lodge destroy");
	return -EOPNOTSUPP;
}

int lodge_domain_ask_shutdown(struct lodge *l, unsigned int domid, bool reboot)
{
	int rc = domid ? listens(l, domid, reboot)
		       : fail(l, EINVAL, "it is Dom0, the host's own");

	if (!rc)
		rc = tell(l, (struct wish){l, STORE_GIVE(domid), domid,
					   "control/shutdown",
					   reboot ? "reboot" : "poweroff"});
	return rc ? fail_because(l, "cannot %s domain %u",
				 reboot ? "reboot" : "shut down", domid)
		  : 0;
}

struct end_wait {
	struct lodge *l;
	unsigned int domid;
};

static int look_at_end(void *arg)
{
	struct end_wait *w = arg;
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(w->l, w->domid, &info);

	if (rc)
		return rc == -ESRCH ? 1 : rc;
	return info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying) ? 1 : 0;
}

int lodge_domain_wait_shutdown(struct lodge *l, unsigned int domid)
{
	struct end_wait w = {l, domid};

	return store_wait(l, "@releaseDomain", look_at_end, &w, -1);
}

int lodge_domain_sysrq(struct lodge *l, unsigned int domid, char key)
{
	const char text[] = {key, '\0'};
	int rc = tell(l, (struct wish){l, STORE_GIVE(domid), domid,
				       "control/sysrq", text});

	return rc ? fail_because(l, "cannot press a key of domain %u", domid)
		  : 0;
}

int lodge_domain_trigger(struct lodge *l, unsigned int domid,
			 enum lodge_trigger trigger, unsigned int vcpu)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_sendtrigger,
		.domain = (domid_t)domid,
		.u.sendtrigger = {.trigger = trigger, .vcpu = vcpu},
	};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (!rc && trigger != LODGE_TRIGGER_NMI &&
	    !(info.flags & XEN_DOMINF_hvm_guest))
		rc = fail(l, EOPNOTSUPP,
			  "it is a PV guest, which has nothing but an NMI");
	if (!rc && (vcpu > info.max_vcpu_id))
		rc = fail(l, EINVAL, "it has no vCPU %u: the last is %u", vcpu,
			  info.max_vcpu_id);
	if (!rc)
		rc = hv_domctl(l, &op);
	return rc ? fail_because(l, "cannot trigger domain %u", domid) : 0;
}

/* ---- its name ----------------------------------------------------------- */

struct renaming {
	struct lodge *l;
	unsigned int domid;
	const char *name;
	char uuid[UUID_TEXT];
};

static int put_name(struct store_change *t, void *arg)
{
	const struct renaming *r = arg;
	unsigned int other;
	int rc = guest_store_check(r->l, t, r->domid);

	if (!rc)
		rc = store_find_name(t, r->name, &other);
	if (!rc && other != STORE_NOBODY && other != r->domid)
		rc = fail(r->l, EEXIST, "domain %u is already called \"%s\"",
			  other, r->name);
	if (!rc)
		rc = store_put(t, STORE_SHOW(r->domid), r->name,
			       "/local/domain/%u/name", r->domid);
	return rc ? rc
		  : store_put(t, STORE_SHOW(r->domid), r->name, "/vm/%s/name",
			      r->uuid);
}

static int rename_domain(struct lodge *l, unsigned int domid, const char *name)
{
	struct renaming r = {.l = l, .domid = domid, .name = name};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (rc)
		return rc;
	if (!is_domain_name(name))
		return fail(l, EINVAL,
			    "\"%s\" is no name: text without \"/\" "
			    "and control characters, and no number",
			    name);
	uuid_text(r.uuid, info.handle);
	return store_change(l, put_name, &r);
}

int lodge_domain_rename(struct lodge *l, unsigned int domid, const char *name)
{
	int rc = rename_domain(l, domid, name);

	return rc ? fail_because(l, "cannot rename domain %u", domid) : 0;
}

/* ---- its memory --------------------------------------------------------- */

/* What it is to have, or the most that it may. */
struct resizing {
	struct lodge *l;
	unsigned int domid;
	uint64_t kib;
	bool most, limited;
};

static int get_kib(struct store_change *t, const struct resizing *r,
		   const char *node, uint64_t *kib)
{
	char *text;
	int rc = store_get(t, &text, "/local/domain/%u/memory/%s", r->domid,
			   node);

	*kib = text ? strtoull(text, NULL, 10) : 0;
	free(text);
	return rc;
}

/* Dom0 has no limit of its own in the store. */
static int check_size(const struct resizing *r, uint64_t other)
{
	if (r->kib > KIB_MOST)
		return fail(r->l, EINVAL, "%llu KiB are more than any host has",
			    (unsigned long long)r->kib);
	if (r->most && r->kib < other)
		return fail(r->l, EINVAL,
			    "it is asked to have %llu KiB, more than %llu KiB",
			    (unsigned long long)other,
			    (unsigned long long)r->kib);
	if (!r->most && (!r->kib || (other && r->kib > other)))
		return fail(r->l, EINVAL,
			    "%llu KiB is not from 1 to %llu KiB, the most "
			    "that it may have",
			    (unsigned long long)r->kib,
			    (unsigned long long)other);
	return 0;
}

static int set_limit(const struct resizing *r, uint64_t kib)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_max_mem,
		.domain = (domid_t)r->domid,
		.u.max_mem.max_memkb = kib,
	};

	return hv_domctl(r->l, &op);
}

/*
 * Whoever changes either size at the same time begins anew: the last to
 * complete has also set the hypervisor's limit last.
 */
static int put_size(struct store_change *t, void *arg)
{
	struct resizing *r = arg;
	char text[24];
	uint64_t other;
	int rc = guest_store_check(r->l, t, r->domid);

	if (!rc)
		rc = get_kib(t, r, r->most ? "target" : "static-max", &other);
	if (!rc)
		rc = check_size(r, other);
	if (!rc)
		rc = set_limit(r, r->kib + SLACK_KIB);
	if (rc)
		return rc;
	r->limited = true;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)r->kib);
	return store_put(t, STORE_SHOW(r->domid), text,
			 "/local/domain/%u/memory/%s", r->domid,
			 r->most ? "static-max" : "target");
}

/* The hypervisor's limit and the node, or neither. */
static int resize(struct lodge *l, unsigned int domid, uint64_t kib, bool most)
{
	struct resizing r = {l, domid, kib, most, false};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (rc)
		return rc;
	rc = store_change(l, put_size, &r);
	if (rc && r.limited)
		set_limit(&r, info.max_pages * PAGE_KIB);
	return rc;
}

int lodge_domain_set_max_memory(struct lodge *l, unsigned int domid,
				uint64_t kib)
{
	return resize(l, domid, kib, true)
		       ? fail_because(l, "cannot limit the memory of domain %u",
				      domid)
		       : 0;
}

int lodge_domain_set_memory(struct lodge *l, unsigned int domid, uint64_t kib)
{
	return resize(l, domid, kib, false)
		       ? fail_because(l, "cannot change the memory of domain "
				      "%u", domid)
		       : 0;
}

/* ---- its vCPUs ---------------------------------------------------------- */

struct onlining {
	struct lodge *l;
	unsigned int domid, nr, most;
};

static int put_online(struct store_change *t, void *arg)
{
	const struct onlining *o = arg;
	unsigned int i;
	int rc = guest_store_check(o->l, t, o->domid);

	for (i = 0; i < o->most && !rc; i++)
		rc = store_put(t, STORE_SHOW(o->domid),
			       i < o->nr ? "online" : "offline",
			       "/local/domain/%u/cpu/%u/availability", o->domid,
			       i);
	return rc;
}

static int set_vcpus(struct lodge *l, unsigned int domid, unsigned int nr)
{
	struct onlining o = {.l = l, .domid = domid, .nr = nr};
	struct xen_domctl_getdomaininfo info;
	int rc = hv_domain_info(l, domid, &info);

	if (rc)
		return rc;
	o.most = info.max_vcpu_id + 1;
	if (!nr || nr > o.most)
		return fail(l, EINVAL, "it may use from 1 to %u vCPUs, not %u",
			    o.most, nr);
	return store_change(l, put_online, &o);
}

int lodge_domain_set_vcpus(struct lodge *l, unsigned int domid, unsigned int nr)
{
	int rc = set_vcpus(l, domid, nr);

	return rc ? fail_because(l, "cannot change the vCPUs of domain %u",
				 domid)
		  : 0;
}
