/* SPDX-License-Identifier: MIT */
/*
 * vcpu - the life of vCPUs, and what they share with the hypervisor
 *
 * initialise, up, down, is_up in the right and in the wrong order; contexts
 * that must be refused as a whole; the areas for runstate and vcpu_info.
 */
#include <guestkit/clock.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_MFN   0x3ffffffffUL
#define NON_CANONICAL 0x0000900000000000UL
#define BAD_POINTER   ((void *)0x1000)
#define NO_SUCH_VCPU  2

static struct vcpu_guest_context context;
static volatile unsigned long ran;
static volatile unsigned int ran_on;

static void run(void *arg)
{
	ran += (unsigned long)arg;
	ran_on = this_vcpu()->id;
}

static long op(int cmd, unsigned int id, void *arg)
{
	return HYPERVISOR_vcpu_op(cmd, id, arg);
}

TEST(is_up)
{
	CHECK_EQ(op(VCPUOP_is_up, 0, NULL), 1);
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_is_up, NO_SUCH_VCPU, NULL), RECORDED(-ENOENT));
	CHECK_EQ(op(VCPUOP_is_up, ~0U, NULL), RECORDED(-ENOENT));
}

TEST(up_before_initialise)
{
	CHECK_EQ(op(VCPUOP_up, 1, NULL), RECORDED(-EINVAL));
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
}

TEST(contexts_refused)
{
	static struct vcpu_guest_context bad;

	REQUIRE(shared_info && vcpu_context(1, &context, run, (void *)1));
	CHECK_EQ(op(VCPUOP_initialise, 1, BAD_POINTER), -EFAULT);
	CHECK_EQ(op(VCPUOP_initialise, NO_SUCH_VCPU, &context),
		 RECORDED(-ENOENT));
	CHECK_EQ(op(VCPUOP_initialise, 0, &context), RECORDED(-EEXIST));

	bad = context;
	bad.ctrlreg[3] = xen_pfn_to_cr3(NO_SUCH_MFN);
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(&context));
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.user_regs.rip = NON_CANONICAL;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.event_callback_eip = NON_CANONICAL;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.trap_ctxt[14].address = NON_CANONICAL;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.gs_base_user = NON_CANONICAL;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.gdt_ents = FIRST_RESERVED_GDT_ENTRY + 1;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.gdt_ents = 1;
	bad.gdt_frames[0] = NO_SUCH_MFN;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.ldt_ents = 8193;
	bad.ldt_base = VIRT_BASE;
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	bad = context;
	bad.ctrlreg[1] = xen_pfn_to_cr3(NO_SUCH_MFN);
	CHECK_EQ(op(VCPUOP_initialise, 1, &bad), RECORDED(-EINVAL));
	/* None of them has left anything: it cannot be brought up. */
	CHECK_EQ(op(VCPUOP_up, 1, NULL), RECORDED(-EINVAL));
}

