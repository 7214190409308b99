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

#endif
