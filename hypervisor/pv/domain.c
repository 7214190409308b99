/* SPDX-License-Identifier: MIT */
/*
 * domain.c - the PV part of a domain's and a vCPU's life
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/smp.h>

#define CR0_INITIAL (X86_CR0_PG | X86_CR0_WP | X86_CR0_NE | X86_CR0_ET |      \
		     X86_CR0_PE)
#define CR4_INITIAL (X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static int pv_domain_init(struct domain *d)
{
	d->pv = kzalloc(sizeof(*d->pv));
	if (!d->pv)
		return -ENOMEM;
	return 0;
}

static void pv_domain_destroy(struct domain *d)
{
	kfree(d->pv);
	d->pv = NULL;
}

static int pv_vcpu_init(struct vcpu *v)
{
	v->pv = kzalloc(sizeof(*v->pv));
	if (!v->pv)
		return -ENOMEM;
	v->pv->kernel_root = INVALID_MFN;
	v->pv->user_root = INVALID_MFN;
	v->pv->kernel_mode = true;
	v->pv->cr0 = CR0_INITIAL;
	v->pv->cr4 = CR4_INITIAL;
	v->pv->dr[6] = X86_DR6_DEFAULT;
	v->pv->dr[7] = X86_DR7_DEFAULT;
	return 0;
}

static void pv_vcpu_destroy(struct vcpu *v)
{
	kfree(v->pv);
	v->pv = NULL;
}

/* Not loaded anywhere any more. */
static int pv_vcpu_relinquish(struct vcpu *v)
{
	pv_destroy_ldt(v);
	pv_destroy_gdt(v);
	v->pv->set_context_stage = 0;
	return pv_drop_roots(v);
}

/* It runs elsewhere: an interrupt takes it through the exit path. */
static void pv_event_kick(struct vcpu *v)
{
	unsigned int cpu = READ_ONCE(v->sched.cpu);

	if (v != current && cpu_current_vcpu(cpu) == v)
		smp_send_event_check(cpu);
}

static bool pv_may_hypercall(const struct vcpu *v)
{
	return v->pv->kernel_mode;
}

static void pv_send_nmi(struct vcpu *v)
{
	pv_set_due(v, DUE_NMI, true);
	vcpu_unblock(v);
	pv_event_kick(v);
}

static int pv_set_iopl(struct vcpu *v, unsigned int iopl)
{
	if (iopl > 3)
		return -EINVAL;
	v->pv->iopl = iopl;
	return 0;
}

static int pv_set_iobitmap(struct vcpu *v, uint64_t bitmap,
			   unsigned int nr_ports)
{
	if (nr_ports > 65536)
		return -EINVAL;
	v->pv->io_bitmap = bitmap;
	v->pv->io_bitmap_ports = nr_ports;
	return 0;
}

const struct guest_ops pv_guest_ops = {
	.name = "PV",
	.domain_init = pv_domain_init,
	.domain_destroy = pv_domain_destroy,
	.vcpu_init = pv_vcpu_init,
	.vcpu_destroy = pv_vcpu_destroy,
	.switch_from = pv_switch_from,
	.switch_to = pv_switch_to,
	.set_context = pv_set_context,
	.get_context = pv_get_context,
	.set_ext_context = pv_set_ext_context,
	.get_ext_context = pv_get_ext_context,
	.vcpu_relinquish = pv_vcpu_relinquish,
	.relinquish_memory = pv_relinquish_memory,
	.fill_hypercall_page = pv_fill_hypercall_page,
	.copy_from = pv_copy_from,
	.copy_to = pv_copy_to,
	.address_ok = pv_address_ok,
	.copy_to_kernel = pv_copy_to_kernel,
	.gfn_get_page = pv_gfn_get_page,
	.send_nmi = pv_send_nmi,
	.event_kick = pv_event_kick,
	.has_pending = pv_has_pending,
	.may_hypercall = pv_may_hypercall,
	.set_iopl = pv_set_iopl,
	.set_iobitmap = pv_set_iobitmap,
};

/**
 * pv_init() - hooks into the layers below
 *
 * Context: boot CPU, once.
 */
void pv_init(void)
{
	pv_mm_init();
}
