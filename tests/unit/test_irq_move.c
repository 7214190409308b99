/* SPDX-License-Identifier: MIT */
/*
 * test_irq_move.c - interrupts that go to another CPU; vectors
 *
 * On the simulated machine of irq/world.h.
 */
#include "irq/world.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>

/* ---- moving ---- */

static void an_edge_moves_with_its_vector_at_the_next_interrupt(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	irq_set_affinity(1, 2);
	assert_int_equal(pin_dest(1), 0x10);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x12);
	assert_int_equal(pin_low(1) & 0xff, vector);
	/* One more comes by the old route: it counts. */
	interrupt(0, vector);
	assert_int_equal(told_a, 2);
	assert_false(cleanup_pending[0]);
	raise_gsi(1);
	assert_true(cleanup_pending[0]);
	interrupt(0, vector);		/* still on its way: counts as well */
	assert_int_equal(told_a, 4);
	take_cleanups();
	fake_cpu_id = 0;
	assert_int_equal(vector_to_irq(vector), -1);
	irq_set_affinity(1, 0);
	irq_unbind_guest(1, guest_a);
}

static void an_edge_stays_where_its_vector_is_taken_there(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	assert_int_equal(vector_alloc(2, 500, vector, true), vector);
	irq_set_affinity(1, 2);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x10);
	vector_release(2, vector);
	take_cleanups();
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x12);
	irq_set_affinity(1, 0);
	irq_unbind_guest(1, guest_a);
}

static void a_level_line_does_not_move_while_in_flight(void **state)
{
	assert_int_equal(irq_bind_guest(17, guest_a, 17, true), 0);
	irq_set_affinity(17, 1);
	ioapic_regs[0x10 + 2 * 17] |= REMOTE_IRR;
	raise_gsi(17);
	assert_int_equal(pin_dest(17), 0x10);
	irq_guest_eoi(17, guest_a);
	ioapic_regs[0x10 + 2 * 17] &= ~REMOTE_IRR;
	raise_gsi(17);
	assert_int_equal(pin_dest(17), 0x11);
	irq_guest_eoi(17, guest_a);
	raise_gsi(17);
	assert_int_equal(told_a, 3);
	irq_set_affinity(17, 0);
	irq_unbind_guest(17, guest_a);
}

static void it_does_not_move_where_it_cannot_arrive(void **state)
{
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	irq_set_affinity(1, 3);		/* APIC id too wide */
	irq_set_affinity(1, 17);	/* not there */
	irq_set_affinity(1, ~0U);
	raise_gsi(1);
	assert_int_equal(pin_dest(1), 0x10);
	irq_unbind_guest(1, guest_a);
}

/* A message was freed, and its device with it, while one was on its way to a
 * CPU that it was to leave. */
static void what_nobody_has_any_more_does_not_move(void **state)
{
	struct msi_request rq = msix_request(0);
	unsigned int irq, vector;

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	vector = pci_conf_read16(MSI_DEV, MSI_CAP + 12);
	irq_set_affinity(irq, 1);
	msi_free(irq);
	interrupt(0, vector);
	assert_int_equal(nr_eois, 1);
	take_cleanups();

	assert_int_equal(msi_alloc(&rq, &irq), 0);
	vector = table_word(0, 8);
	irq_set_affinity(irq, 1);
	msi_free(irq);
	interrupt(0, vector);
	assert_int_equal(nr_eois, 2 + 2);	/* and two cleanups */
	take_cleanups();
	assert_false(irq_desc(irq)->vector);
}

/* ---- vectors ---- */

static void vectors_are_all_given_out_but_the_reserved(void **state)
{
	bool seen[256] = { false };
	unsigned int n = 0, vector;
	int v;

	while ((v = vector_alloc(2, 600, 0, false)) > 0) {
		assert_true(v >= VEC_FIRST_DYNAMIC && v <= VEC_LAST_DYNAMIC);
		assert_true(v != 0x80 && v != 0x82 && v != VEC_IRQ_CLEANUP);
		assert_false(seen[v]);
		seen[v] = true;
		n++;
	}
	assert_int_equal(v, -ENOSPC);
	assert_int_equal(n, VEC_LAST_DYNAMIC - VEC_FIRST_DYNAMIC + 1 - 2);
	/* Given up, but not free before the CPU has taken what it had. */
	vector_release(2, 0x55);
	assert_int_equal(vector_alloc(2, 601, 0, false), -ENOSPC);
	take_cleanups();
	assert_int_equal(vector_alloc(2, 601, 0, false), 0x55);
	for (vector = 0; vector < 256; vector++)
		if (seen[vector])
			vector_release(2, vector);
	take_cleanups();
}

