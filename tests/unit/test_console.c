/* SPDX-License-Identifier: MIT */
/*
 * test_console.c - log, serial port, screen, input, levels, messages of NMIs
 *
 * The tests run in order, on one console, as a boot does.
 */
#include "console/machine.h"

#include <string.h>

#include <lodge/console.h>
#include <lodge/errno.h>
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

static void forget_log(void)
{
	char buf[4096];
	uint32_t pos;

	while (console_ring_read(buf, sizeof(buf), &pos, true, false))
		;
}

static void the_log_can_be_read_and_cleared(void **state)
{
	char buf[64];
	uint32_t pos = 0, end;
	size_t n;

	forget_log();
	assert_int_equal(console_ring_read(buf, 64, &pos, false, true), 0);
	printk("first\n");
	n = console_ring_read(buf, 64, &pos, false, true);
	assert_int_equal(n, strlen("(lodge) first\n"));
	assert_memory_equal(buf, "(lodge) first\n", n);
	assert_int_equal(console_ring_read(buf, 64, &pos, false, true), 0);
	end = pos;
	pos += 1000;			/* a position from nowhere */
	n = console_ring_read(buf, 7, &pos, false, true);
	assert_memory_equal(buf, "(lodge)", 7);
	assert_int_equal(n, 7);
	/* Not incremental: all of it, wherever the index points. */
	pos = end;
	assert_int_equal(console_ring_read(buf, 64, &pos, false, false), 14);
	assert_int_equal(pos, end);
	/* Only what was read is forgotten. */
	assert_int_equal(console_ring_read(buf, 8, &pos, true, false), 8);
	assert_int_equal(console_ring_read(buf, 64, &pos, false, false), 6);
	assert_memory_equal(buf, "first\n", 6);
	assert_int_equal(console_ring_read(buf, 0, &pos, true, true), 0);
	assert_int_equal(console_ring_read(buf, 64, &pos, false, false), 0);
}

static void grew(void)
{
}

static void new_text_is_told_of(void **state)
{
	logs_raised = 0;
	printk("before anybody asked\n");
	assert_int_equal(logs_raised, 0);
	console_log_hook = grew;
	printk("now\n");
	assert_int_equal(logs_raised, 1);
	console_guest_write("not ours\n", 9);
	assert_int_equal(logs_raised, 1);
	console_log_hook = NULL;
}

