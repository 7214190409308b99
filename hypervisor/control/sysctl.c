/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c - HYPERVISOR_sysctl: what a toolstack asks about the machine
 *
 * Specification: <xen/sysctl.h>. Version and copies are made here, once. Only
 * the control domain gets here (hypercall/table.c).
 */
#include "private.h"

#include <lodge/boot.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/lib.h>
#include <lodge/pci.h>
#include <lodge/percpu.h>
#include <lodge/time.h>

#define MAX_KEYS	32
#define PIECE		256

/* ---- the log ---- */

/* Copies from *pos on, until the log or the room ends. *done: bytes. */
static long give_log(guest_ptr_t to, uint32_t room, uint32_t *pos,
		     uint32_t *done)
{
	char buf[PIECE];
	size_t n;

	for (*done = 0; *done < room; *done += (uint32_t)n) {
		n = console_ring_read(buf, min(room - *done, (uint32_t)PIECE),
				      pos, false, true);
		if (!n)
			break;
		if (copy_to_guest(guest_ptr_add(to, *done), buf, n))
			return -EFAULT;
	}
	return 0;
}

/* The log is at most 1 MiB: its copy is bounded by that. */
static long read_console(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_readconsole *op = &s->u.readconsole;
	uint32_t pos = op->index, done;
	long rc;

	(void)console_ring_read(NULL, 0, &pos, false, op->incremental);
	rc = give_log(guest_ptr(op->buffer), op->count, &pos, &done);
	if (rc)
		return rc;
	op->count = done;
	op->index = pos;
	if (op->clear)
		(void)console_ring_read(NULL, 0, &pos, true, true);
	return 0;
}

static long debug_keys(struct vcpu *v, void *arg)
{
	const struct xen_sysctl *s = arg;
	const struct xen_sysctl_debug_keys *op = &s->u.debug_keys;
	char keys[MAX_KEYS];
	unsigned int i;

	if (op->nr_keys > MAX_KEYS)
		return -E2BIG;
	if (copy_from_guest(keys, guest_ptr(op->keys), op->nr_keys))
		return -EFAULT;
	for (i = 0; i < op->nr_keys; i++)
		debug_key(keys[i]);
	return 0;
}

/* ---- the machine ---- */

/* Feature words of the host, in the order of <xen/arch-x86/cpufeatureset.h>. */
static void fill_hw_cap(uint32_t cap[8])
{
	struct cpuid_regs l1 = cpuid_count(1, 0);
	struct cpuid_regs e1 = cpuid_count(0x80000001, 0);
	struct cpuid_regs l7 = { 0 }, ld = { 0 }, e7 = { 0 };

	if (cpu_features.max_leaf >= 7)
		l7 = cpuid_count(7, 0);
	if (cpu_features.max_leaf >= 0xd)
		ld = cpuid_count(0xd, 1);
	if (cpu_features.max_ext_leaf >= 0x80000007)
		e7 = cpuid_count(0x80000007, 0);
	cap[0] = l1.d;
	cap[1] = l1.c;
	cap[2] = e1.d;
	cap[3] = e1.c;
	cap[4] = ld.a;
	cap[5] = l7.b;
	cap[6] = l7.c;
	cap[7] = e7.d;
}

/* All memory of the machine, what we keep for ourselves too. */
static uint64_t ram_frames(void)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < boot_info.nr_ranges; i++)
		if (boot_info.ranges[i].kind == MEM_RAM)
			bytes += boot_info.ranges[i].size;
	return bytes >> PAGE_SHIFT;
}

long sysctl_physinfo(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_physinfo *pi = &s->u.physinfo;

	memset(pi, 0, sizeof(*pi));
	pi->threads_per_core = topology_threads_per_core();
	pi->cores_per_socket = topology_cores_per_socket();
	pi->nr_cpus = cpumask_weight(&cpu_online_map);
	pi->max_cpu_id = 63 - (unsigned int)__builtin_clzl(cpu_online_map.bits);
	pi->nr_nodes = 1;
	pi->max_node_id = 0;
	pi->cpu_khz = (uint32_t)tsc_khz();
	pi->capabilities = XEN_SYSCTL_PHYSCAP_pv |
			   XEN_SYSCTL_PHYSCAP_gnttab_v1 |
			   XEN_SYSCTL_PHYSCAP_gnttab_v2;
	pi->total_pages = ram_frames();
	pi->free_pages = mm_free_frames();
	pi->outstanding_pages = mm_claimed_frames();
	pi->max_mfn = max_mfn - 1;
	fill_hw_cap(pi->hw_cap);
	return 0;
}

static uint32_t nr_cpu_ids(void)
{
	return 64 - (uint32_t)__builtin_clzl(READ_ONCE(cpu_online_map.bits));
}

