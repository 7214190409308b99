/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the simulated machine of machine.h
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/guest.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/work.h>
#include <lodge/x86.h>

#include "../../../hypervisor/sched/private.h"

struct guest guests[MAX_GUESTS];
unsigned int nr_guests;
uint64_t sim_now_ns;

static unsigned int nr_cpus;
static bool must_choose[NR_CPUS];
static void (*schedule_fn)(void);
static jmp_buf *stack;			/* of the CPU that runs */
static struct domain domains[2];	/* the second is for caps */
static struct vcpu *vcpus[2][MAX_GUESTS];
static uint64_t fake_root[512];
uint64_t *hyp_l4 = fake_root;

static struct guest *guest_of(const struct vcpu *v)
{
	return v && v->domain ? container_of(v, struct guest, v) : NULL;
}

/* ---- the layers around the scheduler ---- */

void *kzalloc(size_t size)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

uint64_t system_time_ns(void)
{
	return sim_now_ns;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = (uint16_t)cpu };
}

/* rank: armed or not. */
void timer_set(struct timer *t, uint64_t expires_ns)
{
	t->expires_ns = expires_ns;
	t->rank = 1;
}

void timer_stop(struct timer *t)
{
	t->rank = 0;
}

void timer_kill(struct timer *t)
{
	t->rank = 0;
}

void work_register(enum work w, void (*fn)(void))
{
	assert_int_equal(w, WORK_SCHEDULE);
	schedule_fn = fn;
}

void work_raise(enum work w)
{
	work_raise_on(smp_processor_id(), w);
}

void work_raise_on(unsigned int cpu, enum work w)
{
	assert_int_equal(w, WORK_SCHEDULE);
	assert_true(cpu < nr_cpus);
	must_choose[cpu] = true;
}

bool work_pending(void)
{
	return false;
}

void work_run(void)
{
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

/* Interrupts the others; they answer at once. */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg, bool wait)
{
	unsigned int cpu, self = fake_cpu_id;

	assert_false(FAKE_X86.irqs_off);
	for_each_cpu(cpu, mask) {
		bool off = fake_x86[cpu].irqs_off;

		fake_cpu_id = cpu;
		FAKE_X86.irqs_off = true;
		fn(arg);
		FAKE_X86.irqs_off = off;
	}
	fake_cpu_id = self;
}

mfn_t cpu_gdt_mfn(unsigned int cpu)
{
	return MFN(cpu);
}

void *mfn_to_virt(mfn_t mfn)
{
	return (char *)fake_root + mfn.x;
}

mfn_t virt_to_mfn(const void *va)
{
	return MFN(0);
}

void load_gdt(unsigned long base)
{
}

void load_ldt(unsigned long base, unsigned int nr_entries)
{
}

void tlb_load_root(uint64_t cr3)
{
	assert_true(FAKE_X86.irqs_off);
}

void vcpu_timers_move(struct vcpu *v, unsigned int cpu)
{
}

void vcpu_update_time(struct vcpu *v)
{
	assert_false(FAKE_X86.irqs_off);
}

void vcpu_runstate_publish(struct vcpu *v)
{
	assert_int_equal(v->runstate.state, RUNSTATE_running);
}

void vcpu_runstate_change(struct vcpu *v, int state, uint64_t now_ns)
{
	assert_true(FAKE_X86.irqs_off);
	assert_int_not_equal(v->runstate.state, state);
	v->runstate.time[v->runstate.state] +=
		now_ns - v->runstate.state_entry_time;
	v->runstate.state_entry_time = now_ns;
	v->runstate.state = state;
}

/* ---- stacks and state ---- */

static void leave_stack(void) __noreturn;
static void leave_stack(void)
{
	longjmp(*stack, 1);
}

void reset_stack_and_run(void (*fn)(void))
{
	if (fn != idle_loop)
		fn();
	else
		irq_enable();
	leave_stack();
}

void exit_to_guest(void)
{
	assert_false(FAKE_X86.irqs_off);
	leave_stack();
}

static void save_state(struct vcpu *v)
{
	struct guest *g = guest_of(v);

	assert_true(FAKE_X86.irqs_off);
	spin_assert_none();
	assert_int_equal(g->loaded_on, fake_cpu_id);
	g->loaded_on = -1;
	g->nr_saves++;
}

static void load_state(struct vcpu *v)
{
	struct guest *g = guest_of(v);

	assert_true(FAKE_X86.irqs_off);
	spin_assert_none();
	assert_ptr_equal(current, v);
	assert_int_equal(g->loaded_on, -1);
	g->loaded_on = (int)fake_cpu_id;
	g->nr_loads++;
}