static void the_log_grows_and_wraps(void **state)
{
	char buf[16], last[32];
	uint32_t pos = 0;
	unsigned int i;
	size_t n, total = 0;

	forget_log();
	printk("before\n");
	console_memory_init();
	n = console_ring_read(buf, 14, &pos, false, true);
	assert_memory_equal(buf, "(lodge) before", n);
	for (i = 0; i < 6000; i++) {
		clear_sent();
		printk("line %u\n", i);
	}
	pos = 0;
	while ((n = console_ring_read(buf, sizeof(buf), &pos, false, true)) !=
	       0) {
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

static void another_letter_switches(void **state)
{
	assert_int_equal(set_option("conswitch", "B"), -EINVAL);
	assert_int_equal(set_option("conswitch", "bb"), -EINVAL);
	assert_int_equal(set_option("conswitch", ""), -EINVAL);
	assert_int_equal(set_option("conswitch", "b"), 0);
	receive("\001\001\001x");
	assert_guest_reads("\001\001\001x");
	receive("\002\002\002");
	assert_non_null(strstr(sent, "Ctrl-B"));
	receive("\002\002\002");
	/* And the input is the keys' from the start. */
	assert_int_equal(set_option("conswitch", "ax"), 0);
	receive("q");
	assert_int_equal(works_raised, 1);
	receive("\001\001\001q");
	assert_guest_reads("q");
}

/* ---- levels ---- */

static uint64_t now_ns;

static uint64_t clock_ns(void)
{
	return now_ns;
}

static uint64_t day_ns(void)
{
	return 1709164799UL * 1000000000;	/* 2024-02-28 23:59:59 */
}

static unsigned int count(const char *what)
{
	unsigned int n = 0;
	const char *s;

	for (s = strstr(sent, what); s; s = strstr(s + 1, what))
		n++;
	return n;
}

static void say_all(unsigned int times)
{
	clear_sent();
	while (times--) {
		printk(LOG_ERR "host e\n");
		printk(LOG_WARN "host w\n");
		printk(LOG_INFO "host i\n");
		printk(LOG_DEBUG "host d\n");
		printk(LOG_GUEST_ERR "guest e\n");
		printk(LOG_GUEST_WARN "guest w\n");
		printk(LOG_GUEST_INFO "guest i\n");
		printk(LOG_GUEST_DEBUG "guest d\n");
	}
}

static void levels_have_two_thresholds(void **state)
{
	static const char *const bad[] = {
		"", "loud", "warning/", "/warning", "warning/loud", "warningx",
		"warning/error/info", "1",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(set_option("loglvl", bad[i]), -EINVAL);
	console_set_clocks(clock_ns, day_ns);
	now_ns = 100000000000;
	assert_int_equal(set_option("loglvl", "warning"), 0);
	assert_int_equal(set_option("guest_loglvl", "none/warning"), 0);
	say_all(30);
	assert_int_equal(count("host e"), 30);
	assert_int_equal(count("host w"), 30);
	assert_int_equal(count("host i") + count("host d"), 0);
	assert_int_equal(count("guest e"), 5);
	assert_int_equal(count("guest w"), 5);
	assert_int_equal(count("guest i") + count("guest d"), 0);
	/* Later: some more, and how many were not shown. */
	now_ns += 6000000000;
	say_all(1);
	assert_int_equal(count("50 messages about guests were not shown"), 1);
	assert_int_equal(count("guest e") + count("guest w"), 2);
	assert_int_equal(set_option("guest_loglvl", "error/all"), 0);
	now_ns += 6000000000;
	say_all(30);
	assert_int_equal(count("guest e"), 30);
	assert_int_equal(count("guest w") + count("guest i") +
			 count("guest d"), 10);
	assert_int_equal(set_option("loglvl", "none"), 0);
	assert_int_equal(set_option("guest_loglvl", "none"), 0);
	say_all(1);
	assert_string_equal(sent, "");
}

static void keys_change_levels(void **state)
{
	unsigned int i;

	assert_int_equal(set_option("loglvl", "error"), 0);
	assert_int_equal(set_option("guest_loglvl", "none/error"), 0);
	debug_key('+');
	assert_non_null(strstr(sent, "messages shown: warning, some of: "
				     "warning\r\n"));
	say_all(1);
	assert_int_equal(count("host"), 2);
	for (i = 0; i < 9; i++)
		debug_key('+');
	say_all(1);
	assert_int_equal(count("host"), 4);
	for (i = 0; i < 9; i++)
		debug_key('-');
	debug_key('>');
	debug_key('>');
	say_all(1);
	assert_int_equal(count("host"), 0);
	assert_int_equal(count("guest"), 2);
	for (i = 0; i < 9; i++)
		debug_key('<');
	say_all(1);
	assert_string_equal(sent, "");
	assert_int_equal(set_option("loglvl", "all"), 0);
}

/* ---- time ---- */

static void lines_have_stamps(void **state)
{
	assert_int_equal(set_option("console_timestamps", "now"), -EINVAL);
	assert_int_equal(set_option("console_timestamps", "boot"), 0);
	now_ns = 12345678901;
	printk("a\nb");
	printk("c\n");
	assert_string_equal(sent, "(lodge) [    12.345678] a\r\n"
				  "(lodge) [    12.345678] bc\r\n");
	clear_sent();
	assert_int_equal(set_option("console_timestamps", ""), 0);
	now_ns = 1999999999;
	printk("leap\n");
	assert_string_equal(sent, "(lodge) [2024-02-29 00:00:00] leap\r\n");
	clear_sent();
	assert_int_equal(set_option("console_timestamps", "datems"), 0);
	now_ns = 86401007000000;
	printk("day\n");
	assert_string_equal(sent,
			    "(lodge) [2024-03-01 00:00:00.007] day\r\n");
	clear_sent();
	assert_int_equal(set_option("console_timestamps", "raw"), 0);
	fake_x86[0].tsc = 0xabcdef;
	printk("raw\n");
	assert_string_equal(sent, "(lodge) [0000000000abcdef] raw\r\n");
	assert_int_equal(set_option("console_timestamps", "none"), 0);
}

/* ---- what Dom0 says, in the log ---- */

static void dom0_is_logged_on_request(void **state)
{
	char buf[128];
	uint32_t pos;
	size_t n;

	forget_log();
	assert_int_equal(set_option("console_to_ring", "y"), 0);
	console_guest_write("dom0 $ ", 7);
	printk("ours\n");
	console_guest_write("end\n", 4);
	printk("more\n");
	assert_string_equal(sent, "dom0 $ \r\n(lodge) ours\r\nend\r\n"
				  "(lodge) more\r\n");
	n = console_ring_read(buf, sizeof(buf), &pos, false, false);
	buf[n] = '\0';
	assert_string_equal(buf, "dom0 $ \n(lodge) ours\nend\n"
				 "(lodge) more\n");
	assert_int_equal(set_option("console_to_ring", "n"), 0);
}

/* ---- the screen ---- */

static void assert_row(unsigned int row, const char *want)
{
	unsigned int i;

	for (i = 0; i < 80; i++)
		assert_int_equal(vga_memory[row * 80 + i],
				 0x0700 | (i < strlen(want) ? want[i] : ' '));
}

static void the_screen_shows_and_scrolls(void **state)
{
	unsigned int i;

	/* console_memory_init() has found it before: 6000 lines ago. */
	assert_row(24, "");
	printk("last\n");
	assert_row(23, "(lodge) last");
	assert_row(24, "");
	printk("open\tend\001\177");
	assert_row(24, "(lodge) open    end?");
	assert_int_equal(vga_crtc[0x0e] << 8 | vga_crtc[0x0f], 24 * 80 + 20);
	printk("%090u\n", 7);
	assert_int_equal(vga_memory[22 * 80 + 79], 0x0730);
	assert_int_equal(vga_memory[23 * 80 + 29], 0x0737);
	for (i = 25 * 80; i < 0x4000; i++)
		assert_int_equal(vga_memory[i], 0);
}

static void the_screen_becomes_dom0s(void **state)
{
	unsigned int i;

	console_dom0_starts();
	memset(vga_memory, 0, sizeof(vga_memory));
	printk("not there\n");
	console_guest_write("nor this\n", 9);
	for (i = 0; i < 0x4000; i++)
		assert_int_equal(vga_memory[i], 0);
	assert_int_equal(set_option("vga", "current,keep"), 0);
	console_dom0_starts();
	printk("\n");
	console_guest_write("dom0\n", 5);
	assert_row(23, "dom0");
	assert_int_equal(set_option("vga", "text-80x25"), 0);
	console_dom0_starts();
}

static void consoles_that_are_none(void **state)
{
	static const char *const bad[] = {
		"", "com3", "com", "vga,", ",vga", "none,vga", "vga,none",
		"com1;vga", "com1H", "vgacom1", "com1,com2",
	};
	static const char *const bad_vga[] = {
		"text-80x", "text-80x0", "text-80x99", "text-80x25,kept",
		"gfx-1024x768x32", "ask", "mode-3",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(set_option("console", bad[i]), -EINVAL);
	for (i = 0; i < sizeof(bad_vga) / sizeof(bad_vga[0]); i++)
		assert_int_equal(set_option("vga", bad_vga[i]), -EINVAL);
	assert_int_equal(set_option("console", "vga,com1"), 0);
}

/* From here on the port is worse and worse. */

static void a_tail_is_not_repeated(void **state)
{
	printk("seen\n");
	clear_sent();
	console_dump_tail(5);
	assert_string_equal(sent, "");
}

static void a_panic_takes_the_screen_back(void **state)
{
	memset(vga_memory, 0, sizeof(vga_memory));
	vga_graphics = true;
	console_force_unlock();
	printk("in the dark\n");
	assert_int_equal(vga_memory[0], 0);
	vga_graphics = false;
	console_force_unlock();
	printk("the end\n");
	/* Behind what it has not shown meanwhile. */
	assert_row((vga_crtc[0x0e] << 8 | vga_crtc[0x0f]) / 80 - 1,
		   "(lodge) the end");
}

/* It has stopped for a while: what it missed is told, and it goes on. */
static void a_port_that_stops_goes_on(void **state)
{
	port_takes = false;
	printk("nobody listens, and this is longer than the port's FIFO\n");
	port_takes = true;
	clear_sent();
	printk("back\n");
	assert_non_null(strstr(sent, "(lodge) serial port: "));
	assert_non_null(strstr(sent, " characters are lost\r\n"));
	assert_non_null(strstr(sent, "(lodge) back\r\n"));
	clear_sent();
	printk("again\n");
	assert_string_equal(sent, "(lodge) again\r\n");
	assert_int_equal(console_enable_irq(), 4);
}

/* Nobody waits for it over and over. */
static void a_port_that_stopped_is_not_waited_for(void **state)
{
	static const char text[] = "not now either\n";

	port_takes = false;
	printk("nobody listens, and this is longer than the port's FIFO\n");
	port_looks = 0;
	printk("%s", text);
	/* Once a character: prefix, text, carriage return. */
	assert_in_range(port_looks, 1, strlen("(lodge) ") + sizeof(text));
	port_takes = true;
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
		TEST(new_text_is_told_of),
		TEST(the_log_grows_and_wraps),
		TEST(an_nmi_is_heard_afterwards),
		TEST(an_nmi_cannot_overrun),
		TEST(input_goes_to_dom0),
		TEST(a_full_queue_drops),
		TEST(three_switch_and_are_nobodys),
		TEST(fewer_are_input),
		TEST(debug_keys_are_answered),
		TEST(another_letter_switches),
		TEST(levels_have_two_thresholds),
		TEST(keys_change_levels),
		TEST(lines_have_stamps),
		TEST(dom0_is_logged_on_request),
		TEST(the_screen_shows_and_scrolls),
		TEST(the_screen_becomes_dom0s),
		TEST(consoles_that_are_none),
		TEST(a_tail_is_not_repeated),
		TEST(a_panic_takes_the_screen_back),
		TEST(a_port_that_stops_goes_on),
		TEST(a_port_that_stopped_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
