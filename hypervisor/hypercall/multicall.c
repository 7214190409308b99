/* SPDX-License-Identifier: MIT */
/*
 * multicall.c - a list of calls in one
 *
 * Entries are carried out in order, each with its own result; a failing one
 * does not stop the rest. Between entries, and inside an entry that can be
 * continued, the batch may be preempted: it then goes on at that entry.
 */
#include <lodge/hypercall.h>

#include <lodge/errno.h>

#define CHECK_EVERY 16		/* entries between two preemption checks */

/* Who continues the call rewrites the arguments in the entry. */
static long entry_result(struct vcpu *v, struct multicall_entry *call)
{
	const struct call_args a = {
		.nr = call->op,
		.arg0 = call->args[0], .arg1 = call->args[1],
		.arg2 = call->args[2], .arg3 = call->args[3],
		.arg4 = call->args[4], .arg5 = call->args[5],
	};

	/* A batch in a batch, or a jump out of it, has no sensible meaning. */
	if (unlikely(call->op == __HYPERVISOR_multicall))
		return -EINVAL;
	if (unlikely(call->op == __HYPERVISOR_iret))
		return -ENOSYS;
	return hypercall_invoke(v, call->op, &a);
}

static long go_on_later(guest_ptr_t list, unsigned int left)
{
	return hypercall_continue(__HYPERVISOR_multicall, 2, list.va,
				  (unsigned long)left);
}

/**
 * hypercall_multicall() - HYPERVISOR_multicall(list, nr_calls)
 *
 * Return: 0; -EINVAL: called from within a multicall; -EFAULT: an entry
 *         cannot be read or written, those before it have been carried out.
 */
long hypercall_multicall(struct vcpu *v, const struct call_args *a)
{
	struct multicall_state *mc = &v->multicall;
	guest_ptr_t list = GUEST_PTR(a->arg0);
	unsigned int nr = (unsigned int)a->arg1;
	unsigned int i;

	if (mc->active)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (i % CHECK_EVERY == CHECK_EVERY - 1 &&
		    hypercall_preempt_check())
			return go_on_later(list, nr - i);
		if (copy_from_guest(&mc->call, list, sizeof(mc->call)))
			return -EFAULT;
		mc->active = true;
		mc->call.result = (xen_ulong_t)entry_result(v, &mc->call);
		mc->active = false;
		if (unlikely(mc->preempted)) {
			mc->preempted = false;
			/* The guest sees the rewritten arguments, as a
			 * continued call of its own would show them. */
			if (copy_to_guest(list, &mc->call, sizeof(mc->call)))
				return -EFAULT;
			return go_on_later(list, nr - i);
		}
		if (copy_to_guest(guest_ptr_add(list,
				  offsetof(struct multicall_entry, result)),
				  &mc->call.result, sizeof(mc->call.result)))
			return -EFAULT;
		list = guest_ptr_add(list, sizeof(mc->call));
	}
	return 0;
}
