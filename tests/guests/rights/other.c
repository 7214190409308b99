/* SPDX-License-Identifier: MIT */
/*
 * other.c - an unprivileged domain that executes what it is given
 *
 *   IDLE --instructions and registers are there--> BUSY
 *   BUSY --they have ended, or an exception has ended them--> IDLE
 */
#include "other.h"

#include <guestkit/clock.h>
#include <guestkit/hypercall.h>
#include <guestkit/program.h>
#include <guestkit/string.h>
#include <guestkit/trap.h>

#define RET	    0xc3
#define PATIENCE_NS (20 * NS_PER_S)
#define CODE_BYTES  16

/* Its data page; its code knows the offsets. */
struct mailbox {
	uint64_t busy;
	int64_t vector;
	struct other_regs regs;
	uint64_t unused;
	uint8_t code[CODE_BYTES];
	uint8_t arg[64];
};

_Static_assert(offsetof(struct mailbox, vector) == 8 &&
		       offsetof(struct mailbox, regs) == 16 &&
		       offsetof(struct mailbox, code) == 64 &&
		       offsetof(struct mailbox, arg) == 80,
	       "the other's data");
_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_yield == 0,
	       "the other's calls");

/*
 * rbx: its data. An exception is taken on the same stack; nothing of that is
 * needed but its vector.
 */
asm(".pushsection .rodata\n"
    ".globl other_code, other_traps, other_code_end\n"
    "other_code:\n"
    "	mov %rsp, %r13\n"
    "1:	xor %edi, %edi\n" /* SCHEDOP_yield */
    "	xor %esi, %esi\n"
    "	mov $29, %eax\n" /* sched_op */
    "	syscall\n"
    "	cmpq $0, (%rbx)\n"
    "	je 1b\n"
    "	movq $-1, 8(%rbx)\n" /* NO_TRAP */
    "	mov 16(%rbx), %rax\n"
    "	mov 24(%rbx), %rcx\n"
    "	mov 32(%rbx), %rdx\n"
    "	mov 40(%rbx), %rsi\n"
    "	mov 48(%rbx), %rdi\n"
    "	lea 64(%rbx), %r14\n"
    "	call *%r14\n"
    "2:	mov %rax, 16(%rbx)\n"
    "	mov %rdx, 32(%rbx)\n"
    "	movq $0, (%rbx)\n"
    "	jmp 1b\n"
    "3:	mov %r13, %rsp\n"
    "	jmp 2b\n"
    "	.balign 16\n"
    "other_traps:\n"
    "vector = 0\n"
    ".rept 32\n"
    "	.balign 16\n"
    "	movq $vector, 8(%rbx)\n"
    "	jmp 3b\n"
    "vector = vector + 1\n"
    ".endr\n"
    "other_code_end:\n"
    ".popsection");
extern const char other_code[], other_traps[], other_code_end[];

static struct program program;

long other_build(void)
{
	long rc;

	program = (struct program){
		.code = other_code,
		.end = other_code_end,
		.traps = other_traps,
	};
	rc = program_load(&program, 0, 1);
	return rc ? rc : program_start(&program);
}

domid_t other_domid(void)
{
	return program.domid;
}

int other_run(const void *code, unsigned int len, struct other_regs *regs)
{
	volatile struct mailbox *box = program.data;
	uint64_t end = clock_ns() + PATIENCE_NS;

	memcpy((void *)box->code, code, len);
	box->code[len] = RET;
	box->regs = *regs;
	box->busy = 1;
	while (box->busy && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	if (box->busy)
		return OTHER_SILENT;
	regs->rax = box->regs.rax;
	regs->rdx = box->regs.rdx;
	return (int)box->vector;
}

/* Its data is where rbx points: the argument's address is made from there. */
long other_call(unsigned int nr, unsigned int cmd, const void *arg,
		unsigned int bytes)
{
	static const uint8_t code[] = {
		0x48, 0x8d, 0x73, 80, /* lea 80(%rbx), %rsi */
		0x0f, 0x05,	      /* syscall */
	};
	struct mailbox *box = program.data;
	struct other_regs regs = {.rax = nr, .rdi = cmd};

	memcpy(box->arg, arg, bytes);
	if (other_run(code, sizeof(code), &regs) != NO_TRAP)
		return -EFAULT;
	return (long)regs.rax;
}

long other_end(void)
{
	return program_end(&program);
}
