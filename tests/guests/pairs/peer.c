/* SPDX-License-Identifier: MIT */
/*
 * peer.c - an unprivileged domain that answers
 */
#include "peer.h"

#include <guestkit/bench.h>
#include <guestkit/domain.h>
#include <guestkit/event.h>

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

static volatile struct grant_entry_v1 *entries;

static long make_links(struct peer *peer)
{
	unsigned long mfn;
	domid_t domid = peer->domid;
	long port = event_alloc_unbound(domid, 0);

	if (port < 0)
		return port;
	peer->data->port = (uint32_t)port;
	port = event_bind_interdomain(domid, (evtchn_port_t)port);
	if (port < 0)
		return port;
	peer->port = (evtchn_port_t)port;
	if (domain_acquire(domid, 0, 0, &mfn, GRANT_FRAMES))
		return -ENOMEM;
	entries = domain_show(domid, mfn);
	return entries ? 0 : -ENOMEM;
}

long peer_build(struct peer *peer)
{
	long rc;

	peer->program = (struct program){
		.code = peer_code,
		.end = peer_code_end,
		.upcall = peer_upcall,
	};
	rc = program_load(&peer->program, PEER_FRAMES, GRANT_FRAMES);
	if (rc)
		return rc;
	peer->domid = peer->program.domid;
	peer->data = peer->program.data;
	if (domain_populate(peer->domid, PROGRAM_PAGES, peer->mfns, PEER_FRAMES,
			    0) != PEER_FRAMES)
		return -ENOMEM;
	rc = make_links(peer);
	return rc ? rc : program_start(&peer->program);
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
	long rc = program_end(&peer->program);

	return rc ? rc : domain_hide((void *)entries);
}
