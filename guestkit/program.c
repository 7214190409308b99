/* SPDX-License-Identifier: MIT */
/*
 * program.c - a second domain that runs a piece of code
 */
#include <guestkit/program.h>
#include <guestkit/domain.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>

#define BASE_VA	   0x400000UL
#define VA(page)   (BASE_VA + (page)*PAGE_BYTES)
#define TRAP_BYTES 16
#define NR_TRAPS   32

/* Its pages; the first three are mapped from BASE_VA on, then the shared page.
 */
enum { CODE, DATA, STACK, L1, L2, L3, L4, SHARED = STACK + 1 };

_Static_assert(L4 + 1 == PROGRAM_PAGES, "its pages");

static void fill_page(const struct program *p, unsigned int i,
		      unsigned long shared, void *page)
{
	uint64_t *table = page;
	unsigned int level = i - L1 + 1;
	unsigned int j;

	memset(page, 0, PAGE_BYTES);
	if (i == CODE) {
		memcpy(page, p->code, (unsigned long)(p->end - p->code));
	} else if (i == L1) {
		for (j = CODE; j < SHARED; j++)
			table[table_index((void *)VA(j), 1)] =
				pte_make(p->mfns[j], PTE_KERNEL);
		table[table_index((void *)VA(SHARED), 1)] =
			pte_make(shared, PTE_KERNEL);
	} else if (i > L1) {
		table[table_index((void *)BASE_VA, level)] =
			pte_make(p->mfns[i - 1], PTE_TABLE);
	}
}

static long write_pages(const struct program *p, unsigned long shared)
{
	unsigned int i;
	long rc = 0;

	for (i = 0; i < PROGRAM_PAGES && !rc; i++) {
		void *page = domain_show(p->domid, p->mfns[i]);

		if (!page)
			return -ENOMEM;
		fill_page(p, i, shared, page);
		rc = domain_hide(page);
	}
	return rc;
}

static long pin(const struct program *p)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = p->mfns[L4],
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, p->domid);
}

static unsigned long address(const struct program *p, const char *at)
{
	return at ? VA(CODE) + (unsigned long)(at - p->code) : 0;
}

static void set_traps(const struct program *p, struct vcpu_guest_context *ctx)
{
	unsigned int i;

	for (i = 0; i < NR_TRAPS; i++)
		ctx->trap_ctxt[i] = (struct trap_info){
			.vector = (uint8_t)i,
			.cs = FLAT_KERNEL_CS,
			.address = address(p, p->traps + i * TRAP_BYTES),
		};
}

static long set_context(const struct program *p)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = {0};

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_in_kernel | VGCF_online;
	ctx.user_regs.rip = VA(CODE);
	ctx.user_regs.rbx = VA(DATA);
	ctx.user_regs.r12 = VA(SHARED);
	ctx.user_regs.rsp = VA(STACK + 1);
	ctx.user_regs.rflags = 0x200;
	ctx.user_regs.cs = FLAT_KERNEL_CS;
	ctx.user_regs.ss = FLAT_KERNEL_SS;
	ctx.kernel_ss = FLAT_KERNEL_SS;
	ctx.kernel_sp = VA(STACK + 1);
	ctx.ctrlreg[3] = xen_pfn_to_cr3(p->mfns[L4]);
	ctx.event_callback_eip = address(p, p->upcall);
	if (p->traps)
		set_traps(p, &ctx);
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	return domain_control(XEN_DOMCTL_setvcpucontext, p->domid, &op);
}

static long make_memory(struct program *p)
{
	struct xen_domctl op = {0};
	long rc;

	if (domain_populate(p->domid, 0, p->mfns, PROGRAM_PAGES, 0) !=
	    PROGRAM_PAGES)
		return -ENOMEM;
	rc = domain_control(XEN_DOMCTL_getdomaininfo, p->domid, &op);
	if (!rc)
		rc = write_pages(p, op.u.getdomaininfo.shared_info_frame);
	if (!rc)
		rc = pin(p);
	p->data = rc ? NULL : domain_show(p->domid, p->mfns[DATA]);
	return rc ? rc : p->data ? 0 : -ENOMEM;
}

long program_load(struct program *p, unsigned int nr_more, int grant_frames)
{
	long rc = domain_create(PROGRAM_PAGES + nr_more, grant_frames, 1);

	if (rc < 0)
		return rc;
	p->domid = (domid_t)rc;
	return make_memory(p);
}

long program_start(const struct program *p)
{
	struct xen_domctl op = {0};
	long rc = set_context(p);

	return rc ? rc
		  : domain_control(XEN_DOMCTL_unpausedomain, p->domid, &op);
}

long program_end(struct program *p)
{
	long rc = domain_destroy(p->domid);

	return rc ? rc : domain_hide(p->data);
}
