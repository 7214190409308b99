/* SPDX-License-Identifier: MIT */
/*
 * test_hypercall.c - dispatch, sub-operations, continuation, multicalls
 *
 * The table of calls is the test's own. A guest's memory is a buffer behind
 * guest addresses 0x1000 to 0x3000, of which the test may take pages away, so
 * that each copy can be made to fail.
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>
#include <lodge/work.h>

#define GUEST_BASE	0x1000UL
#define GUEST_BYTES	0x2000UL
#define SYSCALL_BYTES	2

static uint8_t guest_memory[GUEST_BYTES] __aligned(8);
static bool unreadable[2], unwritable[2];
static struct domain dom = { .domid = 7 };
static struct vcpu vcpu = { .domain = &dom };
static bool work_is_pending;

/* ---- the layers below ---- */

static bool reachable(unsigned long va, size_t len, const bool *taken)
{
	unsigned long i;

	if (va < GUEST_BASE || va - GUEST_BASE > GUEST_BYTES ||
	    len > GUEST_BYTES - (va - GUEST_BASE))
		return false;
	for (i = va; i < va + len; i++)
		if (taken[(i - GUEST_BASE) / PAGE_SIZE])
			return false;
	return true;
}

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
	if (!reachable(src.va, len, unreadable))
		return len;
	memcpy(dst, guest_memory + src.va - GUEST_BASE, len);
	return 0;
}

size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
	if (!reachable(dst.va, len, unwritable))
		return len;
	memcpy(guest_memory + dst.va - GUEST_BASE, src, len);
	return 0;
}

bool work_urgent(void)
{
	return work_is_pending;
}

/* ---- calls ---- */

static unsigned int nr_calls;
static struct call_args seen;

static long call_count(struct vcpu *v, const struct call_args *a)
{
	assert_ptr_equal(v, &vcpu);
	seen = *a;
	nr_calls++;
	return 100 + (long)nr_calls;
}

static long call_fail(struct vcpu *v, const struct call_args *a)
{
	nr_calls++;
	return -EBUSY;
}

/* Takes arg0 steps, one each time it is called. */
static long call_steps(struct vcpu *v, const struct call_args *a)
{
	nr_calls++;
	if (a->arg0 <= 1)
		return (long)a->arg1;
	return hypercall_continue(3, 1, a->arg0 - 1);
}

static long call_all_arguments(struct vcpu *v, const struct call_args *a)
{
	return hypercall_continue(4, 6, 0xa0UL, 0xa1UL, 0xa2UL, 0xa3UL, 0xa4UL,
				  0xa5UL);
}

static long call_address(struct vcpu *v, const struct call_args *a)
{
	return (long)a->arg0;
}

enum { COUNT = 1, FAIL, STEPS, ALL, DOM0_ONLY, ADDRESS, NONE };

const struct hypercall hypercall_table[NR_HYPERCALLS] = {
	[COUNT] = { "count", call_count, 6, CALL_ANYBODY },
	[FAIL] = { "fail", call_fail, 0, CALL_ANYBODY },
	[STEPS] = { "steps", call_steps, 2, CALL_ANYBODY },
	[ALL] = { "all", call_all_arguments, 6, CALL_ANYBODY },
	[DOM0_ONLY] = { "dom0_only", call_count, 0, OP_DOM0 },
	[ADDRESS] = { "address", call_address, 1, CALL_ANYBODY },
	[NONE] = { "none", NULL, 0, 0, EOPNOTSUPP, "not offered" },
	[__HYPERVISOR_multicall] = { "multicall", hypercall_multicall, 2, CALL_ANYBODY },
	[__HYPERVISOR_iret] = { "iret", call_count, 0, CALL_ANYBODY },
};

static int setup(void **state)
{
	memset(guest_memory, 0, sizeof(guest_memory));
	memset(unreadable, 0, sizeof(unreadable));
	memset(unwritable, 0, sizeof(unwritable));
	memset(&vcpu.multicall, 0, sizeof(vcpu.multicall));
	memset(guest_cpu_user_regs(), 0, sizeof(struct cpu_user_regs));
	dom.privileged = false;
	work_is_pending = false;
	nr_calls = 0;
	get_cpu_info()->current_vcpu = &vcpu;
	return 0;
}

