/* SPDX-License-Identifier: MIT */
/*
 * access.h - who may do what to whom
 *
 * Asked in this one place by every call that names another domain.
 */
#ifndef LODGE_ACCESS_H
#define LODGE_ACCESS_H

#include <lodge/domain.h>
#include <lodge/errno.h>
#include <xen/xen.h>

/**
 * domain_access() - may a domain manage another?
 * @caller: who asks
 * @target: whose memory, grants or state it is about
 *
 * Return: 0: itself, or the control domain; -EPERM.
 */
static inline int domain_access(const struct domain *caller,
				const struct domain *target)
{
	return caller == target || caller->privileged ? 0 : -EPERM;
}

/**
 * domain_get_for() - find a domain that the caller may manage
 * @caller: who asks
 * @domid:  a number; DOMID_SELF or its own: the caller
 * @d:      written on success: referenced, domain_put() it
 *
 * Who may manage nobody else does not learn who exists.
 *
 * Return: 0; -EPERM; -ESRCH no such domain, or it is dying.
 */
static inline int domain_get_for(struct domain *caller, domid_t domid,
				 struct domain **d)
{
	struct domain *found = domain_get(caller, domid);
	bool self = domid == DOMID_SELF || domid == caller->domid;
	int rc = found ? domain_access(caller, found) : -ESRCH;

	if (!self && !caller->privileged)
		rc = -EPERM;
	if (!rc)
		*d = found;
	else if (found)
		domain_put(found);
	return rc;
}

#endif
