/* SPDX-License-Identifier: MIT */
/*
 * peer.c - an unprivileged domain that answers
 */
#include "peer.h"

#include <guestkit/bench.h>
#include <guestkit/domain.h>
#include <guestkit/event.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>

#define BASE_VA 0x400000UL
#define VA(page) (BASE_VA + (page) * PAGE_BYTES)

/* Its own pages; the first three are mapped from BASE_VA on, then the shared
 * page. */
enum { CODE, DATA, STACK, L1, L2, L3, L4, NR_OWN, SHARED = STACK + 1 };
#define GRANT_FRAMES 1

/*
 * rbx: its data; r12: the shared page. Calls keep all other registers but rax,
 * rcx and r11; the upcall's frame begins with these last two.
 */
asm(".pushsection .rodata\n"
    ".globl peer_code, peer_upcall, peer_code_end\n"
    "peer_code:\n"
    "	xor %esi, %esi\n"
    "1:	mov $1, %edi\n"			/* SCHEDOP_block */
    "	cmpl $1, (%rbx)\n"		/* PEER_YIELDS */
    "	jne 2f\n"
    "	incq 8(%rbx)\n"
    "	xor %edi, %edi\n"		/* SCHEDOP_yield */
    "2:	mov $29, %eax\n"		/* sched_op */
    "	syscall\n"
    "	jmp 1b\n"
    "peer_upcall:\n"
    "	push %rax\n"
    "	push %rdi\n"
    "	movb $0, (%r12)\n"		/* evtchn_upcall_pending */
    "	xor %eax, %eax\n"
    "	xchg %rax, 8(%r12)\n"		/* evtchn_pending_sel */
    "	mov 32(%rbx), %eax\n"
    "	lock btr %rax, 2048(%r12)\n"	/* evtchn_pending */
    "	incq 8(%rbx)\n"
    "	cmpl $2, (%rbx)\n"		/* PEER_CALLS */
    "	jne 2f\n"
    "	mov 16(%rbx), %rbp\n"
    "	rdtsc\n"
    "	mov %eax, %r13d\n"
    MARK_BEGIN_ASM
    "1:	xor %edi, %edi\n"		/* XENVER_version */
    "	mov $17, %eax\n"		/* xen_version */
    "	syscall\n"
    "	dec %rbp\n"
    "	jnz 1b\n"
    MARK_END_ASM
    "	rdtsc\n"
    "	sub %r13d, %eax\n"
    "	mov %rax, 24(%rbx)\n"
    "2:	mov $4, %edi\n"			/* EVTCHNOP_send */
    "	lea 32(%rbx), %rsi\n"
    "	mov $32, %eax\n"		/* event_channel_op */
    "	syscall\n"
    "	xor %esi, %esi\n"
    "	pop %rdi\n"
    "	pop %rax\n"
    "	pop %rcx\n"
    "	pop %r11\n"
    "	push $0\n"
    "	push %rcx\n"
    "	push %r11\n"
    "	push %rax\n"
    "	mov $23, %eax\n"		/* iret */
    "	syscall\n"
    "peer_code_end:\n"
    ".popsection");
extern const char peer_code[], peer_upcall[], peer_code_end[];

_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_yield == 0 &&
	       SCHEDOP_block == 1 && __HYPERVISOR_xen_version == 17 &&
	       __HYPERVISOR_event_channel_op == 32 && EVTCHNOP_send == 4 &&
	       __HYPERVISOR_iret == 23, "the peer's calls");
_Static_assert(PEER_YIELDS == 1 && PEER_CALLS == 2 &&
	       offsetof(struct peer_data, count) == 8 &&
	       offsetof(struct peer_data, calls) == 16 &&
	       offsetof(struct peer_data, ticks) == 24 &&
	       offsetof(struct peer_data, port) == 32, "the peer's data");
_Static_assert(offsetof(struct vcpu_info, evtchn_upcall_pending) == 0 &&
	       offsetof(struct vcpu_info, evtchn_pending_sel) == 8 &&
	       offsetof(struct shared_info, evtchn_pending) == 2048,
	       "the peer's shared page");

static unsigned long own[NR_OWN];
static volatile struct grant_entry_v1 *entries;