/* ---- dispatch ---- */

static struct cpu_user_regs *do_call(uint64_t nr, uint64_t a0, uint64_t a1)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();

	regs->rax = nr;
	regs->rdi = a0;
	regs->rsi = a1;
	regs->rip = 0x5002;
	do_hypercall(&vcpu, regs);
	return regs;
}

static void registers_are_arguments(void **state)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();

	regs->rdx = 2;
	regs->r10 = 3;
	regs->r8 = 4;
	regs->r9 = 5;
	do_call(COUNT, 0, 1);
	assert_int_equal(seen.nr, COUNT);
	assert_int_equal(seen.arg0, 0);
	assert_int_equal(seen.arg1, 1);
	assert_int_equal(seen.arg2, 2);
	assert_int_equal(seen.arg3, 3);
	assert_int_equal(seen.arg4, 4);
	assert_int_equal(seen.arg5, 5);
	assert_int_equal(regs->rax, 101);
	assert_int_equal(regs->rip, 0x5002);
}

static void calls_that_are_not_there(void **state)
{
	assert_int_equal((long)do_call(0, 0, 0)->rax, -ENOSYS);
	assert_int_equal((long)do_call(NR_HYPERCALLS - 1, 0, 0)->rax, -ENOSYS);
	assert_int_equal((long)do_call(NR_HYPERCALLS, 0, 0)->rax, -ENOSYS);
	assert_int_equal((long)do_call(~0UL, 0, 0)->rax, -ENOSYS);
	assert_int_equal((long)do_call(NONE, 0, 0)->rax, -EOPNOTSUPP);
	/* All of rax is the number, not its lower half. */
	assert_int_equal((long)do_call(1UL << 32 | COUNT, 0, 0)->rax, -ENOSYS);
	assert_int_equal(nr_calls, 0);
}

static void the_control_domains_calls(void **state)
{
	assert_int_equal((long)do_call(DOM0_ONLY, 0, 0)->rax, -EPERM);
	assert_int_equal(nr_calls, 0);
	dom.privileged = true;
	assert_int_equal(do_call(DOM0_ONLY, 0, 0)->rax, 101);
}

static void a_continued_call_is_made_again(void **state)
{
	struct cpu_user_regs *regs = do_call(STEPS, 3, 77);

	assert_int_equal(regs->rip, 0x5002 - SYSCALL_BYTES);
	assert_int_equal(regs->rax, STEPS);
	assert_int_equal(regs->rdi, 2);
	assert_int_equal(regs->rsi, 77);
	regs->rip += SYSCALL_BYTES;
	do_hypercall(&vcpu, regs);
	assert_int_equal(regs->rdi, 1);
	regs->rip += SYSCALL_BYTES;
	do_hypercall(&vcpu, regs);
	assert_int_equal(regs->rax, 77);
	assert_int_equal(regs->rip, 0x5002);
}

static void a_continuation_sets_every_argument(void **state)
{
	const struct cpu_user_regs *regs = do_call(ALL, 0, 0);

	assert_int_equal(regs->rdi, 0xa0);
	assert_int_equal(regs->rsi, 0xa1);
	assert_int_equal(regs->rdx, 0xa2);
	assert_int_equal(regs->r10, 0xa3);
	assert_int_equal(regs->r8, 0xa4);
	assert_int_equal(regs->r9, 0xa5);
}

/* get_debugreg returns any canonical address that the guest chose. */
static void no_address_is_taken_for_a_continuation(void **state)
{
	static const uint64_t addresses[] = {
		0x7fffffff0001, 0x7fffffffffff, 0xffff880000000000, ~0UL, 0,
	};
	unsigned long c = HYPERCALL_CONTINUED;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		assert_int_equal(do_call(ADDRESS, addresses[i], 0)->rax,
				 addresses[i]);
	/* Not canonical, and no errno. */
	assert_true((unsigned long)((long)(c << 16) >> 16) != c);
	assert_true((long)c < -4095 || (long)c > 0);
}

static void only_work_preempts(void **state)
{
	assert_false(hypercall_preempt_check());
	work_is_pending = true;
	assert_true(hypercall_preempt_check());
}

