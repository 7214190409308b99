/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - one typed wrapper for each hypercall of a PV guest
 *
 * Every wrapper returns what the hypervisor left in rax: 0 or more, or a
 * negative error number. hypercall() takes raw numbers, for wrong ones.
 * The iret call, which does not return, is in trap.h.
 */
#ifndef GUESTKIT_HYPERCALL_H
#define GUESTKIT_HYPERCALL_H

#include <guestkit/xen.h>

/* Go through the hypercall page? Only a guest that asked for one may. */
extern bool hypercall_by_page;
extern void *hypercall_page_address;

/**
 * hypercall() - the bare call
 * @nr: number, not checked
 *
 * Return: rax as the hypervisor left it.
 */
long hypercall(unsigned int nr, unsigned long a1, unsigned long a2,
	       unsigned long a3, unsigned long a4, unsigned long a5,
	       unsigned long a6);

#define HYPERCALL(name, a1, a2, a3, a4, a5)                 \
	hypercall(__HYPERVISOR_##name, (unsigned long)(a1), \
		  (unsigned long)(a2), (unsigned long)(a3), \
		  (unsigned long)(a4), (unsigned long)(a5), 0)

static inline long HYPERVISOR_set_trap_table(const struct trap_info *traps)
{
	return HYPERCALL(set_trap_table, traps, 0, 0, 0, 0);
}

static inline long HYPERVISOR_mmu_update(const struct mmu_update *reqs,
					 unsigned int count, unsigned int *done,
					 unsigned int foreigndom)
{
	return HYPERCALL(mmu_update, reqs, count, done, foreigndom, 0);
}

static inline long HYPERVISOR_set_gdt(const xen_pfn_t *frames,
				      unsigned int entries)
{
	return HYPERCALL(set_gdt, frames, entries, 0, 0, 0);
}

static inline long HYPERVISOR_stack_switch(unsigned long ss, unsigned long esp)
{
	return HYPERCALL(stack_switch, ss, esp, 0, 0, 0);
}

static inline long HYPERVISOR_set_callbacks(unsigned long event,
					    unsigned long failsafe,
					    unsigned long on_syscall)
{
	return HYPERCALL(set_callbacks, event, failsafe, on_syscall, 0, 0);
}

static inline long HYPERVISOR_fpu_taskswitch(int set)
{
	return HYPERCALL(fpu_taskswitch, set, 0, 0, 0, 0);
}

