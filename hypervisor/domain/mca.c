/* SPDX-License-Identifier: MIT */
/*
 * mca.c - HYPERVISOR_mca: machine checks, as the control domain asks for them
 *
 * <xen/arch-x86/xen-mca.h>. A machine check ends in panic(), so there is never
 * one to be fetched; the description of the processors is real. Injection is
 * not offered.
 */
#include <lodge/hypercall.h>

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/smp.h>
#include <xen/arch-x86/xen-mca.h>

static long op_fetch(struct vcpu *v, void *arg)
{
	struct xen_mc *mc = arg;

	if (!(mc->u.mc_fetch.flags & XEN_MC_ACK) &&
	    guest_ptr_null(guest_ptr(mc->u.mc_fetch.data)))
		return -EINVAL;
	mc->u.mc_fetch.flags = XEN_MC_NODATA;
	mc->u.mc_fetch.fetch_id = 0;
	return 0;
}

static void fill_brand(char brand[64])
{
	struct cpuid_regs r;
	uint32_t i;

	if (cpu_features.max_ext_leaf < 0x80000004)
		return;
	for (i = 0; i < 3; i++) {
		r = cpuid_count(0x80000002 + i, 0);
		memcpy(brand + i * sizeof(r), &r, sizeof(r));
	}
}

/* All processors are taken to be alike but for their APIC ids. */
static void fill_cpu(xen_mc_logical_cpu_t *c, unsigned int cpu)
{
	uint64_t mcg_cap = 0;

	memset(c, 0, sizeof(*c));
	c->mc_cpunr = cpu;
	c->mc_apicid = cpu_apic_id(cpu);
	c->mc_ncores = c->mc_ncores_active = c->mc_nthreads = 1;
	c->mc_cpuid_level = (int32_t)cpu_features.max_leaf;
	c->mc_family = cpu_features.family;
	c->mc_model = cpu_features.model;
	c->mc_step = cpu_features.stepping;
	memcpy(c->mc_vendorid, cpu_features.vendor,
	       sizeof(cpu_features.vendor));
	fill_brand(c->mc_brandid);
	if (rdmsr_safe(MSR_MCG_CAP, &mcg_cap))
		return;
	c->mc_nmsrvals = 1;
	c->mc_msrvalues[0].reg = MSR_MCG_CAP;
	c->mc_msrvalues[0].value = mcg_cap;
}

static long op_physcpuinfo(struct vcpu *v, void *arg)
{
	struct xen_mc_physcpuinfo *info = &((struct xen_mc *)arg)->u.
					  mc_physcpuinfo;
	guest_ptr_t to = guest_ptr(info->info);
	xen_mc_logical_cpu_t c;
	unsigned int cpu, done = 0;

	if (guest_ptr_null(to)) {
		info->ncpus = cpumask_weight(&cpu_online_map);
		return 0;
	}
	if (!info->ncpus)
		return -EINVAL;
	for_each_cpu(cpu, &cpu_online_map) {
		if (done == info->ncpus)
			break;
		fill_cpu(&c, cpu);
		if (copy_to_guest(to, &c, sizeof(c)))
			return -EFAULT;
		to = guest_ptr_add(to, sizeof(c));
		done++;
	}
	info->ncpus = done;
	return 0;
}

static const struct op ops[] = {
	OP(XEN_MC_fetch, op_fetch, struct xen_mc, OP_INOUT),
	OP_NONE(XEN_MC_notifydomain, EINVAL, "obsolete, as on Xen"),
	OP(XEN_MC_physcpuinfo, op_physcpuinfo, struct xen_mc, OP_INOUT),
	OP_NONE(XEN_MC_msrinject, EOPNOTSUPP, "injection is not offered"),
	OP_NONE(XEN_MC_mceinject, EOPNOTSUPP, "injection is not offered"),
	OP_NONE(XEN_MC_inject_v2, EOPNOTSUPP, "injection is not offered"),
};

static const struct op_table table = {
	"mca", ops, ARRAY_SIZE(ops), EINVAL,
};

/**
 * hypercall_mca() - HYPERVISOR_mca(arg)
 *
 * Return: the operation's result; -EFAULT; -EACCES: another version of the
 *         interface; -EINVAL: no such operation.
 */
long hypercall_mca(struct vcpu *v, const struct call_args *a)
{
	struct xen_mc head;

	if (copy_from_guest(&head, GUEST_PTR(a->arg0), sizeof(head)))
		return -EFAULT;
	if (head.interface_version != XEN_MCA_INTERFACE_VERSION)
		return -EACCES;
	return op_dispatch(v, head.cmd, GUEST_PTR(a->arg0), 0, &table);
}
