/* SPDX-License-Identifier: MIT */
/*
 * smp - two vCPUs of one domain, together and against each other
 *
 * Interrupts between them, flushes that must reach the other's TLB before
 * the caller is told, and two hands on the same table at once: after all of
 * it the tables can still be released, so no reference was lost or gained.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define ROUNDS 300
/* Only what never comes takes so long, on however busy a machine. */
#define PATIENCE_NS (20 * NS_PER_S)

enum job {
	JOB_NONE,
	JOB_READ,
	JOB_PIN,
	JOB_UPDATE,
	JOB_IPI,
	JOB_WRITE,
	JOB_END,
};

static volatile enum job job;
static volatile bool busy, stop;
static volatile unsigned long jobs_done;
static struct vcpu *second;
static long ipi[2];

/* What the jobs work on. */
static volatile uint8_t *target;
static volatile int read_fault;
static volatile unsigned long looks;
static volatile uint8_t read_value;
static uint64_t *shared_table;
static void *data[2];

static void work_read(void)
{
	while (!stop) {
		read_fault = TRAP_CATCH(read_value = *target);
		looks++;
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

static void work_pin(void)
{
	while (!stop) {
		if (!mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(shared_table), 0))
			mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(shared_table),
			       0);
	}
}

static void work_update(void)
{
	unsigned int i;

	for (i = 0; !stop; i++)
		pte_update(virt_to_machine(shared_table + 3),
			   pte_make(virt_to_mfn(data[i & 1]),
				    i & 2 ? PTE_KERNEL : PTE_RO));
}

static void work_ipi(void)
{
	unsigned long seen = event_port_count(ipi[1]);

	event_unblock();
	while (!stop) {
		if (event_port_count(ipi[1]) > seen) {
			seen = event_port_count(ipi[1]);
			event_send(ipi[0]);
		}
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	event_block();
}

/* Through whatever the TLB remembers. */
static void work_write(void)
{
	while (!stop) {
		(void)TRAP_CATCH(*target = 0x5a);
		looks++;
	}
}

static void (*const work[])(void) = {
	[JOB_READ] = work_read,	    [JOB_PIN] = work_pin,
	[JOB_UPDATE] = work_update, [JOB_IPI] = work_ipi,
	[JOB_WRITE] = work_write,
};

static void second_main(void *arg)
{
	(void)arg;
	while (job != JOB_END) {
		enum job now = job;

		if (now != JOB_NONE && !stop) {
			busy = true;
			work[now]();
			busy = false;
			jobs_done++;
		}
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
}

static uint64_t entry_of(void *page)
{
	return pte_make(virt_to_mfn(page), PTE_KERNEL);
}

static bool until(volatile bool *flag, bool value)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (*flag != value && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return *flag == value;
}

static bool start(enum job what)
{
	stop = false;
	job = what;
	return until(&busy, true);
}

static bool end(void)
{
	job = JOB_NONE;
	stop = true;
	return until(&busy, false);
}

static bool set_up(void)
{
	if (second)
		return true;
	if (!shared_info || event_set_up())
		return false;
	data[0] = page_alloc();
	data[1] = page_alloc();
	target = page_alloc();
	second = vcpu_start(1, second_main, NULL);
	return second && data[0] && data[1] && target;
}

TEST(interrupts)
{
	unsigned long i;

	REQUIRE(set_up());
	ipi[0] = event_bind_ipi(0);
	ipi[1] = event_bind_ipi(1);
	REQUIRE(ipi[0] > 0 && ipi[1] > 0);
	event_port_enable(ipi[0]);
	event_port_enable(ipi[1]);
	REQUIRE(start(JOB_IPI));
	for (i = 1; i <= 50; i++) {
		REQUIRE(!event_send(ipi[1]));
		if (!CHECK(event_port_wait(ipi[0], i, PATIENCE_NS)))
			break;
	}
	CHECK(end());
	CHECK_EQ(event_port_vcpu(ipi[0]), 0);
	CHECK_EQ(event_port_vcpu(ipi[1]), 1);
}

/* One look may have begun before; the second one has not. */
static bool let_it_look(void)
{
	uint64_t limit = clock_ns() + PATIENCE_NS;
	unsigned long enough = looks + 2;

	while (looks < enough && clock_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return looks >= enough;
}

TEST(flushes_reach_the_other)
{
	static const unsigned long flags[] = {
		UVMF_INVLPG | UVMF_ALL,
		UVMF_TLB_FLUSH | UVMF_ALL,
	};
	unsigned int i;

	REQUIRE(set_up());
	*(volatile uint8_t *)data[0] = 1;
	*(volatile uint8_t *)data[1] = 2;
	REQUIRE(start(JOB_READ));
	for (i = 0; i < 10; i++) {
		void *page = data[i & 1];

		CHECK_EQ(HYPERVISOR_update_va_mapping(
				 (unsigned long)target,
				 pte_make(virt_to_mfn(page), PTE_KERNEL),
				 flags[i / 2 % 2]),
			 0);
		CHECK(let_it_look());
		CHECK_EQ(read_fault, NO_TRAP);
		CHECK_EQ(read_value, (i & 1) + 1);
	}
	CHECK_EQ(HYPERVISOR_update_va_mapping((unsigned long)target, 0,
					      UVMF_INVLPG | UVMF_ALL),
		 0);
	CHECK(let_it_look());
	CHECK_EQ(read_fault, VECTOR_PF);
	CHECK(end());
}

TEST(flushes_of_a_set)
{
	static unsigned long both = 3;

	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)&both), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_MULTI, (unsigned long)target,
			(unsigned long)&both),
		 0);
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_ALL, (unsigned long)target, 0), 0);
}

