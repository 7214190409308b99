/* SPDX-License-Identifier: MIT */
/*
 * policy.c - which processor a guest is shown
 *
 * A policy is a list of CPUID leaves. Five can be asked for: the processor's
 * (raw and host are the same here), the most and the usual for a PV guest
 * (the same again), and that of a domain. A toolstack may set a domain's: it
 * can take features away that domain/cpuid.c would show; features that are not
 * there to be shown are left out in silence, since tools start from lists of
 * their own. Names, caches and sizes stay the processor's. There are no MSRs
 * in a policy.
 *
 * Locks: d->lock while a domain's is changed.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/x86.h>

#define XEN_LEAVES	0x40000000U	/* and, for some guests, */
#define XEN_LEAVES_2	0x40000100U
#define EXT_LEAVES	0x80000000U
#define MAX_BASIC	0xdU		/* the last leaf that tools know */
#define MAX_EXT		0x80000021U
#define MAX_LEAVES	128U		/* more than all of these can be */
#define MAX_CACHES	6U
#define MAX_FEATURE	2U		/* the last sub-leaf of leaf 7 */
#define MAX_STATE	62U

typedef void read_fn(const struct domain *d, uint32_t leaf, uint32_t subleaf,
		     struct cpuid_regs *r);

/* Where leaves go: counted only, if there is no list. */
struct sink {
	const struct domain *d;
	read_fn *read;
	guest_ptr_t list;
	uint32_t nr, room;
	bool count_only;
};

static void read_host(const struct domain *d, uint32_t leaf, uint32_t subleaf,
		      struct cpuid_regs *r)
{
	uint32_t last = leaf < EXT_LEAVES ? cpu_features.max_leaf :
					    cpu_features.max_ext_leaf;

	memset(r, 0, sizeof(*r));
	if (leaf <= last)
		*r = cpuid_count(leaf, subleaf);
}

static int put_leaf(struct sink *s, uint32_t leaf, uint32_t subleaf,
		    const struct cpuid_regs *r)
{
	const xen_cpuid_leaf_t entry = {
		.leaf = leaf, .subleaf = subleaf,
		.a = r->a, .b = r->b, .c = r->c, .d = r->d,
	};
	size_t offset = s->nr * sizeof(entry);

	if (s->nr == s->room)
		return -ENOBUFS;
	s->nr++;
	if (s->count_only)
		return 0;
	return copy_to_guest(guest_ptr_add(s->list, offset), &entry,
			     sizeof(entry)) ? -EFAULT : 0;
}

static bool is_empty(const struct cpuid_regs *r)
{
	return !(r->a | r->b | r->c | r->d);
}

/* The last sub-leaf that @leaf can have. */
static uint32_t last_subleaf(uint32_t leaf)
{
	switch (leaf) {
	case 4:
		return MAX_CACHES - 1;
	case 7:
		return MAX_FEATURE;
	case 0xb:
		return 1;
	default:
		return MAX_STATE;
	}
}

/*
 * The first empty one is told as well, the end of a list of caches; so are the
 * first two. Tools write a policy back into the room that it was read into, and
 * what they write has these.
 */
static int put_subleaves(struct sink *s, uint32_t leaf)
{
	struct cpuid_regs r;
	bool ended = false;
	uint32_t i;
	int rc = 0;

	for (i = 0; i <= last_subleaf(leaf) && !rc; i++) {
		s->read(s->d, leaf, i, &r);
		if (i < 2 || !ended || !is_empty(&r))
			rc = put_leaf(s, leaf, i, &r);
		ended = ended || is_empty(&r);
	}
	return rc;
}

/* Limits of the hypervisor's own leaves: 0, as they are. */
static int put_xen_leaves(struct sink *s)
{
	static const struct cpuid_regs none;
	int rc = put_leaf(s, XEN_LEAVES, XEN_CPUID_NO_SUBLEAF, &none);

	return rc ? rc : put_leaf(s, XEN_LEAVES_2, XEN_CPUID_NO_SUBLEAF, &none);
}

