/* SPDX-License-Identifier: MIT */
/*
 * balance.c - moving vCPUs that wait to CPUs that have less to do
 *
 * Three occasions: a CPU would idle and takes one over (pull); one waits here
 * while another CPU idles (feed); a slice ends here, and another CPU has less
 * to do. The last one goes by weight. If what separates two CPUs is just one
 * vCPU's weight, as with three equals on two, no placement is right: then they
 * take turns, so that over time each gets its share.
 *
 * Locks: as core.c: this queue's is held, another one's only tried. Whoever
 * could not be had is asked for again at the next occasion.
 */
#include "private.h"

/* So many pass before one goes just because it is somebody else's turn. */
#define SLICES_PER_TURN 3

/* Takes a waiting vCPU over from @from, if one can be had. */
static struct vcpu *pull_from(struct runq *from, struct runq *to, uint64_t now)
{
	struct sched_wish wish = {
		.from = sched_cpu_of(from),
		.to = sched_cpu_of(to),
		.below = SCHED_NO_LIMIT,
	};
	struct vcpu *v = NULL;

	if (!READ_ONCE(from->nr_queued) || !spin_trylock(&from->lock))
		return NULL;
	sched_account(from, now);
	if (from->pool == to->pool)
		v = from->ops->candidate(&wish);
	if (v) {
		sched_dequeue(from, v);
		to->ops->move(v, wish.to);
	}
	spin_unlock(&from->lock);
	return v;
}

struct vcpu *sched_pull(struct runq *rq, uint64_t now)
{
	cpumask_t peers = sched_peers(rq);
	struct vcpu *v = NULL;
	unsigned int cpu;

	/* It may be on its way out of the pool. */
	if (!cpumask_test(&peers, sched_cpu_of(rq)))
		return NULL;
	for_each_cpu(cpu, &peers) {
		if (&runqs[cpu] != rq)
			v = pull_from(&runqs[cpu], rq, now);
		if (v)
			break;
	}
	return v;
}

/* Gives one that waits here to another CPU, if there is one as wished. */
static void give(struct runq *rq, struct sched_wish *wish, uint64_t now)
{
	struct runq *to = &runqs[wish->to];
	struct vcpu *v = NULL;

	wish->from = sched_cpu_of(rq);
	if (!spin_trylock(&to->lock))
		return;
	sched_account(to, now);
	if (to->pool == rq->pool)
		v = rq->ops->candidate(wish);
	if (v) {
		sched_dequeue(rq, v);
		to->ops->move(v, wish->to);
		to->turn_ns = now;
		sched_enqueue(to, v, false);
		sched_consider_preemption(to, v, now);
	}
	spin_unlock(&to->lock);
}

/* One stays here, others need not wait for it while CPUs idle. */
static void feed_idle_cpus(struct runq *rq, uint64_t now)
{
	cpumask_t peers = sched_peers(rq);
	unsigned int cpu;

	for_each_cpu(cpu, &peers) {
		struct sched_wish wish = {.to = cpu, .below = SCHED_NO_LIMIT};

		if (rq->nr_queued < 2)
			return;
		if (&runqs[cpu] != rq && sched_load(cpu) == 0)
			give(rq, &wish, now);
	}
}

/*
 * The CPU with the least weight; false: none has less than this one. Of equals
 * the next one in a circle, so that the turn comes to each.
 */
static bool find_lightest(const struct runq *rq, struct sched_wish *wish)
{
	uint32_t weight, least = rq->weight;
	cpumask_t peers = sched_peers(rq);
	unsigned int i, cpu;

	for (i = 1; i < NR_CPUS; i++) {
		cpu = (sched_cpu_of(rq) + i) % NR_CPUS;
		if (!cpumask_test(&peers, cpu))
			continue;
		weight = READ_ONCE(runqs[cpu].weight);
		if (weight >= least)
			continue;
		least = weight;
		wish->to = cpu;
	}
	wish->below = rq->weight - least;
	return wish->below;
}

/* At the end of a slice one goes; the next slice's end sees to the next. */
void sched_balance(struct runq *rq, uint64_t now)
{
	uint64_t turn_ns = rq->turn_ns + SLICES_PER_TURN * sched_slice_ns;
	struct sched_wish wish = {.in_turn = now >= turn_ns};

	feed_idle_cpus(rq, now);
	if (now < rq->slice_end_ns || rq->nr_queued < 2)
		return;
	if (find_lightest(rq, &wish))
		give(rq, &wish, now);
}
