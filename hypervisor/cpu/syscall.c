/* SPDX-License-Identifier: MIT */
/*
 * syscall.c - where SYSCALL and SYSENTER land
 *
 * SYSCALL switches no stack and GS is the guest's, so each CPU has its own few
 * instructions that know its stack by address: they put rax aside, load the
 * stack, push ss and the guest's rsp as an interrupt would, and jump to the
 * common code. One page a CPU, executable and not writable once filled.
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define STUB_SIZE	64

/* movabs %rax, scratch; mov %rsp, %rax; movabs $stack, %rsp; push $ss;
 * push %rax; movabs scratch, %rax; jmp *target(%rip); target: .quad */
static const uint8_t stub_template[] = {
	0x48, 0xa3, 0, 0, 0, 0, 0, 0, 0, 0,	/*  0: store to scratch */
	0x48, 0x89, 0xe0,			/* 10 */
	0x48, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0,	/* 13: stack */
	0x68, 0, 0, 0, 0,			/* 23: ss */
	0x50,					/* 28 */
	0x48, 0xa1, 0, 0, 0, 0, 0, 0, 0, 0,	/* 29: load from scratch */
	0xff, 0x25, 0, 0, 0, 0,			/* 39 */
	0, 0, 0, 0, 0, 0, 0, 0,			/* 45: target */
};

enum stub_field {
	STUB_STORE = 2,
	STUB_STACK = 15,
	STUB_SS = 24,
	STUB_LOAD = 31,
	STUB_TARGET = 45
};

_Static_assert(sizeof(stub_template) <= STUB_SIZE, "stubs must not overlap");

static DEFINE_PER_CPU(uint64_t, syscall_scratch);

static void stub_write(uint8_t *at, unsigned int cpu, void (*entry)(void),
		       uint32_t ss)
{
	uint64_t scratch = (uint64_t)&per_cpu(syscall_scratch, cpu);
	uint64_t stack = (uint64_t)per_cpu(stack_info, cpu) + REGS_ss + 8;
	uint64_t target = (uint64_t)entry;

	memcpy(at, stub_template, sizeof(stub_template));
	memcpy(at + STUB_STORE, &scratch, 8);
	memcpy(at + STUB_LOAD, &scratch, 8);
	memcpy(at + STUB_STACK, &stack, 8);
	memcpy(at + STUB_SS, &ss, 4);
	memcpy(at + STUB_TARGET, &target, 8);
}

int syscall_stubs_prepare(unsigned int cpu)
{
	uint8_t *page = frames_alloc(0, MEMF_ZERO);
	mfn_t mfn;

	if (!page)
		return -ENOMEM;
	stub_write(page, cpu, syscall_entry, SEL_RING3_DS32);
	stub_write(page + STUB_SIZE, cpu, syscall32_entry, SEL_RING3_DS32);
	mfn = virt_to_mfn(page);
	per_cpu(syscall_stubs, cpu) = vmap(&mfn, 1, MAP_RX);
	if (per_cpu(syscall_stubs, cpu))
		return 0;
	frames_free(page, 0);
	return -ENOMEM;
}

void syscall_init_this(void)
{
	uint64_t stub = (uint64_t)this_cpu(syscall_stubs);

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE |
				(cpu_features.nx ? EFER_NX : 0));
	wrmsr(MSR_STAR, (uint64_t)SEL_RING3_CS32 << 48 |
				(uint64_t)SEL_RING0_CS << 32);
	wrmsr(MSR_LSTAR, stub);
	wrmsr(MSR_CSTAR, stub + STUB_SIZE);
	wrmsr(MSR_SYSCALL_MASK, X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_DF |
					X86_EFLAGS_NT | X86_EFLAGS_AC |
					X86_EFLAGS_IOPL | X86_EFLAGS_RF |
					X86_EFLAGS_VM);
	if (!cpu_features.sysenter)
		return;
	wrmsr(MSR_SYSENTER_CS, SEL_RING0_CS);
	wrmsr(MSR_SYSENTER_ESP, (uint64_t)get_cpu_info() + REGS_es);
	wrmsr(MSR_SYSENTER_EIP, (uint64_t)sysenter_entry);
}