/* ---- sub-operations ---- */

struct arg {
	uint64_t in, out;
	uint8_t tail[16];
};

static long op_rc;
static const void *op_arg_seen;

static long op_add(struct vcpu *v, void *p)
{
	struct arg *arg = p;

	nr_calls++;
	op_arg_seen = p;
	arg->out = arg->in + 1;
	return op_rc;
}

/* Writes the first member only. */
static long op_lazy(struct vcpu *v, void *p)
{
	struct arg *arg = p;

	arg->in = 5;
	return op_rc;
}

static long op_raw(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		   unsigned long extra)
{
	nr_calls++;
	return (long)(arg.va + extra + nr);
}

static long op_later(struct vcpu *v, void *p)
{
	((struct arg *)p)->out = 99;
	return hypercall_continue(STEPS, 0);
}

#define N_IN		1
#define N_INOUT		2
#define N_ALWAYS	3
#define N_LAZY		4
#define N_RAW		5
#define N_NONE		6
#define N_DOM0		7
#define N_DOM0_NONE	8
#define N_LATER		9

static const struct op ops[] = {
	OP(N_IN, op_add, struct arg, OP_IN),
	OP(N_INOUT, op_add, struct arg, OP_INOUT),
	OP(N_ALWAYS, op_add, struct arg, OP_INOUT | OP_OUT_ALWAYS),
	OP(N_LAZY, op_lazy, struct arg, OP_OUT),
	OP_RAWFN(N_RAW, op_raw, 0),
	OP_NONE(N_NONE, EOPNOTSUPP, "not offered"),
	OP(N_DOM0, op_add, struct arg, OP_IN | OP_DOM0),
	{ .nr = N_DOM0_NONE, .flags = OP_DOM0, .errno_none = ENOSYS },
	OP(N_LATER, op_later, struct arg, OP_INOUT | OP_OUT_ALWAYS),
};

static const struct op_table table = {
	"test_op", ops, ARRAY_SIZE(ops), ENOTTY,
};

static struct arg *in_guest(void)
{
	return (struct arg *)guest_memory;
}

static long do_op(unsigned int nr)
{
	struct arg arg = { .in = 41 };

	memset(arg.tail, 0x77, sizeof(arg.tail));
	memcpy(guest_memory, &arg, sizeof(arg));
	op_rc = 0;
	return op_dispatch(&vcpu, nr, GUEST_PTR(GUEST_BASE), 2, &table);
}

static void a_handler_works_on_a_copy(void **state)
{
	assert_int_equal(do_op(N_IN), 0);
	assert_int_equal(in_guest()->out, 0);
	assert_int_equal(do_op(N_INOUT), 0);
	assert_int_equal(in_guest()->out, 42);
	assert_ptr_not_equal(op_arg_seen, guest_memory);
	assert_int_equal((uintptr_t)op_arg_seen % 8, 0);
}

static long failing_op(unsigned int nr)
{
	long rc;

	do_op(N_IN);
	op_rc = -ESRCH;
	in_guest()->out = 0;
	rc = op_dispatch(&vcpu, nr, GUEST_PTR(GUEST_BASE), 0, &table);
	return rc;
}

static void an_error_copies_back_only_if_so_said(void **state)
{
	assert_int_equal(failing_op(N_INOUT), -ESRCH);
	assert_int_equal(in_guest()->out, 0);
	assert_int_equal(failing_op(N_ALWAYS), -ESRCH);
	assert_int_equal(in_guest()->out, 42);
}

/* Bytes that nobody wrote are zeroes, not the hypervisor's stack. */
static void an_output_shows_nothing_of_ours(void **state)
{
	static const uint8_t zeroes[16];

	assert_int_equal(do_op(N_LAZY), 0);
	assert_int_equal(in_guest()->in, 5);
	assert_int_equal(in_guest()->out, 0);
	assert_memory_equal(in_guest()->tail, zeroes, 16);
}

static void unreachable_arguments(void **state)
{
	unreadable[0] = true;
	assert_int_equal(do_op(N_IN), -EFAULT);
	assert_int_equal(nr_calls, 0);
	unreadable[0] = false;
	unwritable[0] = true;
	/* Nothing is done whose answer has nowhere to go. */
	assert_int_equal(do_op(N_INOUT), -EFAULT);
	assert_int_equal(nr_calls, 0);
	assert_int_equal(do_op(N_IN), 0);
}