/*
 * The other vCPU may still have the page writable in its TLB when it becomes
 * a table: the hypervisor flushes that before it looks at the contents. So
 * nothing changes a table once it is one, though nobody asked for a flush.
 */
TEST(stale_writer)
{
	unsigned int i, j, changed = 0;

	REQUIRE(set_up());
	CHECK_EQ(page_map((void *)target, entry_of(data[0])), 0);
	REQUIRE(start(JOB_WRITE) && let_it_look());
	for (i = 0; i < 50; i++) {
		volatile uint8_t *bytes = data[0];

		page_protect(data[0], true);
		HYPERVISOR_update_va_mapping((unsigned long)target,
					     entry_of(data[0]), UVMF_NONE);
		REQUIRE(let_it_look());
		HYPERVISOR_update_va_mapping((unsigned long)target, 0,
					     UVMF_NONE);
		bytes[0] = 0;
		if (page_protect(data[0], false) ||
		    mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(data[0]), 0))
			continue; /* it wrote an entry that is refused */
		for (j = 0; j < 2000; j++)
			changed += bytes[0] != 0 && bytes[0] != 0x5a;
		j = bytes[0];
		changed += !let_it_look() || bytes[0] != j;
		mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(data[0]), 0);
	}
	CHECK_EQ(changed, 0);
	CHECK(end());
	CHECK_EQ(page_protect(data[0], true), 0);
}

/* One pins and unpins, the other turns the same page writable and back. */
TEST(pin_against_writable)
{
	unsigned int i, both = 0;

	REQUIRE(set_up());
	shared_table = table_alloc();
	REQUIRE(shared_table && start(JOB_PIN));
	for (i = 0; i < ROUNDS; i++) {
		if (!page_protect(shared_table, true)) {
			shared_table[7] = 0;
			both += page_protect(shared_table, false) != 0;
		}
	}
	CHECK_EQ(both, 0);
	CHECK(end());
	CHECK_EQ(page_protect(shared_table, true), 0);
	page_free(shared_table);
}

/* Both write the same entry; the end of it must balance. */
TEST(update_against_update)
{
	unsigned int i, failed = 0;

	REQUIRE(set_up());
	shared_table = table_alloc();
	REQUIRE(shared_table);
	REQUIRE(!mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(shared_table), 0));
	REQUIRE(start(JOB_UPDATE));
	for (i = 0; i < ROUNDS; i++)
		failed += pte_update(virt_to_machine(shared_table + 3),
				     pte_make(virt_to_mfn(data[i & 1]),
					      PTE_KERNEL)) != 0;
	CHECK_EQ(failed, 0);
	CHECK(end());
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(shared_table), 0), 0);
	CHECK_EQ(page_protect(shared_table, true), 0);
	/* Nothing refers to the pages any more but their own mapping. */
	for (i = 0; i < 2; i++) {
		memset(data[i], 0, PAGE_BYTES);
		CHECK_EQ(page_protect(data[i], false), 0);
		CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(data[i]), 0),
			 0);
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(data[i]), 0),
			 0);
		CHECK_EQ(page_protect(data[i], true), 0);
	}
	page_free(shared_table);
}

/* One releases the table while the other writes to it. */
TEST(release_against_update)
{
	unsigned int i, wrong = 0;

	REQUIRE(set_up());
	shared_table = table_alloc();
	REQUIRE(shared_table);
	REQUIRE(start(JOB_UPDATE));
	for (i = 0; i < ROUNDS; i++) {
		wrong += mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(shared_table),
				0) != 0;
		wrong += mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(shared_table),
				0) != 0;
	}
	CHECK(end());
	print("NOTE %u of %u calls met a writer\n", wrong, 2 * ROUNDS);
	CHECK_EQ(page_protect(shared_table, true), 0);
	for (i = 0; i < 512; i++)
		shared_table[i] = 0;
	CHECK_EQ(page_protect(data[0], false), 0);
	CHECK_EQ(page_protect(data[0], true), 0);
	page_free(shared_table);
}

TEST(goes_down)
{
	uint64_t limit = clock_ns() + PATIENCE_NS;

	REQUIRE(set_up());
	job = JOB_END;
	CHECK(vcpu_wait(second, PATIENCE_NS));
	while (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) && clock_ns() < limit)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	CHECK_EQ(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), 0);
}
