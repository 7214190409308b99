/* SPDX-License-Identifier: MIT */
/*
 * test_pv_update.c - PV memory rules 3 to 6: the calls that write entries
 */
#include "pv/world.h"

#include <xen/grant_table.h>

#define VA 0x5000UL /* slot 5 of the L1 of new_tree() */

static struct tree loaded_tree(struct domain *d)
{
	struct tree t = new_tree(d);

	assert_int_equal(
		do_ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(t.l4)), 0), 0);
	return t;
}

static long map_va(unsigned long va, uint64_t e, unsigned long flags)
{
	return call(hypercall_update_va_mapping, va, e, flags, 0);
}

static long map_foreign(unsigned long va, uint64_t e, domid_t domid)
{
	return call(hypercall_update_va_mapping_otherdomain, va, e, UVMF_NONE,
		    domid);
}

/* Take, store, drop: for each pair of old and new entry. */
static void leaf_transitions(void **state)
{
	struct page *pt = new_frame(&dom_a), *a = new_frame(&dom_a),
		    *b = new_frame(&dom_a);
	uint64_t entries[] = {0,
			      0x123450,
			      entry(a, LEAF),
			      entry(a, LEAF_RO),
			      entry(b, LEAF),
			      entry(b, LEAF_RO)};
	unsigned int i, j;

	assert_int_equal(pin(1, pt), 0);
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		for (j = 0; j < ARRAY_SIZE(entries); j++) {
			assert_int_equal(
				do_update(maddr(pt, 9), entries[i], DOMID_SELF),
				0);
			assert_int_equal(
				do_update(maddr(pt, 9), entries[j], DOMID_SELF),
				0);
			assert_int_equal(table_of(pt)[9] & ~PTE_GLOBAL,
					 entries[j]);
			check_audit(&dom_a, 0, 0);
		}
	}
}

static void refused_update_changes_nothing(void **state)
{
	struct tree t = loaded_tree(&dom_a);
	struct page *theirs = new_frame(&dom_b);
	uint64_t was = table_of(t.l1)[0];
	unsigned int done = 7;
	struct mmu_update list[] = {
		{maddr(t.l1, 1), entry(t.data, LEAF_RO)},
		{maddr(t.l1, 0), entry(theirs, LEAF_RO)},
		{maddr(t.l1, 2), entry(t.data, LEAF_RO)},
	};

	assert_int_equal(call(hypercall_mmu_update, (uint64_t)list, 3,
			      (uint64_t)&done, DOMID_SELF),
			 -EBUSY);
	assert_int_equal(done, 1);
	assert_int_equal(table_of(t.l1)[0], was);
	assert_int_equal(table_of(t.l1)[2], 0);
	/* Tables and roots are no data. */
	assert_int_equal(
		do_update(maddr(t.l1, 0), entry(t.l4, LEAF), DOMID_SELF),
		-EBUSY);
	assert_int_equal(
		do_update(maddr(t.l2, 0), entry(t.data, LINK), DOMID_SELF),
		-EINVAL);
	assert_int_equal(do_update(maddr(t.l1, 0),
				   pte_make(MFN(DEVICE_MFN), LEAF), DOMID_SELF),
			 -EPERM);
	check_audit(&dom_a, 0, 0);
}

static void targets(void **state)
{
	struct tree t = loaded_tree(&dom_a);
	struct page *theirs = new_frame(&dom_b);

	/* Data, and a frame without a type, are written as they are. */
	assert_int_equal(
		do_update(maddr(t.data, 3), entry(theirs, LEAF), DOMID_SELF),
		0);
	assert_int_equal(table_of(t.data)[3], entry(theirs, LEAF));
	assert_int_equal(do_update(maddr(theirs, 0), 1, DOMID_SELF), -EINVAL);
	assert_int_equal(do_update(WORLD_FRAMES << PAGE_SHIFT, 1, DOMID_SELF),
			 -EINVAL);
	assert_int_equal(do_update(maddr(t.l1, 0) + 4, 1, DOMID_SELF), -ENOSYS);
	/* A descriptor page is not for this call. */
	assert_int_equal(page_get_type(theirs, PT_SEG, false), 0);
	world_run(dom_b.vcpus[0]);
	assert_int_equal(do_update(maddr(theirs, 0), 1, DOMID_SELF), -EINVAL);
	page_put_type(theirs);
}

