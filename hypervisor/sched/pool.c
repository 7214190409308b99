/* SPDX-License-Identifier: MIT */
/*
 * pool.c - sets of CPUs with a policy of their own
 *
 * A CPU belongs to one pool, to none (free), or is on its way out of one:
 *
 *   FREE --add--> MEMBER --remove--> LEAVING --(its queue is empty)--> FREE
 *
 * A domain belongs to one pool; its vCPUs run on that pool's CPUs only. Pool 0
 * is there from the start, has all CPUs, and stays. A pool with domains keeps
 * at least one CPU. What a vCPU's affinity leaves of its pool may be empty
 * after a change: then the affinity is forgotten, as a vCPU must run somewhere.
 *
 * Locks: pool_lock (LOCK_POOL) for the list, membership and the masks; others
 * read pool->cpus and d->sched.pool without it, and look again under a run
 * queue's lock when they are told to. Pools are never freed while a domain or
 * CPU refers to them; rq->pool and rq->ops change under the queue's lock while
 * nobody is on it.
 */
#include "private.h"

#include <lodge/audit.h>
#include <lodge/bug.h>
#include <lodge/errno.h>

struct cpupool {
	struct list_head link;		/* [pool_lock] by number */
	uint32_t id;			/* [I] */
	const struct sched_ops *ops;	/* [I] */
	cpumask_t cpus;			/* [pool_lock], others read it */
	struct list_head domains;	/* [pool_lock] */
	uint32_t nr_domains;
};

static spinlock_t pool_lock = SPINLOCK_INIT(LOCK_POOL);
static struct list_head pools;		/* [pool_lock] */
static cpumask_t leaving;		/* [pool_lock] */
static struct cpupool pool0;

/* ---- for the rest of sched/ ---- */

void sched_pools_init(const struct sched_ops *ops)
{
	list_init(&pools);
	leaving = CPUMASK_NONE;
	pool0 = (struct cpupool){.ops = ops};
	list_init(&pool0.domains);
	list_add(&pool0.link, &pools);
}

void sched_pool_init_cpu(struct runq *rq)
{
	rq->pool = &pool0;
	rq->ops = pool0.ops;
	cpumask_set(&pool0.cpus, sched_cpu_of(rq));
}

cpumask_t sched_pool_cpus(const struct cpupool *pool)
{
	cpumask_t m = {
		READ_ONCE(pool->cpus.bits) & READ_ONCE(cpu_online_map.bits),
	};

	return m;
}

cpumask_t sched_peers(const struct runq *rq)
{
	return rq->pool ? sched_pool_cpus(rq->pool) : CPUMASK_NONE;
}

const struct sched_ops *sched_ops_of(const struct vcpu *v)
{
	return READ_ONCE(v->domain->sched.pool)->ops;
}

/* A new domain starts in pool 0. */
void sched_pool_add_domain(struct domain *d)
{
	spin_lock(&pool_lock);
	d->sched.pool = &pool0;
	list_add_tail(&d->sched.pool_link, &pool0.domains);
	pool0.nr_domains++;
	spin_unlock(&pool_lock);
}

static void forget_domain(struct domain *d)
{
	d->sched.pool->nr_domains--;
	list_del(&d->sched.pool_link);
}

void sched_pool_remove_domain(struct domain *d)
{
	spin_lock(&pool_lock);
	forget_domain(d);
	spin_unlock(&pool_lock);
}

/* The domains of each pool know it, and are as many as it says. */
void sched_pools_audit(struct audit *a)
{
	const struct domain *d;
	const struct cpupool *p;
	uint32_t n;

	spin_lock(&pool_lock);
	list_for_each(p, &pools, link) {
		n = 0;
		list_for_each(d, &p->domains, sched.pool_link) {
			n++;
			if (d->sched.pool != p)
				audit_error(a, "%s is listed in pool %u only",
					    d->name, p->id);
		}
		if (n != p->nr_domains)
			audit_error(a, "pool %u has %u domains, and counts %u",
				    p->id, n, p->nr_domains);
	}
	spin_unlock(&pool_lock);
}

/* ---- changes; pool_lock is held ---- */

/* Where a vCPU may run has changed: it goes if it has to. */
static void reconsider(struct vcpu *v)
{
	unsigned long flags;
	struct runq *rq = sched_lock_of(v, &flags);
	cpumask_t allowed = sched_allowed_cpus(v);

	if (cpumask_empty(&allowed)) {
		v->sched.affinity = (cpumask_t){ ~0UL };
		allowed = sched_allowed_cpus(v);
	}
	if (!cpumask_test(&allowed, sched_cpu_of(rq))) {
		if (v->sched.queued)
			sched_dequeue(rq, v);	/* and placed anew below */
		else if (v->sched.running)
			sched_kick(rq);
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	vcpu_wake(v);
}

static void reconsider_domain(struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i)
		reconsider(v);
}

