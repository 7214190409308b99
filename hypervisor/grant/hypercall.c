/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - the table of grant-table operations
 *
 * Most operations take an array, of which each element has its own status.
 * They go through it one by one, and may stop between two: the call is then
 * made again for the rest of the array.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/hypercall.h>

/* An operation on one element, in place. */
struct list_op {
	unsigned int nr;
	size_t size;
	void (*fn)(struct vcpu *v, void *op);
	/* The result cannot be told to the caller: undo. May be NULL. */
	void (*undo)(struct vcpu *v, void *op);
};

static const struct list_op list_ops[] = {
	{ GNTTABOP_map_grant_ref, sizeof(struct gnttab_map_grant_ref),
	  grant_map_one, grant_map_undo },
	{ GNTTABOP_transfer, sizeof(struct gnttab_transfer),
	  grant_transfer_one, NULL },
	{ GNTTABOP_copy, sizeof(struct gnttab_copy), grant_copy_one, NULL },
	{ GNTTABOP_swap_grant_ref, sizeof(struct gnttab_swap_grant_ref),
	  grant_swap_one, NULL },
};

union list_arg {
	struct gnttab_map_grant_ref map;
	struct gnttab_transfer transfer;
	struct gnttab_copy copy;
	struct gnttab_swap_grant_ref swap_refs;
};

static long do_element(const struct list_op *l, struct vcpu *v,
		       guest_ptr_t at)
{
	union list_arg arg;

	if (copy_from_guest(&arg, at, l->size))
		return -EFAULT;
	l->fn(v, &arg);
	if (!copy_to_guest(at, &arg, l->size))
		return 0;
	if (l->undo)
		l->undo(v, &arg);
	return -EFAULT;
}

/* -EFAULT: an element cannot be read or written; those before it are done. */
static long grant_list(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		       unsigned long count)
{
	const struct list_op *l = list_ops;
	unsigned long i;
	long rc;

	while (l->nr != nr)
		l++;
	for (i = 0; i < count; i++) {
		guest_ptr_t at = guest_ptr_add(arg, i * l->size);

		if (i && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_grant_table_op,
						  3, (unsigned long)nr, at.va,
						  count - i);
		rc = do_element(l, v, at);
		if (rc)
			return rc;
	}
	return 0;
}

static const struct op operations[] = {
	OP_RAWFN(GNTTABOP_map_grant_ref, grant_list, 0),
	OP_RAWFN(GNTTABOP_unmap_grant_ref, grant_unmap, 0),
	OP(GNTTABOP_setup_table, grant_setup_table, struct gnttab_setup_table, OP_INOUT),
	OP_NONE(GNTTABOP_dump_table, ENOSYS, "debug key g dumps all tables"),
	OP_RAWFN(GNTTABOP_transfer, grant_list, 0),
	OP_RAWFN(GNTTABOP_copy, grant_list, 0),
	OP(GNTTABOP_query_size, grant_query_size, struct gnttab_query_size, OP_INOUT),
	OP_RAWFN(GNTTABOP_unmap_and_replace, grant_unmap, 0),
	OP(GNTTABOP_set_version, grant_set_version, struct gnttab_set_version, OP_INOUT | OP_OUT_ALWAYS),
	OP(GNTTABOP_get_status_frames, grant_get_status_frames, struct gnttab_get_status_frames, OP_INOUT),
	OP(GNTTABOP_get_version, grant_get_version, struct gnttab_get_version, OP_INOUT),
	OP_RAWFN(GNTTABOP_swap_grant_ref, grant_list, 0),
	OP_RAWFN(GNTTABOP_cache_flush, grant_cache_flush, 0),
};

static const struct op_table grant_op_table = {
	.name = "grant_table_op",
	.ops = operations,
	.nr_ops = ARRAY_SIZE(operations),
	.unknown = ENOSYS,
};

#define GNTTABOP_MAX 0xfffff	/* above it no number is an operation's */

/* These take one element, not an array. */
static bool is_single(unsigned int cmd)
{
	return cmd == GNTTABOP_setup_table || cmd == GNTTABOP_query_size ||
	       cmd == GNTTABOP_get_status_frames;
}

/**
 * hypercall_grant_table_op() - HYPERVISOR_grant_table_op(cmd, args, count)
 * @v: the caller, current
 * @a: GNTTABOP_, guest pointer to the elements, how many
 *
 * Return: as the operation; -EINVAL a count that the operation does not take,
 *         or a number above 20 bits;
 *         -ENOSYS no such operation; HYPERCALL_CONTINUED.
 */
long hypercall_grant_table_op(struct vcpu *v, const struct call_args *a)
{
	unsigned int cmd = (unsigned int)a->arg0, count = (unsigned int)a->arg2;

	if (cmd > GNTTABOP_MAX || (int)count < 0 || (is_single(cmd) && count != 1))
		return -EINVAL;
	return op_dispatch(v, cmd, GUEST_PTR(a->arg1), count, &grant_op_table);
}
