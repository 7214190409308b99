/* SPDX-License-Identifier: MIT */
/*
 * vcpu-op.c - HYPERVISOR_vcpu_op: what a domain does with its own vCPUs
 *
 * Specification: <xen/vcpu.h>. Each handler gets the number of the vCPU that it
 * works on as its last argument; hypercall_vcpu_op() has checked it.
 */
#include <lodge/hypercall.h>

#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/lib.h>
#include <lodge/smp.h>

#include "private.h"

static struct vcpu *target_of(struct vcpu *v, unsigned long id)
{
	return domain_vcpu(v->domain, (unsigned int)id);
}

static long op_initialise(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			  unsigned long id)
{
	struct vcpu *t = target_of(v, id);
	struct vcpu_guest_context *ctx;
	long rc;

	if (!vcpu_info_usable(t))
		return -EINVAL;
	ctx = kmalloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	rc = -EFAULT;
	if (!copy_from_guest(ctx, arg, sizeof(*ctx))) {
		spin_lock(&v->domain->lock);
		rc = t->initialised ? -EEXIST :
				      v->domain->ops->set_context(t, ctx);
		spin_unlock(&v->domain->lock);
	}
	kfree(ctx);
	if (rc == -ERESTART)
		rc = hypercall_continue(__HYPERVISOR_vcpu_op, 3,
					(unsigned long)VCPUOP_initialise, id,
					arg.va);
	return rc;
}

static long op_up(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		  unsigned long id)
{
	struct vcpu *t = target_of(v, id);
	bool wake = false;
	long rc = 0;

	spin_lock(&v->domain->lock);
	if (!t->initialised)
		rc = -EINVAL;
	else
		wake = test_and_clear_bit(VPF_DOWN, &t->pause_flags);
	spin_unlock(&v->domain->lock);
	if (wake) {
		vcpu_timers_up(t);
		vcpu_wake(t);
	}
	return rc;
}

/* The last vCPU of a domain that goes down takes the domain with it. */
static bool all_down(const struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i)
		if (!test_bit(VPF_DOWN, &v->pause_flags))
			return false;
	return true;
}

static long op_down(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		    unsigned long id)
{
	struct vcpu *t = target_of(v, id);

	if (!test_and_set_bit(VPF_DOWN, &t->pause_flags))
		vcpu_sleep_nosync(t);
	if (all_down(v->domain))
		domain_shutdown(v->domain, 0);
	return 0;
}

static long op_is_up(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		     unsigned long id)
{
	return !test_bit(VPF_DOWN, &target_of(v, id)->pause_flags);
}

static long op_get_runstate(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			    unsigned long id)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(target_of(v, id), &info);
	return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long op_register_runstate(struct vcpu *v, unsigned int nr,
				 guest_ptr_t arg, unsigned long id)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu *t = target_of(v, id);
	struct vcpu_runstate_info info;
	guest_ptr_t at;

	if (copy_from_guest(&area, arg, sizeof(area)))
		return -EFAULT;
	at = GUEST_PTR(area.addr.p);
	if (!guest_ptr_ok(at, sizeof(info)))
		return -EFAULT;
	atomic_store(&t->runstate_guest, at.va);
	vcpu_runstate_get(t, &info);
	/* It need not be mapped yet: then it is written when it is. */
	if (!guest_ptr_null(at) && copy_to_guest(at, &info, sizeof(info)))
		return 0;
	return 0;
}

static long op_register_time(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long id)
{
	struct vcpu_register_time_memory_area area;
	struct vcpu *t = target_of(v, id);

	if (copy_from_guest(&area, arg, sizeof(area)))
		return -EFAULT;
	if (!guest_ptr_ok(GUEST_PTR(area.addr.p), sizeof(t->info->time)))
		return -EFAULT;
	atomic_store(&t->time_guest, area.addr.p);
	/* Another's is written when it runs next. */
	if (t == v)
		vcpu_update_time(v);
	return 0;
}

static long op_register_info(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long id)
{
	struct vcpu_register_vcpu_info reg;

	if (copy_from_guest(&reg, arg, sizeof(reg)))
		return -EFAULT;
	return vcpu_info_move(target_of(v, id), GFN(reg.mfn), reg.offset);
}

