/* SPDX-License-Identifier: MIT */
/*
 * flood - a guest that makes the hypervisor talk about it
 *
 * It reads registers that are nobody's, again and again, and notes how often
 * VIRQ_CON_RING came. With "listen=yes" it then reads one for each byte that is
 * typed for it, until that is a q. What the log shows of it is judged outside,
 * by tests/system/test_levels.py: here only that the guest is not harmed.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_MSR 0x4d534e00U
#define FIRST	    100
#define QUIET_NS    (6 * NS_PER_S)

static volatile uint64_t value;

/* One refusal for each byte. */
static void answer_input(void)
{
	unsigned int asked = 0;
	char byte = '\0';

	print("NOTE listening\n");
	while (byte != 'q') {
		if (HYPERVISOR_console_io(CONSOLEIO_read, 1, &byte) != 1)
			continue;
		CHECK_FAULT(VECTOR_GP, value = msr_read(NO_SUCH_MSR));
		print("NOTE asked %u times\n", ++asked);
	}
}

TEST(flood)
{
	unsigned long before;
	unsigned int i;
	long port;

	REQUIRE(shared_info && !event_set_up());
	port = event_bind_virq(VIRQ_CON_RING, 0);
	REQUIRE(port > 0);
	event_port_enable(port);
	before = event_port_count(port);
	for (i = 0; i < FIRST; i++)
		CHECK_FAULT(VECTOR_GP, value = msr_read(NO_SUCH_MSR + i));
	if (command_line_value("listen")) {
		answer_input();
	} else {
		clock_wait_ns(QUIET_NS);
		CHECK_FAULT(VECTOR_GP, value = msr_read(NO_SUCH_MSR));
	}
	print("NOTE VIRQ_CON_RING came %u times\n",
	      (unsigned int)(event_port_count(port) - before));
	CHECK_EQ(event_close(port), 0);
}