static const struct guest_ops ops = {
	.name = "simulated",
	.switch_from = save_state,
	.switch_to = load_state,
};

static bool event_pending(const struct vcpu *v)
{
	return guest_of(v)->event_pending;
}

/* ---- running ---- */

void sim_be(unsigned int cpu)
{
	fake_cpu_id = cpu;
}

struct guest *sim_running(unsigned int cpu)
{
	return guest_of(fake_cpu_infos[cpu].current_vcpu);
}

bool sim_is_running(const struct guest *g)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		if (sim_running(cpu) == g)
			return true;
	return false;
}

static void note_switch(struct guest *before, struct guest *after)
{
	uint64_t delay;

	if (before == after)
		return;
	if (before)
		before->stretch_ns = 0;
	if (!after)
		return;
	delay = sim_now_ns - after->woken_ns;
	if (after->woken_ns)
		after->worst_delay_ns = max(after->worst_delay_ns, delay);
	after->woken_ns = 0;
}

static void choose_on(unsigned int cpu)
{
	struct guest *before = sim_running(cpu);
	unsigned int self = fake_cpu_id;
	jmp_buf here, *outer = stack;

	must_choose[cpu] = false;
	stack = &here;
	fake_cpu_id = cpu;
	if (!setjmp(here))
		schedule_fn();
	fake_cpu_id = self;
	stack = outer;
	note_switch(before, sim_running(cpu));
}

void sim_settle(void)
{
	unsigned int cpu, rounds = 0;
	bool again;

	do {
		again = false;
		for (cpu = 0; cpu < nr_cpus; cpu++) {
			if (!must_choose[cpu])
				continue;
			again = true;
			choose_on(cpu);
		}
		assert_true(++rounds < 1000);
	} while (again);
}

/* A CPU that waits gives the others a chance. */
static void others_go_on(void)
{
	sim_settle();
}

static void wake(struct guest *g)
{
	g->wakes_at_ns = 0;
	g->burst_left_ns = g->burst_ns;
	if (!sim_is_running(g))
		g->woken_ns = sim_now_ns;
	vcpu_unblock(&g->v);
}

static void block(unsigned int cpu, struct guest *g)
{
	unsigned int self = fake_cpu_id;

	fake_cpu_id = cpu;
	g->wakes_at_ns = g->wait_ns ? sim_now_ns + g->wait_ns : 0;
	vcpu_block();
	fake_cpu_id = self;
}

/* When something happens next, not after @limit. */
static uint64_t next_event(uint64_t limit)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		const struct guest *g = sim_running(i);

		if (runqs[i].timer.rank)
			limit = min(limit, max(runqs[i].timer.expires_ns,
					       sim_now_ns));
		if (g && g->burst_ns)
			limit = min(limit, sim_now_ns + g->burst_left_ns);
	}
	for (i = 0; i < nr_guests; i++)
		if (guests[i].wakes_at_ns)
			limit = min(limit, guests[i].wakes_at_ns);
	for (i = 0; i < ARRAY_SIZE(domains); i++)
		if (domains[i].sched.timer.rank)
			limit = min(limit, max(sim_now_ns,
				    domains[i].sched.timer.expires_ns));
	return limit;
}

static void pass_time(uint64_t ns)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		struct guest *g = sim_running(cpu);

		if (!g)
			continue;
		g->stretch_ns += ns;
		g->worst_stretch_ns = max(g->worst_stretch_ns, g->stretch_ns);
		if (g->burst_ns)
			g->burst_left_ns -= ns;
	}
	sim_now_ns += ns;
}

static void happen(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		struct guest *g = sim_running(i);

		if (runqs[i].timer.rank &&
		    runqs[i].timer.expires_ns <= sim_now_ns) {
			runqs[i].timer.rank = 0;
			must_choose[i] = true;
		}
		if (g && g->burst_ns && !g->burst_left_ns)
			block(i, g);
	}
	for (i = 0; i < nr_guests; i++)
		if (guests[i].wakes_at_ns &&
		    guests[i].wakes_at_ns <= sim_now_ns)
			wake(&guests[i]);
	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		struct timer *t = &domains[i].sched.timer;

		if (!t->rank || t->expires_ns > sim_now_ns)
			continue;
		t->rank = 0;
		t->fn(t->arg);
	}
}

void sim_run(uint64_t ns)
{
	uint64_t end = sim_now_ns + ns, next;

	sim_settle();
	while (sim_now_ns < end) {
		next = next_event(end);
		pass_time(next - sim_now_ns);
		happen();
		sim_settle();
	}
}

/* ---- start, end, check ---- */

