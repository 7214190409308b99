/* SPDX-License-Identifier: MIT */
/*
 * private.h - a PV guest's state, and what pv/'s files call of each other
 *
 * A PV guest's kernel and user mode both run in ring 3 and differ by the page
 * table root that is loaded. [I] immutable, [C] the CPU that runs the vCPU
 * (or anybody while it is paused and not running), [r] referenced.
 */
#ifndef LODGE_PV_PRIVATE_H
#define LODGE_PV_PRIVATE_H

#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/guest.h>
#include <lodge/page.h>
#include <lodge/pv.h>
#include <xen/callback.h>

/* A guest's entry point for a kind of event. */
struct pv_callback {
	unsigned long rip;		/* 0: none registered */
	bool mask_events;
};

#define DUE_NMI		0x1	/* set by others */
#define DUE_FAILSAFE	0x2	/* selectors could not be loaded */

enum pv_segbase { PV_FS_BASE, PV_GS_USER, PV_GS_KERNEL };

struct pv_vcpu {
	bool kernel_mode;		/* [C] which root is loaded */
	bool nmi_masked;		/* [C] until the next IRET */
	uint32_t due;			/* [a] DUE_: what the way out looks at,
					 * beside events */
	mfn_t kernel_root, user_root;	/* [r] L4 type ref; INVALID_MFN: none */

	struct trap_info traps[256];	/* [C] */
	struct pv_callback callbacks[CALLBACKTYPE_syscall32 + 1];
	unsigned long kernel_rsp;	/* stack_switch */
	uint16_t kernel_ss;

	unsigned int gdt_entries;	/* [C] */
	mfn_t gdt_frames[GDT_GUEST_FRAMES];	/* [r] PT_SEG refs */
	unsigned long ldt_base;		/* [C] virtual */
	unsigned int ldt_entries;
	uint16_t ldt_mapped;		/* bit per LDT page faulted in [r] */

	unsigned long seg_base[3];	/* [C] while not on a CPU */
	unsigned long cr0, cr2, cr4;	/* what the guest reads */
	unsigned long dr[8];		/* [C] dr7: what is loaded */
	unsigned int iopl;		/* [C] */
	uint64_t io_bitmap;		/* [C] guest address, 0: none */
	unsigned int io_bitmap_ports;

	unsigned int set_context_stage;	/* of an interrupted set_context */
};

struct pv_domain {
	/* Tables whose last type reference is gone (mm-validate.c). */
	struct page *release_list;	/* [a] linked by next_release */
	uint32_t release_pending;	/* [a] on the list, or being worked on */
	/* Teardown (mm-teardown.c); the domain is dying. */
	bool teardown_started;		/* [d] */
	uint64_t teardown_left;		/* [d] frames not yet looked at */
};

/* ---- roots (mm-root.c) ---- */
/*
 * Makes @root the kernel's (or user's) root: general and L4 type reference
 * taken, the old root's dropped. 0; -EINVAL not the domain's, not an L4 or
 * wrong contents; -EINTR / -ERESTART preempted. A user root of 0 is none.
 */
int pv_set_root(struct vcpu *v, mfn_t root, bool user);
/* Drops both; preemptible (-ERESTART). Not loaded on any CPU any more. */
int pv_drop_roots(struct vcpu *v);
/* Loads the root of the mode that @v is in. IRQs off, current or becoming so. */
void pv_load_root(struct vcpu *v);
/* The same for current, when only its mode has changed: no TLB flush. */
void pv_reload_root(struct vcpu *v);
/* Current's other mode: loads its root, swaps GS bases. IRQs on. */
void pv_enter_kernel_mode(struct vcpu *v);
bool pv_enter_user_mode(struct vcpu *v);	/* false: no user root */

/* ---- page tables (mm-*.c) ---- */
void pv_mm_init(void);		/* page_type_ops, grant_map_ops */
/* An operation's @rc: -ERESTART if it is to be called again, else it is over. */
void pv_give_up_stopped(struct vcpu *v);
static inline int pv_operation_ended(struct vcpu *v, int rc)
{
	if (rc == -EINTR || rc == -ERESTART)
		return -ERESTART;
	if (unlikely(v->has_stopped))
		pv_give_up_stopped(v);
	return rc;
}
/* MMUEXT_PIN_: 0; -EINVAL; -EINTR, -ERESTART: call again. */
int pv_pin_table(struct domain *d, mfn_t mfn, enum page_type type);
/* Preemptible teardown of all tables and frames: 0; -ERESTART. */
int pv_relinquish_memory(struct domain *d);
/* A write fault on a page table: decode, check, store. True: done. */
bool pv_ptwrite_fault(struct vcpu *v, struct cpu_user_regs *regs,
		      unsigned long addr);
