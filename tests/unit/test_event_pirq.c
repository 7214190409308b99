/* SPDX-License-Identifier: MIT */
/*
 * test_event_pirq.c - event channels of physical interrupts
 */
#include "event/world.h"

#include <string.h>

#include <lodge/atomic.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/irq.h>

static void pirq_numbers(void **state)
{
	struct domain *d = &doms[0];

	assert_int_equal(pirq_to_irq(d, 9), -1);
	assert_int_equal(pirq_next_mapped(d, 0), -1);
	assert_int_equal(pirq_map(d, 9, 9, false), 0);
	assert_int_equal(pirq_map(d, 9, 9, false), 0);
	assert_int_equal(pirq_map(d, 9, 10, false), -EEXIST);
	assert_int_equal(pirq_map(d, 10, 9, false), -EEXIST);
	assert_int_equal(pirq_map(d, NR_PIRQS, 11, false), -EINVAL);
	assert_int_equal(pirq_map(d, 12, 30, true), -EINVAL);
	assert_int_equal(pirq_find_free(d, 1, true), NR_GSIS);
	assert_int_equal(pirq_map(d, NR_GSIS + 1, 30, true), 0);
	assert_int_equal(pirq_find_free(d, 1, true), NR_GSIS);
	assert_int_equal(pirq_find_free(d, 2, true), NR_GSIS + 2);
	assert_int_equal(pirq_find_free(d, NR_PIRQS, true), -ENOSPC);
	assert_int_equal(irq_to_pirq(d, 30), NR_GSIS + 1);
	assert_int_equal(irq_to_pirq(d, 31), -1);
	assert_int_equal(pirq_next_mapped(d, 0), 9);
	assert_int_equal(pirq_next_mapped(d, 10), NR_GSIS + 1);
	assert_int_equal(pirq_next_mapped(d, NR_GSIS + 2), -1);
	assert_int_equal(pirq_next_mapped(d, ~0u), -1);
	assert_int_equal(pirq_unmap(d, 9), 0);
	assert_int_equal(pirq_unmap(d, 9), -EINVAL);
	assert_int_equal(pirq_unmap(d, ~0u), -EINVAL);
	assert_int_equal(pirq_to_irq(d, ~0u), -1);
}

static void pirqs_are_delivered(void **state)
{
	evtchn_port_t p;

	assert_int_equal(bind_pirq(17, 0, NULL), -EPERM);
	assert_int_equal(bind_pirq(NR_GSIS, 0, NULL), -EINVAL);
	assert_int_equal(bind_pirq(NR_PIRQS, 0, NULL), -EINVAL);
	assert_int_equal(pirq_map(&doms[0], 17, 17, false), 0);
	assert_int_equal(bind_pirq(17, BIND_PIRQ__WILL_SHARE, &p), 0);
	assert_int_equal(bind_pirq(17, 0, NULL), -EEXIST);
	assert_true(irqs[17].shareable);
	assert_int_equal(irqs[17].cpu, 10);
	irq_guest_notify(&doms[0], 17);
	assert_true(pending(0, p));
	assert_int_equal(kicked[0][0], 1);
	assert_int_equal(bind_vcpu(0, p, 1), 0);
	assert_int_equal(irqs[17].cpu, 11);
	assert_int_equal(pirq_eoi(&doms[0], 17), 0);
	assert_int_equal(irqs[17].nr_eois, 1);
	assert_int_equal(pirq_eoi(&doms[0], 18), -EINVAL);
	assert_true(pirq_needs_eoi(&doms[0], 17));
	assert_int_equal(send_on(0, p), -EINVAL);
	assert_int_equal(close_on(0, p), 0);
	assert_null(irqs[17].d);
	guest_consume(0, 0);
	irq_guest_notify(&doms[0], 17);
	assert_false(pending(0, p));
	/* Unmapped under an open port: silent, closable, no unbind twice. */
	assert_int_equal(bind_pirq(17, 0, &p), 0);
	assert_int_equal(pirq_unmap(&doms[0], 17), 0);
	assert_null(irqs[17].d);
	assert_int_equal(close_on(0, p), 0);
}

static void refused_irq_leaves_no_port(void **state)
{
	evtchn_port_t p;

	assert_int_equal(pirq_map(&doms[0], 5, 5, false), 0);
	bind_result = -EBUSY;
	assert_int_equal(bind_pirq(5, 0, NULL), -EBUSY);
	bind_result = 0;
	assert_int_equal(status_of(0, 1).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_pirq(5, 0, &p), 0);
	assert_int_equal(p, 1);
}

static void eoi_map_tells_the_guest(void **state)
{
	struct domain *d = &doms[0];
	evtchn_port_t p17, p3;

	memset(frames[0], 0xff, PAGE_SIZE);
	assert_int_equal(pirq_map(d, 17, 17, false), 0);
	assert_int_equal(pirq_map(d, 3, 3, false), 0);
	assert_int_equal(bind_pirq(17, 0, &p17), 0);
	assert_int_equal(pirq_set_eoi_map(d, GFN(1), false), -EINVAL);
	assert_int_equal(pirq_set_eoi_map(d, GFN(FIRST_FRAME), true), 0);
	assert_int_equal(pirq_set_eoi_map(d, GFN(FIRST_FRAME), true), -EBUSY);
	assert_int_equal(frame_refs[0], 1);
	assert_true(test_bit(17, frames[0]));
	assert_false(test_bit(18, frames[0]));
	assert_int_equal(bind_pirq(3, 0, &p3), 0);
	assert_false(test_bit(3, frames[0]));	/* an edge */

	/* Version 1: the EOI unmasks the port too. */
	set_bit(p17, d->shared_info->evtchn_mask);
	assert_int_equal(pirq_eoi(d, 17), 0);
	assert_false(test_bit(p17, d->shared_info->evtchn_mask));
	assert_int_equal(close_on(0, p17), 0);
	assert_false(test_bit(17, frames[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pirq_numbers),
		T(pirqs_are_delivered),
		T(refused_irq_leaves_no_port),
		T(eoi_map_tells_the_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
