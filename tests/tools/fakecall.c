/* SPDX-License-Identifier: MIT */
/*
 * fakecall.c - stands for libxencall: a hypervisor with a few domains
 *
 * To be preloaded. The file $FAKECALL_DOMAINS has a line for each domain, by
 * number: its number, the 32 digits of its UUID, its flags of <xen/domctl.h>.
 * What changes something beyond that is told in the file behind it, ".log".
 * CPU pools are in ".pools", a line each: number, scheduler, CPUs as a bit map,
 * domains; without the file there is one, with both CPUs. While a domain ends,
 * the program of that name with ".hook" runs, if any. Where $FAKECALL_BUSY is
 * set, a domain has run for a share of the time since the host's start, by its
 * number. $FAKECALL_DEVICES is a directory with what Linux has of back ends'
 * devices in sysfs. What nobody asked for so far is ENOSYS.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>
#include <xencall.h>

#define MOST 64
#define CPUS 2
#define PAGES 32768

struct domain {
	unsigned int id, flags;
	char uuid[33];
};

static struct domain domains[MOST];
static unsigned int nr_domains;

static const char *path(void)
{
	return getenv("FAKECALL_DOMAINS");
}

static void load(void)
{
	struct domain *d = domains;
	FILE *f = fopen(path(), "r");

	while (f && d < domains + MOST &&
	       fscanf(f, "%u %32s %u", &d->id, d->uuid, &d->flags) == 3)
		d++;
	nr_domains = (unsigned int)(d - domains);
	if (f)
		fclose(f);
}

/* All at once: whoever calls may be killed, and a hypervisor is not. */
static void save(void)
{
	char name[256];
	unsigned int i;
	FILE *f;

	snprintf(name, sizeof(name), "%s.new", path());
	f = fopen(name, "w");
	for (i = 0; f && i < nr_domains; i++)
		fprintf(f, "%u %s %u\n", domains[i].id, domains[i].uuid,
			domains[i].flags);
	if (f && !fclose(f))
		rename(name, path());
}

__attribute__((format(printf, 1, 2))) static int told(const char *format, ...)
{
	char name[256];
	va_list ap;
	FILE *f;

	snprintf(name, sizeof(name), "%s.log", path());
	f = fopen(name, "a");
	if (!f)
		return -1;
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	return fclose(f);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

static uint64_t run_ns(const struct domain *d)
{
	struct timespec t;

	if (!getenv("FAKECALL_BUSY") || d->flags & XEN_DOMINF_paused)
		return 1500000000;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec) / 100 *
	       (5 + d->id * 7 % 90);
}

static void describe(const struct domain *d,
		     struct xen_domctl_getdomaininfo *info)
{
	unsigned int i, byte;

	memset(info, 0, sizeof(*info));
	info->domain = (domid_t)d->id;
	info->flags = d->flags;
	info->tot_pages = info->max_pages = PAGES;
	info->nr_online_vcpus = 2;
	info->max_vcpu_id = 1;
	info->cpu_time = run_ns(d);
	for (i = 0; i < 16; i++)
		if (sscanf(d->uuid + 2 * i, "%2x", &byte) == 1)
			info->handle[i] = (uint8_t)byte;
}

/* ---- control of domains ------------------------------------------------- */

static int set_affinity(const struct domain *d,
			const struct xen_domctl_vcpuaffinity *a)
{
	const struct xenctl_bitmap *map =
		a->flags & XEN_VCPUAFFINITY_HARD ? &a->cpumap_hard
						 : &a->cpumap_soft;
	uint8_t bits;

	memcpy(&bits, *(void *const *)&map->bitmap, 1);
	return told("affinity %u %u %x %x\n", d->id, a->vcpu, a->flags, bits);
}

static int set_share(const struct domain *d,
		     struct xen_domctl_scheduler_op *op)
{
	if (op->cmd == XEN_DOMCTL_SCHEDOP_putinfo)
		return told("share %u %u %u\n", d->id, op->u.credit2.weight,
			    op->u.credit2.cap);
	op->u.credit2.weight = 256;
	op->u.credit2.cap = 0;
	return 0;
}

/* What others do in that moment. */
static void run_hook(void)
{
	char command[300];

	snprintf(command, sizeof(command),
		 "test ! -x %s.hook || env -u LD_PRELOAD %s.hook", path(),
		 path());
	if (system(command))
		abort();
}

static int destroy(struct domain *d)
{
	run_hook();
	nr_domains--;
	memmove(d, d + 1, (size_t)(domains + nr_domains - d) * sizeof(*d));
	save();
	return 0;
}

static int pause_domain(struct domain *d, bool pause)
{
	d->flags &= ~(unsigned int)XEN_DOMINF_paused;
	if (pause)
		d->flags |= XEN_DOMINF_paused;
	save();
	return 0;
}

static int vcpu_info(const struct domain *d, struct xen_domctl_getvcpuinfo *v)
{
	if (v->vcpu > 1)
		return refuse(ESRCH);
	v->online = 1;
	v->running = d->flags & XEN_DOMINF_running && !v->vcpu;
	v->blocked = !v->running;
	v->cpu_time = run_ns(d) / 2;
	v->cpu = v->vcpu;
	return 0;
}

