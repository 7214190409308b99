/* SPDX-License-Identifier: MIT */
/*
 * test_pv_race.c - random calls of a guest that tries everything
 *
 * Once one after the other, with an audit after each; then on two CPUs at
 * once, with an audit at the end. Frames are few, so that calls meet: most of
 * them name frames that could be right, some name anything.
 */
#include "pv/world.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <lodge/atomic.h>
#include <lodge/irq.h>

#define NR_FRAMES      20
#define NR_SLOTS       4
#define STEPS_ALONE    800
#define STEPS_TOGETHER 10000
#define NR_SEEDS       4

static struct page *frames[NR_FRAMES];

unsigned int fake_nr_ipis;
static void (*handlers[256])(struct cpu_user_regs *);
/* Vector that each CPU is interrupted with; one kind is enough here. */
static unsigned int interrupts[2];
/* Threads that may still answer. */
static unsigned int nr_running, nr_finished;

void vector_register(unsigned int vector, void (*fn)(struct cpu_user_regs *))
{
	handlers[vector] = fn;
}

/* Threads do not interrupt each other: they look here, when they wait and
 * between two calls. */
static void take_interrupt(void)
{
	unsigned int vector;

	if (FAKE_X86.irqs_off)
		return;
	vector = atomic_xchg(&interrupts[fake_cpu_id], 0);
	if (!vector)
		return;
	FAKE_X86.irqs_off = true;
	handlers[vector](guest_cpu_user_regs());
	FAKE_X86.irqs_off = false;
}

/* Whom it waits for may need this processor. */
static void wait_a_little(void)
{
	take_interrupt();
	sched_yield();
}

/* Nobody runs on the other CPU (any more): nothing can be in its TLB. */
static void answer_for(unsigned int cpu, unsigned int vector)
{
	unsigned int self = fake_cpu_id;

	fake_cpu_id = cpu;
	handlers[vector](guest_cpu_user_regs());
	fake_cpu_id = self;
}

void apic_send_ipi_mask(const cpumask_t *mask, unsigned int vector)
{
	unsigned int cpu;

	for_each_cpu (cpu, mask) {
		atomic_add_return(&fake_nr_ipis, 1);
		if (atomic_load(&nr_running) == 2)
			atomic_store(&interrupts[cpu], vector);
		else
			answer_for(cpu, vector);
	}
}

struct actor {
	unsigned int cpu, seed, steps;
	unsigned long done;
};

static unsigned int pick(struct actor *a, unsigned int n)
{
	return (unsigned int)rand_r(&a->seed) / 7 % n;
}

/* Frames are meant for a level (0: data), and used otherwise now and then. */
static unsigned int level_of(struct actor *a, unsigned int frame)
{
	return pick(a, 16) ? frame % 5 : pick(a, 5);
}

static uint64_t some_entry(struct actor *a, unsigned int level)
{
	unsigned int frame = pick(a, NR_FRAMES);
	static const uint64_t odd[] = {0, PTE_PSE, 1UL << 60, PTE_GLOBAL};
	uint64_t flags;

	if (!pick(a, 4))
		return 0;
	if (level && pick(a, 8))
		frame = frame / 5 * 5 + level - 1;
	flags = level > 1 ? LINK : pick(a, 2) ? LEAF : LEAF_RO;
	if (!pick(a, 16))
		flags |= odd[pick(a, ARRAY_SIZE(odd))];
	return entry(frames[frame], flags);
}

static long random_call(struct actor *a)
{
	unsigned int frame = pick(a, NR_FRAMES);
	unsigned int level = level_of(a, frame);
	uint64_t mfn = mfn_x(page_to_mfn(frames[frame]));

	switch (pick(a, 10)) {
	case 0:
		return level ? pin(level, frames[frame]) : 0;
	case 1:
	case 2:
		return unpin(frames[frame]);
	case 3:
		return do_ext(MMUEXT_NEW_BASEPTR, mfn, 0);
	case 4:
		return do_ext(MMUEXT_NEW_USER_BASEPTR, pick(a, 3) ? mfn : 0, 0);
	case 5:
		return do_ext(MMUEXT_CLEAR_PAGE, mfn, 0);
	default:
		return do_update(maddr(frames[frame], pick(a, NR_SLOTS)) |
					 (pick(a, 2) ? MMU_PT_UPDATE_PRESERVE_AD
						     : MMU_NORMAL_PT_UPDATE),
				 some_entry(a, level), DOMID_SELF);
	}
}

static void make_frames(void)
{
	unsigned int i;

	for (i = 0; i < NR_FRAMES; i++)
		frames[i] = new_frame(&dom_a);
}

static void alone(void **state)
{
	unsigned int seed, i;

	for (seed = 0; seed < NR_SEEDS; seed++) {
		struct actor a = {.seed = seed};

		make_frames();
		for (i = 0; i < STEPS_ALONE; i++) {
			fake_preempt_every = pick(&a, 6);
			if (!random_call(&a))
				a.done++;
			check_audit(&dom_a, 0, 0);
		}
		/* It did reach the states that matter. */
		assert_true(a.done > STEPS_ALONE / 4);
		world_teardown(state);
		world_setup(state);
	}
}

static void *act(void *arg)
{
	struct actor *a = arg;
	unsigned int i;

	fake_cpu_id = a->cpu;
	world_run(dom_a.vcpus[a->cpu]);
	atomic_add_return(&nr_running, 1);
	while (atomic_load(&nr_running) < 2)
		sched_yield();
	for (i = 0; i < a->steps; i++) {
		if (!random_call(a))
			a->done++;
		take_interrupt();
	}
	atomic_add_return(&nr_finished, 1);
	while (atomic_load(&nr_finished) < 2)
		wait_a_little();
	return NULL;
}

/* Whoever stopped at a table has come back, or given it up. */
static unsigned int nr_partial(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < NR_FRAMES; i++)
		nr += !!(frames[i]->type_info & PTI_PARTIAL);
	return nr;
}

static void together(void **state)
{
	unsigned int seed;

	fake_relax_hook = wait_a_little;
	for (seed = 0; seed < NR_SEEDS; seed++) {
		struct actor a = {0, seed, STEPS_TOGETHER, 0};
		struct actor b = {1, seed + 100, STEPS_TOGETHER, 0};
		pthread_t thread;

		make_frames();
		nr_finished = 0;
		fake_preempt_every = seed;
		assert_int_equal(pthread_create(&thread, NULL, act, &b), 0);
		act(&a);
		assert_int_equal(pthread_join(thread, NULL), 0);
		nr_running = 0;
		assert_true(a.done > STEPS_TOGETHER / 4);
		assert_true(b.done > STEPS_TOGETHER / 4);
		while (pv_release_run(&dom_a))
			;
		check_audit(&dom_a, 0, 0);
		assert_int_equal(nr_partial(), 0);
		world_teardown(state);
		world_setup(state);
	}
}

#define WORLD_TEST(f) \
	cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(alone),
		WORLD_TEST(together),
	};

	return cmocka_run_group_tests(tests, world_group_setup, NULL);
}
