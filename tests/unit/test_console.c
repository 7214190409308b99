/* SPDX-License-Identifier: MIT */
/*
 * test_console.c - log, serial port, input, and messages of NMIs
 *
 * The tests run in order, on one console, as a boot does.
 */
#include "console/machine.h"

#include <string.h>

#include <lodge/console.h>
#include <lodge/percpu.h>
#include <lodge/x86.h>

static unsigned int inputs;

static void input_came(void)
{
	inputs++;
}

static int fresh(void **state)
{
	clear_sent();
	to_receive = "";
	nmi = NULL;
	works_raised = inputs = 0;
	console_input_hook = input_came;
	return 0;
}

static void receive(const char *s)
{
	to_receive = s;
	fake_x86[0].irqs_off = true;
	console_receive();
	fake_x86[0].irqs_off = false;
	assert_string_equal(to_receive, "");
}

static void assert_guest_reads(const char *want)
{
	char buf[64];
	size_t n = console_guest_read(buf, sizeof(buf) - 1);

	buf[n] = '\0';
	assert_string_equal(buf, want);
}

static void early_messages_wait_for_the_options(void **state)
{
	console_early_init();
	printk("one\n");
	assert_string_equal(sent, "");
	console_start();
	assert_string_equal(sent, "(lodge) one\r\n");
}

static void every_line_has_the_prefix(void **state)
{
	printk("a\nb %d\n", 5);
	printk("c");
	printk("d\n");
	assert_string_equal(sent,
			    "(lodge) a\r\n(lodge) b 5\r\n(lodge) cd\r\n");
}

static void levels_are_taken_off(void **state)
{
	printk(LOG_ERR "bad\n");
	printk(LOG_DEBUG "detail\n");	/* shown by the debug build */
	assert_string_equal(sent, "(lodge) bad\r\n(lodge) detail\r\n");
}

static void long_messages_are_cut(void **state)
{
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[999] = '\0';
	printk("%s\n", text);
	assert_in_range(nr_sent, 300, 450);
	assert_string_equal(sent + nr_sent - 3, "x\r\n");
}

static void dom0_writes_as_it_likes(void **state)
{
	console_guest_write("$ ", 2);
	printk("interrupts\n");
	console_guest_write("ls\n", 3);
	printk("again\n");
	assert_string_equal(sent, "$ \r\n(lodge) interrupts\r\n"
				  "ls\r\n(lodge) again\r\n");
}

static void the_log_can_be_read_and_cleared(void **state)
{
	char buf[64];
	uint32_t pos = 0;
	size_t n;

	console_ring_clear();
	n = console_ring_read(buf, sizeof(buf), &pos);
	assert_int_equal(n, 0);
	printk("first\n");
	n = console_ring_read(buf, sizeof(buf), &pos);
	assert_int_equal(n, strlen("(lodge) first\n"));
	assert_memory_equal(buf, "(lodge) first\n", n);
	assert_int_equal(console_ring_read(buf, sizeof(buf), &pos), 0);
	pos += 1000;			/* a position from nowhere */
	n = console_ring_read(buf, 7, &pos);
	assert_memory_equal(buf, "(lodge)", 7);
	assert_int_equal(n, 7);
}

static void the_log_grows_and_wraps(void **state)
{
	char buf[16], last[32];
	uint32_t pos = 0;
	unsigned int i;
	size_t n, total = 0;

	console_ring_clear();
	printk("before\n");
	console_ring_init();
	n = console_ring_read(buf, 14, &pos);
	assert_memory_equal(buf, "(lodge) before", n);
	for (i = 0; i < 6000; i++) {
		clear_sent();
		printk("line %u\n", i);
	}
	pos = 0;
	while ((n = console_ring_read(buf, sizeof(buf), &pos)) != 0) {
		total += n;
		memcpy(last, buf, n);
	}
	assert_int_equal(total, 64 << 10);
	assert_non_null(memchr(last, '\n', sizeof(last)));
}

static unsigned int nmis;

