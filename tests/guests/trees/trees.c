/* SPDX-License-Identifier: MIT */
/*
 * trees - page-table trees too large to be checked in one go
 *
 * Validation and release may stop anywhere, be gone on with by somebody else
 * or be undone. Whatever happened, at the end no table may keep a type and no
 * page a reference: then each can be written and be made a table again. With
 * "preempt-debug=N" on our hypervisor every step of the work is interrupted.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NR_L2	     3
#define NR_L1_PER_L2 20
#define NR_L1	     (NR_L2 * NR_L1_PER_L2)
#define NO_SUCH_MFN  0x3ffffffffUL
#define ROUNDS	     40
/* Only what never comes takes so long, on however busy a machine. */
#define PATIENCE_NS (60 * NS_PER_S)

static uint64_t *root, *l3, *l2[NR_L2], *l1[NR_L1];
static void *data;

static uint64_t entry_to(const void *page, uint64_t flags)
{
	return pte_make(virt_to_mfn(page), flags);
}

static long pin(unsigned int level, const uint64_t *page)
{
	return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, virt_to_mfn(page), 0);
}

static long unpin(const uint64_t *page)
{
	return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0);
}

/* Without type: it can be mapped writable. Leaves it read-only. */
static bool is_free(uint64_t *page)
{
	return !page_protect(page, true) && !page_protect(page, false);
}

static bool fill_l1(uint64_t *page)
{
	unsigned int i;

	if (page_protect(page, true))
		return false;
	for (i = 0; i < 512; i++)
		page[i] = entry_to(data, PTE_KERNEL);
	return !page_protect(page, false);
}

static bool make_tables(void)
{
	unsigned int i;

	root = table_alloc();
	l3 = table_alloc();
	data = page_alloc();
	if (!root || !l3 || !data)
		return false;
	for (i = 0; i < NR_L2; i++)
		l2[i] = table_alloc();
	for (i = 0; i < NR_L1; i++) {
		l1[i] = table_alloc();
		if (!l1[i] || !fill_l1(l1[i]))
			return false;
		table_set(l2[i / NR_L1_PER_L2], i % NR_L1_PER_L2 * 20,
			  entry_to(l1[i], PTE_TABLE));
	}
	for (i = 0; i < NR_L2; i++)
		table_set(l3, i * 200, entry_to(l2[i], PTE_TABLE));
	table_set(root, 0, entry_to(l3, PTE_TABLE));
	table_set(root, 511, entry_to(l3, PTE_TABLE));
	return true;
}

static bool set_up(void)
{
	return root || make_tables();
}

static unsigned int nr_typed(void)
{
	unsigned int i, nr = !is_free(root) + !is_free(l3);

	for (i = 0; i < NR_L2; i++)
		nr += !is_free(l2[i]);
	for (i = 0; i < NR_L1; i++)
		nr += !is_free(l1[i]);
	return nr;
}

/* Nothing is typed any more, and nothing refers to the data page. */
static void check_all_released(void)
{
	CHECK_EQ(nr_typed(), 0);
	memset(data, 0, PAGE_BYTES);
	CHECK_EQ(page_protect(data, false), 0);
	CHECK_EQ(pin(1, data), 0);
	CHECK_EQ(unpin(data), 0);
	CHECK_EQ(page_protect(data, true), 0);
}

TEST(pin_and_unpin)
{
	REQUIRE(set_up());
	CHECK_EQ(pin(4, root), 0);
	CHECK_EQ(nr_typed(), 2 + NR_L2 + NR_L1);
	CHECK_EQ(page_protect(data, false), 0);
	CHECK(pin(1, data) != 0); /* mapped writable from the tree */
	CHECK_EQ(page_protect(data, true), 0);
	CHECK_EQ(unpin(root), 0);
	check_all_released();
}

/* The last entry of all is wrong: all the work is undone. */
TEST(wrong_at_the_end)
{
	uint64_t *last, *tops[5];
	unsigned int level;

	REQUIRE(set_up());
	last = l1[NR_L1 - 1];
	tops[1] = last;
	tops[2] = l2[NR_L2 - 1];
	tops[3] = l3;
	tops[4] = root;
	table_set(last, 511, pte_make(NO_SUCH_MFN, PTE_RO));
	for (level = 1; level <= 4; level++) {
		CHECK_EQ(pin(level, tops[level]), RECORDED(-EPERM));
		CHECK_EQ(nr_typed(), 0);
	}
	table_set(last, 511, entry_to(data, PTE_KERNEL));
	check_all_released();
}

