/* SPDX-License-Identifier: MIT */
/*
 * cpupool_change.c - CPUs and domains change their pools, and pools come and go
 *
 * A CPU is of one pool, or free. Each change is made CPU by CPU; if one cannot
 * be moved, those before it are moved back.
 *
 *	free --add--> of a pool --remove--> free
 *
 * A pool begins without CPUs and without a name; one whose maker was killed
 * is listed by its number, and can be destroyed by it.
 */
#include "cpupools.h"

#include "affinity.h"
#include "clock.h"
#include "config.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGAIN_MS 2000 /* until the hypervisor can do without a CPU */
#define STEP_MS	 5

/* ---- CPUs --------------------------------------------------------------- */

/* One CPU of a pool, or to be; *op is add or remove. */
static int move_cpu(struct lodge *l, unsigned int pool, uint32_t op,
		    unsigned int cpu)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	long end = clock_ms() + AGAIN_MS;
	struct xen_sysctl_cpupool_op ask;
	int rc;

	do {
		ask = (struct xen_sysctl_cpupool_op){
			.op = op, .cpupool_id = pool, .cpu = cpu,
		};
		rc = cpupool_op(l, &ask, NULL);
	} while (rc == -EAGAIN && clock_ms() < end && !nanosleep(&step, NULL));
	return rc;
}

static int say_why(struct lodge *l, unsigned int pool, unsigned int cpu, int rc)
{
	static const struct {
		int rc;
		const char *why;
	} reasons[] = {
		{-EBUSY, "domains of it need its last CPU"},
		{-EADDRINUSE, "a vCPU is pinned to it for a while"},
		{-EAGAIN, "the hypervisor is still using it"},
		{-EADDRNOTAVAIL, "another CPU is just leaving it"},
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].rc == rc)
			return fail(l, -rc, "CPU %u cannot leave CPU pool %u: "
				    "%s", cpu, pool, reasons[i].why);
	return rc;
}

static uint32_t opposite(uint32_t op)
{
	return op == XEN_SYSCTL_CPUPOOL_OP_ADDCPU
		       ? XEN_SYSCTL_CPUPOOL_OP_RMCPU
		       : XEN_SYSCTL_CPUPOOL_OP_ADDCPU;
}

/* Those of a map before @end; the first that cannot be is told of. */
static int move_before(struct lodge *l, unsigned int pool, uint32_t op,
		       const uint8_t *map, unsigned int end,
		       unsigned int *failed)
{
	unsigned int cpu;
	int rc = 0;

	for (cpu = 0; cpu < end && !rc; cpu++)
		if (cpu_in(map, cpu)) {
			*failed = cpu;
			rc = move_cpu(l, pool, op, cpu);
		}
	return rc;
}

/* All of them, or none. */
static int move_cpus(struct lodge *l, unsigned int pool, uint32_t op,
		     const uint8_t *map)
{
	unsigned int failed = 0, ignored;
	struct lodge other;
	int rc = move_before(l, pool, op, map, LODGE_MAX_CPUS, &failed);

	if (!rc)
		return 0;
	rc = say_why(l, pool, failed, rc);
	other = aside(l);
	move_before(&other, pool, opposite(op), map, failed, &ignored);
	aside_end(l, &other);
	return rc;
}

static int read_free(struct lodge *l, uint8_t *map)
{
	struct xen_sysctl_cpupool_op op = {
		.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO,
	};

	return cpupool_op(l, &op, map);
}

static int check_free(struct lodge *l, const uint8_t *wanted)
{
	uint8_t map[CPU_MAP_BYTES];
	unsigned int cpu;
	int rc = read_free(l, map);

	for (cpu = 0; cpu < LODGE_MAX_CPUS && !rc; cpu++)
		if (cpu_in(wanted, cpu) && !cpu_in(map, cpu))
			rc = fail(l, EBUSY, "CPU %u is not free: it is of a "
				  "CPU pool", cpu);
	return rc;
}