static void accessed_and_dirty(void **state)
{
	struct tree t = loaded_tree(&dom_a);
	uint64_t clean = entry(t.data, LEAF & ~PTE_AD);

	assert_int_equal(do_update(maddr(t.l1, 0) | MMU_PT_UPDATE_PRESERVE_AD,
				   clean, DOMID_SELF),
			 0);
	assert_int_equal(table_of(t.l1)[0] & PTE_AD, PTE_AD);
	assert_int_equal(do_update(maddr(t.l1, 0), clean, DOMID_SELF), 0);
	assert_int_equal(table_of(t.l1)[0] & PTE_AD, 0);
	table_of(t.l2)[0] |= PTE_DIRTY;
	assert_int_equal(do_update(maddr(t.l2, 0) | MMU_PT_UPDATE_PRESERVE_AD,
				   entry(t.l1, LINK & ~PTE_RW), DOMID_SELF),
			 0);
	assert_int_equal(table_of(t.l2)[0] & (PTE_AD | PTE_RW), PTE_AD);
	assert_int_equal(do_update(maddr(t.l1, 0) | MMU_PT_UPDATE_NO_TRANSLATE,
				   0, DOMID_SELF),
			 0);
	assert_true(is_untyped(t.data));
}

static void machine_to_phys(void **state)
{
	struct page *pg = new_frame(&dom_a), *theirs = new_frame(&dom_b);

	assert_int_equal(
		do_update(maddr(pg, 0) | MMU_MACHPHYS_UPDATE, 0x77, DOMID_SELF),
		0);
	assert_int_equal(m2p_get(page_to_mfn(pg)), 0x77);
	assert_int_equal(do_update(maddr(theirs, 0) | MMU_MACHPHYS_UPDATE, 1,
				   DOMID_SELF),
			 -EINVAL);
}

static void foreign_frames(void **state)
{
	struct page *theirs = new_frame(&dom_b);
	struct tree t;

	/* Not to anybody who asks. */
	t = loaded_tree(&dom_a);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), dom_b.domid),
			 -EPERM);
	assert_int_equal(
		do_update(maddr(t.l1, 5), entry(theirs, LEAF), dom_b.domid),
		-EPERM);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), 99), -EPERM);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), DOMID_IO),
			 -EPERM);

	world_run(dom_c.vcpus[0]);
	t = loaded_tree(&dom_c);
	assert_int_equal(map_va(VA, entry(theirs, LEAF), UVMF_NONE), -EBUSY);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), 99), -ESRCH);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), dom_b.domid), 0);
	assert_int_equal(map_foreign(VA, entry(t.data, LEAF), dom_b.domid),
			 -EBUSY);
	check_audit(&dom_b, 0, 0);
	/* The permission may be taken back, and not widened again. */
	assert_int_equal(map_va(VA, entry(theirs, LEAF_RO), UVMF_NONE), 0);
	assert_true(is_untyped(theirs));
	assert_int_equal(map_va(VA, entry(theirs, LEAF), UVMF_NONE), -EBUSY);
	check_audit(&dom_b, 0, 0);
	assert_int_equal(dom_b.refs, 2); /* for its frames only */
	/* Above L1 there is nothing foreign. */
	assert_int_equal(
		do_update(maddr(t.l2, 1), entry(theirs, LINK), dom_b.domid),
		-EINVAL);
}

/* What a third maps outlives its domain. */
static void foreign_frame_of_the_dead(void **state)
{
	struct page *theirs = new_frame(&dom_b);
	struct tree t;

	world_run(dom_c.vcpus[0]);
	t = loaded_tree(&dom_c);
	assert_int_equal(map_foreign(VA, entry(theirs, LEAF), dom_b.domid), 0);
	dom_b.state = DOM_DYING;
	while (pv_relinquish_memory(&dom_b))
		;
	deferred_free_run();
	assert_int_equal(dom_b.tot_pages, 1);
	assert_int_equal(
		map_foreign(VA + PAGE_SIZE, entry(theirs, LEAF), dom_b.domid),
		-ESRCH);
	assert_int_equal(do_update(maddr(t.l1, 5), 0, DOMID_SELF), 0);
	deferred_free_run();
	assert_int_equal(dom_b.tot_pages, 0);
}

