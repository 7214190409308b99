/* SPDX-License-Identifier: MIT */
/*
 * cpupools.c - the CPU pools that there are
 */
#include "cpupools.h"

#include "store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int cpupool_op(struct lodge *l, struct xen_sysctl_cpupool_op *op,
	       uint8_t map[CPU_MAP_BYTES])
{
	struct xen_sysctl ctl = {.cmd = XEN_SYSCTL_cpupool_op};
	void *buffer = hv_alloc(l, CPU_MAP_BYTES);
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	op->cpumap.nr_bits = LODGE_MAX_CPUS;
	set_xen_guest_handle_raw(op->cpumap.bitmap, buffer);
	ctl.u.cpupool_op = *op;
	rc = hv_sysctl(l, &ctl);
	*op = ctl.u.cpupool_op;
	if (!rc && map)
		memcpy(map, buffer, CPU_MAP_BYTES);
	hv_free(l, buffer);
	return rc;
}

static unsigned int count(const uint8_t *map)
{
	unsigned int cpu, nr = 0;

	for (cpu = 0; cpu < LODGE_MAX_CPUS; cpu++)
		nr += cpu_in(map, cpu);
	return nr;
}

int cpupool_get(struct lodge *l, unsigned int first,
		struct lodge_cpupool *pool)
{
	struct xen_sysctl_cpupool_op op = {
		.op = XEN_SYSCTL_CPUPOOL_OP_INFO,
		.cpupool_id = first,
	};
	int rc;

	*pool = (struct lodge_cpupool){0};
	rc = cpupool_op(l, &op, pool->cpus);
	if (rc)
		return rc;
	pool->id = op.cpupool_id;
	pool->scheduler = scheduler_name(op.sched_id);
	pool->nr_domains = op.n_dom;
	pool->nr_cpus = count(pool->cpus);
	return lodge_cpupool_name(l, pool->id, &pool->name);
}

int lodge_cpupool_name(struct lodge *l, unsigned int pool, char **name)
{
	return store_read(l, name, "/local/pool/%u/name", pool);
}

static int add(struct lodge *l, struct lodge_cpupool **list, size_t *nr,
	       const struct lodge_cpupool *pool)
{
	struct lodge_cpupool *longer;

	longer = realloc(*list, (*nr + 1) * sizeof(*pool));
	if (!longer) {
		free(pool->name);
		return fail(l, ENOMEM, "there is no memory");
	}
	*list = longer;
	longer[(*nr)++] = *pool;
	return 0;
}

int lodge_cpupools(struct lodge *l, struct lodge_cpupool **list, size_t *nr)
{
	struct lodge_cpupool pool = {0};
	unsigned int next = 0;
	int rc;

	*list = NULL;
	*nr = 0;
	while (!(rc = cpupool_get(l, next, &pool))) {
		next = pool.id + 1;
		rc = add(l, list, nr, &pool);
		if (rc)
			break;
	}
	if (rc == -ENOENT)
		return 0;
	lodge_cpupools_free(*list, *nr);
	*list = NULL;
	*nr = 0;
	return fail_because(l, "cannot list the CPU pools");
}

void lodge_cpupools_free(struct lodge_cpupool *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free(list[i].name);
	free(list);
}

int lodge_cpupool_find(struct lodge *l, const char *who, unsigned int *pool)
{
	struct lodge_cpupool *list;
	unsigned long number;
	size_t nr, i;
	char *end;
	int rc = lodge_cpupools(l, &list, &nr);

	if (rc)
		return rc;
	number = strtoul(who, &end, 10);
	if (*end || *who < '0' || *who > '9')
		number = ULONG_MAX;
	for (i = 0; i < nr; i++)
		if (list[i].id == number ||
		    (list[i].name && !strcmp(list[i].name, who)))
			break;
	if (i < nr)
		*pool = list[i].id;
	lodge_cpupools_free(list, nr);
	return i < nr ? 0
		      : fail(l, ENOENT, "there is no CPU pool \"%s\"", who);
}
