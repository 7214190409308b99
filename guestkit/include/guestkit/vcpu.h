/* SPDX-License-Identifier: MIT */
/*
 * vcpu.h - a vCPU of the guest, and starting more of them
 *
 * struct vcpu lies at the foot of the vCPU's stack and is that vCPU's own;
 * others read only @state.
 */
#ifndef GUESTKIT_VCPU_H
#define GUESTKIT_VCPU_H

#include <guestkit/xen.h>

struct jump {
	uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

struct trap {
	int vector; /* or ENTRY_* */
	unsigned int error_code;
	unsigned long cr2;
	unsigned long count;	   /* entries of any kind since the start */
	bool masked;		   /* events masked when the handler began */
	struct cpu_user_regs regs; /* as found; data selectors not filled */
};

enum vcpu_state {
	VCPU_OFF,
	VCPU_RUNNING,
	VCPU_DONE,
};

struct vcpu {
	unsigned int id;
	volatile enum vcpu_state state;
	struct vcpu_info *info; /* NULL while the shared page is not mapped */
	struct trap trap;
	struct jump *catcher;
	bool in_user;
	struct jump user_jump;
	struct cpu_user_regs user_regs;
	void (*run)(void *arg);
	void *arg;
};

/* The vCPU that runs this. */
struct vcpu *this_vcpu(void);

/**
 * vcpu_context() - the state in which a further vCPU starts
 * @context: filled in: the first step of @run on a stack of its own, the
 *           caller's page tables, the kit's trap table and callbacks
 *
 * Return: its struct vcpu; NULL without memory.
 */
struct vcpu *vcpu_context(unsigned int id, struct vcpu_guest_context *context,
			  void (*run)(void *arg), void *arg);

/**
 * vcpu_start() - initialise vCPU @id and let it run @run(@arg)
 *
 * It goes down by itself afterwards.
 * Return: its struct vcpu; NULL when one of the steps was refused.
 */
struct vcpu *vcpu_start(unsigned int id, void (*run)(void *arg), void *arg);

/**
 * vcpu_wait() - until @v has ended, at most @timeout_ns
 * Return: did it end?
 */
bool vcpu_wait(struct vcpu *v, uint64_t timeout_ns);

#endif /* GUESTKIT_VCPU_H */
