/* SPDX-License-Identifier: MIT */
/*
 * main.c - start of the guest, its tests and its verdict
 *
 * Order: console, trap table, shared page, tests, verdict, shutdown. What
 * cannot be set up is said in a NOTE line; the tests that need it end as
 * errors.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

enum outcome {
	OUTCOME_SKIP,
	OUTCOME_SUCCESS,
	OUTCOME_ERROR,
	OUTCOME_FAILURE,
};

static const char *const outcome_name[] = {
	[OUTCOME_SKIP] = "skip",
	[OUTCOME_SUCCESS] = "success",
	[OUTCOME_ERROR] = "error",
	[OUTCOME_FAILURE] = "failure",
};

struct start_info *start_info;
bool hypercall_by_page;
void *hypercall_page_address;

extern const struct guest_test guest_tests_start[], guest_tests_end[];
extern const char guest_name[];
extern char hypercall_page[] __attribute__((weak));

/* Of the running test, and of all. */
static enum outcome test_outcome, guest_outcome;
static unsigned long test_checks, guest_checks;
static bool test_skipped;
static struct jump test_jump;

static void worsen(enum outcome outcome)
{
	if (outcome > test_outcome)
		test_outcome = outcome;
}

bool guest_on_control(void)
{
	static xen_extraversion_t extra;

	return HYPERVISOR_xen_version(XENVER_extraversion, extra) ||
	       !strstr(extra, "lodge");
}

bool test_check_true(const char *file, int line, const char *expr, bool held)
{
	test_checks++;
	worsen(held ? OUTCOME_SUCCESS : OUTCOME_FAILURE);
	if (!held)
		print("FAILED %s:%d: %s: got false, wanted true\n", file, line,
		      expr);
	return held;
}

bool test_check_equal(const char *file, int line, const char *expr,
		      unsigned long got, unsigned long want)
{
	test_checks++;
	worsen(got == want ? OUTCOME_SUCCESS : OUTCOME_FAILURE);
	if (got != want)
		print("FAILED %s:%d: %s: got %ld (%lx), wanted %ld (%lx)\n",
		      file, line, expr, got, got, want, want);
	return got == want;
}

bool test_check_fault(const char *file, int line, const char *what, int got,
		      int want)
{
	test_checks++;
	worsen(got == want ? OUTCOME_SUCCESS : OUTCOME_FAILURE);
	if (got != want)
		print("FAILED %s:%d: %s: got trap %d, wanted %d\n", file, line,
		      what, got, want);
	return got == want;
}

static void say_why(const char *word, const char *format, va_list args)
{
	print("%s ", word);
	print_va(format, args);
	print("\n");
}

void test_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	worsen(OUTCOME_ERROR);
	say_why("ERROR", format, args);
	va_end(args);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	test_skipped = true;
	say_why("SKIP", format, args);
	va_end(args);
}

void test_abandon(void)
{
	struct cpu_user_regs regs = {0};

	if (!test_jump.rip)
		guest_shutdown(SHUTDOWN_crash);
	worsen(OUTCOME_FAILURE);
	jump_back(&regs, &test_jump, 1);
	iret_to(&regs);
}

/* A test that neither checked nor said why proves nothing. */
static enum outcome test_end(void)
{
	if (!test_checks && !test_skipped && test_outcome < OUTCOME_ERROR) {
		print("ERROR no check was made\n");
		return OUTCOME_ERROR;
	}
	return test_outcome;
}

static void run_test(const struct guest_test *test)
{
	test_outcome = OUTCOME_SKIP;
	test_checks = 0;
	test_skipped = false;
	if (test->may_crash)
		print("EXPECT crash %s\n", test->name);
	if (!jump_save(&test_jump)) {
		this_vcpu()->catcher = NULL;
		test->run();
	}
	if (test->may_crash && !test_skipped) {
		print("FAILED %s: the domain is still alive\n", test->name);
		worsen(OUTCOME_FAILURE);
	}
	test_outcome = test_end();
	print("TEST %s: %s %lu checks\n", test->name,
	      outcome_name[test_outcome], test_checks);
	if (test_outcome > guest_outcome)
		guest_outcome = test_outcome;
	guest_checks += test_checks;
}

/* "test=NAME": that one, of either kind; else all that must not crash. */
static bool chosen(const struct guest_test *test)
{
	const char *name = command_line_value("test");
	size_t len = strlen(test->name);

	if (!name)
		return !test->may_crash;
	return !strncmp(name, test->name, len) &&
	       (!name[len] || name[len] == ' ');
}

static void run_tests(void)
{
	const struct guest_test *test;

	for (test = guest_tests_start; test < guest_tests_end; test++) {
		if (chosen(test))
			run_test(test);
		else if (test->may_crash && !command_line_value("test"))
			print("CRASHTEST %s\n", test->name);
	}
}

static void set_up(void)
{
	long rc;

	this_vcpu()->id = 0;
	this_vcpu()->state = VCPU_RUNNING;
	hypercall_page_address = hypercall_page;
	page_set_up();
	rc = trap_table_install();
	if (rc)
		print("NOTE no trap table: %ld\n", rc);
	rc = shared_info_map();
	if (rc)
		print("NOTE shared page not mapped: %ld\n", rc);
}

void __attribute__((noreturn)) guest_main(void);
void guest_main(void)
{
	print("GUEST %s\n", guest_name);
	set_up();
	run_tests();
	print("VERDICT %s: %s %lu checks\n", guest_name,
	      outcome_name[guest_outcome], guest_checks);
	guest_shutdown(SHUTDOWN_poweroff);
}

void guest_shutdown(unsigned int reason)
{
	struct sched_shutdown shutdown = {.reason = reason};

	for (;;)
		HYPERVISOR_sched_op(SCHEDOP_shutdown, &shutdown);
}

const char *command_line_value(const char *name)
{
	const char *at = (const char *)start_info->cmd_line;
	size_t len = strlen(name);

	while ((at = strstr(at, name)) != NULL) {
		if (at[len] == '=')
			return at + len + 1;
		at += len;
	}
	return NULL;
}
