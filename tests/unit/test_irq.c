/* SPDX-License-Identifier: MIT */
/*
 * test_irq.c - pins of the IO-APIC; who is told of an interrupt, and when
 *
 * On the simulated machine of irq/world.h.
 */
#include "irq/world.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/acpi.h>

/* ---- pins ---- */

static void a_pins_mode_is_what_acpi_says(void **state)
{
	static const struct {
		unsigned int gsi;
		bool level, active_low;
	} want[] = {
		{ 1, false, false },  { 2, false, false }, { 4, false, false },
		{ 9, true, false },   { 15, false, false }, { 16, true, true },
		{ 20, true, true },   { 23, true, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		struct ioapic_mode m = ioapic_default_mode(want[i].gsi);

		assert_int_equal(m.level, want[i].level);
		assert_int_equal(m.active_low, want[i].active_low);
	}
	/* Without a word about the SCI it is PCI-like, also by an override
	 * that says "as the bus has it". */
	acpi_info.overrides[1].flags = 0;
	assert_true(ioapic_default_mode(9).level);
	assert_true(ioapic_default_mode(9).active_low);
	acpi_info.nr_overrides = 1;
	assert_true(ioapic_default_mode(9).level);
	assert_true(ioapic_default_mode(9).active_low);
	acpi_info.overrides[1].flags = 0xd;
	acpi_info.nr_overrides = 3;
}

static void entries_are_composed_as_the_82093aa_has_them(void **state)
{
	struct ioapic_mode edge = { false, false }, pci = { true, true };

	assert_int_equal(ioapic_compose(0x31, 0x12, edge, false),
			 0x1200000000000031);
	assert_int_equal(ioapic_compose(0xdf, 0xfe, pci, true),
			 0xfe0000000001a0df);
}

static void everything_is_masked_at_first(void **state)
{
	unsigned int gsi;

	assert_int_equal(irq_nr_gsis(), NR_PINS);
	for (gsi = 0; gsi < NR_PINS; gsi++)
		assert_int_equal(pin_low(gsi), MASKED);
}

static void a_guest_reads_registers_that_there_are(void **state)
{
	uint32_t v = 0;

	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 1, &v), 0);
	assert_int_equal(v, ioapic_version);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x3f, &v), 0);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x40, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, 0x3, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE, ~0U, &v), -EINVAL);
	assert_int_equal(ioapic_guest_read(IOAPIC_BASE + 16, 1, &v), -EINVAL);
}

/* Firmware may put one anywhere; a store to its index register would be one to
 * somebody's memory. */
static void a_controller_in_memory_is_left_out(void **state)
{
	uint32_t v;

	assert_int_equal(acpi_info.nr_ioapics, 2);
	assert_int_equal(acpi_info.ioapics[0].address, RAM_ADDRESS);
	assert_int_equal(ioapic_guest_read(RAM_ADDRESS, 1, &v), -EINVAL);
	assert_false(irq_mmio_protected(MFN(RAM_ADDRESS >> PAGE_SHIFT)));
	assert_int_equal(irq_nr_gsis(), NR_PINS);
}

static void a_mode_is_not_changed_under_a_user(void **state)
{
	assert_int_equal(irq_setup_gsi(NR_PINS, true, true), -EINVAL);
	assert_int_equal(irq_setup_gsi(16, true, false), 0);
	assert_int_equal(irq_bind_guest(16, guest_a, 16, true), 0);
	assert_int_equal(pin_low(16) & (LEVEL | ACTIVE_LOW), LEVEL);
	assert_int_equal(irq_setup_gsi(16, true, false), -EEXIST);
	assert_int_equal(irq_setup_gsi(16, true, true), -EINVAL);
	assert_int_equal(irq_setup_gsi(16, false, false), -EINVAL);
	irq_unbind_guest(16, guest_a);
	assert_int_equal(irq_setup_gsi(16, true, true), 0);
}

/* ---- delivery ---- */

static void a_level_line_is_quiet_until_it_was_served(void **state)
{
	assert_int_equal(irq_bind_guest(17, guest_a, 117, true), 0);
	assert_true(irq_needs_eoi(17));
	assert_int_equal(pin_low(17) & (LEVEL | ACTIVE_LOW | MASKED),
			 LEVEL | ACTIVE_LOW);
	events[0] = '\0';
	raise_gsi(17);
	assert_string_equal(events, "mask eoi tell ");
	assert_int_equal(last_pirq, 117);
	irq_guest_eoi(17, guest_b);	/* none of its business */
	assert_true(pin_low(17) & MASKED);
	irq_guest_eoi(17, guest_a);
	assert_string_equal(events, "mask eoi tell open ");
	irq_guest_eoi(17, guest_a);	/* once more does nothing */
	assert_string_equal(events, "mask eoi tell open ");
	irq_unbind_guest(17, guest_a);
	assert_true(pin_low(17) & MASKED);
}

