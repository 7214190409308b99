/* SPDX-License-Identifier: MIT */
/*
 * build.c - a small second domain that runs
 */
#include "build.h"

#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>

#define CODE_VA 0x400000UL

/* Its pages, by index. The first three are mapped, from CODE_VA on. */
enum { CODE, DATA, STACK, L1, L2, L3, L4 };

asm(".pushsection .rodata\n"
    ".globl child_code, child_code_end\n"
    "child_code:\n"
    "1:	incq (%rbx)\n"
    "	mov $0, %edi\n"			/* SCHEDOP_yield */
    "	cmpq $0, 8(%rbx)\n"
    "	je 2f\n"
    "	mov $2, %edi\n"			/* SCHEDOP_shutdown */
    "	lea 16(%rbx), %rsi\n"
    "2:	mov $29, %eax\n"		/* sched_op */
    "	syscall\n"
    "	jmp 1b\n"
    "child_code_end:\n"
    ".popsection");
extern const char child_code[], child_code_end[];

_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_yield == 0 &&
	       SCHEDOP_shutdown == 2, "the child's code");

long domctl(unsigned int cmd, domid_t domid, struct xen_domctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return HYPERVISOR_domctl(op);
}

long sysctl(unsigned int cmd, struct xen_sysctl *op)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return HYPERVISOR_sysctl(op);
}

uint64_t free_frames(void)
{
	struct xen_sysctl op = {0};

	if (sysctl(XEN_SYSCTL_physinfo, &op))
		return 0;
	return op.u.physinfo.free_pages;
}

long child_create(unsigned int nr_vcpus)
{
	struct xen_domctl op = {0};
	long rc;

	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = nr_vcpus,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	rc = domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op);
	return rc ? rc : op.domain;
}

long child_destroy(domid_t domid)
{
	struct xen_domctl op = {0};
	long rc;

	do {
		rc = domctl(XEN_DOMCTL_destroydomain, domid, &op);
	} while (rc == -EAGAIN);
	return rc;
}

unsigned long child_state(domid_t domid)
{
	struct xen_domctl op = {0};

	if (domctl(XEN_DOMCTL_getdomaininfo, domid, &op) ||
	    op.u.getdomaininfo.domain != domid)
		return 0;
	return op.u.getdomaininfo.flags | CHILD_THERE;
}

static long populate(struct child *child)
{
	struct xen_memory_reservation r = {
		.nr_extents = CHILD_PAGES,
		.domid = child->domid,
	};
	unsigned int i;

	set_xen_guest_handle(r.extent_start, child->mfns);
	for (i = 0; i < CHILD_PAGES; i++)
		child->mfns[i] = i;
	return HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) ==
			       CHILD_PAGES ? 0 : -ENOMEM;
}

/* Page @i of the child in place of our page @at. */
static long map_page(const struct child *child, unsigned int i, void *at)
{
	return HYPERVISOR_update_va_mapping_otherdomain(
		(unsigned long)at, pte_make(child->mfns[i], PTE_KERNEL),
		UVMF_INVLPG | UVMF_LOCAL, child->domid);
}

static long unmap_page(void *at)
{
	return page_map(at, pte_make(virt_to_mfn(at), PTE_KERNEL));
}

static void fill_page(const struct child *child, unsigned int i, void *page)
{
	uint64_t *table = page;
	unsigned int level = i - L1 + 1;
	unsigned int j;

	memset(page, 0, PAGE_BYTES);
	if (i == CODE) {
		memcpy(page, child_code,
		       (unsigned long)(child_code_end - child_code));
	} else if (i == L1) {
		for (j = CODE; j <= STACK; j++)
			table[table_index((void *)CODE_VA, 1) + j] =
				pte_make(child->mfns[j], PTE_KERNEL);
	} else if (i > L1 && i <= L4) {
		table[table_index((void *)CODE_VA, level)] =
			pte_make(child->mfns[i - 1], PTE_TABLE);
	}
}

static long write_pages(const struct child *child, void *window)
{
	unsigned int i;
	long rc = 0;

	for (i = 0; i < CHILD_PAGES && !rc; i++) {
		rc = map_page(child, i, window);
		if (rc)
			break;
		fill_page(child, i, window);
		rc = unmap_page(window);
	}
	return rc;
}

static long pin(const struct child *child)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = child->mfns[L4],
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, child->domid);
}

void child_context(const struct child *child, struct vcpu_guest_context *ctx)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->flags = VGCF_in_kernel | VGCF_online;
	ctx->user_regs.rip = CODE_VA;
	ctx->user_regs.rbx = CODE_VA + DATA * PAGE_BYTES;
	ctx->user_regs.rsp = CODE_VA + (STACK + 1) * PAGE_BYTES;
	ctx->user_regs.rflags = 0x200;
	ctx->user_regs.cs = FLAT_KERNEL_CS;
	ctx->user_regs.ss = FLAT_KERNEL_SS;
	ctx->user_regs.ds = FLAT_KERNEL_DS;
	ctx->user_regs.es = FLAT_KERNEL_DS;
	ctx->kernel_ss = FLAT_KERNEL_SS;
	ctx->kernel_sp = ctx->user_regs.rsp;
	ctx->ctrlreg[3] = xen_pfn_to_cr3(child->mfns[L4]);
}

long child_set_context(domid_t domid, unsigned int id,
		       struct vcpu_guest_context *ctx)
{
	struct xen_domctl op = {0};

	op.u.vcpucontext.vcpu = id;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, ctx);
	return domctl(XEN_DOMCTL_setvcpucontext, domid, &op);
}

static long size_up(domid_t domid)
{
	struct xen_domctl op = {0};
	long rc;

	op.u.max_vcpus.max = 1;
	rc = domctl(XEN_DOMCTL_max_vcpus, domid, &op);
	if (rc)
		return rc;
	op.u.max_mem.max_memkb = CHILD_PAGES * (PAGE_BYTES / 1024);
	return domctl(XEN_DOMCTL_max_mem, domid, &op);
}

long child_build(struct child *child)
{
	static struct vcpu_guest_context ctx;
	void *window = page_alloc();
	long rc = child_create(1);

	if (rc < 0 || !window)
		return rc < 0 ? rc : -ENOMEM;
	child->domid = (domid_t)rc;
	rc = size_up(child->domid);
	if (!rc)
		rc = populate(child);
	if (!rc)
		rc = write_pages(child, window);
	if (!rc)
		rc = pin(child);
	child_context(child, &ctx);
	if (!rc)
		rc = child_set_context(child->domid, 0, &ctx);
	if (!rc)
		rc = map_page(child, DATA, window);
	child->data = window;
	return rc;
}

void child_unmap(struct child *child)
{
	unmap_page((void *)child->data);
	page_free((void *)child->data);
}
