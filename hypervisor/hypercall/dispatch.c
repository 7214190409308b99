/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - calls that are not for everybody; the others are dispatched by
 * hypercall_invoke()
 */
#include <lodge/hypercall.h>

/**
 * hypercall_restricted() - a call that not everybody has
 * @h: its row
 * @v: the caller
 * @a: its arguments
 *
 * Return: the handler's result; -ENOSYS: no such call, or what its row says;
 *         -EPERM: not for this domain.
 */
long hypercall_restricted(const struct hypercall *h, struct vcpu *v,
			  const struct call_args *a)
{
	if (!h->fn)
		return h->errno_none ? -h->errno_none : -ENOSYS;
	return v->domain->privileged ? h->fn(v, a) : -EPERM;
}