static int of_domain(struct domain *d, struct xen_domctl *op)
{
	switch (op->cmd) {
	case XEN_DOMCTL_pausedomain:
		return pause_domain(d, true);
	case XEN_DOMCTL_unpausedomain:
		return pause_domain(d, false);
	case XEN_DOMCTL_getvcpuinfo:
		return vcpu_info(d, &op->u.getvcpuinfo);
	case XEN_DOMCTL_destroydomain:
		return destroy(d);
	case XEN_DOMCTL_scheduler_op:
		return set_share(d, &op->u.scheduler_op);
	case XEN_DOMCTL_setvcpuaffinity:
		return set_affinity(d, &op->u.vcpuaffinity);
	case XEN_DOMCTL_sendtrigger:
		return told("trigger %u %u %u\n", d->id,
			    op->u.sendtrigger.trigger,
			    op->u.sendtrigger.vcpu);
	case XEN_DOMCTL_max_mem:
		return told("max_mem %u %llu\n", d->id,
			    (unsigned long long)op->u.max_mem.max_memkb);
	default:
		return refuse(ENOSYS);
	}
}

static int domctl(struct xen_domctl *op)
{
	struct domain *d = domains, *end = domains + nr_domains;

	while (d < end && d->id < op->domain)
		d++;
	if (d == end)
		return refuse(ESRCH);
	if (op->cmd == XEN_DOMCTL_getdomaininfo) {
		describe(d, &op->u.getdomaininfo);
		op->domain = (domid_t)d->id;
		return 0;
	}
	return d->id == op->domain ? of_domain(d, op) : refuse(ESRCH);
}

/* ---- control of the host ------------------------------------------------ */

static int list(struct xen_sysctl_getdomaininfolist *op)
{
	struct xen_domctl_getdomaininfo *out;
	unsigned int i, n = 0;

	memcpy(&out, &op->buffer, sizeof(out));
	for (i = 0; i < nr_domains && n < op->max_domains; i++)
		if (domains[i].id >= op->first_domain)
			describe(&domains[i], &out[n++]);
	op->num_domains = n;
	return 0;
}

static struct pool {
	unsigned int id, scheduler, cpus, nr_domains;
} pools[MOST];
static unsigned int nr_pools;

static FILE *open_pools(const char *how)
{
	char name[256];

	snprintf(name, sizeof(name), "%s.pools", path());
	return fopen(name, how);
}

static void load_pools(void)
{
	struct pool *p = pools;
	FILE *f = open_pools("r");

	while (f && p < pools + MOST &&
	       fscanf(f, "%u %u %x %u", &p->id, &p->scheduler, &p->cpus,
		      &p->nr_domains) == 4)
		p++;
	nr_pools = (unsigned int)(p - pools);
	if (f)
		fclose(f);
	else
		pools[nr_pools++] = (struct pool){
			0, XEN_SCHEDULER_CREDIT2, (1 << CPUS) - 1, nr_domains,
		};
}

static int save_pools(void)
{
	FILE *f = open_pools("w");
	unsigned int i;

	for (i = 0; f && i < nr_pools; i++)
		fprintf(f, "%u %u %x %u\n", pools[i].id, pools[i].scheduler,
			pools[i].cpus, pools[i].nr_domains);
	return f ? fclose(f) : -1;
}

static unsigned int free_cpus(void)
{
	unsigned int i, cpus = (1 << CPUS) - 1;

	for (i = 0; i < nr_pools; i++)
		cpus &= ~pools[i].cpus;
	return cpus;
}

static void put_map(const struct xenctl_bitmap *map, unsigned int cpus)
{
	memcpy(*(void *const *)&map->bitmap, &cpus, 1);
}

static int create_pool(struct xen_sysctl_cpupool_op *op)
{
	op->cpupool_id = pools[nr_pools - 1].id + 1;
	pools[nr_pools++] = (struct pool){op->cpupool_id, op->sched_id, 0, 0};
	return save_pools();
}

static int tell_pool(struct xen_sysctl_cpupool_op *op)
{
	unsigned int i;

	for (i = 0; i < nr_pools && pools[i].id < op->cpupool_id; i++)
		;
	if (i == nr_pools)
		return refuse(ENOENT);
	op->cpupool_id = pools[i].id;
	op->sched_id = pools[i].scheduler;
	op->n_dom = pools[i].nr_domains;
	put_map(&op->cpumap, pools[i].cpus);
	return 0;
}

static int change_pool(struct pool *p, const struct xen_sysctl_cpupool_op *op)
{
	unsigned int bit = 1U << (op->cpu % 32);

	switch (op->op) {
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		nr_pools--;
		memmove(p, p + 1, (size_t)(pools + nr_pools - p) * sizeof(*p));
		break;
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		if (!(free_cpus() & bit))
			return refuse(ENODEV);
		p->cpus |= bit;
		break;
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		if (p->cpus == bit && p->nr_domains)
			return refuse(EBUSY);
		p->cpus &= ~bit;
		break;
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return told("pool %u %u\n", op->domid, p->id);
	default:
		return refuse(ENOSYS);
	}
	return save_pools();
}