static int check_members(struct lodge *l, unsigned int pool,
			 const uint8_t *wanted)
{
	struct lodge_cpupool p;
	unsigned int cpu;
	int rc = cpupool_get(l, pool, &p);

	for (cpu = 0; cpu < LODGE_MAX_CPUS && !rc; cpu++)
		if (cpu_in(wanted, cpu) && !cpu_in(p.cpus, cpu))
			rc = fail(l, ENODEV, "CPU %u is not of CPU pool %u",
				  cpu, pool);
	free(p.name);
	return rc;
}

int lodge_cpupool_add(struct lodge *l, unsigned int pool,
		      const struct lodge_cpu_list *cpus)
{
	uint8_t map[CPU_MAP_BYTES];
	int rc = affinity_resolve(l, cpus, "the list", map);

	if (!rc)
		rc = check_free(l, map);
	if (!rc)
		rc = move_cpus(l, pool, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, map);
	return rc ? fail_because(l, "cannot add CPUs to CPU pool %u", pool) : 0;
}

int lodge_cpupool_remove(struct lodge *l, unsigned int pool,
			 const struct lodge_cpu_list *cpus)
{
	uint8_t map[CPU_MAP_BYTES];
	int rc = affinity_resolve(l, cpus, "the list", map);

	if (!rc)
		rc = check_members(l, pool, map);
	if (!rc)
		rc = move_cpus(l, pool, XEN_SYSCTL_CPUPOOL_OP_RMCPU, map);
	return rc ? fail_because(l, "cannot remove CPUs from CPU pool %u", pool)
		  : 0;
}

/* ---- names -------------------------------------------------------------- */

struct naming {
	struct lodge *l;
	unsigned int pool;
	const char *name; /* NULL: it goes */
};

static int check_name(struct store_change *t, const struct naming *n)
{
	char **ids, *name;
	unsigned int nr, i;
	int rc = store_get_list(t, &ids, &nr, "/local/pool");

	for (i = 0; i < nr && !rc; i++) {
		rc = store_get(t, &name, "/local/pool/%s/name", ids[i]);
		if (!rc && name && !strcmp(name, n->name) &&
		    strtoul(ids[i], NULL, 10) != n->pool)
			rc = fail(n->l, EEXIST, "CPU pool %s is already called "
				  "\"%s\"", ids[i], name);
		free(name);
	}
	free(ids);
	return rc;
}

static int put_name(struct store_change *t, void *arg)
{
	const struct naming *n = arg;
	int rc;

	if (!n->name)
		return store_remove(t, "/local/pool/%u", n->pool);
	rc = check_name(t, n);
	return rc ? rc
		  : store_put(t, STORE_KEEP, n->name, "/local/pool/%u/name",
			      n->pool);
}

static int set_name(struct lodge *l, unsigned int pool, const char *name)
{
	struct naming n = {l, pool, name};

	return store_change(l, put_name, &n);
}

int lodge_cpupool_rename(struct lodge *l, unsigned int pool, const char *name)
{
	struct lodge_cpupool p;
	int rc = cpupool_get(l, pool, &p);

	free(p.name);
	if (!rc && (p.id != pool || !is_domain_name(name)))
		rc = p.id != pool
			     ? fail(l, ENOENT, "there is no such CPU pool")
			     : fail(l, EINVAL,
				    "\"%s\" is no name: text without \"/\" and "
				    "control characters, and no number", name);
	if (!rc)
		rc = set_name(l, pool, name);
	return rc ? fail_because(l, "cannot rename CPU pool %u", pool) : 0;
}

/* ---- pools -------------------------------------------------------------- */

/* The number of a scheduler in <xen/domctl.h>; -EINVAL, and an error */
static int find_scheduler(struct lodge *l, const char *name)
{
	int id;

	for (id = 0; id <= XEN_SCHEDULER_NULL; id++)
		if (!strcmp(scheduler_name((unsigned int)id), name))
			return id;
	return fail(l, EINVAL, "there is no scheduler \"%s\"", name);
}

static int make_pool(struct lodge *l, int scheduler, unsigned int *pool)
{
	struct xen_sysctl_cpupool_op op = {
		.op = XEN_SYSCTL_CPUPOOL_OP_CREATE,
		.cpupool_id = XEN_SYSCTL_CPUPOOL_PAR_ANY,
		.sched_id = (uint32_t)scheduler,
	};
	int rc = cpupool_op(l, &op, NULL);

	*pool = op.cpupool_id;
	return rc;
}