long sysctl_cpu_topology(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_cputopoinfo *op = &s->u.cputopoinfo;
	guest_ptr_t list = guest_ptr(op->cputopo);
	uint32_t nr = nr_cpu_ids(), i;

	for (i = 0; !guest_ptr_null(list) && i < min(nr, op->num_cpus); i++) {
		struct xen_sysctl_cputopo t = {
			XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID,
			XEN_INVALID_NODE_ID,
		};

		if (cpumask_test(&cpu_online_map, i)) {
			t.core = topology_core(i);
			t.socket = topology_socket(i);
			t.node = 0;
		}
		if (copy_to_guest(guest_ptr_add(list, i * sizeof(t)), &t,
				  sizeof(t)))
			return -EFAULT;
	}
	op->num_cpus = guest_ptr_null(list) ? nr : i;
	return 0;
}

/* One node with all memory, at the usual distance to itself. */
long sysctl_numa(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_numainfo *op = &s->u.numainfo;
	guest_ptr_t mem = guest_ptr(op->meminfo);
	guest_ptr_t distance = guest_ptr(op->distance);
	const struct xen_sysctl_meminfo info = {
		.memsize = ram_frames() * PAGE_SIZE,
		.memfree = mm_free_frames() * PAGE_SIZE,
	};
	const uint32_t own = 10;

	if (op->num_nodes && !guest_ptr_null(mem) &&
	    copy_to_guest(mem, &info, sizeof(info)))
		return -EFAULT;
	if (op->num_nodes && !guest_ptr_null(distance) &&
	    copy_to_guest(distance, &own, sizeof(own)))
		return -EFAULT;
	op->num_nodes = 1;
	return 0;
}

/* No device's place among the nodes is known. */
static uint32_t device_node(const physdev_pci_device_t *dev)
{
	return pci_device_known(PCI_SBDF(dev->seg, dev->bus, dev->devfn)) ?
	       XEN_INVALID_NODE_ID : XEN_INVALID_DEV;
}

/* When it takes too long, num_devs says how far it came: the caller asks
 * again for the rest. */
static long pci_topology(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_pcitopoinfo *op = &s->u.pcitopoinfo;
	guest_ptr_t devs = guest_ptr(op->devs), nodes = guest_ptr(op->nodes);
	uint32_t n = 0;

	if (guest_ptr_null(devs) || guest_ptr_null(nodes))
		return -EINVAL;
	while (n < op->num_devs) {
		physdev_pci_device_t dev;
		uint32_t node;

		if (copy_from_guest(&dev, guest_ptr_add(devs, n * sizeof(dev)),
				    sizeof(dev)))
			return -EFAULT;
		node = device_node(&dev);
		if (copy_to_guest(guest_ptr_add(nodes, n * sizeof(node)),
				  &node, sizeof(node)))
			return -EFAULT;
		n++;
		if (hypercall_preempt_check())
			break;
	}
	op->num_devs = n;
	return 0;
}