static int pool(struct xen_sysctl_cpupool_op *op)
{
	unsigned int i;

	load_pools();
	switch (op->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return create_pool(op);
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return tell_pool(op);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		put_map(&op->cpumap, free_cpus());
		return 0;
	}
	for (i = 0; i < nr_pools; i++)
		if (pools[i].id == op->cpupool_id)
			return change_pool(&pools[i], op);
	return refuse(ENOENT);
}

static int parameters(struct xen_sysctl_scheduler_op *op)
{
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		return told("ratelimit %u\n", op->u.sched_credit2.ratelimit_us);
	op->u.sched_credit2.ratelimit_us = 1000;
	return 0;
}

static int topology(struct xen_sysctl_cputopoinfo *op)
{
	struct xen_sysctl_cputopo *out;
	unsigned int i;

	memcpy(&out, &op->cputopo, sizeof(out));
	for (i = 0; out && i < CPUS; i++)
		out[i] = (struct xen_sysctl_cputopo){i, 0, i};
	op->num_cpus = CPUS;
	return 0;
}

/* A node for each CPU. */
static int nodes(struct xen_sysctl_numainfo *op)
{
	struct xen_sysctl_meminfo *out;
	unsigned int i;

	memcpy(&out, &op->meminfo, sizeof(out));
	for (i = 0; out && i < CPUS; i++)
		out[i] = (struct xen_sysctl_meminfo){1 << 30, 1 << 29};
	op->num_nodes = CPUS;
	return 0;
}

static int machine(struct xen_sysctl_physinfo *op)
{
	memset(op, 0, sizeof(*op));
	op->nr_cpus = 4;
	op->max_cpu_id = 3;
	op->cpu_khz = 2500000;
	op->total_pages = 64 * PAGES;
	op->free_pages = (64 - nr_domains) * PAGES;
	return 0;
}

static int sysctl(struct xen_sysctl *op)
{
	switch (op->cmd) {
	case XEN_SYSCTL_physinfo:
		return machine(&op->u.physinfo);
	case XEN_SYSCTL_getdomaininfolist:
		return list(&op->u.getdomaininfolist);
	case XEN_SYSCTL_cpupool_op:
		return pool(&op->u.cpupool_op);
	case XEN_SYSCTL_scheduler_op:
		return parameters(&op->u.scheduler_op);
	case XEN_SYSCTL_numainfo:
		return nodes(&op->u.numainfo);
	case XEN_SYSCTL_cputopoinfo:
		return topology(&op->u.cputopoinfo);
	default:
		return refuse(ENOSYS);
	}
}

/* ---- libxencall --------------------------------------------------------- */

xencall_handle *xencall_open(struct xentoollog_logger *logger,
			     unsigned int flags)
{
	return (xencall_handle *)domains;
}

int xencall_close(xencall_handle *handle)
{
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *handle, size_t size)
{
	return malloc(size);
}

void xencall_free_buffer(xencall_handle *handle, void *p)
{
	free(p);
}

int xencall1(xencall_handle *handle, unsigned int call, uint64_t arg)
{
	void *op = (void *)(uintptr_t)arg;

	load();
	switch (call) {
	case __HYPERVISOR_domctl:
		return domctl(op);
	case __HYPERVISOR_sysctl:
		return sysctl(op);
	default:
		return refuse(ENOSYS);
	}
}

static int grant_size(struct gnttab_query_size *op)
{
	op->nr_frames = op->dom == 6 ? 30 : 4;
	op->max_nr_frames = 32;
	op->status = GNTST_okay;
	return 0;
}

static int waited(struct vcpu_runstate_info *state)
{
	memset(state, 0, sizeof(*state));
	state->time[RUNSTATE_runnable] = run_ns(domains) / 10;
	return 0;
}

int xencall3(xencall_handle *handle, unsigned int call, uint64_t arg1,
	     uint64_t arg2, uint64_t arg3)
{
	load();
	if (call == __HYPERVISOR_grant_table_op && arg1 == GNTTABOP_query_size)
		return grant_size((void *)(uintptr_t)arg2);
	if (call == __HYPERVISOR_vcpu_op && arg1 == VCPUOP_get_runstate_info &&
	    arg2 < 2)
		return waited((void *)(uintptr_t)arg3);
	return refuse(ENOSYS);
}

long xencall2L(xencall_handle *handle, unsigned int call, uint64_t arg1,
	       uint64_t arg2)
{
	return refuse(ENOSYS);
}

/* ---- Linux -------------------------------------------------------------- */

DIR *opendir(const char *name)
{
	DIR *(*real)(const char *name);
	const char *devices = getenv("FAKECALL_DEVICES");

	*(void **)&real = dlsym(RTLD_NEXT, "opendir");
	if (devices && !strcmp(name, "/sys/bus/xen-backend/devices"))
		return real(devices);
	return real(name);
}