/*
 * The cleanup that frees the first was sent before the second was given up: an
 * interrupt on the second's vector may be waiting behind it.
 */
static void a_vector_is_freed_by_a_cleanup_of_its_own(void **state)
{
	int first = vector_alloc(2, 610, 0, false);
	int second = vector_alloc(2, 611, 0, false);

	vector_release(2, (unsigned int)first);
	vector_release(2, (unsigned int)second);
	assert_true(take_cleanup(2));
	fake_cpu_id = 2;
	assert_int_equal(vector_to_irq((unsigned int)second), 611);
	fake_cpu_id = 0;
	assert_int_equal(vector_alloc(2, 612, (unsigned int)second, true),
			 -ENOSPC);
	assert_true(take_cleanup(2));
	assert_false(take_cleanup(2));
	assert_int_equal(vector_alloc(2, 612, (unsigned int)second, true),
			 second);
	vector_release(2, (unsigned int)second);
	take_cleanups();
}

/* Dom0 asks for all messages on one CPU; they spread when that is full. */
static void a_full_cpu_does_not_refuse_devices(void **state)
{
	unsigned int irq, vector;
	int v;

	while (vector_alloc(0, 620, 0, false) > 0)
		;
	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_int_equal(pci_conf_read32(MSI_DEV, MSI_CAP + 4), 0xfee11000);
	msi_free(irq);
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	assert_int_equal(pin_dest(1), 0x11);
	raise_gsi(1);
	assert_int_equal(told_a, 1);
	irq_unbind_guest(1, guest_a);
	take_cleanups();
	/* All are: CPU 3 is out of reach, and not asked. */
	while (vector_alloc(1, 621, 0, false) > 0)
		;
	while (vector_alloc(2, 622, 0, false) > 0)
		;
	assert_int_equal(msi_alloc(&msi_one, &irq), -ENOSPC);
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), -ENOSPC);
	for (vector = VEC_FIRST_DYNAMIC; vector <= VEC_LAST_DYNAMIC; vector++)
		for (fake_cpu_id = 0; fake_cpu_id < 3; fake_cpu_id++) {
			v = vector_to_irq(vector);
			if (v >= 620 && v <= 622)
				vector_release(fake_cpu_id, vector);
		}
	fake_cpu_id = 0;
	take_cleanups();
}

static void blocks_of_vectors_are_aligned_and_whole(void **state)
{
	int a, b;
	unsigned int i;

	a = vector_alloc_block(1, 700, 32);
	b = vector_alloc_block(1, 732, 32);
	assert_true(a > 0 && b > 0 && a != b);
	assert_int_equal(a % 32, 0);
	assert_int_equal(b % 32, 0);
	/* 0x40, 0x60, 0xa0, 0xc0 fit; 0x20 and 0x80 have a reserved one. */
	assert_true(vector_alloc_block(1, 764, 32) > 0);
	assert_true(vector_alloc_block(1, 796, 32) > 0);
	assert_int_equal(vector_alloc_block(1, 828, 32), -ENOSPC);
	fake_cpu_id = 1;
	for (i = 0; i < 32; i++)
		assert_int_equal(vector_to_irq((unsigned int)a + i), 700 + i);
	fake_cpu_id = 0;
	for (i = 0x40; i < 0xe0; i++)
		if (i < 0x80 || i >= 0xa0)
			vector_release(1, i);
	take_cleanups();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_edge_moves_with_its_vector_at_the_next_interrupt),
		T(an_edge_stays_where_its_vector_is_taken_there),
		T(a_level_line_does_not_move_while_in_flight),
		T(it_does_not_move_where_it_cannot_arrive),
		T(what_nobody_has_any_more_does_not_move),
		T(vectors_are_all_given_out_but_the_reserved),
		T(a_vector_is_freed_by_a_cleanup_of_its_own),
		T(a_full_cpu_does_not_refuse_devices),
		T(blocks_of_vectors_are_aligned_and_whole),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