/* One table below many entries: each of them counts. */
TEST(shared_below)
{
	uint64_t *upper = table_alloc();
	unsigned int i;

	REQUIRE(set_up() && upper);
	for (i = 0; i < 512; i++)
		table_set(upper, i, entry_to(l1[0], PTE_TABLE));
	CHECK_EQ(pin(2, upper), 0);
	for (i = 0; i < 511; i++) {
		if (pte_update(virt_to_machine(upper + i), 0) || is_free(l1[0]))
			break;
	}
	CHECK_EQ(i, 511);
	CHECK_EQ(pte_update(virt_to_machine(upper + 511), 0), 0);
	CHECK(is_free(l1[0]));
	CHECK_EQ(unpin(upper), 0);
	table_free(upper);
	check_all_released();
}

/* The whole tree comes and goes by one entry of a table in force. */
TEST(by_update)
{
	uint64_t *upper = table_alloc();
	struct mmu_update updates[4];
	unsigned int done = 0, i;

	REQUIRE(set_up() && upper);
	REQUIRE(!pin(4, upper));
	for (i = 0; i < 4; i++) {
		updates[i].ptr = virt_to_machine(upper + 7 + i % 2);
		updates[i].val = i < 2 ? entry_to(l3, PTE_TABLE) : 0;
	}
	CHECK_EQ(HYPERVISOR_mmu_update(updates, 2, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 2);
	CHECK_EQ(nr_typed(), 1 + NR_L2 + NR_L1);
	CHECK_EQ(HYPERVISOR_mmu_update(updates + 2, 2, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 2);
	check_all_released();
	CHECK_EQ(HYPERVISOR_mmu_update(updates, 4, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 4);
	check_all_released();
	CHECK_EQ(unpin(upper), 0);
	table_free(upper);
}

TEST(by_user_root)
{
	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(root), 0), 0);
	CHECK_EQ(nr_typed(), 2 + NR_L2 + NR_L1);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	check_all_released();
}

/* In a batch, and in a multicall: what follows happens once and after. */
TEST(in_batches)
{
	struct mmuext_op ops[3] = {
		{.cmd = MMUEXT_PIN_L4_TABLE},
		{.cmd = MMUEXT_UNPIN_TABLE},
		{.cmd = MMUEXT_TLB_FLUSH_LOCAL},
	};
	struct multicall_entry calls[2];
	unsigned int done = 0;

	REQUIRE(set_up());
	ops[0].arg1.mfn = ops[1].arg1.mfn = virt_to_mfn(root);
	CHECK_EQ(HYPERVISOR_mmuext_op(ops, 3, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 3);
	check_all_released();
	calls[0] = calls[1] = (struct multicall_entry){
		.op = __HYPERVISOR_mmuext_op,
		.args = {(unsigned long)ops, 3, (unsigned long)&done,
			 DOMID_SELF},
	};
	CHECK_EQ(HYPERVISOR_multicall(calls, 2), 0);
	CHECK_EQ(calls[0].result, 0);
	CHECK_EQ(calls[1].result, 0);
	CHECK_EQ(done, 3);
	check_all_released();
}

static volatile bool stop;
static volatile unsigned long rounds;

static void pin_and_unpin(void *arg)
{
	(void)arg;
	while (!stop) {
		if (!pin(4, root))
			unpin(root);
		rounds++;
	}
}

static struct vcpu *start(unsigned int id, void (*run)(void *arg))
{
	stop = false;
	rounds = 0;
	return vcpu_start(id, run, NULL);
}

/* One of the two wins each time; the loser gets an error, not a part. */
static bool plausible(long rc)
{
	return !rc || rc == -EINVAL || rc == -EBUSY || rc == -EAGAIN;
}

/*
 * The second vCPU pins and unpins the same tree all the time while the first
 * does the same, and takes parts of it away.
 */
TEST(two_at_once)
{
	unsigned int i, odd = 0;
	struct vcpu *v;
	uint64_t end;

	REQUIRE(shared_info && !event_set_up() && set_up());
	event_block();
	v = start(1, pin_and_unpin);
	REQUIRE(v);
	end = clock_ns() + PATIENCE_NS;
	for (i = 0; i < ROUNDS || (rounds < ROUNDS && clock_ns() < end); i++) {
		long rc = pin(4, root);

		odd += !plausible(rc);
		if (!rc)
			odd += !plausible(unpin(root));
		odd += !plausible(pin(2, l2[1]));
		odd += !plausible(unpin(l2[1]));
		odd += !plausible(pte_update(virt_to_machine(l3 + 200), 0));
		odd += !plausible(pte_update(virt_to_machine(l3 + 200),
					     entry_to(l2[1], PTE_TABLE)));
	}
	stop = true;
	CHECK(vcpu_wait(v, PATIENCE_NS));
	CHECK_EQ(odd, 0);
	CHECK(rounds >= ROUNDS);
	/* Whoever pinned last in a race may have left it so. */
	unpin(root);
	unpin(l2[1]);
	table_set(l3, 200, entry_to(l2[1], PTE_TABLE));
	check_all_released();
	CHECK_EQ(pin(4, root), 0);
	CHECK_EQ(unpin(root), 0);
	check_all_released();
}
