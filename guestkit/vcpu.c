/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - further vCPUs
 *
 *   OFF --vcpu_start()--> RUNNING --function returns--> DONE
 *
 * A vCPU is initialised once; the hypervisor does not take that back.
 */
#include <guestkit/vcpu.h>
#include <guestkit/clock.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/trap.h>
#include "private.h"

#define NR_STACKS 4

static uint8_t stacks[NR_STACKS][STACK_BYTES]
	__attribute__((aligned(STACK_BYTES)));
static unsigned int nr_stacks_used;

extern char vcpu_first_step[];
void __attribute__((noreturn)) vcpu_main(struct vcpu *v);

void vcpu_main(struct vcpu *v)
{
	v->run(v->arg);
	v->state = VCPU_DONE;
	for (;;)
		HYPERVISOR_vcpu_op(VCPUOP_down, v->id, NULL);
}

struct vcpu *vcpu_context(unsigned int id, struct vcpu_guest_context *context,
			  void (*run)(void *arg), void *arg)
{
	struct vcpu *v;
	unsigned int i;

	if (nr_stacks_used == NR_STACKS)
		return NULL;
	v = (struct vcpu *)stacks[nr_stacks_used++];
	v->id = id;
	v->run = run;
	v->arg = arg;
	v->info = shared_info ? &shared_info->vcpu_info[id] : NULL;

	memset(context, 0, sizeof(*context));
	context->flags = VGCF_in_kernel | VGCF_failsafe_disables_events;
	context->user_regs.rip = (unsigned long)vcpu_first_step;
	context->user_regs.rdi = (unsigned long)v;
	context->user_regs.rsp = (unsigned long)v + STACK_BYTES;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	for (i = 0; i < 32; i++)
		context->trap_ctxt[i] = trap_table_entry(i);
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = (unsigned long)v + STACK_BYTES;
	context->ctrlreg[3] = xen_pfn_to_cr3(mmu_root_mfn);
	context->event_callback_eip = (unsigned long)event_entry;
	context->failsafe_callback_eip = (unsigned long)failsafe_entry;
	context->syscall_callback_eip = (unsigned long)syscall_entry;
	return v;
}

struct vcpu *vcpu_start(unsigned int id, void (*run)(void *arg), void *arg)
{
	static struct vcpu_guest_context context;
	struct vcpu *v = vcpu_context(id, &context, run, arg);

	if (!v || HYPERVISOR_vcpu_op(VCPUOP_initialise, id, &context))
		return NULL;
	v->state = VCPU_RUNNING;
	if (HYPERVISOR_vcpu_op(VCPUOP_up, id, NULL)) {
		v->state = VCPU_OFF;
		return NULL;
	}
	return v;
}

bool vcpu_wait(struct vcpu *v, uint64_t timeout_ns)
{
	uint64_t end = clock_ns() + timeout_ns;

	while (v->state != VCPU_DONE && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return v->state == VCPU_DONE;
}