static inline long HYPERVISOR_sched_op_compat(int cmd, unsigned long arg)
{
	return HYPERCALL(sched_op_compat, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_platform_op(struct xen_platform_op *op)
{
	return HYPERCALL(platform_op, op, 0, 0, 0, 0);
}

static inline long HYPERVISOR_set_debugreg(int reg, unsigned long value)
{
	return HYPERCALL(set_debugreg, reg, value, 0, 0, 0);
}

static inline long HYPERVISOR_get_debugreg(int reg)
{
	return HYPERCALL(get_debugreg, reg, 0, 0, 0, 0);
}

static inline long HYPERVISOR_update_descriptor(uint64_t pa, uint64_t desc)
{
	return HYPERCALL(update_descriptor, pa, desc, 0, 0, 0);
}

static inline long HYPERVISOR_memory_op(unsigned int cmd, void *arg)
{
	return HYPERCALL(memory_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_multicall(struct multicall_entry *list,
					unsigned int nr_calls)
{
	return HYPERCALL(multicall, list, nr_calls, 0, 0, 0);
}

static inline long HYPERVISOR_update_va_mapping(unsigned long va, uint64_t val,
						unsigned long flags)
{
	return HYPERCALL(update_va_mapping, va, val, flags, 0, 0);
}

static inline long HYPERVISOR_set_timer_op(uint64_t timeout_ns)
{
	return HYPERCALL(set_timer_op, timeout_ns, 0, 0, 0, 0);
}

static inline long HYPERVISOR_event_channel_op_compat(struct evtchn_op *op)
{
	return HYPERCALL(event_channel_op_compat, op, 0, 0, 0, 0);
}

static inline long HYPERVISOR_xen_version(int cmd, void *arg)
{
	return HYPERCALL(xen_version, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_console_io(unsigned int cmd, unsigned int count,
					 char *buffer)
{
	return HYPERCALL(console_io, cmd, count, buffer, 0, 0);
}

static inline long HYPERVISOR_physdev_op_compat(struct physdev_op *op)
{
	return HYPERCALL(physdev_op_compat, op, 0, 0, 0, 0);
}

static inline long HYPERVISOR_grant_table_op(unsigned int cmd, void *args,
					     unsigned int count)
{
	return HYPERCALL(grant_table_op, cmd, args, count, 0, 0);
}

static inline long HYPERVISOR_vm_assist(unsigned int cmd, unsigned int type)
{
	return HYPERCALL(vm_assist, cmd, type, 0, 0, 0);
}

static inline long HYPERVISOR_update_va_mapping_otherdomain(unsigned long va,
							    uint64_t val,
							    unsigned long flags,
							    domid_t domid)
{
	return HYPERCALL(update_va_mapping_otherdomain, va, val, flags, domid,
			 0);
}

static inline long HYPERVISOR_vcpu_op(int cmd, unsigned int vcpuid, void *arg)
{
	return HYPERCALL(vcpu_op, cmd, vcpuid, arg, 0, 0);
}

static inline long HYPERVISOR_set_segment_base(unsigned int which,
					       unsigned long base)
{
	return HYPERCALL(set_segment_base, which, base, 0, 0, 0);
}

static inline long HYPERVISOR_mmuext_op(struct mmuext_op *ops,
					unsigned int count, unsigned int *done,
					unsigned int foreigndom)
{
	return HYPERCALL(mmuext_op, ops, count, done, foreigndom, 0);
}

static inline long HYPERVISOR_xsm_op(void *arg)
{
	return HYPERCALL(xsm_op, arg, 0, 0, 0, 0);
}

static inline long HYPERVISOR_nmi_op(unsigned int cmd, void *arg)
{
	return HYPERCALL(nmi_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_sched_op(int cmd, void *arg)
{
	return HYPERCALL(sched_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_callback_op(int cmd, const void *arg)
{
	return HYPERCALL(callback_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_xenoprof_op(int cmd, void *arg)
{
	return HYPERCALL(xenoprof_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_event_channel_op(int cmd, void *arg)
{
	return HYPERCALL(event_channel_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_physdev_op(int cmd, void *arg)
{
	return HYPERCALL(physdev_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_hvm_op(unsigned long cmd, void *arg)
{
	return HYPERCALL(hvm_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_sysctl(void *arg)
{
	return HYPERCALL(sysctl, arg, 0, 0, 0, 0);
}

static inline long HYPERVISOR_domctl(void *arg)
{
	return HYPERCALL(domctl, arg, 0, 0, 0, 0);
}

static inline long HYPERVISOR_kexec_op(unsigned long cmd, void *arg)
{
	return HYPERCALL(kexec_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_tmem_op(void *arg)
{
	return HYPERCALL(tmem_op, arg, 0, 0, 0, 0);
}

static inline long HYPERVISOR_argo_op(unsigned int cmd, void *arg1, void *arg2,
				      unsigned long arg3, unsigned long arg4)
{
	return HYPERCALL(argo_op, cmd, arg1, arg2, arg3, arg4);
}

static inline long HYPERVISOR_xenpmu_op(unsigned int cmd, void *arg)
{
	return HYPERCALL(xenpmu_op, cmd, arg, 0, 0, 0);
}

static inline long HYPERVISOR_dm_op(domid_t domid, unsigned int nr_bufs,
				    void *bufs)
{
	return HYPERCALL(dm_op, domid, nr_bufs, bufs, 0, 0);
}

static inline long HYPERVISOR_hypfs_op(unsigned int cmd, const char *path,
				       unsigned long path_len, void *buf,
				       unsigned long buf_len)
{
	return HYPERCALL(hypfs_op, cmd, path, path_len, buf, buf_len);
}

#endif /* GUESTKIT_HYPERCALL_H */