/*
 * Its last user goes while an interrupt is on its way to a CPU. The EOI for
 * that names the old vector, so the pin must not wait for it.
 */
static void a_line_let_go_in_flight_works_for_the_next(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(21, guest_a, 21, true), 0);
	vector = pin_low(21) & 0xff;
	ioapic_regs[0x10 + 2 * 21] |= REMOTE_IRR;
	irq_unbind_guest(21, guest_a);
	assert_int_equal(irq_bind_guest(21, guest_b, 21, true), 0);
	assert_int_not_equal(pin_low(21) & 0xff, vector);
	assert_int_equal(pin_low(21) & (MASKED | LEVEL | REMOTE_IRR), LEVEL);
	/* The late one is for the new user to look at, and harmless. */
	interrupt(0, vector);
	irq_guest_eoi(21, guest_b);
	raise_gsi(21);
	assert_int_equal(told_a, 0);
	assert_int_equal(told_b, 2);
	irq_unbind_guest(21, guest_b);
}

static void a_shared_line_waits_for_all(void **state)
{
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	assert_int_equal(irq_bind_guest(18, guest_b, 99, true), 0);
	assert_true(irq_is_shared(18));
	raise_gsi(18);
	assert_int_equal(told_a, 1);
	assert_int_equal(told_b, 1);
	irq_guest_eoi(18, guest_a);
	assert_true(pin_low(18) & MASKED);
	irq_guest_eoi(18, guest_b);
	assert_false(pin_low(18) & MASKED);
	/* One that goes without a word does not hold up the other. */
	raise_gsi(18);
	irq_guest_eoi(18, guest_b);
	irq_unbind_guest(18, guest_a);
	assert_false(pin_low(18) & MASKED);
	assert_false(irq_is_shared(18));
	/* The last one closes it. */
	raise_gsi(18);
	irq_unbind_guest(18, guest_b);
	assert_true(pin_low(18) & MASKED);
}

static void let_time_pass(void)
{
	assert_non_null(armed);
	assert_true(armed->expires_ns > now_ns);
	now_ns = armed->expires_ns;
	armed->fn(armed->arg);
	armed = NULL;
}

static void a_shared_line_does_not_wait_for_ever(void **state)
{
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	/* One that has a line alone holds up nobody. */
	raise_gsi(18);
	assert_null(armed);
	assert_int_equal(irq_bind_guest(18, guest_b, 99, true), 0);
	assert_true(pin_low(18) & MASKED);
	let_time_pass();
	assert_false(pin_low(18) & MASKED);
	raise_gsi(18);
	irq_guest_eoi(18, guest_b);
	assert_true(pin_low(18) & MASKED);
	let_time_pass();
	assert_false(pin_low(18) & MASKED);
	/* Its word comes too late, and means nothing any more. */
	events[0] = '\0';
	irq_guest_eoi(18, guest_a);
	assert_string_equal(events, "");
	/* All have served it in time: the timer finds nothing to do. */
	raise_gsi(18);
	irq_guest_eoi(18, guest_a);
	irq_guest_eoi(18, guest_b);
	events[0] = '\0';
	let_time_pass();
	assert_string_equal(events, "");
	irq_unbind_guest(18, guest_a);
	/* Nor when nobody has it any more. */
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	raise_gsi(18);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(18, guest_b);
	let_time_pass();
	assert_true(pin_low(18) & MASKED);
}

static void joining_a_line_that_waits_does_not_open_it(void **state)
{
	assert_int_equal(irq_bind_guest(18, guest_a, 18, true), 0);
	raise_gsi(18);
	assert_int_equal(irq_bind_guest(18, guest_b, 18, true), 0);
	assert_true(pin_low(18) & MASKED);
	irq_guest_eoi(18, guest_a);
	assert_false(pin_low(18) & MASKED);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(18, guest_b);
}

