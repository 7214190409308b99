/* SPDX-License-Identifier: MIT */
/*
 * model.c - samples over time: rates between two, and their history
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

uint64_t top_count(uint64_t before, uint64_t now)
{
	uint64_t more = now - before;

	return more > INT64_MAX ? now : more;
}

struct top_io top_domain_io(const struct lodge_sample_domain *d)
{
	struct top_io io = {0};
	size_t i;

	for (i = 0; i < d->nr_vifs; i++) {
		io.sent += d->vifs[i].rx_bytes;
		io.received += d->vifs[i].tx_bytes;
	}
	for (i = 0; i < d->nr_vbds; i++) {
		io.out_of_requests += d->vbds[i].out_of_requests;
		io.reads += d->vbds[i].reads;
		io.writes += d->vbds[i].writes;
		io.read_sectors += d->vbds[i].read_sectors;
		io.write_sectors += d->vbds[i].write_sectors;
	}
	return io;
}

uint64_t top_max_memory(const struct lodge_sample_domain *d)
{
	uint64_t kib = d->info.max_memory_kib;

	return kib >= TOP_NO_LIMIT_KIB ? LODGE_UNKNOWN : kib;
}

/* ---- history ------------------------------------------------------------ */

static void remember(struct top_history *h, double value)
{
	h->points[h->next] = (float)value;
	h->next = (h->next + 1) % TOP_POINTS;
	if (h->nr < TOP_POINTS)
		h->nr++;
}

bool top_history_at(const struct top_history *h, unsigned int age,
		    double *value)
{
	if (age >= h->nr)
		return false;
	*value = (double)h->points[(h->next + TOP_POINTS - 1 - age) %
				   TOP_POINTS];
	return true;
}

double top_history_most(const struct top_history *h, unsigned int nr)
{
	double value, most = 0;
	unsigned int age;

	for (age = 0; age < nr && top_history_at(h, age, &value); age++)
		if (value > most)
			most = value;
	return most;
}

/* ---- rates -------------------------------------------------------------- */

/* Those of a device are told apart by its number, whatever came and went. */
static void add_vif(struct top_rates *r, const struct lodge_sample_domain *was,
		    const struct lodge_sample_vif *now, double per_s)
{
	size_t i;

	for (i = 0; i < was->nr_vifs; i++) {
		const struct lodge_sample_vif *v = &was->vifs[i];

		if (v->id != now->id)
			continue;
		r->sent += per_s * (double)top_count(v->rx_bytes,
						     now->rx_bytes);
		r->received += per_s * (double)top_count(v->tx_bytes,
							 now->tx_bytes);
	}
}

static void add_vbd(struct top_rates *r, const struct lodge_sample_domain *was,
		    const struct lodge_sample_vbd *now, double per_s)
{
	size_t i;

	for (i = 0; i < was->nr_vbds; i++) {
		const struct lodge_sample_vbd *b = &was->vbds[i];

		if (b->id != now->id)
			continue;
		r->reads += per_s * (double)top_count(b->reads, now->reads);
		r->writes += per_s * (double)top_count(b->writes, now->writes);
		r->read += per_s * SECTOR *
			   (double)top_count(b->read_sectors,
					     now->read_sectors);
		r->written += per_s * SECTOR *
			      (double)top_count(b->write_sectors,
						now->write_sectors);
	}
}

static bool may_run(const struct lodge_domain *d)
{
	return !(d->flags & (LODGE_PAUSED | LODGE_SHUTDOWN | LODGE_DYING));
}

/* Would like to run: ready, and on no CPU in that moment. */
static unsigned int count_waiting(const struct lodge_sample_domain *d)
{
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < d->nr_vcpus && may_run(&d->info); i++)
		nr += d->vcpus[i].online && !d->vcpus[i].blocked &&
		      !d->vcpus[i].running;
	return nr;
}

/* Counted, by the hypervisor. False: it does not tell of this domain. */
static bool count_waited(const struct lodge_sample_domain *was,
			 const struct lodge_sample_domain *now, uint64_t *ns)
{
	size_t i, k;

	*ns = 0;
	for (i = 0; i < now->nr_vcpus; i++) {
		if (now->vcpus[i].waited_ns == LODGE_UNKNOWN)
			return false;
		for (k = 0; k < was->nr_vcpus; k++)
			if (was->vcpus[k].id == now->vcpus[i].id)
				*ns += top_count(was->vcpus[k].waited_ns,
						 now->vcpus[i].waited_ns);
	}
	return now->nr_vcpus;
}

static void set_wait(struct top_rates *r, const struct lodge_sample_domain *was,
		     const struct lodge_sample_domain *now, double per_s)
{
	uint64_t ns;

	r->wait_counted = count_waited(was, now, &ns);
	r->wait_percent = r->wait_counted
				  ? per_s * 100 * (double)ns / 1e9
				  : 50.0 * (count_waiting(was) +
					    count_waiting(now));
}

static struct top_rates rates(const struct lodge_sample_domain *was,
			      const struct lodge_sample_domain *now,
			      double per_s)
{
	struct top_rates r = {0};
	size_t i;

	r.cpu_percent = per_s * 100 / 1e9 *
			(double)top_count(was->info.cpu_time_ns,
					  now->info.cpu_time_ns);
	set_wait(&r, was, now, per_s);
	for (i = 0; i < now->nr_vifs; i++)
		add_vif(&r, was, &now->vifs[i], per_s);
	for (i = 0; i < now->nr_vbds; i++)
		add_vbd(&r, was, &now->vbds[i], per_s);
	return r;
}

/* ---- one sample after another ------------------------------------------- */

static bool is_same(const struct lodge_domain *a, const struct lodge_domain *b)
{
	return a->domid == b->domid && !memcmp(a->uuid, b->uuid, 16) &&
	       b->cpu_time_ns >= a->cpu_time_ns;
}

static const struct top_domain *
find_before(const struct top_model *m, const struct lodge_sample_domain *now)
{
	size_t i;

	for (i = 0; i < m->nr; i++)
		if (is_same(&m->domains[i].now->info, &now->info))
			return &m->domains[i];
	return NULL;
}

static void go_on(struct top_domain *d, const struct top_domain *was,
		  double per_s)
{
	*d = (struct top_domain){
		.now = d->now,
		.rates = rates(was->now, d->now, per_s),
	};
	memcpy(d->history, was->history, sizeof(d->history));
	remember(&d->history[TOP_CPU], d->rates.cpu_percent);
	remember(&d->history[TOP_WAIT], d->rates.wait_percent);
	remember(&d->history[TOP_DISK], d->rates.read + d->rates.written);
	remember(&d->history[TOP_NET], d->rates.sent + d->rates.received);
}

int top_model_update(struct top_model *m, struct lodge_sample *s)
{
	struct top_domain *domains = calloc(s->nr_domains + 1,
					    sizeof(*domains));
	const struct top_domain *was;
	double interval_s = 0;
	size_t i;

	if (!domains)
		return -ENOMEM;
	if (m->sample && s->time_ns > m->sample->time_ns)
		interval_s = (double)(s->time_ns - m->sample->time_ns) / 1e9;
	for (i = 0; i < s->nr_domains; i++) {
		domains[i].now = &s->domains[i];
		was = find_before(m, domains[i].now);
		if (was && interval_s > 0)
			go_on(&domains[i], was, 1 / interval_s);
	}
	top_model_free(m);
	*m = (struct top_model){s, interval_s, s->nr_domains, domains};
	return 0;
}

void top_model_free(struct top_model *m)
{
	lodge_sample_free(m->sample);
	free(m->domains);
	*m = (struct top_model){0};
}
