/* SPDX-License-Identifier: MIT */
/*
 * segments - descriptor tables, selectors and segment bases
 *
 * The processor reads a guest's descriptors itself, so a frame that holds
 * them must not be writable and each descriptor must have been looked at: a
 * gate or a segment of ring 0 in there is the machine's keys. Selectors that
 * stop loading behind the guest's back come back by the failsafe callback.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>
#include <guestkit/user.h>

#define NO_SUCH_MFN   0x3ffffffffUL
#define NON_CANONICAL 0x0000900000000000UL

#define DATA_3		    0x00cff3000000ffffUL
#define DATA_0		    0x00cf93000000ffffUL
#define CODE64_3	    0x00affb000000ffffUL
#define CODE64_0	    0x00af9b000000ffffUL
#define CALL_GATE	    0x0000ec00e0331000UL
#define TSS_FREE	    0x0000890000000067UL
#define LDT_DESC	    0x0000820000000067UL
#define NOT_THERE	    0x00cf73000000ffffUL
#define SELECTOR(index)	    ((index)*8 + 3)
#define LDT_SELECTOR(index) ((index)*8 + 7)

USER_ASM(user_read_gs, "mov %gs:0, %rax; mov %fs:0, %rbx; ud2");

static uint64_t *gdt, *ldt;

static long install(const uint64_t *page, unsigned int entries)
{
	xen_pfn_t frame = virt_to_mfn(page);

	return HYPERVISOR_set_gdt(&frame, entries);
}

static bool set_up(void)
{
	if (!gdt)
		gdt = page_alloc();
	if (!ldt)
		ldt = page_alloc();
	return gdt && ldt && !HYPERVISOR_set_gdt(NULL, 0) &&
	       !mmuext(MMUEXT_SET_LDT, 0, 0) && !page_protect(gdt, true) &&
	       !page_protect(ldt, true);
}

static long update(const uint64_t *at, uint64_t descriptor)
{
	return HYPERVISOR_update_descriptor(virt_to_machine(at), descriptor);
}

static void load_ds(uint16_t selector)
{
	asm volatile("mov %0, %%ds" ::"r"((uint32_t)selector));
}

TEST(gdt_right)
{
	uint16_t ds;

	REQUIRE(set_up());
	memset(gdt, 0, PAGE_BYTES);
	gdt[5] = DATA_3;
	CHECK_EQ(page_protect(gdt, false), 0);
	CHECK_EQ(install(gdt, 512), 0);
	CHECK_NO_FAULT(load_ds(SELECTOR(5)));
	asm("mov %%ds, %0" : "=r"(ds));
	CHECK_EQ(ds, SELECTOR(5));
	CHECK_FAULT(VECTOR_GP, load_ds(SELECTOR(6)));
	CHECK_EQ(last_trap()->error_code, SELECTOR(6) & ~3);
	load_ds(0);
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0);
	CHECK_FAULT(VECTOR_GP, load_ds(SELECTOR(5)));
}

/* While installed the frame is no one's to write. */
TEST(gdt_is_not_writable)
{
	REQUIRE(set_up());
	memset(gdt, 0, PAGE_BYTES);
	CHECK_EQ(install(gdt, 512), RECORDED(-EINVAL));
	CHECK_EQ(page_protect(gdt, false), 0);
	CHECK_EQ(install(gdt, 512), 0);
	CHECK_EQ(page_protect(gdt, true), RECORDED(-EBUSY));
	CHECK_FAULT(VECTOR_PF, *(volatile uint64_t *)gdt = DATA_0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(gdt), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0);
	CHECK_EQ(page_protect(gdt, true), 0);
}