static void an_edge_is_acknowledged_before_anybody_is_told(void **state)
{
	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	assert_false(irq_needs_eoi(1));
	assert_int_equal(pin_low(1) & (LEVEL | MASKED), 0);
	events[0] = '\0';
	raise_gsi(1);
	assert_string_equal(events, "eoi tell ");
	raise_gsi(1);
	assert_int_equal(told_a, 2);
	irq_unbind_guest(1, guest_a);
}

static void handler(void *arg)
{
	event("run ");
	++*(unsigned int *)arg;
}

static void binding_is_refused_where_it_must_be(void **state)
{
	static unsigned int runs;

	assert_int_equal(irq_request_gsi(4, handler, &runs, "serial"), 0);
	assert_int_equal(irq_request_gsi(4, handler, &runs, "again"), -EBUSY);
	assert_int_equal(irq_request_gsi(NR_PINS, handler, &runs, "x"),
			 -EINVAL);
	assert_int_equal(irq_bind_guest(4, guest_a, 4, true), -EBUSY);
	assert_int_equal(irq_bind_guest(NR_PINS, guest_a, 4, true), -EINVAL);
	assert_int_equal(irq_bind_guest(~0U, guest_a, 4, true), -EINVAL);
	/* Edges cannot be shared; nor what one of two does not share. */
	assert_int_equal(irq_bind_guest(1, guest_a, 1, true), 0);
	assert_int_equal(irq_bind_guest(1, guest_b, 1, true), -EBUSY);
	assert_int_equal(irq_bind_guest(17, guest_a, 17, true), 0);
	assert_int_equal(irq_bind_guest(17, guest_b, 17, false), -EBUSY);
	assert_int_equal(irq_bind_guest(17, guest_a, 18, true), -EBUSY);
	assert_int_equal(irq_bind_guest(18, guest_a, 18, false), 0);
	assert_int_equal(irq_bind_guest(18, guest_b, 18, true), -EBUSY);
	assert_int_equal(irq_request_gsi(17, handler, &runs, "x"), -EBUSY);
	irq_unbind_guest(1, guest_a);
	irq_unbind_guest(17, guest_a);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(18, guest_a);
	irq_unbind_guest(~0U, guest_a);

	events[0] = '\0';
	raise_gsi(4);
	assert_string_equal(events, "eoi run ");
	assert_int_equal(runs, 1);
}

static void shares_are_limited(void **state)
{
	unsigned long i;

	for (i = 0; i < IRQ_MAX_GUESTS; i++)
		assert_int_equal(irq_bind_guest(19, (struct domain *)(i + 1),
						19, true), 0);
	assert_int_equal(irq_bind_guest(19, guest_a, 19, true), -EBUSY);
	for (i = 0; i < IRQ_MAX_GUESTS; i++)
		irq_unbind_guest(19, (struct domain *)(i + 1));
}

static unsigned int again_runs;

/* While it runs on CPU 0 the same edge arrives on another CPU. */
static void handler_with_another_edge(void *arg)
{
	if (++again_runs == 1)
		interrupt(0, pin_low(3) & 0xff);
	assert_true(again_runs <= 2);
}

static void an_edge_during_its_handler_is_not_lost(void **state)
{
	assert_int_equal(irq_request_gsi(3, handler_with_another_edge, NULL,
					 "edge"), 0);
	raise_gsi(3);
	assert_int_equal(again_runs, 2);
	assert_int_equal(nr_eois, 2);
}

static void our_level_line_is_open_again_after_its_handler(void **state)
{
	static unsigned int runs;

	assert_int_equal(irq_request_gsi(22, handler, &runs, "level"), 0);
	events[0] = '\0';
	raise_gsi(22);
	assert_string_equal(events, "mask eoi run open ");
}

static void our_line_that_is_never_quiet_is_held_back(void **state)
{
	static unsigned int runs;
	unsigned int i, taken, turn;

	assert_int_equal(irq_request_gsi(23, handler, &runs, "stuck"), 0);
	for (turn = 0; turn < 3; turn++) {
		for (i = 0; i < 1000 && !(pin_low(23) & MASKED); i++)
			raise_gsi(23);
		assert_true(pin_low(23) & MASKED);
		assert_true(i >= 100 && i < 1000);
		let_time_pass();
		assert_false(pin_low(23) & MASKED);
	}
	/* Said once. */
	assert_non_null(strstr(fake_log, "GSI 23 (stuck)"));
	assert_null(strstr(strstr(fake_log, "GSI 23") + 1, "GSI 23"));
	/* As many, but with time between them, are no storm. */
	for (taken = 0; taken < 1000; taken++) {
		now_ns += NS_PER_MS;
		raise_gsi(23);
	}
	assert_null(armed);
}