static void an_argument_may_not_cross_into_nothing(void **state)
{
	unreadable[1] = true;
	assert_int_equal(op_dispatch(&vcpu, N_IN,
				     GUEST_PTR(GUEST_BASE + PAGE_SIZE - 8), 0,
				     &table),
			 -EFAULT);
}

static void raw_handlers_get_everything(void **state)
{
	assert_int_equal(do_op(N_RAW), GUEST_BASE + 2 + N_RAW);
}

static void refusals(void **state)
{
	assert_int_equal(do_op(N_NONE), -EOPNOTSUPP);
	assert_int_equal(do_op(0), -ENOTTY);
	assert_int_equal(do_op(~0U), -ENOTTY);
	assert_int_equal(do_op(N_DOM0), -EPERM);
	assert_int_equal(do_op(N_DOM0_NONE), -EPERM);
	assert_int_equal(nr_calls, 0);
	dom.privileged = true;
	assert_int_equal(do_op(N_DOM0), 0);
	assert_int_equal(do_op(N_DOM0_NONE), -ENOSYS);
}

static void a_continued_operation_copies_nothing_back(void **state)
{
	assert_int_equal(do_op(N_LATER), HYPERCALL_CONTINUED);
	assert_int_equal(in_guest()->out, 0);
}

/* ---- multicalls ---- */

static struct multicall_entry *entries(void)
{
	return (struct multicall_entry *)guest_memory;
}

static void set_entry(unsigned int i, uint64_t op, uint64_t a0, uint64_t a1)
{
	entries()[i] = (struct multicall_entry){
		.op = op, .result = 0x5555, .args = { a0, a1, 22, 33, 44, 55 },
	};
}

static long batch(unsigned int nr)
{
	return (long)do_call(__HYPERVISOR_multicall, GUEST_BASE, nr)->rax;
}

/* As the guest: calls again while it is told to. Times it was made. */
static unsigned int batch_to_the_end(unsigned int nr, long *rc)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();
	unsigned int times = 1;

	batch(nr);
	while (regs->rip != 0x5002) {
		assert_int_equal(regs->rip, 0x5002 - SYSCALL_BYTES);
		assert_int_equal(regs->rax, __HYPERVISOR_multicall);
		assert_false(vcpu.multicall.active);
		regs->rip = 0x5002;
		do_hypercall(&vcpu, regs);
		assert_true(++times < 1000);
	}
	*rc = (long)regs->rax;
	return times;
}

static void each_entry_has_its_result(void **state)
{
	set_entry(0, COUNT, 1, 2);
	set_entry(1, FAIL, 0, 0);
	set_entry(2, 63, 0, 0);
	set_entry(3, COUNT, 10, 11);
	set_entry(4, COUNT, 10, 11);
	assert_int_equal(batch(4), 0);
	assert_int_equal(entries()[0].result, 101);
	assert_int_equal((long)entries()[1].result, -EBUSY);
	assert_int_equal((long)entries()[2].result, -ENOSYS);
	assert_int_equal(entries()[3].result, 103);
	assert_int_equal(entries()[4].result, 0x5555);
	assert_int_equal(seen.arg0, 10);
	assert_int_equal(seen.arg5, 55);
	assert_int_equal(entries()[0].args[0], 1);
	assert_false(vcpu.multicall.active);
}

static void what_has_no_place_in_a_batch(void **state)
{
	set_entry(0, __HYPERVISOR_multicall, GUEST_BASE, 1);
	set_entry(1, __HYPERVISOR_iret, 0, 0);
	set_entry(2, ~0UL, 0, 0);
	set_entry(3, DOM0_ONLY, 0, 0);
	set_entry(4, 1UL << 32 | COUNT, 0, 0);
	assert_int_equal(batch(5), 0);
	assert_int_equal((long)entries()[0].result, -EINVAL);
	assert_int_equal((long)entries()[1].result, -ENOSYS);
	assert_int_equal((long)entries()[2].result, -ENOSYS);
	assert_int_equal((long)entries()[3].result, -EPERM);
	assert_int_equal((long)entries()[4].result, -ENOSYS);
	assert_int_equal(nr_calls, 0);
}

