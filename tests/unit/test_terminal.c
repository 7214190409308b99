/* SPDX-License-Identifier: MIT */
/*
 * test_terminal.c - whose other end a terminal has: a daemon's, or anybody's
 */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "terminal.h"

struct terminal {
	int master, slave;
	char name[64];
};

static int setup(void **state)
{
	static struct terminal t;

	*state = &t;
	return openpty(&t.master, &t.slave, t.name, NULL, NULL);
}

static int teardown(void **state)
{
	struct terminal *t = *state;

	return close(t->master) | close(t->slave);
}

static void call_us(const char *name)
{
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
}

static void test_daemon(void **state)
{
	struct terminal *t = *state;

	call_us("lodge-consoled");
	assert_true(terminal_has_server(t->name));
	call_us("xenconsoled");
	assert_true(terminal_has_server(t->name));
}

static void test_person(void **state)
{
	struct terminal *t = *state;

	call_us("consoled-not");
	assert_false(terminal_has_server(t->name));
	call_us("sshd");
	assert_false(terminal_has_server(t->name));
}

static void test_nobody(void **state)
{
	(void)state;
	call_us("xenconsoled");
	assert_false(terminal_has_server("/dev/pts/4000000000"));
	assert_false(terminal_has_server("/dev/tty1"));
	assert_false(terminal_has_server(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_person),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