/* Frame @mfn of the domain in place of a page of ours; NULL: refused. */
static void *show(domid_t domid, unsigned long mfn)
{
	void *at = page_alloc();

	if (!at || page_map(at, 0) || domain_map(domid, at, mfn, PTE_KERNEL))
		return NULL;
	return at;
}

static long hide(void *at)
{
	long rc = page_map(at, pte_make(virt_to_mfn(at), PTE_KERNEL));

	if (!rc)
		page_free(at);
	return rc;
}

static void fill_page(unsigned int i, unsigned long shared, void *page)
{
	uint64_t *table = page;
	unsigned int level = i - L1 + 1;
	unsigned int j;

	memset(page, 0, PAGE_BYTES);
	if (i == CODE) {
		memcpy(page, peer_code,
		       (unsigned long)(peer_code_end - peer_code));
	} else if (i == L1) {
		for (j = CODE; j < SHARED; j++)
			table[table_index((void *)VA(j), 1)] =
				pte_make(own[j], PTE_KERNEL);
		table[table_index((void *)VA(SHARED), 1)] =
			pte_make(shared, PTE_KERNEL);
	} else if (i > L1) {
		table[table_index((void *)BASE_VA, level)] =
			pte_make(own[i - 1], PTE_TABLE);
	}
}

static long write_pages(domid_t domid, unsigned long shared)
{
	unsigned int i;
	long rc = 0;

	for (i = 0; i < NR_OWN && !rc; i++) {
		void *page = show(domid, own[i]);

		if (!page)
			return -ENOMEM;
		fill_page(i, shared, page);
		rc = hide(page);
	}
	return rc;
}

static long pin(domid_t domid)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = own[L4],
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, domid);
}

static long make_memory(struct peer *peer)
{
	struct xen_domctl op = {0};
	long rc;

	if (domain_populate(peer->domid, 0, own, NR_OWN, 0) != NR_OWN ||
	    domain_populate(peer->domid, NR_OWN, peer->mfns, PEER_FRAMES, 0) !=
		    PEER_FRAMES)
		return -ENOMEM;
	rc = domain_control(XEN_DOMCTL_getdomaininfo, peer->domid, &op);
	if (!rc)
		rc = write_pages(peer->domid,
				 op.u.getdomaininfo.shared_info_frame);
	if (!rc)
		rc = pin(peer->domid);
	peer->data = rc ? NULL : show(peer->domid, own[DATA]);
	return rc ? rc : peer->data ? 0 : -ENOMEM;
}

static long make_links(struct peer *peer)
{
	unsigned long mfn;
	long port = event_alloc_unbound(peer->domid, 0);

	if (port < 0)
		return port;
	peer->data->port = (uint32_t)port;
	port = event_bind_interdomain(peer->domid, (evtchn_port_t)port);
	if (port < 0)
		return port;
	peer->port = (evtchn_port_t)port;
	if (domain_acquire(peer->domid, 0, 0, &mfn, GRANT_FRAMES))
		return -ENOMEM;
	entries = show(peer->domid, mfn);
	return entries ? 0 : -ENOMEM;
}

static long start(domid_t domid)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = {0};
	long rc;

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
	ctx.ctrlreg[3] = xen_pfn_to_cr3(own[L4]);
	ctx.event_callback_eip = VA(CODE) +
				 (unsigned long)(peer_upcall - peer_code);
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	rc = domain_control(XEN_DOMCTL_setvcpucontext, domid, &op);
	return rc ? rc : domain_control(XEN_DOMCTL_unpausedomain, domid, &op);
}

long peer_build(struct peer *peer)
{
	long rc = domain_create(NR_OWN + PEER_FRAMES, GRANT_FRAMES, 1);

	if (rc < 0)
		return rc;
	peer->domid = (domid_t)rc;
	rc = make_memory(peer);
	if (!rc)
		rc = make_links(peer);
	return rc ? rc : start(peer->domid);
}

void peer_grant(const struct peer *peer, grant_ref_t ref, unsigned int i)
{
	entries[ref].domid = 0;
	entries[ref].frame = (uint32_t)peer->mfns[i];
	asm volatile("" ::: "memory");
	entries[ref].flags = GTF_permit_access;
}

long peer_destroy(struct peer *peer)
{
	long rc = domain_destroy(peer->domid);

	if (!rc)
		rc = hide((void *)peer->data);
	return rc ? rc : hide((void *)entries);
}
