/* SPDX-License-Identifier: MIT */
/*
 * native.c - run one instruction on the processor itself
 *
 * All registers are loaded from a global, the stack pointer too, then control
 * goes to the instruction, which is followed by a jump back. Nothing may touch
 * the stack in between; signals have one of their own.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "native.h"

#define STATUS_FLAGS 0xcd5UL /* arithmetic flags and DF */

static uint8_t *code_page, *mem_pages;
static uint8_t signal_stack[65536];

struct native_state native_state;
uint64_t native_host_rsp, native_entry;

/* Linux's selectors for 32-bit and 64-bit user code, and for user data. */
#define CS32 0x23
#define CS64 0x33
#define DS   0x2b

/* Where LJMP reads its target. */
struct far_pointer {
	uint32_t offset;
	uint16_t selector;
} __attribute__((packed)) native_far;

void native_trampoline(void);
extern const char native_resume[], native_far_entry[];

__asm__(".pushsection .text\n"
	".globl native_trampoline, native_resume, native_far_entry\n"
	"native_trampoline:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, native_host_rsp(%rip)\n"
	"	push native_state+128(%rip)\n"
	"	popf\n"
	"	mov native_state+0(%rip), %rax\n"
	"	mov native_state+8(%rip), %rcx\n"
	"	mov native_state+16(%rip), %rdx\n"
	"	mov native_state+24(%rip), %rbx\n"
	"	mov native_state+32(%rip), %rsp\n"
	"	mov native_state+40(%rip), %rbp\n"
	"	mov native_state+48(%rip), %rsi\n"
	"	mov native_state+56(%rip), %rdi\n"
	"	mov native_state+64(%rip), %r8\n"
	"	mov native_state+72(%rip), %r9\n"
	"	mov native_state+80(%rip), %r10\n"
	"	mov native_state+88(%rip), %r11\n"
	"	mov native_state+96(%rip), %r12\n"
	"	mov native_state+104(%rip), %r13\n"
	"	mov native_state+112(%rip), %r14\n"
	"	mov native_state+120(%rip), %r15\n"
	"	jmp *native_entry(%rip)\n"
	"native_far_entry:\n"
	"	ljmp *native_far(%rip)\n"
	"native_resume:\n"
	"	mov %rax, native_state+0(%rip)\n"
	"	mov %rcx, native_state+8(%rip)\n"
	"	mov %rdx, native_state+16(%rip)\n"
	"	mov %rbx, native_state+24(%rip)\n"
	"	mov %rsp, native_state+32(%rip)\n"
	"	mov %rbp, native_state+40(%rip)\n"
	"	mov %rsi, native_state+48(%rip)\n"
	"	mov %rdi, native_state+56(%rip)\n"
	"	mov %r8, native_state+64(%rip)\n"
	"	mov %r9, native_state+72(%rip)\n"
	"	mov %r10, native_state+80(%rip)\n"
	"	mov %r11, native_state+88(%rip)\n"
	"	mov %r12, native_state+96(%rip)\n"
	"	mov %r13, native_state+104(%rip)\n"
	"	mov %r14, native_state+112(%rip)\n"
	"	mov %r15, native_state+120(%rip)\n"
	"	mov native_host_rsp(%rip), %rsp\n"
	"	pushf\n"
	"	pop native_state+128(%rip)\n"
	"	cld\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
	".popsection\n");

/* Outside of the instruction under test a fault is a defect of the test. */
static void on_signal(int nr, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	if ((uint64_t)uc->uc_mcontext.gregs[REG_RIP] != native_code()) {
		signal(nr, SIG_DFL);
		return;
	}
	native_state.signal = nr;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)native_resume;
	uc->uc_mcontext.gregs[REG_CSGSFS] &= ~0xffffLL;
	uc->uc_mcontext.gregs[REG_CSGSFS] |= CS64;
}

static void *map_low(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_32BIT, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int native_init(void)
{
	code_page = map_low(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	mem_pages = map_low(NATIVE_MEM_SIZE, PROT_READ | PROT_WRITE);
	if (!code_page || !mem_pages ||
	    syscall(SYS_arch_prctl, ARCH_SET_GS, NATIVE_GS_BASE))
		return -1;
	return 0;
}

int native_catch_signals(void)
{
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS };
	stack_t stack = { .ss_sp = signal_stack,
			  .ss_size = sizeof(signal_stack) };
	struct sigaction sa = { .sa_sigaction = on_signal,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };
	unsigned int i;

	if (sigaltstack(&stack, NULL))
		return -1;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], &sa, NULL))
			return -1;
	return 0;
}

uint64_t native_code(void)
{
	return (uintptr_t)code_page;
}

uint8_t *native_mem(void)
{
	return mem_pages;
}

/* Puts `jmp *` to native_resume at @at: 64-bit code, anywhere to anywhere. */
static void put_return(uint8_t *at)
{
	static const uint8_t jmp_mem[6] = { 0xff, 0x25, 0, 0, 0, 0 };
	uint64_t back = (uintptr_t)native_resume;

	memcpy(at, jmp_mem, sizeof(jmp_mem));
	memcpy(at + sizeof(jmp_mem), &back, sizeof(back));
}

static void run(struct native_state *s)
{
	native_state = *s;
	native_state.signal = 0;
	native_state.rflags = 0x202 | (s->rflags & STATUS_FLAGS);
	native_trampoline();
	*s = native_state;
	s->rflags &= STATUS_FLAGS;
}

void native_run(const uint8_t *code, size_t len, struct native_state *s)
{
	memcpy(code_page, code, len);
	put_return(code_page + len);
	native_entry = native_code();
	run(s);
}

/* 32-bit code comes back by a far jump to 64-bit code in the same page. */
void native_run32(const uint8_t *code, size_t len, struct native_state *s)
{
	uint8_t *landing = code_page + 0x800;
	struct far_pointer back = { (uintptr_t)landing, CS64 };

	memcpy(code_page, code, len);
	code_page[len] = 0xea;
	memcpy(code_page + len + 1, &back, sizeof(back));
	put_return(landing);
	native_far = (struct far_pointer){ native_code(), CS32 };
	native_entry = (uintptr_t)native_far_entry;
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(DS));
	run(s);
}
