/* SPDX-License-Identifier: MIT */
/*
 * others.c - a vCPU finds in its registers what is its own, and nothing else
 *
 * One fills each component that it was shown and lets a new one run, which
 * must find the state after reset and puts other contents in its place; then
 * the first must find its own again. All of it is compared, as XSAVE or FXSAVE
 * store it.
 */
#include <guestkit/clock.h>
#include <guestkit/cpu.h>
#include <guestkit/event.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define CR4_OSXSAVE   (1UL << 18)
#define FEATURE_XSAVE (1U << 26)
#define X87	      (1UL << 0)
#define SSE	      (1UL << 1)
#define AVX	      (1UL << 2)
#define AVX512	      (7UL << 5)

#define FCW_RESET   0x37f
#define MXCSR_RESET 0x1f80
#define FCW_OTHER   0x27f
#define MXCSR_OTHER 0x1f00
#define FXSAVE_USED 416
#define HEADER	    512
#define COMPONENTS  576

union state {
	struct {
		uint16_t fcw, fsw;
		uint8_t tags, reserved;
		uint16_t opcode;
		uint64_t ip, dp;
		uint32_t mxcsr, mxcsr_mask;
		uint8_t registers[384]; /* st0 to st7, xmm0 to xmm15 */
		uint8_t unused[96];
		uint64_t components; /* of the XSAVE header */
	};
	uint8_t bytes[PAGE_BYTES];
} __attribute__((aligned(64)));

static uint64_t shown;	   /* of XCR0; 0: there is no XSAVE */
static unsigned long size; /* of all that is shown */
static union state given, seen, first_seen;
static union state other_given, other_seen;

/*
 * A hypervisor may bring the contents with the first instruction that faults;
 * QEMU lets XSAVE and XRSTOR through.
 */
static void touch(void)
{
	asm volatile("movups %xmm0, %xmm0");
}

static void save(union state *state)
{
	memset(state, 0, sizeof(*state));
	touch();
	if (shown)
		asm volatile("xsave64 %0"
			     : "+m"(*state)
			     : "a"((uint32_t)shown), "d"(0));
	else
		asm volatile("fxsave64 %0" : "=m"(*state));
}

static void load(const union state *state)
{
	touch();
	if (shown)
		asm volatile("xrstor64 %0" ::"m"(*state), "a"((uint32_t)shown),
			     "d"(0));
	else
		asm volatile("fxrstor64 %0" ::"m"(*state));
}

static void set_xcr0(uint64_t value)
{
	cr4_write(cr4_read() | CR4_OSXSAVE);
	xcr_write(0, value);
}

/* Each byte of each register, by @seed and place. */
static void fill(union state *state, uint8_t seed)
{
	unsigned long i;

	memset(state, 0, sizeof(*state));
	state->fcw = FCW_OTHER;
	state->tags = 0xff;
	state->mxcsr = MXCSR_OTHER;
	for (i = 0; i < sizeof(state->registers); i++)
		state->registers[i] = (uint8_t)(seed + i * 7);
	/* x87 registers have ten bytes of their sixteen. */
	for (i = 0; i < 128; i++)
		if (i % 16 >= 10)
			state->registers[i] = 0;
	state->components = shown & (X87 | SSE | AVX | AVX512);
	for (i = COMPONENTS; i < size; i++)
		state->bytes[i] = (uint8_t)(seed + i * 5);
}

/*
 * In the standard format a component lies where leaf 0xd says; what lies
 * between them is nobody's.
 */
static bool same_component(const union state *a, const union state *b,
			   unsigned int i)
{
	struct cpuid where = cpuid_forced(0xd, i);

	return memcmp(a->bytes + where.ebx, b->bytes + where.ebx, where.eax) ==
	       0;
}

static bool same_components(const union state *a, const union state *b)
{
	unsigned int i;

	for (i = 2; i < 32; i++) {
		if (!(shown & (AVX | AVX512) & 1UL << i) ||
		    same_component(a, b, i))
			continue;
		print("NOTE component %u differs\n", i);
		return false;
	}
	return true;
}

/* The mask says what the processor knows, the rest is the vCPU's. */
static bool same_legacy(const union state *a, const union state *b)
{
	unsigned int i;

	for (i = 0; i < FXSAVE_USED; i++) {
		if ((i >= 28 && i < 32) || a->bytes[i] == b->bytes[i])
			continue;
		print("NOTE byte %u: %x and %x\n", i, a->bytes[i], b->bytes[i]);
		return false;
	}
	return true;
}

static bool same(const union state *a, const union state *b)
{
	return same_legacy(a, b) && same_components(a, b);
}

static volatile enum { WAITS, RAN, SAW } phase;

/* A new vCPU's first look; then its own contents, for a while. */
static void other(void *arg)
{
	(void)arg;
	if (shown)
		set_xcr0(shown);
	save(&first_seen);
	load(&other_given);
	phase = RAN;
	while (phase == RAN)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	save(&other_seen);
}

static void measure(void)
{
	shown = 0;
	if (cpuid_forced(1, 0).ecx & FEATURE_XSAVE)
		shown = cpuid_forced(0xd, 0).eax;
	size = shown ? cpuid_forced(0xd, 0).ecx : HEADER;
}

static bool wait_for_other(void)
{
	uint64_t end = clock_ns() + 20 * NS_PER_S;

	while (phase != RAN && clock_ns() < end)
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	return phase == RAN;
}

/* What a component held that was then turned off in XCR0 is kept as well. */
TEST(nothing_of_others)
{
	static union state reset;
	struct vcpu *v;

	measure();
	REQUIRE(shared_info && !event_set_up() && size <= sizeof(given));
	event_block();
	fill(&given, 0x31);
	fill(&other_given, 0xa6);
	reset.fcw = FCW_RESET;
	reset.mxcsr = MXCSR_RESET;
	if (shown)
		set_xcr0(shown);
	load(&given);
	save(&seen);
	REQUIRE(same(&seen, &given));
	if (shown)
		set_xcr0(X87);
	v = vcpu_start(2, other, NULL);
	REQUIRE(v && wait_for_other());
	if (shown)
		set_xcr0(shown);
	save(&seen);
	phase = SAW;
	CHECK(vcpu_wait(v, 20 * NS_PER_S));
	CHECK(same(&first_seen, &reset));
	CHECK(same(&seen, &given));
	CHECK(same(&other_seen, &other_given));
	load(&reset);
}