static int end_pool(struct lodge *l, unsigned int pool)
{
	struct xen_sysctl_cpupool_op op = {
		.op = XEN_SYSCTL_CPUPOOL_OP_DESTROY,
		.cpupool_id = pool,
	};

	return cpupool_op(l, &op, NULL);
}

/* Its CPUs, then itself; its CPUs are its own again if it cannot end. */
static int dissolve(struct lodge *l, const struct lodge_cpupool *p)
{
	struct lodge other;
	int rc = p->nr_domains
			 ? fail(l, EBUSY, "it has %u domain%s", p->nr_domains,
				p->nr_domains == 1 ? "" : "s")
			 : move_cpus(l, p->id, XEN_SYSCTL_CPUPOOL_OP_RMCPU,
				     p->cpus);

	if (rc)
		return rc;
	rc = end_pool(l, p->id);
	if (!rc)
		return set_name(l, p->id, NULL);
	other = aside(l);
	move_cpus(&other, p->id, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, p->cpus);
	aside_end(l, &other);
	return rc;
}

int lodge_cpupool_destroy(struct lodge *l, unsigned int pool)
{
	struct lodge_cpupool p;
	int rc = cpupool_get(l, pool, &p);

	free(p.name);
	if (!rc && p.id != pool)
		rc = fail(l, ENOENT, "there is no such CPU pool");
	if (!rc && !pool)
		rc = fail(l, EBUSY, "it is the first one, Dom0's");
	if (!rc)
		rc = dissolve(l, &p);
	return rc ? fail_because(l, "cannot destroy CPU pool %u", pool) : 0;
}

/* The error that is told is the one that led here. */
static int take_back(struct lodge *l, unsigned int pool, int rc)
{
	struct lodge other = aside(l);

	lodge_cpupool_destroy(&other, pool);
	aside_end(l, &other);
	return rc;
}

static int found(struct lodge *l, const char *name, int scheduler,
		 const uint8_t *map, unsigned int *pool)
{
	int rc = make_pool(l, scheduler, pool);

	if (rc)
		return rc;
	rc = set_name(l, *pool, name);
	if (!rc)
		rc = move_cpus(l, *pool, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, map);
	return rc ? take_back(l, *pool, rc) : 0;
}

static int choose_scheduler(struct lodge *l, const char *name)
{
	struct lodge_cpupool first;
	int rc;

	if (name)
		return find_scheduler(l, name);
	rc = cpupool_get(l, 0, &first);
	free(first.name);
	return rc ? rc : find_scheduler(l, first.scheduler);
}

/* The first that is free. */
static int choose_cpu(struct lodge *l, uint8_t *map)
{
	uint8_t all[CPU_MAP_BYTES];
	unsigned int cpu;
	int rc = read_free(l, all);

	memset(map, 0, CPU_MAP_BYTES);
	for (cpu = 0; cpu < LODGE_MAX_CPUS && !rc; cpu++)
		if (cpu_in(all, cpu)) {
			cpu_take(map, cpu);
			return 0;
		}
	return rc ? rc : fail(l, EBUSY, "no CPU is free: each is of a CPU pool");
}

int lodge_cpupool_create(struct lodge *l,
			 const struct lodge_cpupool_config *c,
			 unsigned int *pool)
{
	uint8_t map[CPU_MAP_BYTES];
	int scheduler = choose_scheduler(l, c->scheduler), rc;

	rc = scheduler < 0 ? scheduler
	     : c->cpus.nr  ? affinity_resolve(l, &c->cpus, "cpus", map)
			   : choose_cpu(l, map);
	if (!rc)
		rc = check_free(l, map);
	if (!rc)
		rc = found(l, c->name, scheduler, map, pool);
	return rc ? fail_because(l, "cannot create the CPU pool \"%s\"",
				 c->name)
		  : 0;
}

int lodge_domain_set_cpupool(struct lodge *l, unsigned int domid,
			     unsigned int pool)
{
	struct xen_sysctl_cpupool_op op = {
		.op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN,
		.cpupool_id = pool,
		.domid = domid,
	};
	struct xen_domctl_getdomaininfo info;
	int rc = domid ? hv_domain_info(l, domid, &info)
		       : fail(l, EINVAL, "it is Dom0, which stays in the first "
			      "CPU pool");

	if (!rc)
		rc = cpupool_op(l, &op, NULL);
	return rc ? fail_because(l, "cannot move domain %u to CPU pool %u",
				 domid, pool)
		  : 0;
}