TEST(gdt_sizes)
{
	xen_pfn_t frames[16];

	REQUIRE(set_up());
	CHECK_EQ(HYPERVISOR_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1),
		 -EINVAL);
	CHECK_EQ(HYPERVISOR_set_gdt(frames, ~0U), -EINVAL);
	CHECK_EQ(HYPERVISOR_set_gdt((void *)0x1000, 512), -EFAULT);
	frames[0] = NO_SUCH_MFN;
	CHECK_EQ(HYPERVISOR_set_gdt(frames, 1), RECORDED(-EINVAL));
	memset(gdt, 0, PAGE_BYTES);
	CHECK_EQ(page_protect(gdt, false), 0);
	frames[0] = virt_to_mfn(gdt);
	frames[1] = NO_SUCH_MFN;
	CHECK_EQ(HYPERVISOR_set_gdt(frames, 513), RECORDED(-EINVAL));
	CHECK_EQ(page_protect(gdt, true), 0); /* no reference was kept */
	CHECK_EQ(page_protect(gdt, false), 0);
	CHECK_EQ(install(gdt, 1), 0);
	frames[1] = frames[0];
	CHECK_EQ(HYPERVISOR_set_gdt(frames, 1024), 0);
	CHECK_EQ(HYPERVISOR_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0);
}

static long install_with(uint64_t descriptor)
{
	long rc = page_protect(gdt, true);

	memset(gdt, 0, PAGE_BYTES);
	gdt[7] = descriptor;
	if (!rc)
		rc = page_protect(gdt, false);
	if (!rc)
		rc = install(gdt, 512);
	HYPERVISOR_set_gdt(NULL, 0);
	return rc;
}

TEST(gdt_contents)
{
	REQUIRE(set_up());
	CHECK_EQ(install_with(DATA_3), 0);
	CHECK_EQ(install_with(CODE64_3), 0);
	CHECK_EQ(install_with(NOT_THERE), RECORDED(0));
	CHECK_EQ(install_with(TSS_FREE), RECORDED(-EINVAL));
	CHECK_EQ(install_with(LDT_DESC), RECORDED(-EINVAL));
	CHECK_EQ(install_with(CODE64_0), RECORDED(0));
	/* Whatever was asked for: in use it is of ring 3. */
	CHECK_BITS(gdt[7] >> 45, 3, RECORDED(3));
	CHECK_EQ(install_with(DATA_0), RECORDED(0));
	CHECK_BITS(gdt[7] >> 45, 3, RECORDED(3));
}

/* A call gate is refused, or at least no one of ring 3 may call it. */
TEST(call_gates)
{
	long rc;

	REQUIRE(set_up());
	rc = install_with(CALL_GATE);
	CHECK(rc == -EINVAL || rc == RECORDED(0));
	if (!rc)
		CHECK_BITS(gdt[7] >> 45, 3, 0);
	REQUIRE(set_up());
	memset(gdt, 0, PAGE_BYTES);
	REQUIRE(!page_protect(gdt, false) && !install(gdt, 512));
	rc = update(gdt + 9, CALL_GATE);
	CHECK(rc == -EINVAL || rc == RECORDED(0));
	CHECK_BITS(gdt[9] >> 45, 3, 0);
}

TEST(update_right)
{
	REQUIRE(set_up());
	memset(gdt, 0, PAGE_BYTES);
	REQUIRE(!page_protect(gdt, false));
	REQUIRE(!install(gdt, 512));
	CHECK_EQ(update(gdt + 9, DATA_3), 0);
	CHECK_EQ(gdt[9], DATA_3);
	CHECK_NO_FAULT(load_ds(SELECTOR(9)));
	load_ds(0);
	CHECK_EQ(update(gdt + 9, 0), 0);
	CHECK_FAULT(VECTOR_GP, load_ds(SELECTOR(9)));
	/* A page that is not installed may be written so as well. */
	CHECK_EQ(update(ldt + 9, DATA_3), 0);
	CHECK_EQ(ldt[9], DATA_3);
}

