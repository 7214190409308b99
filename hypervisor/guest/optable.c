/* SPDX-License-Identifier: MIT */
/*
 * optable.c - dispatch of sub-operations
 *
 * What every operation needs is done here, once: look-up, permission, the copy
 * of the argument in, the call, the copy out. A handler sees a private copy
 * that the guest cannot change under it.
 */
#include <lodge/guest.h>

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

/**
 * op_find() - look a sub-operation up
 * @t:  the call's table
 * @nr: its number
 *
 * Return: its row; NULL: none.
 */
const struct op *op_find(const struct op_table *t, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < t->nr_ops; i++)
		if (t->ops[i].nr == nr)
			return &t->ops[i];
	return NULL;
}

/*
 * The argument of an operation that answers in it. What was read is written
 * back first: where the answer cannot go nothing must be done. (A guest that
 * unmaps it later, from another vCPU, harms itself.)
 */
static bool get_argument(const struct op *op, guest_ptr_t arg, void *buf)
{
	if (copy_from_guest(buf, arg, op->size))
		return false;
	return !(op->flags & (OP_OUT | OP_OUT_ALWAYS)) ||
	       !copy_to_guest(arg, buf, op->size);
}

/* An operation that answers in its argument, or whose argument is not read. */
static __noinline long call_with_answer(const struct op *op, struct vcpu *v,
					guest_ptr_t arg)
{
	uint8_t buf[OP_MAX_ARG] __aligned(8);
	long rc;

	BUG_ON(op->size > sizeof(buf));
	/* What a handler leaves unwritten must not be our stack's contents. */
	if (!(op->flags & OP_IN))
		memset(buf, 0, op->size);
	else if (!get_argument(op, arg, buf))
		return -EFAULT;
	rc = op->fn(v, buf);
	if (!(op->flags & (OP_OUT | OP_OUT_ALWAYS)) ||
	    rc == HYPERCALL_CONTINUED ||
	    (rc < 0 && !(op->flags & OP_OUT_ALWAYS)))
		return rc;
	return copy_to_guest(arg, buf, op->size) ? -EFAULT : rc;
}

/**
 * op_call() - carry an operation out
 * @op:  its row, which has a function
 * @v:   the caller, current
 * @arg: guest pointer to its argument
 *
 * Context: as op_dispatch().
 * Return: the handler's result; -EFAULT: the argument cannot be read or
 *         written.
 */
long op_call(const struct op *op, struct vcpu *v, guest_ptr_t arg)
{
	uint8_t buf[OP_MAX_ARG] __aligned(8);

	if ((op->flags & (OP_INOUT | OP_OUT_ALWAYS)) != OP_IN)
		return call_with_answer(op, v, arg);
	BUG_ON(op->size > sizeof(buf));
	if (unlikely(copy_from_guest(buf, arg, op->size)))
		return -EFAULT;
	return op->fn(v, buf);
}

/**
 * op_search() - an operation whose row op_dispatch() has not found, or that not
 *               everybody has
 *
 * As op_dispatch().
 */
long op_search(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
	       unsigned long extra, const struct op_table *t)
{
	const struct op *op = op_find(t, nr);

	if (!op)
		return -t->unknown;
	if ((op->flags & OP_DOM0) && !v->domain->privileged)
		return -EPERM;
	if (op->errno_none)
		return -op->errno_none;
	return op_run(op, v, nr, arg, extra);
}