/* Present mapping that allows what faulted: a stale TLB entry. */
bool pv_spurious_fault(struct vcpu *v, const struct cpu_user_regs *regs,
		       unsigned long addr);
struct page *pv_gfn_get_page(struct domain *d, gfn_t gfn,
			     enum gfn_access access, int *rc);
/* The L1 entry that maps @va in the loaded root, 0 if there is none. */
uint64_t pv_walk_l1e(struct vcpu *v, unsigned long va);

/* ---- descriptor tables (descriptors.c) ---- */
/* 0; -EINVAL bad count or frame. Old frames are released. */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries);
void pv_destroy_gdt(struct vcpu *v);
void pv_destroy_ldt(struct vcpu *v);
/* Fault at @offset bytes into the mapped LDT area: true: page is there now. */
bool pv_ldt_fault(struct vcpu *v, unsigned long offset);
/* GDTR, LDTR for this vCPU on this CPU. */
void pv_load_descriptors(struct vcpu *v);
/* Is it a selector a guest may load as cs / as data? Fixes the RPL to 3. */
bool pv_fixup_selector(uint16_t *sel);
/* One 8-byte descriptor, checked and made harmless; false: refused. */
bool pv_check_descriptor(uint64_t *desc);

/* ---- guest memory (access.c): bytes not copied ---- */
size_t pv_copy_from(void *dst, unsigned long src, size_t len);
size_t pv_copy_to(unsigned long dst, const void *src, size_t len);
size_t pv_copy_to_kernel(unsigned long dst, const void *src, size_t len);
/* By the kernel's root, whichever mode runs. */
size_t pv_copy_from_kernel(void *dst, unsigned long src, size_t len);
bool pv_touch(unsigned long va);
bool pv_address_ok(unsigned long va, size_t len);

/* ---- life and switching (domain.c, context.c, switch.c) ---- */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *ctx);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *ctx);
int pv_set_ext_context(struct vcpu *v,
		       const struct xen_domctl_ext_vcpucontext *ext);
void pv_get_ext_context(const struct vcpu *v,
			struct xen_domctl_ext_vcpucontext *ext);
void pv_fill_hypercall_page(void *page);
void pv_switch_from(struct vcpu *v);
void pv_switch_to(struct vcpu *v);
bool pv_has_pending(const struct vcpu *v);
void pv_set_due(struct vcpu *v, uint32_t what, bool due);
void pv_load_cr4(const struct vcpu *v);

/* ---- segment registers and bases (segments.c) ---- */
void pv_save_selectors(struct cpu_user_regs *regs);
void pv_save_segments(struct vcpu *v, struct cpu_user_regs *regs);
void pv_load_segments(struct vcpu *v, const struct cpu_user_regs *regs);
bool pv_retry_segments(struct vcpu *v);

/* ---- traps (traps.c, bounce.c) ---- */
void pv_bounce(struct vcpu *v, const struct pv_callback *cb);
/* Makes the guest see exception @vector when it next runs. */
void pv_inject_trap(struct vcpu *v, unsigned int vector, uint32_t error_code);
void pv_inject_page_fault(struct vcpu *v, unsigned long cr2,
			  uint32_t error_code);
/* A guest frame could not be built or used: failsafe callback, or crash. */
void pv_failsafe(struct vcpu *v);

/* ---- privileged instructions (privop.c) ---- */
/* #GP at a privileged instruction: true: emulated. */
bool pv_emulate_privop(struct vcpu *v, struct cpu_user_regs *regs);
/* "ud2a; .ascii xen; cpuid": true: emulated. */
bool pv_emulate_forced(struct vcpu *v, struct cpu_user_regs *regs);
bool pv_iopl_allows(const struct vcpu *v);
bool pv_port_allowed(const struct vcpu *v, unsigned int port,
		     unsigned int bytes);

/* ---- debug registers (debugreg.c) ---- */
/* 0; -EINVAL no such register; -EPERM address in our space, or a bit that is
 * not the guest's. */
int pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
int pv_get_debugreg(const struct vcpu *v, unsigned int reg, uint64_t *value);
void pv_load_debugregs(const struct vcpu *v);

#endif
