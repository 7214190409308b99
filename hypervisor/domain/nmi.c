/* SPDX-License-Identifier: MIT */
/*
 * nmi.c - the machine's NMI, as the control domain sees it
 *
 * <xen/nmi.h>: its first vCPU takes it, by the callback that it registered,
 * and finds the reasons in shared_info. They are those of the last NMI: a
 * guest cannot clear them.
 *
 * Locks: none.
 */
#include <lodge/atomic.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/guest.h>

#include "private.h"

static void report_to_dom0(unsigned int reasons)
{
	struct vcpu *v = dom0 ? domain_vcpu(dom0, 0) : NULL;

	if (!v || !v->initialised)
		return;
	atomic_store(&dom0->shared_info->arch.nmi_reason, reasons);
	dom0->ops->send_nmi(v);
}

/* Boot. */
void domain_nmi_init(void)
{
	nmi_report_hook = report_to_dom0;
}
