/* SPDX-License-Identifier: MIT */
/*
 * test_spinlock.c - ticket locks, and the check of their order
 *
 * A rule that is broken panics, which cmocka sees as a failed assertion.
 */
#include "fake/machine.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/x86.h>

static spinlock_t low, low2, high, other;

/*
 * Each test plays a CPU of its own: what a panicking CPU held stays in the
 * books for ever.
 */
static int fresh(void **state)
{
	fake_cpu_id++;
	assert_true(fake_cpu_id < NR_CPUS);
	fake_relax_hook = NULL;
	spin_init(&low, LOCK_DOMAIN);
	spin_init(&low2, LOCK_DOMAIN);
	spin_init(&high, LOCK_PORT);
	spin_init(&other, LOCK_TIMER);
	return 0;
}

#define assert_panic(call, sentence)                                          \
	do {                                                                  \
		expect_assert_failure(call);                                  \
		assert_non_null(strstr(fake_panic, sentence));                \
	} while (0)

static void takes_and_releases(void **state)
{
	assert_false(spin_is_held(&low));
	spin_lock(&low);
	assert_true(spin_is_held(&low));
	assert_false(spin_trylock(&low));
	spin_unlock(&low);
	assert_false(spin_is_held(&low));
	assert_true(spin_trylock(&low));
	assert_true(spin_is_held(&low));
	spin_unlock(&low);
	spin_assert_none();
}

static void tickets_wrap(void **state)
{
	unsigned int i;

	for (i = 0; i < 70000; i++) {
		spin_lock(&low);
		assert_false(spin_trylock(&low));
		spin_unlock(&low);
	}
	assert_int_equal(low.next, low.serving);
}

static void irqsave_restores_what_was(void **state)
{
	unsigned long outer, inner;

	assert_true(irqs_enabled());
	outer = spin_lock_irqsave(&low);
	assert_false(irqs_enabled());
	inner = spin_lock_irqsave(&high);
	spin_unlock_irqrestore(&high, inner);
	assert_false(irqs_enabled());
	spin_unlock_irqrestore(&low, outer);
	assert_true(irqs_enabled());
}

static void ascending_order_in_any_release(void **state)
{
	spin_lock(&low);
	spin_lock(&high);
	spin_lock(&other);
	spin_unlock(&low);
	spin_unlock(&other);
	spin_unlock(&high);
	spin_assert_none();
}

static void descending_order_panics(void **state)
{
	spin_lock(&high);
	assert_panic(spin_lock(&low), "level 20 wanted while level 60");
}

static void one_level_twice_panics(void **state)
{
	spin_lock(&low);
	assert_panic(spin_lock(&low2), "level 20 wanted while level 20");
}

static void nesting_is_asked_for(void **state)
{
	spin_lock(&low);
	spin_lock_nested(&low2);
	spin_unlock(&low);
	spin_unlock(&low2);
	spin_lock(&low);
	/* The very same lock would wait for itself. */
	assert_panic(spin_lock_nested(&low), "level 20 wanted while level 20");
}

static void nesting_does_not_descend(void **state)
{
	spin_lock(&high);
	assert_panic(spin_lock_nested(&low), "level 20 wanted while level 60");
}

static void trying_needs_no_order(void **state)
{
	spin_lock(&high);
	assert_true(spin_trylock(&low));
	spin_unlock(&low);
	spin_unlock(&high);
	spin_assert_none();
}

static void level_none_is_not_checked(void **state)
{
	spinlock_t early;

	spin_init(&early, LOCK_NONE);
	spin_lock(&high);
	spin_lock(&early);
	spin_unlock(&early);
	spin_unlock(&high);
}

static void only_the_holder_releases(void **state)
{
	spin_lock(&low);
	fake_cpu_id++;
	assert_panic(spin_unlock(&low), "released by CPU");
}

static void an_interrupt_begins_afresh(void **state)
{
	unsigned int base;

	spin_lock(&other);
	base = spin_irq_enter();
	spin_lock(&low);
	spin_unlock(&low);
	spin_irq_exit(base);
	spin_unlock(&other);
	spin_assert_none();
}

static void an_interrupt_has_its_own_order(void **state)
{
	(void)spin_irq_enter();
	spin_lock(&high);
	assert_panic(spin_lock(&low), "level 20 wanted while level 60");
}

static void an_interrupt_keeps_no_lock(void **state)
{
	unsigned int base = spin_irq_enter();

	spin_lock(&low);
	assert_panic(spin_irq_exit(base), "keeps a lock of level 20");
}

static void interrupts_on_and_in_interrupts_panics(void **state)
{
	unsigned int base;

	spin_lock(&low);		/* interrupts are on */
	spin_unlock(&low);
	base = spin_irq_enter();
	assert_panic(spin_lock(&low), "used by interrupt handlers");
	(void)base;
}

static void interrupts_off_and_in_interrupts_is_right(void **state)
{
	unsigned long flags = spin_lock_irqsave(&low);
	unsigned int base;

	spin_unlock_irqrestore(&low, flags);
	base = spin_irq_enter();
	spin_lock(&low);
	spin_unlock(&low);
	spin_irq_exit(base);
}

static void held_where_none_may_be(void **state)
{
	spin_lock(&low);
	assert_panic(spin_assert_none(), "level 20 is held");
}

static void broken_by_force(void **state)
{
	spin_lock(&low);
	spin_force_unlock(&low);
	assert_true(spin_trylock(&low));
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS	2000

static unsigned long counter;

static void *count(void *cpu)
{
	unsigned int i;

	fake_cpu_id = (unsigned int)(uintptr_t)cpu;
	for (i = 0; i < ROUNDS; i++) {
		spin_lock(&low);
		counter++;	/* not atomic: the lock makes it right */
		spin_unlock(&low);
	}
	return NULL;
}

static void let_others(void)
{
	sched_yield();
}

static void excludes_others(void **state)
{
	pthread_t t[THREADS];
	uintptr_t i;

	fake_relax_hook = let_others;
	counter = 0;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count,
						(void *)(40 + i)), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(counter, THREADS * ROUNDS);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_and_releases),
		TEST(tickets_wrap),
		TEST(irqsave_restores_what_was),
		TEST(ascending_order_in_any_release),
		TEST(descending_order_panics),
		TEST(one_level_twice_panics),
		TEST(nesting_is_asked_for),
		TEST(nesting_does_not_descend),
		TEST(trying_needs_no_order),
		TEST(level_none_is_not_checked),
		TEST(only_the_holder_releases),
		TEST(an_interrupt_begins_afresh),
		TEST(an_interrupt_has_its_own_order),
		TEST(an_interrupt_keeps_no_lock),
		TEST(interrupts_on_and_in_interrupts_panics),
		TEST(interrupts_off_and_in_interrupts_is_right),
		TEST(held_where_none_may_be),
		TEST(broken_by_force),
		TEST(excludes_others),
	};

	return cmocka_run_group_tests_name("spinlock", tests, NULL, NULL);
}