void sim_start(unsigned int nr)
{
	unsigned int cpu, i;

	memset(runqs, 0, sizeof(runqs));
	memset(fake_cpu_infos, 0, sizeof(fake_cpu_infos));
	memset(fake_x86, 0, sizeof(fake_x86));
	memset(must_choose, 0, sizeof(must_choose));
	memset(domains, 0, sizeof(domains));
	memset(vcpus, 0, sizeof(vcpus));
	nr_cpus = nr;
	nr_guests = 0;
	sim_now_ns = NS_PER_SEC;
	vcpu_event_pending_hook = event_pending;
	fake_relax_hook = others_go_on;
	cpu_online_map.bits = BIT(nr) - 1;
	sim_be(0);
	sched_init();
	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		domains[i].domid = (domid_t)(i + 1);
		domains[i].ops = &ops;
		domains[i].vcpus = vcpus[i];
		domains[i].max_vcpus = MAX_GUESTS;
		sched_domain_init(&domains[i]);
	}
	for (cpu = 1; cpu < nr; cpu++) {
		sched_init_cpu(cpu);
		fake_cpu_infos[cpu].cpu = cpu;
		fake_cpu_infos[cpu].current_vcpu = idle_vcpu(cpu);
	}
	for (cpu = 0; cpu < nr; cpu++)
		must_choose[cpu] = true;
	sim_settle();
}

void sim_end(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		free(idle_vcpu(cpu));
}

struct domain *sim_domain(unsigned int nr)
{
	return &domains[nr];
}

struct guest *sim_guest(unsigned long mask, uint64_t burst_ns,
			uint64_t wait_ns)
{
	return sim_guest_of(0, mask, burst_ns, wait_ns);
}

struct guest *sim_guest_of(unsigned int nr, unsigned long mask,
			   uint64_t burst_ns, uint64_t wait_ns)
{
	cpumask_t m = { mask };
	struct guest *g = &guests[nr_guests];

	assert_true(nr_guests < MAX_GUESTS);
	memset(g, 0, sizeof(*g));
	g->v.id = nr_guests++;
	g->v.domain = &domains[nr];
	vcpus[nr][g->v.id] = &g->v;
	g->v.pause_flags = BIT(VPF_BLOCKED);
	g->v.runstate.state = RUNSTATE_blocked;
	g->v.runstate.state_entry_time = sim_now_ns;
	g->burst_ns = burst_ns;
	g->wait_ns = wait_ns;
	g->loaded_on = -1;
	assert_int_equal(sched_vcpu_init(&g->v), 0);
	assert_int_equal(vcpu_set_affinity(&g->v, &m), 0);
	wake(g);
	return g;
}

static void check_guest(struct guest *g)
{
	struct vcpu *v = &g->v;
	struct runq *rq = &runqs[v->sched.cpu];
	cpumask_t allowed = sched_allowed_cpus(v);
	bool runnable = v->pause_flags == 0;
	cpumask_t loaded = g->loaded_on < 0 ?
		CPUMASK_NONE : cpumask_of((unsigned int)g->loaded_on);

	assert_int_equal(v->sched.queued + v->sched.running, runnable);
	assert_int_equal(v->sched.running, rq->curr == v);
	assert_int_equal(v->sched.running, sim_is_running(g));
	assert_int_equal(v->dirty_cpus.bits, loaded.bits);
	if (v->sched.running) {
		assert_int_equal(v->runstate.state, RUNSTATE_running);
		assert_int_equal(g->loaded_on, v->sched.cpu);
	}
	if (v->sched.queued)
		assert_int_equal(v->runstate.state, RUNSTATE_runnable);
	if (runnable)
		assert_true(cpumask_test(&allowed, v->sched.cpu));
}

/* Nobody waits whom a CPU that idles could serve. */
static void check_idle(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < nr_guests; i++) {
		cpumask_t allowed = sched_allowed_cpus(&guests[i].v);

		assert_false(guests[i].v.sched.queued &&
			     cpumask_test(&allowed, cpu));
	}
}

void sim_check(void)
{
	unsigned int queued[NR_CPUS] = { 0 };
	uint32_t weights[NR_CPUS] = { 0 };
	unsigned int i;

	for (i = 0; i < nr_guests; i++) {
		check_guest(&guests[i]);
		queued[guests[i].v.sched.cpu] += guests[i].v.sched.queued;
		if (guests[i].v.pause_flags == 0)
			weights[guests[i].v.sched.cpu] +=
				guests[i].v.sched.weight;
	}
	for (i = 0; i < nr_cpus; i++) {
		assert_int_equal(runqs[i].nr_queued, queued[i]);
		assert_int_equal(runqs[i].weight, weights[i]);
		if (!sim_running(i))
			check_idle(i);
	}
}