static void foreign_tables(void **state)
{
	struct tree t = new_tree(&dom_a);
	unsigned int pfd = (dom_a.domid + 1U) << 16;

	world_run(dom_c.vcpus[0]);
	assert_int_equal(pin(4, t.l4), -EINVAL);
	assert_int_equal(
		call(hypercall_mmuext_op,
		     (uint64_t) &
			     (struct mmuext_op){
				     .cmd = MMUEXT_PIN_L4_TABLE,
				     .arg1.mfn = mfn_x(page_to_mfn(t.l4))},
		     1, 0, dom_a.domid),
		0);
	assert_int_equal(do_update(maddr(t.l1, 1), entry(t.data, LEAF_RO),
				   pfd | dom_a.domid),
			 0);
	/* The frames' owner is the caller unless it says otherwise. */
	assert_int_equal(do_update(maddr(t.l1, 2), entry(t.data, LEAF_RO),
				   pfd | DOMID_SELF),
			 -EBUSY);
	assert_int_equal(do_update(maddr(t.l2, 0), 0, pfd | dom_a.domid), 0);
	assert_true(is_untyped(t.l1));
	check_audit(&dom_a, 0, 0);
	world_run(dom_b.vcpus[0]);
	assert_int_equal(do_update(maddr(t.l2, 0), 0, pfd | dom_a.domid),
			 -EPERM);
}

/* Flushes, roots and descriptor tables are about the caller alone. */
static void foreign_operations(void **state)
{
	static const struct {
		unsigned int cmd;
		long rc;
	} ops[] = {
		{MMUEXT_NEW_BASEPTR, -EPERM},
		{MMUEXT_NEW_USER_BASEPTR, -EPERM},
		{MMUEXT_TLB_FLUSH_LOCAL, -EPERM},
		{MMUEXT_INVLPG_LOCAL, -EPERM},
		{MMUEXT_TLB_FLUSH_MULTI, -EPERM},
		{MMUEXT_INVLPG_MULTI, -EPERM},
		{MMUEXT_TLB_FLUSH_ALL, -EPERM},
		{MMUEXT_INVLPG_ALL, -EPERM},
		{MMUEXT_FLUSH_CACHE, -EPERM},
		{MMUEXT_FLUSH_CACHE_GLOBAL, -EPERM},
		{MMUEXT_SET_LDT, -EPERM},
		{MMUEXT_MARK_SUPER, -EOPNOTSUPP},
		{MMUEXT_CLEAR_PAGE, 0},
		{MMUEXT_COPY_PAGE, 0},
		{MMUEXT_MARK_SUPER + 99, -ENOSYS},
	};
	struct page *theirs = new_frame(&dom_b);
	unsigned int i;

	world_run(dom_c.vcpus[0]);
	strcpy(page_to_virt(theirs), "text");
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct mmuext_op op = {.cmd = ops[i].cmd};

		op.arg1.mfn = mfn_x(page_to_mfn(theirs));
		op.arg2.src_mfn = mfn_x(page_to_mfn(theirs));
		assert_int_equal(call(hypercall_mmuext_op, (uint64_t)&op, 1, 0,
				      dom_b.domid),
				 ops[i].rc);
	}
	assert_string_equal(page_to_virt(theirs), "");
	assert_int_equal(fake_x86[0].nr_cr3_loads, 0);
	assert_int_equal(dom_b.refs, 2);
	check_audit(&dom_b, 0, 0);
}

