/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of control/ share
 *
 * A handler of domctl gets a struct domctl_call, one of sysctl a struct
 * xen_sysctl: private copies, which the dispatcher writes back.
 */
#ifndef LODGE_CONTROL_PRIVATE_H
#define LODGE_CONTROL_PRIVATE_H

#include <lodge/control.h>
#include <lodge/domain.h>
#include <lodge/guest.h>

struct domctl_call {
	struct xen_domctl op;
	struct domain *d;	/* [r] NULL for rows with DOMCTL_ANY */
};

/* Flags of rows, beside those of <lodge/guest.h>. */
#define DOMCTL_ANY	0x100	/* about no domain that there must be */
#define DOMCTL_OTHER	0x200	/* not about the caller's own domain */
#define DOMCTL_DYING	0x400	/* about a dying domain, too */

/* ---- bitmap.c: 0; -EFAULT ---- */
int cpumask_to_guest(const struct xenctl_bitmap *map, const cpumask_t *cpus);
int cpumask_from_guest(cpumask_t *cpus, const struct xenctl_bitmap *map);

/* ---- vcpu.c ---- */
/* The vCPU of a request; NULL and *rc: -EINVAL, -ESRCH. */
struct vcpu *call_vcpu(const struct domctl_call *call, uint32_t id, long *rc);

/* ---- info.c ---- */
void domain_info_fill(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* ---- policy-msr.c ---- */
int policy_put_msrs(guest_ptr_t list, uint32_t *nr);
int policy_check_msrs(guest_ptr_t list, uint32_t nr, uint32_t *err);

/* ---- topology.c: of an online CPU ---- */
unsigned int topology_core(unsigned int cpu);
unsigned int topology_socket(unsigned int cpu);
unsigned int topology_threads_per_core(void);
unsigned int topology_cores_per_socket(void);

/* ---- handlers of domctl ---- */
#define DECLARE_OP(name) long name(struct vcpu *v, void *arg)
/* life.c */
DECLARE_OP(domctl_create);
DECLARE_OP(domctl_destroy);
DECLARE_OP(domctl_pause);
DECLARE_OP(domctl_unpause);
DECLARE_OP(domctl_resume);
DECLARE_OP(domctl_subscribe);
DECLARE_OP(domctl_max_mem);
DECLARE_OP(domctl_max_vcpus);
DECLARE_OP(domctl_set_handle);
DECLARE_OP(domctl_set_virq_handler);
DECLARE_OP(domctl_set_time_offset);
DECLARE_OP(domctl_set_address_size);
DECLARE_OP(domctl_get_address_size);
/* info.c */
DECLARE_OP(domctl_get_info);
DECLARE_OP(domctl_get_vcpu_info);
/* vcpu.c */
DECLARE_OP(domctl_set_context);
DECLARE_OP(domctl_get_context);
DECLARE_OP(domctl_set_ext_context);
DECLARE_OP(domctl_get_ext_context);
DECLARE_OP(domctl_send_trigger);
/* state.c */
DECLARE_OP(domctl_get_xstate);
DECLARE_OP(domctl_set_xstate);
DECLARE_OP(domctl_get_msrs);
DECLARE_OP(domctl_set_msrs);
DECLARE_OP(domctl_get_tsc);
DECLARE_OP(domctl_set_tsc);
/* schedule.c */
DECLARE_OP(domctl_set_affinity);
DECLARE_OP(domctl_get_affinity);
DECLARE_OP(domctl_set_nodes);
DECLARE_OP(domctl_get_nodes);
DECLARE_OP(domctl_scheduler);
/* rights.c */
DECLARE_OP(domctl_irq_permission);
DECLARE_OP(domctl_iomem_permission);
DECLARE_OP(domctl_ioport_permission);
/* frames.c */
DECLARE_OP(domctl_frame_info);
DECLARE_OP(domctl_hypercall_page);
DECLARE_OP(domctl_shadow);
/* policy.c */
DECLARE_OP(domctl_get_policy);
DECLARE_OP(domctl_set_policy);

/* ---- handlers of sysctl ---- */
/* sysctl.c has those that are not named here. */
DECLARE_OP(sysctl_physinfo);
DECLARE_OP(sysctl_cpu_topology);
DECLARE_OP(sysctl_numa);
DECLARE_OP(sysctl_cpupool);
DECLARE_OP(sysctl_scheduler);
DECLARE_OP(sysctl_featureset);
DECLARE_OP(sysctl_policy);

#endif