static int put_range(struct sink *s, uint32_t first, uint32_t max)
{
	struct cpuid_regs r;
	uint32_t leaf, last;
	int rc = 0;

	s->read(s->d, first, 0, &r);
	last = min(r.a, max);
	for (leaf = first; leaf <= last && !rc; leaf++) {
		if (cpuid_has_subleaves(leaf)) {
			rc = put_subleaves(s, leaf);
			continue;
		}
		s->read(s->d, leaf, 0, &r);
		rc = put_leaf(s, leaf, XEN_CPUID_NO_SUBLEAF, &r);
	}
	return rc;
}

/* @nr: in, the room; out, how many there are. */
static int put_policy(const struct domain *d, read_fn *read, guest_ptr_t list,
		      uint32_t *nr)
{
	struct sink s = {
		.d = d, .read = read, .list = list,
		.room = list.va ? min(*nr, MAX_LEAVES) : MAX_LEAVES,
		.count_only = !list.va,
	};
	int rc = put_range(&s, 0, MAX_BASIC);

	if (!rc)
		rc = put_xen_leaves(&s);
	if (!rc)
		rc = put_range(&s, EXT_LEAVES, MAX_EXT);
	/* Who asks how much room to bring is told the most there can be. */
	*nr = s.count_only ? MAX_LEAVES : s.nr;
	return rc;
}

/**
 * sysctl_policy() - XEN_SYSCTL_get_cpu_policy
 * @v:   the caller
 * @arg: struct xen_sysctl
 *
 * Return: 0; -EINVAL: no such policy; -EOPNOTSUPP: one for HVM guests;
 *         -ENOBUFS: the list is too short; -EFAULT.
 */
