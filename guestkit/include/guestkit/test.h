/* SPDX-License-Identifier: MIT */
/*
 * test.h - tests, checks and verdicts
 *
 * A guest is one or more TEST(name) { ... } in one file, run in that order.
 * Each ends as
 *
 *   success   at least one check was made and all held
 *   failure   a check did not hold, or an exception came that nobody expected
 *   error     the test could not be done; never counted as success
 *   skip      it does not apply here, with the reason
 *
 * A CRASH_TEST must end in the death of the domain by the hypervisor's hand.
 * It runs only when the command line names it ("test=NAME"), in a boot of
 * its own; see README.md.
 */
#ifndef GUESTKIT_TEST_H
#define GUESTKIT_TEST_H

#include <stdbool.h>
#include <guestkit/console.h>
#include <guestkit/xen.h>

struct guest_test {
	const char *name;
	void (*run)(void);
	unsigned long may_crash;
};

#define GUEST_TEST(test, crash)                                                \
	static void test_##test(void);                                         \
	static const struct guest_test entry_##test                            \
		__attribute__((used, aligned(8), section(".guest_tests"))) = { \
			.name = #test,                                         \
			.run = test_##test,                                    \
			.may_crash = crash,                                    \
	};                                                                     \
	static void test_##test(void)

#define TEST(name)	 GUEST_TEST(name, 0)
#define CRASH_TEST(name) GUEST_TEST(name, 1)

/*
 * The value is what Debian's Xen 4.17 answers in the same place; the public
 * headers do not say.
 */
#define RECORDED(value) (value)

/* @expr is true. */
#define CHECK(expr) test_check_true(__FILE__, __LINE__, #expr, !!(expr))

/* @expr gives @want; both are shown if not. */
#define CHECK_EQ(expr, want)                                               \
	test_check_equal(__FILE__, __LINE__, #expr, (unsigned long)(expr), \
			 (unsigned long)(want))

/* @expr, masked, gives @want. */
#define CHECK_BITS(expr, mask, want) CHECK_EQ((expr) & (mask), want)

/*
 * @expr gives @want, or -ENOSYS: a call or sub-operation that a hypervisor
 * may lack as a whole, as a Xen built without the feature does.
 */
#define CHECK_ABSENT_OR(expr, want)                            \
	do {                                                   \
		long rc_ = (expr);                             \
		CHECK_EQ(rc_ == -ENOSYS ? (want) : rc_, want); \
	} while (0)

/*
 * The statements raise the exception @vector. What came is in last_trap().
 * Local variables that they change must be volatile.
 */
#define CHECK_FAULT(vector, ...)                           \
	test_check_fault(__FILE__, __LINE__, #__VA_ARGS__, \
			 TRAP_CATCH(__VA_ARGS__), vector)

/* The statements raise nothing. */
#define CHECK_NO_FAULT(...) CHECK_FAULT(-1, __VA_ARGS__)

/* End this test as error or as skip. */
#define TEST_ERROR(...)                  \
	do {                             \
		test_error(__VA_ARGS__); \
		return;                  \
	} while (0)
#define TEST_SKIP(...)                  \
	do {                            \
		test_skip(__VA_ARGS__); \
		return;                 \
	} while (0)

/* What the rest of the test stands on; without it, error. */
#define REQUIRE(expr)                                                     \
	do {                                                              \
		if (!(expr))                                              \
			TEST_ERROR("%s:%d: needs %s", __FILE__, __LINE__, \
				   #expr);                                \
	} while (0)

bool test_check_true(const char *file, int line, const char *expr, bool held);
bool test_check_equal(const char *file, int line, const char *expr,
		      unsigned long got, unsigned long want);
bool test_check_fault(const char *file, int line, const char *what, int got,
		      int want);
void test_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the running test as a failure from anywhere, handlers included. */
void __attribute__((noreturn)) test_abandon(void);

#endif /* GUESTKIT_TEST_H */