static struct cpupool *find(uint32_t id)
{
	struct cpupool *p;

	list_for_each(p, &pools, link)
		if (p->id == id)
			return p;
	return NULL;
}

static cpumask_t free_cpus(void)
{
	cpumask_t m = { READ_ONCE(cpu_online_map.bits) & ~leaving.bits };
	struct cpupool *p;

	list_for_each(p, &pools, link)
		m.bits &= ~p->cpus.bits;
	return m;
}

/* The queue changes hands. False: somebody is still on it. */
static bool assign(unsigned int cpu, struct cpupool *pool)
{
	struct runq *rq = &runqs[cpu];
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	bool empty = !rq->nr_queued && sched_is_idle(rq->curr);

	if (empty) {
		rq->pool = pool;
		if (pool)
			rq->ops = pool->ops;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return empty;
}

/* By number; the first free one from 1 on for CPUPOOL_ANY. */
static int insert(struct cpupool *pool, uint32_t *id)
{
	struct cpupool *p;
	uint32_t wanted = *id == CPUPOOL_ANY ? 1 : *id;

	list_for_each(p, &pools, link) {
		if (*id == CPUPOOL_ANY && p->id == wanted)
			wanted++;
		else if (p->id == wanted)
			return -EEXIST;
		if (p->id > wanted)
			break;
	}
	pool->id = *id = wanted;
	/* Before the first greater one, or at the end. */
	list_add_tail(&pool->link, &p->link);
	return 0;
}

/* ---- operations ---- */

/**
 * cpupool_create() - a new pool, without CPUs
 * @id:   number, or CPUPOOL_ANY; the number on return
 * @null: policy null instead of the one that "sched=" chose
 *
 * Context: IRQs on; no lock above LOCK_POOL held.
 * Return: 0; -EEXIST: the number is taken; -ENOMEM.
 */
int cpupool_create(uint32_t *id, bool null)
{
	struct cpupool *pool = kzalloc(sizeof(*pool));
	int rc;

	if (!pool)
		return -ENOMEM;
	list_init(&pool->domains);
	pool->ops = null ? &null_ops : pool0.ops;
	spin_lock(&pool_lock);
	rc = insert(pool, id);
	spin_unlock(&pool_lock);
	if (rc)
		kfree(pool);
	return rc;
}

/**
 * cpupool_destroy() - free a pool that has neither CPUs nor domains
 * @id: not 0
 *
 * Context: as cpupool_create().
 * Return: 0; -ENOENT: there is none; -EBUSY: it is in use, or pool 0.
 */
int cpupool_destroy(uint32_t id)
{
	struct cpupool *pool;
	int rc = 0;

	spin_lock(&pool_lock);
	pool = find(id);
	if (!pool)
		rc = -ENOENT;
	else if (pool == &pool0 || pool->nr_domains ||
		 !cpumask_empty(&pool->cpus) || !cpumask_empty(&leaving))
		rc = -EBUSY;
	else
		list_del(&pool->link);
	spin_unlock(&pool_lock);
	if (!rc)
		kfree(pool);
	return rc;
}

static int add_cpu(struct cpupool *pool, unsigned int cpu)
{
	cpumask_t free = free_cpus();

	if (!pool)
		return -ENOENT;
	if (cpu == CPUPOOL_ANY)
		cpu = cpumask_next(&free, 0);
	else if (cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, cpu))
		return -EINVAL;
	if (cpu >= NR_CPUS || !cpumask_test(&free, cpu) || !assign(cpu, pool))
		return -ENODEV;
	cpumask_set(&pool->cpus, cpu);
	sched_kick(&runqs[cpu]);
	return 0;
}

/**
 * cpupool_add_cpu() - give a free CPU to a pool
 * @id:  the pool
 * @cpu: or CPUPOOL_ANY
 *
 * Context: as cpupool_create().
 * Return: 0; -ENOENT: no such pool; -EINVAL: no such CPU; -ENODEV: it is not
 *         free.
 */
int cpupool_add_cpu(uint32_t id, unsigned int cpu)
{
	int rc;

	spin_lock(&pool_lock);
	rc = add_cpu(find(id), cpu);
	spin_unlock(&pool_lock);
	return rc;
}