static void strays_are_counted_and_said_once(void **state)
{
	uint64_t before = irq_stray_count();

	interrupt(1, 0xc0);
	interrupt(1, 0xc0);
	assert_int_equal(irq_stray_count(), before + 2);
	assert_int_equal(nr_eois, 2);
	assert_non_null(strstr(fake_log, "0xc0"));
	assert_null(strstr(strstr(fake_log, "0xc0") + 1, "0xc0"));
	/* A spurious interrupt is not in service: no EOI. */
	interrupt(1, VEC_SPURIOUS);
	assert_int_equal(nr_eois, 2);
	interrupt(1, 0xf5);		/* fixed, but nobody's */
	assert_int_equal(nr_eois, 3);
	assert_int_equal(irq_stray_count(), before + 4);
}

static void one_that_comes_while_it_is_unbound_is_nobodys(void **state)
{
	unsigned int vector;

	assert_int_equal(irq_bind_guest(1, guest_a, 1, false), 0);
	vector = pin_low(1) & 0xff;
	irq_unbind_guest(1, guest_a);
	interrupt(0, vector);		/* was on its way */
	assert_int_equal(told_a, 0);
	assert_int_equal(nr_eois, 1);
	assert_int_equal(irq_desc(1)->nr_unclaimed, 1);
	take_cleanups();
	interrupt(0, vector);
	assert_non_null(strstr(fake_log, "belongs to nobody"));
}

/* ---- registers and the dump ---- */

static void controllers_registers_are_protected(void **state)
{
	assert_true(irq_mmio_protected(MFN(IOAPIC_BASE >> PAGE_SHIFT)));
	assert_true(irq_mmio_protected(MFN(LAPIC_BASE >> PAGE_SHIFT)));
	assert_false(irq_mmio_protected(MFN(0x12345)));
	assert_false(irq_mmio_protected(INVALID_MFN));
}

/* The platform clock may be a port, or an HPET: its page is ours then. */
static void the_clocks_registers_are_protected(void **state)
{
	mfn_t frame = MFN(HPET_BASE >> PAGE_SHIFT);

	assert_false(irq_mmio_protected(frame));
	platform_frame = frame;
	assert_true(irq_mmio_protected(frame));
	pci_conf_write32(MSIX_DEV, PCI_BAR(0), (HPET_BASE - 0x2000) | 4);
	assert_int_equal(msi_device_add(MSIX_DEV), 0);
	platform_frame = INVALID_MFN;
	assert_false(irq_mmio_protected(frame));
	assert_int_equal(msi_device_remove(MSIX_DEV), 0);
}

static void the_dump_names_what_is_bound(void **state)
{
	unsigned int irq;

	assert_int_equal(msi_alloc(&msi_one, &irq), 0);
	assert_int_equal(irq_bind_guest(irq, guest_a, 345, false), 0);
	irq_dump();
	assert_non_null(strstr(fake_log, "0000:00:01.0"));
	assert_non_null(strstr(fake_log, "pirq 345"));
	irq_unbind_guest(irq, guest_a);
	msi_free(irq);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_pins_mode_is_what_acpi_says),
		T(entries_are_composed_as_the_82093aa_has_them),
		T(everything_is_masked_at_first),
		T(a_guest_reads_registers_that_there_are),
		T(a_controller_in_memory_is_left_out),
		T(a_mode_is_not_changed_under_a_user),
		T(a_level_line_is_quiet_until_it_was_served),
		T(a_line_let_go_in_flight_works_for_the_next),
		T(a_shared_line_waits_for_all),
		T(a_shared_line_does_not_wait_for_ever),
		T(joining_a_line_that_waits_does_not_open_it),
		T(an_edge_is_acknowledged_before_anybody_is_told),
		T(binding_is_refused_where_it_must_be),
		T(shares_are_limited),
		T(an_edge_during_its_handler_is_not_lost),
		T(our_level_line_is_open_again_after_its_handler),
		T(our_line_that_is_never_quiet_is_held_back),
		T(strays_are_counted_and_said_once),
		T(one_that_comes_while_it_is_unbound_is_nobodys),
		T(controllers_registers_are_protected),
		T(the_clocks_registers_are_protected),
		T(the_dump_names_what_is_bound),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