TEST(update_wrong)
{
	REQUIRE(set_up());
	memset(gdt, 0, PAGE_BYTES);
	REQUIRE(!page_protect(gdt, false));
	REQUIRE(!install(gdt, 512));
	CHECK_EQ(update(gdt + 9, TSS_FREE), RECORDED(-EINVAL));
	CHECK_EQ(update(gdt + 9, LDT_DESC), RECORDED(-EINVAL));
	CHECK_EQ(gdt[9], 0);
	CHECK_EQ(update(gdt + 9, CODE64_0), RECORDED(0));
	CHECK_BITS(gdt[9] >> 45, 3, RECORDED(3));
	CHECK_EQ(HYPERVISOR_update_descriptor(virt_to_machine(gdt) + 4, DATA_3),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_update_descriptor(NO_SUCH_MFN << 12, DATA_3),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_update_descriptor(
			 virt_to_machine((void *)start_info->pt_base), DATA_3),
		 RECORDED(-EINVAL));
}

/* The table is given by address; its pages are taken at first use. */
TEST(ldt_right)
{
	REQUIRE(set_up());
	memset(ldt, 0, PAGE_BYTES);
	ldt[3] = DATA_3;
	ldt[4] = CODE64_0;
	CHECK_EQ(page_protect(ldt, false), 0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512), 0);
	CHECK_EQ(page_protect(ldt, true), RECORDED(0));
	CHECK_EQ(page_protect(ldt, false), 0);
	CHECK_NO_FAULT(load_ds(LDT_SELECTOR(3)));
	CHECK_EQ(page_protect(ldt, true), RECORDED(-EBUSY));
	load_ds(0);
	CHECK_FAULT(VECTOR_GP, load_ds(LDT_SELECTOR(5)));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	CHECK_EQ(page_protect(ldt, true), 0);
	CHECK_FAULT(VECTOR_GP, load_ds(LDT_SELECTOR(3)));
	CHECK_EQ(last_trap()->error_code, LDT_SELECTOR(3) & ~3);
}

/* One that is mapped writable when it is wanted: the load faults. */
TEST(ldt_writable)
{
	REQUIRE(set_up());
	memset(ldt, 0, PAGE_BYTES);
	ldt[3] = DATA_3;
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512), 0);
	CHECK_FAULT(RECORDED(VECTOR_PF), load_ds(LDT_SELECTOR(3)));
	CHECK_EQ(page_protect(ldt, false), 0);
	CHECK_NO_FAULT(load_ds(LDT_SELECTOR(3)));
	load_ds(0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

TEST(ldt_contents)
{
	REQUIRE(set_up());
	memset(ldt, 0, PAGE_BYTES);
	ldt[3] = DATA_3;
	ldt[9] = TSS_FREE;
	CHECK_EQ(page_protect(ldt, false), 0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512), 0);
	CHECK_FAULT(RECORDED(VECTOR_PF), load_ds(LDT_SELECTOR(3)));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

TEST(ldt_absent_page)
{
	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0x100000, 512), 0);
	CHECK_FAULT(VECTOR_PF, load_ds(LDT_SELECTOR(3)));
	CHECK_EQ(last_trap()->cr2, 0x100000 + 3 * 8);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

TEST(ldt_arguments)
{
	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt + 8, 512),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 8193),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, ~0U),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, NON_CANONICAL, 512), RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START, 512),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 8192), 0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

static uint64_t read_fs(void)
{
	uint64_t value;

	asm volatile("mov %%fs:0, %0" : "=r"(value));
	return value;
}

static uint64_t read_gs(void)
{
	uint64_t value;

	asm volatile("mov %%gs:0, %0" : "=r"(value));
	return value;
}

TEST(bases)
{
	static volatile uint64_t cells[2] = {0xf5, 0x65};

	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_FS,
					     (unsigned long)&cells[0]),
		 0);
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL,
					     (unsigned long)&cells[1]),
		 0);
	CHECK_EQ(read_fs(), 0xf5);
	CHECK_EQ(read_gs(), 0x65);
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_USER, USER_DATA), 0);
	CHECK_EQ(read_gs(), 0x65);
}