long sysctl_policy(struct vcpu *v, void *arg)
{
	struct xen_sysctl_cpu_policy *op =
		&((struct xen_sysctl *)arg)->u.cpu_policy;
	read_fn *read = domain_cpuid;
	int rc;

	if (op->_rsvd)
		return -EINVAL;
	switch (op->index) {
	case XEN_SYSCTL_cpu_policy_raw:
	case XEN_SYSCTL_cpu_policy_host:
		read = read_host;
		break;
	case XEN_SYSCTL_cpu_policy_pv_max:
	case XEN_SYSCTL_cpu_policy_pv_default:
		break;
	case XEN_SYSCTL_cpu_policy_hvm_max:
	case XEN_SYSCTL_cpu_policy_hvm_default:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
	rc = put_policy(NULL, read, guest_ptr(op->leaves), &op->nr_leaves);
	return rc ? rc : policy_put_msrs(guest_ptr(op->msrs), &op->nr_msrs);
}

/**
 * domctl_get_policy() - XEN_DOMCTL_get_cpu_policy
 * @v:   the caller
 * @arg: struct domctl_call
 *
 * Return: 0; -ENOBUFS: the list is too short; -EFAULT.
 */
long domctl_get_policy(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_cpu_policy *op = &call->op.u.cpu_policy;
	int rc;

	rc = put_policy(call->d, domain_cpuid, guest_ptr(op->leaves),
			&op->nr_leaves);
	return rc ? rc : policy_put_msrs(guest_ptr(op->msrs), &op->nr_msrs);
}

static bool leaf_is_known(const xen_cpuid_leaf_t *l)
{
	if (l->leaf > MAX_BASIC && l->leaf != XEN_LEAVES &&
	    l->leaf != XEN_LEAVES_2 &&
	    (l->leaf < EXT_LEAVES || l->leaf > MAX_EXT))
		return false;
	if (cpuid_has_subleaves(l->leaf))
		return l->subleaf <= last_subleaf(l->leaf);
	return l->subleaf == XEN_CPUID_NO_SUBLEAF;
}

/* What @l lacks of its words of features goes into @denied. */
static void deny_by_leaf(uint32_t *denied, const xen_cpuid_leaf_t *l)
{
	struct cpuid_regs r = { l->a, l->b, l->c, l->d };
	unsigned int i;

	for (i = 0; i < CPUID_WORDS; i++)
		if (cpuid_words[i].leaf == l->leaf &&
		    (!cpuid_has_subleaves(l->leaf) ||
		     cpuid_words[i].subleaf == l->subleaf))
			denied[i] = ~*cpuid_word_of(&r, i);
}

static bool has_context(const struct domain *d)
{
	unsigned int i;

	for (i = 0; i < d->max_vcpus; i++)
		if (d->vcpus[i] && d->vcpus[i]->initialised)
			return true;
	return false;
}

static int read_leaves(struct xen_domctl_cpu_policy *op, uint32_t *denied)
{
	guest_ptr_t list = guest_ptr(op->leaves);
	xen_cpuid_leaf_t leaf;
	uint32_t i;

	for (i = 0; i < op->nr_leaves; i++) {
		if (copy_from_guest(&leaf,
				    guest_ptr_add(list, i * sizeof(leaf)),
				    sizeof(leaf)))
			return -EFAULT;
		if (!leaf_is_known(&leaf)) {
			op->err_leaf = leaf.leaf;
			op->err_subleaf = leaf.subleaf;
			return -ERANGE;
		}
		deny_by_leaf(denied, &leaf);
	}
	return 0;
}

/**
 * domctl_set_policy() - XEN_DOMCTL_set_cpu_policy
 * @v:   the caller
 * @arg: struct domctl_call; err_leaf and err_subleaf name a leaf that is
 *       refused, err_msr an MSR. Leaves that are not in the list stay as they
 *       are.
 *
 * Return: 0; -E2BIG: more leaves or MSRs than there are; -ERANGE: one that no
 *         policy has; -EINVAL: an MSR's value that we do not offer; -EEXIST: a
 *         vCPU has its context already; -EFAULT. On error nothing has changed.
 */
long domctl_set_policy(struct vcpu *v, void *arg)
{
	struct domctl_call *call = arg;
	struct xen_domctl_cpu_policy *op = &call->op.u.cpu_policy;
	struct domain *d = call->d;
	uint32_t denied[CPUID_WORDS];
	int rc;

	op->err_leaf = op->err_subleaf = op->err_msr = ~0U;
	if (op->nr_leaves > MAX_LEAVES)
		return -E2BIG;
	rc = policy_check_msrs(guest_ptr(op->msrs), op->nr_msrs, &op->err_msr);
	if (rc)
		return rc;
	memcpy(denied, d->cpuid_denied, sizeof(denied));
	rc = read_leaves(op, denied);
	if (rc)
		return rc;
	spin_lock(&d->lock);
	rc = -EEXIST;
	if (!has_context(d)) {
		memcpy(d->cpuid_denied, denied, sizeof(denied));
		rc = 0;
	}
	spin_unlock(&d->lock);
	return rc;
}

/**
 * sysctl_featureset() - XEN_SYSCTL_get_cpu_featureset
 * @v:   the caller
 * @arg: struct xen_sysctl
 *
 * Return: 0; -EINVAL: no such set; -EOPNOTSUPP: one for HVM guests;
 *         -ENOBUFS: the list is too short; -EFAULT.
 */
long sysctl_featureset(struct vcpu *v, void *arg)
{
	struct xen_sysctl_cpu_featureset *op =
		&((struct xen_sysctl *)arg)->u.cpu_featureset;
	guest_ptr_t list = guest_ptr(op->features);
	read_fn *read = read_host;
	uint32_t words[CPUID_WORDS];
	struct cpuid_regs r;
	unsigned int i;

	if (op->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EINVAL;
	if (op->index == XEN_SYSCTL_cpu_featureset_hvm ||
	    op->index == XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EOPNOTSUPP;
	if (op->index == XEN_SYSCTL_cpu_featureset_pv ||
	    op->index == XEN_SYSCTL_cpu_featureset_pv_max)
		read = domain_cpuid;
	if (list.va && op->nr_features < CPUID_WORDS)
		return -ENOBUFS;
	op->nr_features = CPUID_WORDS;
	if (!list.va)
		return 0;
	for (i = 0; i < CPUID_WORDS; i++) {
		read(NULL, cpuid_words[i].leaf, cpuid_words[i].subleaf, &r);
		words[i] = *cpuid_word_of(&r, i);
	}
	return copy_to_guest(list, words, sizeof(words)) ? -EFAULT : 0;
}
