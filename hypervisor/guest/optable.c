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

/* Apart, as its buffer is large. */
static __noinline long op_call(const struct op *op, struct vcpu *v,
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

/* An operation that there is. */
static inline long op_run(const struct op *op, struct vcpu *v, unsigned int nr,
			  guest_ptr_t arg, unsigned long extra)
{
	if (op->raw)
		return op->raw(v, nr, arg, extra);
	return op_call(op, v, arg);
}

/* The row has to be searched for, or not everybody has the operation. */
static __noinline long op_search(struct vcpu *v, unsigned int nr,
			       guest_ptr_t arg, unsigned long extra,
			       const struct op_table *t)
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

/**
 * op_dispatch() - carry out one sub-operation
 * @v:     the caller, current
 * @nr:    the sub-operation's number
 * @arg:   guest pointer to its argument
 * @extra: handed to OP_RAWFN handlers (a count, a second argument)
 * @t:     the call's table
 *
 * Where the rows lie in the order of their numbers there is nothing to search.
 *
 * Context: no locks. The handler says what it takes.
 * Return: the handler's result; -EPERM: not for this domain; -EFAULT: the
 *         argument cannot be read or written; the row's errno if the
 *         operation is not there, the table's if no row has its number.
 */
long op_dispatch(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		 unsigned long extra, const struct op_table *t)
{
	const struct op *op;

	if (unlikely(nr >= t->nr_ops))
		return op_search(v, nr, arg, extra, t);
	op = &t->ops[nr];
	if (unlikely(op->nr != nr || (op->flags & (OP_DOM0 | OP_REFUSED))))
		return op_search(v, nr, arg, extra, t);
	return op_run(op, v, nr, arg, extra);
}