TEST(bases_wrong)
{
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_FS, NON_CANONICAL),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_USER, NON_CANONICAL),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, NON_CANONICAL),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_FS, HYPERVISOR_VIRT_START),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_set_segment_base(4, 0), -EINVAL);
	CHECK_EQ(HYPERVISOR_set_segment_base(~0U, 0), -EINVAL);
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_USER_SEL, 0x1233),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
}

/* The bases of gs change places with the mode. */
TEST(bases_of_user_mode)
{
	static volatile uint64_t cell = 0x65;
	struct cpu_user_regs regs;

	REQUIRE(!user_set_up());
	((volatile uint64_t *)USER_DATA)[0] = 0x1111;
	((volatile uint64_t *)USER_DATA)[1] = 0x2222;
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_USER, USER_DATA), 0);
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_FS, USER_DATA + 8), 0);
	CHECK_EQ(HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL,
					     (unsigned long)&cell),
		 0);
	user_regs(&regs, user_read_gs);
	CHECK_EQ(user_run(&regs), VECTOR_UD);
	CHECK_EQ(regs.rax, 0x1111);
	CHECK_EQ(regs.rbx, 0x2222);
	CHECK_EQ(read_gs(), 0x65);
	CHECK_EQ(read_fs(), 0x2222);
}

TEST(stack_switch)
{
	struct cpu_user_regs regs;

	CHECK_EQ(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, 0), 0);
	CHECK_EQ(HYPERVISOR_stack_switch(0, VIRT_BASE), RECORDED(0));
	CHECK_EQ(HYPERVISOR_stack_switch(0x1233, VIRT_BASE), RECORDED(0));
	CHECK_EQ(HYPERVISOR_stack_switch(FLAT_KERNEL_SS, NON_CANONICAL),
		 RECORDED(0));
	REQUIRE(!user_set_up());
	user_regs(&regs, user_read_gs);
	CHECK_NO_FAULT(user_run(&regs));
}

static volatile bool stop;

static void take_the_processor(void *arg)
{
	(void)arg;
	while (!stop)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void let_another_run(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

/*
 * A selector in a page of the LDT that the hypervisor has let go of meanwhile,
 * as it does when another root is loaded: it brings it in again.
 */
static void keep_selector(void)
{
	volatile int vector;
	uint16_t ds = 1;

	memset(ldt, 0, PAGE_BYTES);
	ldt[3] = DATA_3;
	REQUIRE(!page_protect(ldt, false));
	REQUIRE(!mmuext(MMUEXT_SET_LDT, (unsigned long)ldt, 512));
	load_ds(LDT_SELECTOR(3));
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR,
			virt_to_mfn((void *)start_info->pt_base), 0), 0);
	vector = TRAP_CATCH(let_another_run());
	asm volatile("mov %%ds, %0" : "=r"(ds));
	CHECK_EQ(vector, NO_TRAP);
	CHECK_EQ(ds, LDT_SELECTOR(3));
	load_ds(0);
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

/*
 * A selector in use whose descriptor is gone: after this vCPU was off the
 * processor it cannot be loaded again.
 */
TEST(selectors_of_who_comes_back)
{
	struct vcpu *v;
	volatile int vector;
	uint16_t ds = 1;

	REQUIRE(set_up() && !event_set_up());
	event_block();
	v = vcpu_start(1, take_the_processor, NULL);
	REQUIRE(v);
	keep_selector();
	memset(gdt, 0, PAGE_BYTES);
	gdt[5] = DATA_3;
	REQUIRE(!page_protect(gdt, false));
	REQUIRE(!install(gdt, 512));
	load_ds(SELECTOR(5));
	REQUIRE(!HYPERVISOR_set_gdt(NULL, 0));
	vector = TRAP_CATCH(let_another_run());
	asm volatile("mov %%ds, %0" : "=r"(ds));
	CHECK_EQ(vector, ENTRY_FAILSAFE);
	CHECK_EQ(failsafe_selectors[0] & 0xffff, RECORDED(SELECTOR(5)));
	CHECK_EQ(ds, 0);
	stop = true;
	CHECK(vcpu_wait(v, 20 * NS_PER_S));
}
