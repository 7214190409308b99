/* SPDX-License-Identifier: MIT */
/*
 * user.c - user mode
 *
 * The user root shares the third-level table of slot 0 with the kernel's
 * root and has nothing else.
 */
#include <guestkit/user.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/trap.h>

#define RFLAGS_IF	 (1UL << 9)
#define KERNEL_STACK_GAP 1024

unsigned long user_root_mfn;

extern char user_image_start[], user_image_end[];

static long map_code(void)
{
	char *from;
	long rc;

	for (from = user_image_start; from < user_image_end;
	     from += PAGE_BYTES) {
		rc = range_map((void *)user_address(from),
			       pte_make(virt_to_mfn(from), PTE_RO));
		if (rc)
			return rc;
	}
	return 0;
}

static long map_page(unsigned long at)
{
	void *page = page_alloc();

	if (!page)
		return -ENOMEM;
	return range_map((void *)at, pte_make(virt_to_mfn(page), PTE_KERNEL));
}

static long load_root(void)
{
	uint64_t *root = table_alloc();
	long rc;

	if (!root)
		return -ENOMEM;
	table_set(root, 0, pte_read((void *)USER_CODE, 4));
	user_root_mfn = virt_to_mfn(root);
	rc = mmuext(MMUEXT_PIN_L4_TABLE, user_root_mfn, 0);
	if (!rc)
		rc = mmuext(MMUEXT_NEW_USER_BASEPTR, user_root_mfn, 0);
	return rc;
}

long user_set_up(void)
{
	long rc;

	if (user_root_mfn)
		return 0;
	rc = map_code();
	if (!rc)
		rc = map_page(USER_DATA);
	if (!rc)
		rc = map_page(USER_STACK);
	if (!rc)
		rc = load_root();
	if (!rc)
		rc = callback_install(CALLBACKTYPE_syscall,
				      CALLBACKF_mask_events);
	if (!rc)
		rc = callback_install(CALLBACKTYPE_failsafe,
				      CALLBACKF_mask_events);
	return rc;
}

unsigned long user_address(const void *code)
{
	return USER_CODE + ((const char *)code - user_image_start);
}

void user_regs(struct cpu_user_regs *regs, const void *code)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = user_address(code);
	regs->cs = FLAT_USER_CS;
	regs->ss = FLAT_USER_SS;
	regs->rsp = USER_TOP;
	regs->rflags = RFLAGS_IF;
}

/* Entries from user mode find their stack below what is in use here. */
static void __attribute__((noinline, noreturn))
enter(const struct cpu_user_regs *regs)
{
	struct cpu_user_regs copy = *regs;

	HYPERVISOR_stack_switch(FLAT_KERNEL_SS,
				(unsigned long)&copy - KERNEL_STACK_GAP);
	iret_to(&copy);
}

int user_run(struct cpu_user_regs *regs)
{
	struct vcpu *v = this_vcpu();
	volatile uint8_t was_masked = v->info ? v->info->evtchn_upcall_mask : 1;

	if (!jump_save(&v->user_jump)) {
		v->in_user = true;
		enter(regs);
	}
	v = this_vcpu();
	if (v->info)
		v->info->evtchn_upcall_mask = was_masked;
	*regs = v->user_regs;
	return v->user_regs.entry_vector;
}