static void an_entry_goes_on_where_it_stopped(void **state)
{
	long rc;

	set_entry(0, COUNT, 0, 0);
	set_entry(1, STEPS, 4, 66);
	set_entry(2, COUNT, 0, 0);
	assert_int_equal(batch_to_the_end(3, &rc), 4);
	assert_int_equal(rc, 0);
	assert_int_equal(nr_calls, 1 + 4 + 1);
	assert_int_equal(entries()[0].result, 101);
	assert_int_equal(entries()[1].result, 66);
	assert_int_equal(entries()[2].result, 106);
}

/* Every entry is carried out once, however often it is interrupted. */
static void a_batch_is_preempted_between_entries(void **state)
{
	unsigned int i, times;
	long rc;

	for (i = 0; i < 100; i++)
		set_entry(i, COUNT, i, 0);
	work_is_pending = true;
	times = batch_to_the_end(100, &rc);
	assert_true(times > 2);
	assert_int_equal(rc, 0);
	assert_int_equal(nr_calls, 100);
	for (i = 0; i < 100; i++)
		assert_int_equal(entries()[i].result, 101 + i);
}

static void a_batch_that_cannot_be_read_or_written(void **state)
{
	unsigned int nr = PAGE_SIZE / sizeof(struct multicall_entry);

	set_entry(0, COUNT, 0, 0);
	unwritable[0] = true;
	assert_int_equal(batch(1), -EFAULT);
	assert_int_equal(nr_calls, 1);
	unwritable[0] = false;
	set_entry(0, STEPS, 4, 0);
	unwritable[0] = true;
	assert_int_equal(batch(1), -EFAULT);
	assert_false(vcpu.multicall.active);
	unwritable[0] = false;

	assert_int_equal(nr * sizeof(struct multicall_entry), PAGE_SIZE);
	nr_calls = 0;
	unreadable[1] = true;
	for (nr = 0; nr < 64; nr++)
		set_entry(nr, COUNT, 0, 0);
	assert_int_equal(batch(65), -EFAULT);
	assert_int_equal(nr_calls, 64);
}

static void no_entries_at_all(void **state)
{
	assert_int_equal(batch(0), 0);
	assert_int_equal((long)do_call(__HYPERVISOR_multicall, ~0UL, 0)->rax,
			 0);
	assert_int_equal((long)do_call(__HYPERVISOR_multicall, ~0UL, 1)->rax,
			 -EFAULT);
}

/* The caller of a batch reads what is left of it from its registers. */
static void the_guests_registers_say_what_is_left(void **state)
{
	struct cpu_user_regs *regs = guest_cpu_user_regs();

	set_entry(0, COUNT, 0, 0);
	set_entry(1, STEPS, 2, 0);
	batch(2);
	assert_int_equal(regs->rdi,
			 GUEST_BASE + sizeof(struct multicall_entry));
	assert_int_equal(regs->rsi, 1);
	assert_int_equal(entries()[1].args[0], 1);
	assert_int_equal(entries()[1].op, STEPS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_are_arguments),
		TEST(calls_that_are_not_there),
		TEST(the_control_domains_calls),
		TEST(a_continued_call_is_made_again),
		TEST(a_continuation_sets_every_argument),
		TEST(no_address_is_taken_for_a_continuation),
		TEST(only_work_preempts),
		TEST(a_handler_works_on_a_copy),
		TEST(an_error_copies_back_only_if_so_said),
		TEST(an_output_shows_nothing_of_ours),
		TEST(unreachable_arguments),
		TEST(an_argument_may_not_cross_into_nothing),
		TEST(raw_handlers_get_everything),
		TEST(refusals),
		TEST(a_continued_operation_copies_nothing_back),
		TEST(each_entry_has_its_result),
		TEST(what_has_no_place_in_a_batch),
		TEST(an_entry_goes_on_where_it_stopped),
		TEST(a_batch_is_preempted_between_entries),
		TEST(a_batch_that_cannot_be_read_or_written),
		TEST(no_entries_at_all),
		TEST(the_guests_registers_say_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