TEST(life)
{
	uint64_t end;

	REQUIRE(shared_info);
	CHECK_EQ(op(VCPUOP_initialise, 1, &context), 0);
	CHECK_EQ(op(VCPUOP_initialise, 1, &context), RECORDED(-EEXIST));
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_up, 1, NULL), 0);
	end = clock_ns() + 20 * NS_PER_S;
	while (op(VCPUOP_is_up, 1, NULL) && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	CHECK_EQ(op(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(ran, 1);
	CHECK_EQ(ran_on, 1);
	CHECK_EQ(op(VCPUOP_down, 1, NULL), 0);
	/* Up again: it goes on where it went down, and goes down once more. */
	CHECK_EQ(op(VCPUOP_up, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_up, 1, NULL), RECORDED(0));
	CHECK_EQ(op(VCPUOP_down, 1, NULL), 0);
	CHECK_EQ(op(VCPUOP_down, NO_SUCH_VCPU, NULL), RECORDED(-ENOENT));
}

TEST(runstate)
{
	static struct vcpu_runstate_info state;
	uint64_t sum;

	REQUIRE(shared_info);
	CHECK_EQ(op(VCPUOP_get_runstate_info, 0, &state), 0);
	CHECK_EQ(state.state, RUNSTATE_running);
	CHECK(state.time[RUNSTATE_running] > 0);
	CHECK(state.state_entry_time <= clock_ns());
	sum = state.time[0] + state.time[1] + state.time[2] + state.time[3];
	CHECK(sum <= clock_ns());
	CHECK_EQ(op(VCPUOP_get_runstate_info, 1, &state), 0);
	CHECK_EQ(state.state, RUNSTATE_offline);
	CHECK_EQ(op(VCPUOP_get_runstate_info, 0, BAD_POINTER), -EFAULT);
	CHECK_EQ(op(VCPUOP_get_runstate_info, NO_SUCH_VCPU, &state),
		 RECORDED(-ENOENT));
}

/* What the call answers. No event comes: it ends when the time is over. */
static long poll_for(uint64_t ns)
{
	evtchn_port_t port = 1;
	struct sched_poll poll = {
		.ports.p = &port,
		.timeout = clock_ns() + ns,
	};

	return HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

TEST(runstate_area)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area reg = {.addr.v = &area};
	uint64_t begun = clock_ns(), blocked;
	unsigned int i;

	REQUIRE(shared_info);
	CHECK_EQ(op(VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	CHECK_EQ(area.state, RUNSTATE_running);
	blocked = area.time[RUNSTATE_blocked];
	/* The machine may stand still before a poll, which then is short. */
	for (i = 0; i < 50 && area.time[RUNSTATE_blocked] - blocked <
				      15 * NS_PER_MS; i++)
		CHECK_EQ(poll_for(20 * NS_PER_MS), 0);
	CHECK_EQ(area.state, RUNSTATE_running);
	blocked = area.time[RUNSTATE_blocked] - blocked;
	CHECK(blocked >= 15 * NS_PER_MS);
	CHECK(blocked <= clock_ns() - begun);
	CHECK_EQ(op(VCPUOP_register_runstate_memory_area, 0, BAD_POINTER),
		 -EFAULT);
	reg.addr.v = BAD_POINTER;
	CHECK_EQ(op(VCPUOP_register_runstate_memory_area, 0, &reg),
		 RECORDED(0));
	reg.addr.v = (void *)HYPERVISOR_VIRT_START;
	CHECK_EQ(op(VCPUOP_register_runstate_memory_area, 0, &reg),
		 RECORDED(-EFAULT));
	reg.addr.v = NULL;
	CHECK_EQ(op(VCPUOP_register_runstate_memory_area, 0, &reg),
		 RECORDED(0));
}

static long register_info(unsigned int id, unsigned long mfn,
			  unsigned int offset)
{
	struct vcpu_register_vcpu_info reg = {.mfn = mfn, .offset = offset};

	return op(VCPUOP_register_vcpu_info, id, &reg);
}

TEST(vcpu_info)
{
	void *page = page_alloc();
	struct vcpu_info *info;
	unsigned long count;
	long port;

	REQUIRE(shared_info && page && !event_set_up());
	CHECK_EQ(register_info(0, NO_SUCH_MFN, 0), RECORDED(-EINVAL));
	CHECK_EQ(register_info(0, virt_to_mfn(page), PAGE_BYTES - 32),
		 RECORDED(-ENXIO));
	CHECK_EQ(register_info(0, virt_to_mfn(page), ~0U), RECORDED(-ENXIO));
	CHECK_EQ(register_info(0, virt_to_mfn((void *)start_info->pt_base), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(register_info(NO_SUCH_VCPU, virt_to_mfn(page), 0),
		 RECORDED(-ENOENT));
	CHECK_EQ(op(VCPUOP_register_vcpu_info, 0, BAD_POINTER), -EFAULT);
	event_block();
	CHECK_EQ(register_info(0, virt_to_mfn(page), 128), 0);
	info = (struct vcpu_info *)((char *)page + 128);
	this_vcpu()->info = info;
	/* It starts as a copy, with everything pending. */
	CHECK_EQ(info->evtchn_upcall_mask, 1);
	CHECK_EQ(info->evtchn_upcall_pending, RECORDED(1));
	CHECK(info->time.tsc_to_system_mul != 0);
	event_unblock();
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	event_port_enable(port);
	count = event_port_count(port);
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(event_port_count(port), count + 1);
	CHECK_EQ(register_info(0, virt_to_mfn(page), 128), RECORDED(-EINVAL));
	/* Used by the hypervisor from now on: it is no table any more. */
	CHECK_EQ(page_protect(page, false), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(page_protect(page, true), 0);
}

TEST(physical_id)
{
	struct vcpu_get_physid id = {0};
	struct sched_pin_override pin = {.pcpu = 0};

	CHECK_EQ(op(VCPUOP_get_physid, 0, &id), RECORDED(0));
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &pin), 0);
	CHECK_EQ(op(VCPUOP_get_physid, 0, &id), RECORDED(0));
	pin.pcpu = -1;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_pin_override, &pin), 0);
}

TEST(unknown)
{
	CHECK_EQ(op(14, 0, NULL), -ENOSYS);
	CHECK_EQ(op(-1, 0, NULL), -ENOSYS);
	CHECK_EQ(op(99, NO_SUCH_VCPU, NULL), RECORDED(-ENOENT));
	CHECK_EQ(op(VCPUOP_send_nmi, NO_SUCH_VCPU, NULL), RECORDED(-ENOENT));
}

/* A second vCPU that faults without a handler kills the domain, too. */
CRASH_TEST(no_handler_on_second_vcpu)
{
	context = (struct vcpu_guest_context){0};
	if (!vcpu_context(1, &context, run, NULL))
		return;
	context.user_regs.rip = 0x1000;
	context.trap_ctxt[14].address = 0;
	HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, &context);
	HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL);
	clock_wait_ns(5 * NS_PER_S);
}