#define MIN_PERIOD_NS NS_PER_MS

static long op_set_periodic(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			    unsigned long id)
{
	struct vcpu_set_periodic_timer set;
	struct vcpu *t = target_of(v, id);

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.period_ns < MIN_PERIOD_NS || set.period_ns > INT64_MAX)
		return -EINVAL;
	vcpu_set_periodic(t, set.period_ns);
	return 0;
}

static long op_stop_periodic(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			     unsigned long id)
{
	vcpu_set_periodic(target_of(v, id), 0);
	return 0;
}

/* The timer fires on the CPU that runs the vCPU: only its own may be set. */
static long op_set_singleshot(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			      unsigned long id)
{
	struct vcpu_set_singleshot_timer set;

	if (target_of(v, id) != v)
		return -EINVAL;
	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if ((set.flags & VCPU_SSHOTTMR_future) &&
	    set.timeout_abs_ns < system_time_ns())
		return -ETIME;
	timer_migrate(&v->singleshot, smp_processor_id());
	timer_set(&v->singleshot, set.timeout_abs_ns);
	return 0;
}

static long op_stop_singleshot(struct vcpu *v, unsigned int nr,
			       guest_ptr_t arg, unsigned long id)
{
	if (target_of(v, id) != v)
		return -EINVAL;
	timer_stop(&v->singleshot);
	return 0;
}

static long op_send_nmi(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			unsigned long id)
{
	struct vcpu *t = target_of(v, id);

	v->domain->ops->send_nmi(t);
	return 0;
}

/* The APIC and ACPI numbers of the CPU that a pinned vCPU runs on. */
static long op_get_physid(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			  unsigned long id)
{
	struct vcpu *t = target_of(v, id);
	struct vcpu_get_physid phys;
	unsigned int cpu;
	cpumask_t cpus;

	cpus.bits = READ_ONCE(t->sched.affinity.bits) & cpu_online_map.bits;
	if (!v->domain->privileged || cpumask_weight(&cpus) != 1)
		return -EINVAL;
	cpu = cpumask_next(&cpus, 0);
	phys.phys_id = cpu_apic_id(cpu) | (uint64_t)cpu << 32;
	return copy_to_guest(arg, &phys, sizeof(phys)) ? -EFAULT : 0;
}

static const struct op ops[] = {
	OP_RAWFN(VCPUOP_initialise, op_initialise, 0),
	OP_RAWFN(VCPUOP_up, op_up, 0),
	OP_RAWFN(VCPUOP_down, op_down, 0),
	OP_RAWFN(VCPUOP_is_up, op_is_up, 0),
	OP_RAWFN(VCPUOP_get_runstate_info, op_get_runstate, 0),
	OP_RAWFN(VCPUOP_register_runstate_memory_area, op_register_runstate, 0),
	OP_RAWFN(VCPUOP_set_periodic_timer, op_set_periodic, 0),
	OP_RAWFN(VCPUOP_stop_periodic_timer, op_stop_periodic, 0),
	OP_RAWFN(VCPUOP_set_singleshot_timer, op_set_singleshot, 0),
	OP_RAWFN(VCPUOP_stop_singleshot_timer, op_stop_singleshot, 0),
	OP_RAWFN(VCPUOP_register_vcpu_info, op_register_info, 0),
	OP_RAWFN(VCPUOP_send_nmi, op_send_nmi, 0),
	OP_RAWFN(VCPUOP_get_physid, op_get_physid, 0),
	OP_RAWFN(VCPUOP_register_vcpu_time_memory_area, op_register_time, 0),
};

static const struct op_table table = {
	"vcpu_op", ops, ARRAY_SIZE(ops), ENOSYS,
};

/**
 * hypercall_vcpu_op() - HYPERVISOR_vcpu_op(cmd, vcpuid, arg)
 *
 * Return: the operation's result; -ENOENT: no such vCPU; -ENOSYS: no such
 *         operation.
 */
long hypercall_vcpu_op(struct vcpu *v, const struct call_args *a)
{
	if (a->arg1 > UINT32_MAX || !target_of(v, a->arg1))
		return -ENOENT;
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg2), a->arg1,
			   &table);
}