static long sched_id(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;

	s->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

static long cpu_info(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_getcpuinfo *op = &s->u.getcpuinfo;
	uint32_t nr = min(op->max_cpus, nr_cpu_ids()), i;

	for (i = 0; i < nr; i++) {
		struct xen_sysctl_cpuinfo info = { sched_idle_ns(i) };

		if (copy_to_guest(guest_ptr_add(guest_ptr(op->info),
						i * sizeof(info)),
				  &info, sizeof(info)))
			return -EFAULT;
	}
	op->nr_cpus = nr;
	return 0;
}

static long available_heap(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_availheap *op = &s->u.availheap;
	uint32_t from = op->min_bitwidth, to = op->max_bitwidth;

	/* A node that is not there has no memory. */
	op->avail_bytes = 0;
	if (op->node == -1 || op->node == 0)
		op->avail_bytes = mm_free_frames_between(from, to ? to : 64) *
				  PAGE_SIZE;
	return 0;
}

/* ---- all domains ---- */

static long domain_info_list(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;
	struct xen_sysctl_getdomaininfolist *op = &s->u.getdomaininfolist;
	guest_ptr_t to = guest_ptr(op->buffer);
	struct xen_domctl_getdomaininfo info;
	unsigned int next = op->first_domain;
	struct domain *d;
	uint32_t n;

	for (n = 0; n < op->max_domains; n++) {
		d = domain_get_next(next);
		if (!d)
			break;
		next = d->domid + 1U;
		domain_info_fill(d, &info);
		domain_put(d);
		if (copy_to_guest(guest_ptr_add(to, n * sizeof(info)), &info,
				  sizeof(info)))
			return -EFAULT;
	}
	op->num_domains = n;
	return 0;
}

static long levelling_caps(struct vcpu *v, void *arg)
{
	struct xen_sysctl *s = arg;

	/* PV guests' CPUID is not intercepted where it is not forced. */
	s->u.cpu_levelling_caps.caps = 0;
	return 0;
}

static const struct op sysctl_ops[] = {
	OP(XEN_SYSCTL_readconsole, read_console, struct xen_sysctl_readconsole, OP_INOUT),
	OP_NONE(XEN_SYSCTL_tbuf_op, ENOSYS, "no trace buffers"),
	OP(XEN_SYSCTL_physinfo, sysctl_physinfo, struct xen_sysctl_physinfo, OP_INOUT),
	OP(XEN_SYSCTL_sched_id, sched_id, struct xen_sysctl_sched_id, OP_INOUT),
	OP_NONE(XEN_SYSCTL_perfc_op, ENOSYS, "no performance counters"),
	OP(XEN_SYSCTL_getdomaininfolist, domain_info_list, struct xen_sysctl_getdomaininfolist, OP_INOUT),
	OP(XEN_SYSCTL_debug_keys, debug_keys, struct xen_sysctl_debug_keys, OP_IN),
	OP(XEN_SYSCTL_getcpuinfo, cpu_info, struct xen_sysctl_getcpuinfo, OP_INOUT),
	OP(XEN_SYSCTL_availheap, available_heap, struct xen_sysctl_availheap, OP_INOUT),
	OP_NONE(XEN_SYSCTL_get_pmstat, ENODEV, "no power management"),
	OP_NONE(XEN_SYSCTL_cpu_hotplug, EOPNOTSUPP, "CPUs stay as they are"),
	OP_NONE(XEN_SYSCTL_pm_op, ENOSYS, "no power management"),
	OP_NONE(XEN_SYSCTL_page_offline_op, EOPNOTSUPP, "frames stay in use"),
	OP_NONE(XEN_SYSCTL_lockprof_op, ENOSYS, "locks are not profiled"),
	OP(XEN_SYSCTL_cputopoinfo, sysctl_cpu_topology, struct xen_sysctl_cputopoinfo, OP_INOUT),
	OP(XEN_SYSCTL_numainfo, sysctl_numa, struct xen_sysctl_numainfo, OP_INOUT),
	OP(XEN_SYSCTL_cpupool_op, sysctl_cpupool, struct xen_sysctl_cpupool_op, OP_INOUT),
	OP(XEN_SYSCTL_scheduler_op, sysctl_scheduler, struct xen_sysctl_scheduler_op, OP_INOUT),
	OP_NONE(XEN_SYSCTL_coverage_op, EOPNOTSUPP, "no coverage data"),
	OP_NONE(XEN_SYSCTL_psr_cmt_op, ENODEV, "caches are not monitored"),
	OP(XEN_SYSCTL_pcitopoinfo, pci_topology, struct xen_sysctl_pcitopoinfo, OP_INOUT),
	OP_NONE(XEN_SYSCTL_psr_alloc, ENODEV, "caches are not partitioned"),
	OP(XEN_SYSCTL_get_cpu_levelling_caps, levelling_caps, struct xen_sysctl_cpu_levelling_caps, OP_INOUT),
	OP(XEN_SYSCTL_get_cpu_featureset, sysctl_featureset, struct xen_sysctl_cpu_featureset, OP_INOUT),
	OP(XEN_SYSCTL_get_cpu_policy, sysctl_policy, struct xen_sysctl_cpu_policy, OP_INOUT),
	OP_NONE(XEN_SYSCTL_livepatch_op, ENOSYS, "the image is not patched"),
};

static const struct op_table sysctl_table = {
	"sysctl", sysctl_ops, ARRAY_SIZE(sysctl_ops), ENOSYS,
};

/**
 * hypercall_sysctl() - HYPERVISOR_sysctl(op)
 * @v: current, of the control domain
 * @a: guest pointer to struct xen_sysctl
 *
 * Return: the operation's result; -EFAULT; -EACCES: another version of the
 *         interface; -ENOSYS: no such operation, or it is not there.
 */
long hypercall_sysctl(struct vcpu *v, const struct call_args *a)
{
	guest_ptr_t arg = GUEST_PTR(a->arg0);
	const struct op *row;
	struct xen_sysctl op;
	long rc;

	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	row = op_find(&sysctl_table, op.cmd);
	if (!row)
		return -sysctl_table.unknown;
	if (row->errno_none)
		return -row->errno_none;
	/* Where the answer cannot go nothing must be done. */
	if ((row->flags & OP_OUT) && copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	rc = row->fn(v, &op);
	if (rc == -ERESTART)
		return hypercall_continue(__HYPERVISOR_sysctl, 0);
	if (((rc >= 0 && (row->flags & OP_OUT)) ||
	     (row->flags & OP_OUT_ALWAYS)) &&
	    copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return rc;
}