static void device_memory(void **state)
{
	struct tree t;

	world_run(dom_c.vcpus[0]);
	t = loaded_tree(&dom_c);
	assert_int_equal(
		map_va(VA, pte_make(MFN(DEVICE_MFN), LEAF | PTE_PCD | PTE_PWT),
		       UVMF_NONE),
		0);
	assert_int_equal(table_of(t.l1)[5] & (PTE_PCD | PTE_PWT | PTE_RW),
			 PTE_PCD | PTE_PWT | PTE_RW);
	assert_int_equal(
		map_foreign(VA, pte_make(MFN(DEVICE_MFN), LEAF), DOMID_IO), 0);
	assert_int_equal(map_foreign(VA, entry(t.data, LEAF), DOMID_IO),
			 -EBUSY);
	assert_int_equal(
		map_va(VA, pte_make(MFN(FORBIDDEN_MFN), LEAF_RO), UVMF_NONE),
		-EPERM);
	/* Never writable, neither at once nor later. */
	assert_int_equal(
		map_va(VA, pte_make(MFN(PROTECTED_MFN), LEAF), UVMF_NONE), 0);
	assert_false(table_of(t.l1)[5] & PTE_RW);
	assert_int_equal(
		map_va(VA, pte_make(MFN(PROTECTED_MFN), LEAF), UVMF_NONE), 0);
	assert_false(table_of(t.l1)[5] & PTE_RW);
	/* Memory, but the firmware's. */
	assert_int_equal(rangeset_add(dom_c.iomem, 0, 0xff), 0);
	assert_int_equal(map_va(VA, pte_make(MFN(3), LEAF), UVMF_NONE), 0);
	check_audit(&dom_c, 0, 0);
	assert_int_equal(map_va(VA, 0, UVMF_NONE), 0);
	world_run(dom_a.vcpus[0]);
	t = loaded_tree(&dom_a);
	assert_int_equal(map_va(VA, pte_make(MFN(3), LEAF_RO), UVMF_NONE),
			 -EPERM);
}

static void mapping_by_address(void **state)
{
	struct tree t = loaded_tree(&dom_a);

	assert_int_equal(map_va(VA, entry(t.data, LEAF), UVMF_NONE), 0);
	assert_int_equal(pv_walk_l1e(current, VA),
			 entry(t.data, LEAF | PTE_GLOBAL));
	assert_int_equal(map_va(0x40000000, 0, UVMF_NONE), -EINVAL);
	assert_int_equal(map_va(0xffff800000000000, 0, UVMF_NONE), -EINVAL);
	assert_int_equal(map_va(0x0000800000000000, 0, UVMF_NONE), -EINVAL);
	assert_int_equal(pv_walk_l1e(current, 0xffff800000000000), 0);
	/* A bad bitmap is found before anything is done. */
	assert_int_equal(map_va(VA, 0, UVMF_INVLPG | UVMF_MULTI | 8), -EFAULT);
	assert_int_equal(type_count(t.data), 2);
}

static uint64_t flushed_at(unsigned int cpu)
{
	DECLARE_PER_CPU(uint64_t, tlb_time);

	return per_cpu(tlb_time, cpu);
}

