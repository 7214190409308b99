/* SPDX-License-Identifier: MIT */
/*
 * backtrace.c - who called whom, by the chain of frame pointers
 *
 * Only this CPU's stack block is read (its interrupt stacks lie in the same
 * block), and only a bounded number of frames: the chain may be damaged.
 */
#include <lodge/console.h>
#include <lodge/layout.h>
#include <lodge/percpu.h>
#include <lodge/symbols.h>

#define MAX_FRAMES 32

struct frame {
	unsigned long next, ret;
};

static bool on_stack(unsigned long rbp, unsigned long rsp)
{
	unsigned long base = rsp & ~((unsigned long)STACK_SIZE - 1);

	return rbp >= base && !(rbp & 7) &&
	       rbp <= base + STACK_SIZE - sizeof(struct cpu_info) -
			      sizeof(struct frame);
}

/**
 * backtrace() - print the callers of a place
 * @rip: the place; 0: begin with its caller
 * @rbp: frame pointer there
 * @rsp: stack pointer there: says which block is this CPU's stack
 *
 * Context: any, NMI included.
 */
void backtrace(unsigned long rip, unsigned long rbp, unsigned long rsp)
{
	const struct frame *f;
	unsigned int n;

	printk("Call trace:\n");
	if (rip)
		printk("   [<%016lx>] %pB\n", rip, (void *)rip);
	for (n = 0; n < MAX_FRAMES && on_stack(rbp, rsp); n++) {
		f = (const struct frame *)rbp;
		if (!f->ret)
			return;
		/* The call may be the last instruction of its function. */
		printk("   [<%016lx>] %pB\n", f->ret, (void *)(f->ret - 1));
		if (f->next == rbp)
			return;
		rbp = f->next;
	}
}