/* ---- one for each node -------------------------------------------------- */

struct split {
	struct lodge *l;
	struct lodge_topology t;
	struct lodge_cpupool first; /* as it was */
	int scheduler;
	unsigned int *made; /* pools, by number */
	size_t nr_made;
};

/* Those of the first pool that are of a node. False: none is. */
static bool find_cpus(const struct split *s, unsigned int node, uint8_t *map)
{
	unsigned int cpu;
	bool any = false;

	memset(map, 0, CPU_MAP_BYTES);
	for (cpu = 0; cpu < s->t.nr_cpus && cpu < LODGE_MAX_CPUS; cpu++)
		if (s->t.cpus[cpu].there && s->t.cpus[cpu].node == node &&
		    cpu_in(s->first.cpus, cpu)) {
			cpu_take(map, cpu);
			any = true;
		}
	return any;
}

static int split_node(struct split *s, unsigned int node)
{
	uint8_t map[CPU_MAP_BYTES];
	struct lodge other;
	char name[24];
	int rc;

	if (!find_cpus(s, node, map))
		return 0;
	snprintf(name, sizeof(name), "Pool-node%u", node);
	rc = move_cpus(s->l, 0, XEN_SYSCTL_CPUPOOL_OP_RMCPU, map);
	if (rc)
		return rc;
	rc = found(s->l, name, s->scheduler, map, &s->made[s->nr_made]);
	if (!rc) {
		s->nr_made++;
		return 0;
	}
	other = aside(s->l);
	move_cpus(&other, 0, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, map);
	aside_end(s->l, &other);
	return rc;
}

/* As it was. */
static void join(struct split *s)
{
	struct lodge other = aside(s->l);
	struct lodge_cpupool p;
	size_t i;

	for (i = 0; i < s->nr_made; i++) {
		if (cpupool_get(&other, s->made[i], &p))
			continue;
		free(p.name);
		if (!dissolve(&other, &p))
			move_cpus(&other, 0, XEN_SYSCTL_CPUPOOL_OP_ADDCPU,
				  p.cpus);
	}
	set_name(&other, 0, s->first.name);
	aside_end(s->l, &other);
}

/* The first node that has CPUs is that of the first pool. */
static int split_nodes(struct split *s)
{
	uint8_t map[CPU_MAP_BYTES];
	unsigned int node = 0;
	char name[24];
	int rc;

	while (node < s->t.nr_nodes && !find_cpus(s, node, map))
		node++;
	snprintf(name, sizeof(name), "Pool-node%u", node);
	rc = set_name(s->l, 0, name);
	for (node++; node < s->t.nr_nodes && !rc; node++)
		rc = split_node(s, node);
	if (rc)
		join(s);
	return rc;
}

static int check_alone(struct lodge *l)
{
	struct lodge_cpupool *list;
	size_t nr;
	int rc = lodge_cpupools(l, &list, &nr);

	if (rc)
		return rc;
	lodge_cpupools_free(list, nr);
	return nr == 1 ? 0
		       : fail(l, EBUSY, "there are %zu CPU pools already", nr);
}

static int split_all(struct split *s)
{
	int rc = check_alone(s->l);

	if (!rc)
		rc = lodge_topology(s->l, &s->t);
	if (!rc)
		rc = cpupool_get(s->l, 0, &s->first);
	if (!rc)
		rc = s->scheduler = find_scheduler(s->l, s->first.scheduler);
	if (rc < 0)
		return rc;
	s->made = calloc(s->t.nr_nodes + 1, sizeof(*s->made));
	return s->made ? split_nodes(s)
		       : fail(s->l, ENOMEM, "there is no memory");
}

int lodge_cpupool_split(struct lodge *l)
{
	struct split s = {.l = l};
	int rc = split_all(&s);

	free(s.made);
	free(s.first.name);
	lodge_topology_free(&s.t);
	return rc ? fail_because(l, "cannot make a CPU pool for each node") : 0;
}