static void nmi_speaks(void)
{
	if (nmis++ == 3)
		printk("from an NMI\n");
}

static void an_nmi_is_heard_afterwards(void **state)
{
	nmi = nmi_speaks;
	nmis = 0;
	printk("interrupted\n");
	assert_string_equal(sent, "(lodge) interrupted\r\n"
				  "(lodge) from an NMI\r\n");
	clear_sent();
	nmis = 0;
	console_guest_write("dom0 speaks\n", 12);
	assert_string_equal(sent, "dom0 speaks\r\n"
				  "(lodge) from an NMI\r\n");
}

static void nmi_floods(void)
{
	unsigned int i;

	if (nmis++ == 0)
		for (i = 0; i < 100; i++)
			printk("flood %u\n", i);
}

static void an_nmi_cannot_overrun(void **state)
{
	nmi = nmi_floods;
	nmis = 0;
	printk("x\n");
	assert_non_null(strstr(sent, "flood 0\r\n"));
	assert_null(strstr(sent, "flood 99"));
	nmi = NULL;
	clear_sent();
	printk("y\n");
	assert_non_null(strstr(sent, "(lodge) y\r\n"));
}

static void input_goes_to_dom0(void **state)
{
	receive("hello");
	assert_int_equal(inputs, 1);
	assert_guest_reads("hello");
	assert_guest_reads("");
}

static void a_full_queue_drops(void **state)
{
	char many[2000], buf[2000];

	memset(many, 'z', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	receive(many);
	assert_int_equal(console_guest_read(buf, sizeof(buf)), 1024);
	receive("a");
	assert_guest_reads("a");
}

static void three_switch_and_are_nobodys(void **state)
{
	receive("a\001\001");
	receive("\001");
	assert_guest_reads("a");
	assert_non_null(strstr(sent, "debug keys"));
	assert_int_equal(works_raised, 0);
	receive("h");
	assert_int_equal(works_raised, 1);
	assert_guest_reads("");
	receive("\001\001\001b");
	assert_non_null(strstr(sent, "Dom0"));
	assert_guest_reads("b");
}

static void fewer_are_input(void **state)
{
	receive("\001\001");
	assert_guest_reads("");
	receive("x\001y");
	assert_guest_reads("\001\001x\001y");
}

static bool answered;

static void answer(void)
{
	answered = true;
}

static void debug_keys_are_answered(void **state)
{
	debug_keys_init();
	debug_key_register('z', "the last one", answer);
	debug_key('z');
	assert_true(answered);
	debug_key('h');
	assert_non_null(strstr(sent, " z  the last one\r\n"));
	clear_sent();
	debug_key('y');
	assert_non_null(strstr(sent, "no debug key 'y'"));
	debug_key('\xff');
	expect_assert_failure(debug_key_register('z', "", answer));
}

/* From here on the port is worse and worse. */

static void a_tail_is_not_repeated(void **state)
{
	printk("seen\n");
	clear_sent();
	console_dump_tail(5);
	assert_string_equal(sent, "");
}

static void a_port_that_hangs_is_given_up(void **state)
{
	port_takes = false;
	printk("nobody listens, and this is longer than the port's FIFO\n");
	port_takes = true;
	clear_sent();
	printk("still nobody\n");
	assert_string_equal(sent, "");
	assert_int_equal(console_enable_irq(), -1);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(early_messages_wait_for_the_options),
		TEST(every_line_has_the_prefix),
		TEST(levels_are_taken_off),
		TEST(long_messages_are_cut),
		TEST(dom0_writes_as_it_likes),
		TEST(the_log_can_be_read_and_cleared),
		TEST(the_log_grows_and_wraps),
		TEST(an_nmi_is_heard_afterwards),
		TEST(an_nmi_cannot_overrun),
		TEST(input_goes_to_dom0),
		TEST(a_full_queue_drops),
		TEST(three_switch_and_are_nobodys),
		TEST(fewer_are_input),
		TEST(debug_keys_are_answered),
		TEST(a_tail_is_not_repeated),
		TEST(a_port_that_hangs_is_given_up),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
