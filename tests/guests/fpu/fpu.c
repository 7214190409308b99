/* SPDX-License-Identifier: MIT */
/*
 * fpu - the guest's floating-point and extended state
 *
 * TS is the guest's to set and to clear, XCR0 its own within what it was
 * shown, and the state, of whatever size, must survive everything that the
 * hypervisor does in between: another vCPU with other contents above all.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define CR0_TS	      (1UL << 3)
#define CR4_OSXSAVE   (1UL << 18)
#define FEATURE_XSAVE (1U << 26)
#define FEATURE_AVX   (1U << 28)
#define XCR0_X87      1
#define XCR0_SSE      2
#define XCR0_AVX      4

static bool has(uint32_t feature)
{
	return cpuid_forced(1, 0).ecx & feature;
}

static void enable_xsave(void)
{
	cr4_write(cr4_read() | CR4_OSXSAVE);
}

/* The part of an FXSAVE area that xmm0 to xmm15 take, in halves. */
#define NR_HALVES 32
struct fxsave {
	uint64_t before[20], halves[NR_HALVES], unused[12];
} __attribute__((aligned(16)));

/* Distinct contents for each, and back. */
static uint64_t half(uint64_t seed, unsigned int i)
{
	uint64_t value = seed << 16 | i;

	return i & 1 ? ~value : value;
}

static void xmm_load(uint64_t seed)
{
	struct fxsave area;
	unsigned int i;

	asm volatile("fxsave64 %0" : "=m"(area));
	for (i = 0; i < NR_HALVES; i++)
		area.halves[i] = half(seed, i);
	asm volatile("fxrstor64 %0" ::"m"(area));
}

static bool xmm_holds(uint64_t seed)
{
	struct fxsave area;
	unsigned int i;

	asm volatile("fxsave64 %0" : "=m"(area));
	for (i = 0; i < NR_HALVES; i++)
		if (area.halves[i] != half(seed, i))
			return false;
	return true;
}

TEST(usable_from_the_start)
{
	CHECK_BITS(cr0_read(), CR0_TS, RECORDED(0));
	CHECK_NO_FAULT(xmm_load(1));
	CHECK(xmm_holds(1));
}

/* The defaults of a processor after reset, or those of FNINIT. */
TEST(first_controls)
{
	uint16_t control;
	uint32_t mxcsr;

	asm volatile("fnstcw %0" : "=m"(control));
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK_EQ(control, RECORDED(0x37f));
	CHECK_EQ(mxcsr, RECORDED(0x1f80));
}

TEST(task_switched)
{
	xmm_load(2);
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(1), 0);
	CHECK_BITS(cr0_read(), CR0_TS, CR0_TS);
	CHECK_FAULT(VECTOR_NM, asm volatile("movups %xmm0, %xmm0"));
	CHECK_BITS(cr0_read(), CR0_TS, RECORDED(0));
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(0), 0);
	CHECK_BITS(cr0_read(), CR0_TS, 0);
	CHECK_NO_FAULT(asm volatile("movups %xmm0, %xmm0"));
	CHECK(xmm_holds(2));
}

TEST(clts)
{
	CHECK_EQ(HYPERVISOR_fpu_taskswitch(1), 0);
	CHECK_NO_FAULT(asm volatile("clts"));
	CHECK_BITS(cr0_read(), CR0_TS, 0);
	CHECK_NO_FAULT(asm volatile("movups %xmm0, %xmm0"));
	CHECK_NO_FAULT(cr0_write(cr0_read() | CR0_TS));
	CHECK_FAULT(VECTOR_NM, asm volatile("movups %xmm0, %xmm0"));
	CHECK_NO_FAULT(asm volatile("clts"));
}

TEST(xcr0_right)
{
	uint64_t shown = cpuid_forced(0xd, 0).eax;

	REQUIRE(has(FEATURE_XSAVE));
	enable_xsave();
	CHECK_NO_FAULT(xcr_write(0, XCR0_X87));
	CHECK_EQ(xcr_read(0), XCR0_X87);
	CHECK_NO_FAULT(xcr_write(0, XCR0_X87 | XCR0_SSE));
	CHECK_EQ(xcr_read(0), XCR0_X87 | XCR0_SSE);
	CHECK_NO_FAULT(xcr_write(0, shown));
	CHECK_EQ(xcr_read(0), shown);
}

TEST(xcr0_wrong)
{
	uint64_t before;

	REQUIRE(has(FEATURE_XSAVE));
	enable_xsave();
	before = xcr_read(0);
	CHECK_FAULT(VECTOR_GP, xcr_write(0, 0));
	CHECK_FAULT(VECTOR_GP, xcr_write(0, XCR0_SSE));
	CHECK_FAULT(VECTOR_GP, xcr_write(0, XCR0_X87 | XCR0_AVX));
	CHECK_FAULT(VECTOR_GP, xcr_write(0, XCR0_X87 | XCR0_SSE | 1UL << 63));
	CHECK_FAULT(VECTOR_GP, xcr_write(0, XCR0_X87 | XCR0_SSE | 1UL << 8));
	CHECK_FAULT(VECTOR_GP, xcr_write(1, XCR0_X87));
	CHECK_EQ(xcr_read(0), before);
}

TEST(avx_upper_halves)
{
	uint64_t cells[4] = {1, 2, 3, 4}, back[4] = {0};

	REQUIRE(has(FEATURE_XSAVE));
	if (!has(FEATURE_AVX))
		TEST_SKIP("no AVX");
	enable_xsave();
	xcr_write(0, XCR0_X87 | XCR0_SSE | XCR0_AVX);
	asm volatile("vmovups (%0), %%ymm9" ::"r"(cells) : "memory");
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	asm volatile("vmovups %%ymm9, (%0)" ::"r"(back) : "memory");
	CHECK_EQ(memcmp(cells, back, sizeof(cells)), 0);
}

static volatile bool stop;
static volatile unsigned long rounds, lost;

static void other_contents(void *arg)
{
	(void)arg;
	while (!stop) {
		xmm_load(0xbbbb);
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		lost += !xmm_holds(0xbbbb);
		rounds++;
	}
}

/* Two vCPUs, one processor, two contents. */
TEST(kept_across_vcpus)
{
	struct vcpu *v;
	unsigned int i, lost_here = 0;

	REQUIRE(shared_info && !event_set_up());
	event_block();
	v = vcpu_start(1, other_contents, NULL);
	REQUIRE(v);
	for (i = 0; i < 200; i++) {
		xmm_load(0xaaaa + i);
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		lost_here += !xmm_holds(0xaaaa + i);
	}
	stop = true;
	CHECK(vcpu_wait(v, 20 * NS_PER_S));
	CHECK(rounds > 0);
	CHECK_EQ(lost_here, 0);
	CHECK_EQ(lost, 0);
}

TEST(kept_across_idle)
{
	evtchn_port_t port = 1;
	struct sched_poll poll = {.ports.p = &port};

	REQUIRE(shared_info);
	xmm_load(0x1d1e);
	poll.timeout = clock_ns() + 10 * NS_PER_MS;
	CHECK_EQ(HYPERVISOR_sched_op(SCHEDOP_poll, &poll), 0);
	CHECK(xmm_holds(0x1d1e));
}