/* It is taken out of the mask, and its vCPUs go. */
static int start_leaving(struct cpupool *pool, unsigned int cpu)
{
	struct domain *d;

	if (!cpumask_test(&pool->cpus, cpu))
		return -ENODEV;
	if (pool->nr_domains && cpumask_weight(&pool->cpus) == 1)
		return -EBUSY;
	cpumask_clear(&pool->cpus, cpu);
	cpumask_set(&leaving, cpu);
	list_for_each(d, &pool->domains, sched.pool_link)
		reconsider_domain(d);
	return 0;
}

/* Any one: that which an earlier attempt has chosen, if there is one, or the
 * last. NR_CPUS: the pool has none. */
static unsigned int choose_to_remove(const struct cpupool *pool)
{
	unsigned int cpu;

	for_each_cpu(cpu, &leaving)
		if (runqs[cpu].pool == pool)
			return cpu;
	return cpumask_empty(&pool->cpus) ? NR_CPUS :
	       63 - (unsigned int)__builtin_clzl(pool->cpus.bits);
}

static int remove_cpu(struct cpupool *pool, unsigned int cpu)
{
	int rc = 0;

	if (!pool)
		return -ENOENT;
	if (cpu == CPUPOOL_ANY)
		cpu = choose_to_remove(pool);
	if (cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, cpu))
		return -EINVAL;
	if (!cpumask_test(&leaving, cpu))
		rc = start_leaving(pool, cpu);
	else if (runqs[cpu].pool != pool)
		rc = -ENODEV;
	if (rc)
		return rc;
	if (!assign(cpu, NULL))
		return -ERESTART;
	cpumask_clear(&leaving, cpu);
	return 0;
}

/**
 * cpupool_remove_cpu() - take a CPU out of a pool
 * @id:  the pool
 * @cpu: or CPUPOOL_ANY
 *
 * Context: as cpupool_create().
 * Return: 0; -ENOENT: no such pool; -EINVAL: no such CPU; -ENODEV: not one of
 *         the pool's; -EBUSY: the last one of a pool with domains; -ERESTART:
 *         somebody is still on it (maybe the caller): call again.
 */
int cpupool_remove_cpu(uint32_t id, unsigned int cpu)
{
	int rc;

	spin_lock(&pool_lock);
	rc = remove_cpu(find(id), cpu);
	spin_unlock(&pool_lock);
	return rc;
}

/**
 * cpupool_move_domain() - let a domain run on another pool's CPUs
 * @d:  any domain but an idle one; its vCPUs forget an affinity that leaves
 *      nothing of the new pool
 * @id: the pool
 *
 * Context: as cpupool_create().
 * Return: 0; -ENOENT: no such pool; -EINVAL: the pool has no CPU.
 */
int cpupool_move_domain(struct domain *d, uint32_t id)
{
	struct cpupool *pool;
	int rc = 0;

	spin_lock(&pool_lock);
	pool = find(id);
	if (!pool) {
		rc = -ENOENT;
	} else if (cpumask_empty(&pool->cpus)) {
		rc = -EINVAL;
	} else if (pool != d->sched.pool) {
		forget_domain(d);
		WRITE_ONCE(d->sched.pool, pool);
		list_add_tail(&d->sched.pool_link, &pool->domains);
		pool->nr_domains++;
		reconsider_domain(d);
	}
	spin_unlock(&pool_lock);
	return rc;
}

/**
 * cpupool_get_info() - look at a pool
 * @id:    the pool of this number or, of those with a greater one, the next
 * @exact: no: only just that number
 * @info:  filled in
 *
 * Context: as cpupool_create().
 * Return: 0; -ENOENT: there is none.
 */
int cpupool_get_info(uint32_t id, bool exact, struct cpupool_info *info)
{
	struct cpupool *p;
	int rc = -ENOENT;

	spin_lock(&pool_lock);
	list_for_each(p, &pools, link) {
		if (p->id < id || (exact && p->id != id))
			continue;
		info->id = p->id;
		info->null = p->ops == &null_ops;
		info->nr_domains = p->nr_domains;
		info->cpus = p->cpus;
		rc = 0;
		break;
	}
	spin_unlock(&pool_lock);
	return rc;
}

/**
 * cpupool_free_cpus() - CPUs that are in no pool
 *
 * Context: as cpupool_create().
 */
cpumask_t cpupool_free_cpus(void)
{
	cpumask_t m;

	spin_lock(&pool_lock);
	m = free_cpus();
	spin_unlock(&pool_lock);
	return m;
}

/**
 * cpupool_of() - the number of a domain's pool
 * @d: any domain but an idle one
 *
 * Context: any but NMI; no lock above LOCK_POOL held.
 */
uint32_t cpupool_of(struct domain *d)
{
	uint32_t id;

	spin_lock(&pool_lock);
	id = d->sched.pool->id;
	spin_unlock(&pool_lock);
	return id;
}
