/* SPDX-License-Identifier: MIT */
/*
 * audit.c - debug key A: do all records of all domains agree?
 *
 * All guests stop, but for the vCPU that asked. Every folder looks at its own;
 * here are the order, what one domain is referenced by, and the window through
 * which references to frames are counted. The end is one line: clean, and how
 * much was looked at, or how many contradictions were told before.
 *
 * Locks: none here. Domains are referenced one at a time.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/audit.h>
#include <lodge/console.h>
#include <lodge/lib.h>
#include <lodge/time.h>
#include <lodge/x86.h>

#define WINDOW_ORDER	10
#define WINDOW_BYTES	(PAGE_SIZE << WINDOW_ORDER)
#define WINDOW_FRAMES	(WINDOW_BYTES / sizeof(struct frame_tally))
#define TALLIES_BYTES	(DOMID_FIRST_RESERVED * sizeof(struct domain_tally))

/* What is under way elsewhere has this long to end, three times. */
#define PASSES		4
#define PAUSE_NS	(20 * NS_PER_MS)

#define for_each_domain(d, next)                                              \
	for ((next) = 0; ((d) = domain_get_next(next)) != NULL;               \
	     (next) = (d)->domid + 1U, domain_put(d))

static void pause_all(void (*how)(struct vcpu *v))
{
	struct domain *d;
	struct vcpu *v;
	unsigned int next, i;

	for_each_domain(d, next)
		for_each_vcpu(d, v, i)
			if (v != current)
				how(v);
}

/*
 * Its own reference until it is dead, one for all of its frames, one for each
 * of ours that it was shown and somebody has, for each frame in a queue and for
 * each handle; and ours.
 */
static void check_references(struct audit *a, const struct domain *d)
{
	const struct domain_tally *t = &a->domains[d->domid];
	uint32_t want = (d->state != DOM_DEAD) + (d->tot_pages != 0) +
			t->shown + t->leaving + t->tracks + 1;
	uint32_t refs = READ_ONCE(d->refs);

	if (refs != want)
		audit_error(a, "%s: %u references, %u are known", d->name,
			    refs - 1, want - 1);
}

static void check_domains(struct audit *a)
{
	struct domain *d;
	unsigned int next;

	for_each_domain(d, next)
		grant_audit_handles(a, d);
	for_each_domain(d, next) {
		watchdog_alive();
		a->nr_domains++;
		grant_audit_domain(a, d);
		evtchn_audit_domain(a, d);
		sched_audit_domain(a, d);
		mm_audit_domain(a, d);
		check_references(a, d);
	}
}

static void count_info_pages(struct frame_window *w, struct domain *d)
{
	struct vcpu *v;
	unsigned int i;

	for_each_vcpu(d, v, i)
		if (v->info_page)
			audit_count_writable(w, v->info_page);
}

static void check_window(struct frame_window *w)
{
	struct domain *d;
	unsigned int next;

	watchdog_alive();
	w->nr = min(max_mfn - w->first, WINDOW_FRAMES);
	memset(w->tally, 0, w->nr * sizeof(*w->tally));
	pv_audit_frames(w);
	for_each_domain(d, next) {
		watchdog_alive();
		pv_audit_domain(w, d);
		grant_audit_frames(w, d);
		evtchn_audit_frames(w, d);
		count_info_pages(w, d);
	}
	pv_audit_compare(w);
}

static void run_pass(struct audit *a, struct frame_tally *tally)
{
	struct frame_window w = { .a = a, .tally = tally };

	mm_audit(a);
	check_domains(a);
	sched_audit(a);
	for (; w.first < max_mfn; w.first += WINDOW_FRAMES)
		check_window(&w);
}

static void tell(const struct audit *a)
{
	if (a->errors)
		printk("audit: %lu contradictions\n", a->errors);
	else
		printk("audit: clean (%u domains, %lu vCPUs, %lu frames, %lu "
		       "free, %lu ports, %lu grants in use)\n", a->nr_domains,
		       (unsigned long)a->vcpus, (unsigned long)a->frames,
		       (unsigned long)a->free_frames, (unsigned long)a->ports,
		       (unsigned long)a->grants);
}

static void wait_a_moment(void)
{
	uint64_t end = system_time_ns() + PAUSE_NS;

	while (system_time_ns() < end)
		cpu_relax();
}

static void audit(struct domain_tally *domains, struct frame_tally *tally)
{
	static struct audit a;
	unsigned int pass;

	for (pass = 1; pass <= PASSES; pass++) {
		/* This CPU's; the others see to theirs while they idle. */
		deferred_free_run();
		memset(domains, 0, TALLIES_BYTES);
		memset(&a, 0, sizeof(a));
		a.domains = domains;
		a.quiet = pass < PASSES;
		run_pass(&a, tally);
		if (!a.errors)
			break;
		wait_a_moment();
	}
	tell(&a);
}

/* Debug key 'A'. One at a time: whoever else wants it is told so. */
static void audit_key(void)
{
	static bool busy;
	struct domain_tally *domains;
	struct frame_tally *tally;

	if (atomic_xchg(&busy, true)) {
		printk("audit: there is one under way\n");
		return;
	}
	domains = kmalloc(TALLIES_BYTES);
	tally = frames_alloc(WINDOW_ORDER, 0);
	if (domains && tally) {
		pause_all(vcpu_pause);
		audit(domains, tally);
		pause_all(vcpu_unpause);
	} else {
		printk("audit: no memory\n");
	}
	frames_free(tally, WINDOW_ORDER);
	kfree(domains);
	atomic_store(&busy, false);
}

/**
 * control_init() - debug key; once, at boot
 */
void control_init(void)
{
	debug_key_register('A', "audit all records of all domains", audit_key);
}