/* Whom the flags name is flushed, and nobody else. */
static void flushes(void **state)
{
	static uint64_t second = 2;
	uint64_t t0, t1;

	loaded_tree(&dom_a);
	fake_cpu_id = 1;
	world_run(dom_a.vcpus[1]);
	fake_cpu_id = 0;
	t0 = flushed_at(0);
	t1 = flushed_at(1);
	assert_int_equal(map_va(VA, 0, UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
	assert_true(flushed_at(0) > t0 && flushed_at(1) == t1);
	t0 = flushed_at(0);
	assert_int_equal(
		map_va(VA, 0,
		       UVMF_TLB_FLUSH | UVMF_MULTI | (unsigned long)&second),
		0);
	assert_true(flushed_at(0) == t0 && flushed_at(1) > t1);
	t1 = flushed_at(1);
	assert_int_equal(map_va(VA, 0, UVMF_TLB_FLUSH | UVMF_ALL), 0);
	assert_true(flushed_at(0) > t0 && flushed_at(1) > t1);
	t0 = flushed_at(0);
	t1 = flushed_at(1);
	assert_int_equal(map_va(VA, 0, UVMF_INVLPG | UVMF_ALL), 0);
	assert_int_equal(fake_x86[1].last_invlpg, VA);
	assert_true(flushed_at(0) == t0 && flushed_at(1) == t1);
	assert_int_equal(do_ext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	assert_true(flushed_at(0) > t0 && flushed_at(1) == t1);
	assert_int_equal(do_ext(MMUEXT_TLB_FLUSH_MULTI, 0, (uint64_t)&second),
			 0);
	assert_true(flushed_at(1) > t1);
	assert_int_equal(do_ext(MMUEXT_TLB_FLUSH_MULTI, 0, 8), -EINVAL);
	assert_int_equal(do_ext(MMUEXT_FLUSH_CACHE, 0, 0), -EACCES);
	world_run(dom_c.vcpus[0]);
	assert_int_equal(do_ext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), 0);
	assert_int_equal(fake_x86[1].nr_wbinvd, 1);
}

static void pages_moved_by_us(void **state)
{
	struct page *a = new_frame(&dom_a), *b = new_frame(&dom_a);
	struct page *theirs = new_frame(&dom_b);
	uint64_t mfn_a = mfn_x(page_to_mfn(a)), mfn_b = mfn_x(page_to_mfn(b));

	table_of(a)[1] = 0x55;
	assert_int_equal(do_ext(MMUEXT_COPY_PAGE, mfn_b, mfn_a), 0);
	assert_int_equal(table_of(b)[1], 0x55);
	assert_int_equal(do_ext(MMUEXT_CLEAR_PAGE, mfn_a, 0), 0);
	assert_int_equal(table_of(a)[1], 0);
	assert_int_equal(pin(1, a), 0);
	assert_int_equal(do_ext(MMUEXT_CLEAR_PAGE, mfn_a, 0), -EINVAL);
	assert_int_equal(do_ext(MMUEXT_COPY_PAGE, mfn_a, mfn_b), -EINVAL);
	assert_int_equal(do_ext(MMUEXT_COPY_PAGE, mfn_b, mfn_a), 0);
	assert_int_equal(
		do_ext(MMUEXT_COPY_PAGE, mfn_b, mfn_x(page_to_mfn(theirs))),
		-EINVAL);
	assert_int_equal(
		do_ext(MMUEXT_CLEAR_PAGE, mfn_x(page_to_mfn(theirs)), 0),
		-EINVAL);
	assert_int_equal(do_ext(MMUEXT_MARK_SUPER, mfn_a, 0), -EOPNOTSUPP);
	assert_int_equal(do_ext(14, 0, 0), -ENOSYS);
	check_audit(&dom_a, 0, 0);
	check_audit(&dom_b, 0, 0);
}

static void grants(void **state)
{
	struct page *theirs = new_frame(&dom_b);
	mfn_t mfn = page_to_mfn(theirs);
	struct tree t = loaded_tree(&dom_a);
	const struct grant_map_ops *ops = grant_map_ops;

	assert_int_equal(ops->map(current, VA, theirs, GNTMAP_host_map), 0);
	assert_int_equal(type_count(theirs), 1);
	assert_int_equal(ref_count(theirs), 2);
	assert_int_equal(ops->map(current, maddr(t.l1, 6), theirs,
				  GNTMAP_host_map | GNTMAP_contains_pte |
					  GNTMAP_readonly |
					  GNTMAP_application_map | 5 << 16),
			 0);
	assert_int_equal(table_of(t.l1)[6] & ~PTE_ADDR_MASK,
			 LEAF_RO | PTE_GLOBAL | PTE_NX | 5 << 9);
	check_audit(&dom_b, 0, 0);
	/* No other call makes one, and none widens it. */
	assert_int_equal(do_update(maddr(t.l1, 6), entry(theirs, LEAF),
				   DOMID_SELF),
			 -EBUSY);
	assert_int_equal(type_count(theirs), 1);
	assert_int_equal(map_va(0x6000, entry(theirs, LEAF), UVMF_NONE),
			 -EBUSY);
	assert_int_equal(ops->unmap(current, VA, page_to_mfn(t.data), 0),
			 GNTST_general_error);
	assert_int_equal(ops->unmap(current, 0x40000000, mfn, 0),
			 GNTST_general_error);
	/* One to read is not one to write, nor the other way round. */
	assert_int_equal(ops->unmap(current, maddr(t.l1, 6), mfn,
				    GNTMAP_contains_pte),
			 GNTST_general_error);
	assert_int_equal(ops->unmap(current, VA, mfn, GNTMAP_readonly),
			 GNTST_general_error);
	assert_int_equal(ops->replace(current, VA, mfn, 0, 0), 0);
	assert_int_equal(table_of(t.l1)[5], 0);
	/* The guest may take it down itself: then it is gone. */
	assert_int_equal(do_update(maddr(t.l1, 6), 0, DOMID_SELF), 0);
	assert_int_equal(
		ops->unmap(current, maddr(t.l1, 6), mfn, GNTMAP_contains_pte),
		GNTST_general_error);
	assert_int_equal(ref_count(theirs), 1);
	assert_int_equal(
		ops->map(current, maddr(t.l2, 6), theirs, GNTMAP_contains_pte),
		GNTST_general_error);
	/* unmap_and_replace moves another entry there. */
	assert_int_equal(ops->map(current, VA, theirs, 0), 0);
	assert_int_equal(ops->replace(current, VA, mfn, 0, 0), 0);
	assert_int_equal(ops->map(current, VA, theirs, 0), 0);
	assert_int_equal(ops->replace(current, VA, mfn, 0x0 + PAGE_SIZE, 0), 0);
	assert_int_equal(table_of(t.l1)[5], 0);
	assert_int_equal(ops->map(current, VA, theirs, 0), 0);
	assert_int_equal(map_va(0x1000, entry(t.data, LEAF), UVMF_NONE), 0);
	assert_int_equal(ops->replace(current, VA, mfn, 0x1000, 0), 0);
	assert_int_equal(table_of(t.l1)[5], entry(t.data, LEAF | PTE_GLOBAL));
	assert_int_equal(table_of(t.l1)[1], 0);
	check_audit(&dom_a, 0, 0);
	check_audit(&dom_b, 0, 0);
}

/* What another CPU does while this one waits for a table's lock. */
static struct page *locked;
static unsigned int nr_waits;

static void let_go_later(void)
{
	/* Out of force already, but all that its entries hold is there. */
	assert_true(locked->type_info & PTI_BUSY);
	assert_int_equal(type_count(mfn_to_page(pte_mfn(table_of(locked)[0]))),
			 1);
	if (++nr_waits == 3)
		locked->lock = 0;
}

static void release_waits_for_a_store(void **state)
{
	struct page *data = new_frame(&dom_a);

	locked = new_frame(&dom_a);
	put_entry(locked, 0, entry(data, LEAF));
	assert_int_equal(pin(1, locked), 0);
	locked->lock = 1;
	nr_waits = 0;
	fake_relax_hook = let_go_later;
	assert_int_equal(unpin(locked), 0);
	fake_relax_hook = NULL;
	assert_int_equal(nr_waits, 3);
	assert_true(is_untyped(data));
}

static void take_out_of_force(void)
{
	fake_relax_hook = NULL;
	locked->lock = 0;
	assert_int_equal(unpin(locked), 0);
}

/* It was a table when it was found, and is data when the lock is taken. */
static void table_is_gone_when_locked(void **state)
{
	struct page *data = new_frame(&dom_a), *theirs = new_frame(&dom_b);
	uint64_t e = entry(data, LEAF), seen;

	locked = new_frame(&dom_a);
	assert_int_equal(pin(1, locked), 0);
	locked->lock = 1;
	fake_relax_hook = take_out_of_force;
	assert_int_equal(do_update(maddr(locked, 3), e, DOMID_SELF), 0);
	assert_null(fake_relax_hook);
	assert_int_equal(table_of(locked)[3], e);
	assert_int_equal(ref_count(data), 1);
	assert_true(is_untyped(data) && is_untyped(locked));
	/* It may be a table again, and is nobody else's. */
	assert_int_equal(pin(1, locked), 0);
	assert_int_equal(ref_count(data), 2);
	assert_int_equal(pv_l1_read(&dom_a, PADDR(maddr(locked, 3)), &seen), 0);
	assert_int_equal(seen & PTE_ADDR_MASK, e & PTE_ADDR_MASK);
	assert_int_equal(pv_l1_read(&dom_b, PADDR(maddr(locked, 3)), &seen),
			 -ESRCH);
	assert_int_equal(pv_l1_read(&dom_b, PADDR(maddr(theirs, 3)), &seen),
			 -ESRCH);
	assert_int_equal(locked->lock, 0);
}

/* Bytes are replaced under the lock, if they are what is expected. */
static void parts_of_entries(void **state)
{
	struct tree t = loaded_tree(&dom_a);
	paddr_t at = PADDR(maddr(t.l1, 0));
	uint64_t was = table_of(t.l1)[0];
	struct pte_write w = {.fd = &dom_a, .val = 0, .keep = ~PTE_RW};

	assert_int_equal(pv_l1_write(&dom_a, at, &w), 0);
	assert_int_equal(w.expected, was);
	assert_int_equal(table_of(t.l1)[0], was & ~PTE_RW);
	assert_true(is_untyped(t.data));
	w = (struct pte_write){&dom_a, PTE_RW, ~0xffUL, 0xff, was & 0xff};
	assert_int_equal(pv_l1_write(&dom_a, at, &w), -EAGAIN);
	assert_int_equal(w.expected, was & ~PTE_RW);
	w = (struct pte_write){&dom_a, was & 0xff, ~0xffUL, 0xff,
			       was & 0xff & ~PTE_RW};
	assert_int_equal(pv_l1_write(&dom_a, at, &w), 0);
	assert_int_equal(table_of(t.l1)[0], was);
	assert_int_equal(type_count(t.data), 1);
	check_audit(&dom_a, 0, 0);
}

/* More requests than are read at once; one in the middle cannot be read. */
static void long_lists(void **state)
{
	struct page *pt = new_frame(&dom_a), *data = new_frame(&dom_a);
	struct mmu_update list[21];
	unsigned int i, done = 0;

	assert_int_equal(pin(1, pt), 0);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = (struct mmu_update){maddr(pt, i),
					      entry(data, LEAF_RO)};
	list[19].val = entry(pt, LEAF);
	assert_int_equal(call(hypercall_mmu_update, (uint64_t)list,
			      ARRAY_SIZE(list), (uint64_t)&done, DOMID_SELF),
			 -EBUSY);
	assert_int_equal(done, 19);
	assert_int_equal(ref_count(data), 20);
	assert_int_equal(table_of(pt)[18] & PTE_PRESENT, PTE_PRESENT);
	assert_int_equal(table_of(pt)[20], 0);
	check_audit(&dom_a, 0, 0);
}

/*
 * What another CPU does while this one is about to give back its writable
 * reference: the flush clock is read then.
 */
uint32_t __real_tlb_clock(void);
uint32_t __wrap_tlb_clock(void);
static void (*clock_hook)(void);

uint32_t __wrap_tlb_clock(void)
{
	uint32_t now = __real_tlb_clock();
	void (*hook)(void) = clock_hook;

	clock_hook = NULL;
	if (hook)
		hook();
	return now;
}

static struct page *narrowed;
static bool had_to_wait;

static void clear_narrowed(void)
{
	had_to_wait = locked->lock;
	if (!had_to_wait)
		(void)do_update(maddr(locked, 3), 0, DOMID_SELF);
}

/* An entry that becomes read-only gives the writable reference back while its
 * general one is sure to be there: it may be the frame's last. */
static void narrowed_entry_keeps_its_frame(void **state)
{
	locked = new_frame(&dom_a);
	narrowed = new_frame(&dom_a);
	assert_int_equal(pin(1, locked), 0);
	assert_int_equal(do_update(maddr(locked, 3), entry(narrowed, LEAF),
				   DOMID_SELF),
			 0);
	assert_true(page_put_alloc_ref(narrowed));
	assert_int_equal(ref_count(narrowed), 1);
	clock_hook = clear_narrowed;
	assert_int_equal(do_update(maddr(locked, 3), entry(narrowed, LEAF_RO),
				   DOMID_SELF),
			 0);
	assert_null(clock_hook);
	assert_true(had_to_wait);
	assert_true(is_untyped(narrowed));
	assert_int_equal(ref_count(narrowed), 1);
	assert_int_equal(do_update(maddr(locked, 3), 0, DOMID_SELF), 0);
}

/* The same frame is mapped, used by CPU 1 after a flush, and unmapped. */
static void map_for_a_moment(void)
{
	had_to_wait = narrowed->type_info & PTI_BUSY;
	if (had_to_wait)
		return;
	assert_int_equal(page_get_type(narrowed, PT_WRITABLE, false), 0);
	fake_cpu_id = 1;
	tlb_flush_local(FLUSH_GLOBAL);
	fake_cpu_id = 0;
	page_put_type(narrowed);
}

/* The stamp is never older than the last writable mapping. */
static void stamp_is_of_the_last_mapping(void **state)
{
	struct page *pt = new_frame(&dom_a);
	cpumask_t mask = cpumask_of(1);

	narrowed = new_frame(&dom_a);
	assert_int_equal(pin(1, pt), 0);
	assert_int_equal(
		do_update(maddr(pt, 3), entry(narrowed, LEAF), DOMID_SELF), 0);
	clock_hook = map_for_a_moment;
	assert_int_equal(do_update(maddr(pt, 3), 0, DOMID_SELF), 0);
	assert_null(clock_hook);
	assert_true(is_untyped(narrowed));
	tlb_filter(&mask, narrowed->tlb_stamp);
	assert_true(cpumask_test(&mask, 1));
}

/* What reaches beyond is refused as a whole, as it is at our slots. */
static unsigned long slots_begin = ~0UL;
size_t __real_copy_from_guest(void *dst, guest_ptr_t src, size_t len);
size_t __wrap_copy_from_guest(void *dst, guest_ptr_t src, size_t len);

size_t __wrap_copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
	if (src.va + len > slots_begin)
		return len;
	return __real_copy_from_guest(dst, src, len);
}

/* A list that runs into our slots: what lies before them is done. */
static void list_that_ends_at_our_slots(void **state)
{
	struct page *pt = new_frame(&dom_a), *data = new_frame(&dom_a);
	struct mmu_update list[12];
	unsigned int i, done = 0;

	assert_int_equal(pin(1, pt), 0);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = (struct mmu_update){maddr(pt, i),
					      entry(data, LEAF_RO)};
	slots_begin = (unsigned long)&list[11] + 4;
	assert_int_equal(call(hypercall_mmu_update, (uint64_t)list,
			      ARRAY_SIZE(list), 0, DOMID_SELF),
			 -EFAULT);
	slots_begin = ~0UL;
	assert_int_equal(ref_count(data), 12);
	assert_int_equal(table_of(pt)[11], 0);
	/* None can be read. */
	assert_int_equal(call(hypercall_mmu_update, 8, 12, (uint64_t)&done,
			      DOMID_SELF),
			 -EFAULT);
	assert_int_equal(done, 0);
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(leaf_transitions),
		WORLD_TEST(refused_update_changes_nothing),
		WORLD_TEST(targets),
		WORLD_TEST(accessed_and_dirty),
		WORLD_TEST(machine_to_phys),
		WORLD_TEST(foreign_frames),
		WORLD_TEST(foreign_frame_of_the_dead),
		WORLD_TEST(foreign_tables),
		WORLD_TEST(foreign_operations),
		WORLD_TEST(device_memory),
		WORLD_TEST(mapping_by_address),
		WORLD_TEST(flushes),
		WORLD_TEST(pages_moved_by_us),
		WORLD_TEST(grants),
		WORLD_TEST(release_waits_for_a_store),
		WORLD_TEST(table_is_gone_when_locked),
		WORLD_TEST(parts_of_entries),
		WORLD_TEST(long_lists),
		WORLD_TEST(list_that_ends_at_our_slots),
		WORLD_TEST(narrowed_entry_keeps_its_frame),
		WORLD_TEST(stamp_is_of_the_last_mapping),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
