/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - the table of grant-table operations
 *
 * Most operations take an array, of which each element has its own status.
 * They go through it in batches that are read and written as a whole, and may
 * stop between two: the call is then made again for the rest of the array.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/hypercall.h>

/* An operation on one element, in place. */
struct list_op {
	unsigned int nr;
	size_t size;
	unsigned int batch;	/* 1: the caller must learn of each one */
	void (*fn)(struct vcpu *v, void *op);
	/* The result cannot be told to the caller: undo. May be NULL. */
	void (*undo)(struct vcpu *v, void *op);
};

#define LIST_BATCH 8U

static const struct list_op list_ops[] = {
	{ GNTTABOP_map_grant_ref, sizeof(struct gnttab_map_grant_ref),
	  LIST_BATCH, grant_map_one, grant_map_undo },
	{ GNTTABOP_copy, sizeof(struct gnttab_copy), LIST_BATCH,
	  grant_copy_one, NULL },
	{ GNTTABOP_transfer, sizeof(struct gnttab_transfer), 1,
	  grant_transfer_one, NULL },
	{ GNTTABOP_swap_grant_ref, sizeof(struct gnttab_swap_grant_ref), 1,
	  grant_swap_one, NULL },
};

union list_arg {
	struct gnttab_map_grant_ref map;
	struct gnttab_transfer transfer;
	struct gnttab_copy copy;
	struct gnttab_swap_grant_ref swap_refs;
};

/*
 * Carries out @nr elements. What cannot be told of a mapping is undone; a copy
 * that cannot be told of has been made. 0; -EFAULT: some of them cannot be read
 * or written, those before it are done.
 */
static __forceinline long do_batch(const struct list_op *l, struct vcpu *v,
				   guest_ptr_t at, unsigned int nr)
{
	union list_arg args[LIST_BATCH];
	char *arg = (char *)args;
	unsigned int i, told, got;
	size_t left;

	v->grant_near.region = 0;
	got = copy_elements_from_guest(args, at, l->size, nr);
	for (i = 0; i < got; i++)
		l->fn(v, arg + i * l->size);
	left = copy_to_guest(at, args, got * l->size);
	if (likely(!left))
		return got == nr ? 0 : -EFAULT;
	told = got - (unsigned int)DIV_ROUND_UP(left, l->size);
	for (i = told; i < got && l->undo; i++)
		l->undo(v, arg + i * l->size);
	return -EFAULT;
}

/* -EFAULT: as do_batch(). */
static long grant_list(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		       unsigned long count)
{
	const struct list_op *l = list_ops;
	unsigned long done;
	unsigned int n;
	long rc;

	while (l->nr != nr)
		l++;
	for (done = 0; done < count; done += n) {
		guest_ptr_t at = guest_ptr_add(arg, done * l->size);

		if (done && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_grant_table_op,
						  3, (unsigned long)nr, at.va,
						  count - done);
		n = (unsigned int)min(count - done, (unsigned long)l->batch);
		rc = do_batch(l, v, at, n);
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
