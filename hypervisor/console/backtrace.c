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

static unsigned long stack_block(unsigned long address)
{
	return address & ~((unsigned long)STACK_SIZE - 1);
}

static bool page_used(unsigned long offset)
{
	return STACK_PAGE_USED((unsigned int)(offset >> PAGE_SHIFT));
}

/* A whole frame in this CPU's block, and not in one of its holes? */
static bool on_stack(unsigned long rbp)
{
	unsigned long offset = rbp - stack_block((unsigned long)get_cpu_info());
	unsigned long last = STACK_SIZE - sizeof(struct cpu_info) -
			     sizeof(struct frame);

	return offset <= last && !(rbp & 7) && page_used(offset) &&
	       page_used(offset + offsetof(struct frame, ret));
}

/**
 * backtrace() - print the callers of a place
 * @rip: the place; 0: begin with its caller
 * @rbp: frame pointer there
 * @rsp: stack pointer there
 *
 * A place whose stack is not this CPU's, such as a guest's, is printed alone.
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
	if (stack_block(rsp) != stack_block((unsigned long)get_cpu_info()))
		return;
	for (n = 0; n < MAX_FRAMES && on_stack(rbp); n++) {
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
