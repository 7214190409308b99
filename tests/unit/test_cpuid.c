/* SPDX-License-Identifier: MIT */
/*
 * test_cpuid.c - what guests see of CPUID, over several hosts
 *
 * The hosts: a processor as recorded, one with every bit of every leaf set, one
 * with none. The forbidden bits are listed here by name and position
 * (Intel SDM 2A, AMD APM 3), not taken from the code under test.
 */
#include "fake/machine.h"

#include <string.h>

#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/guest.h>
#include <lodge/time.h>
#include <xen/arch-x86/cpuid.h>

#define XSTATE_BYTES	2696U
#define TSC_KHZ		2445423U

struct cpu_features cpu_features;

/* ---- the layers below ---- */

size_t fpu_state_size(uint64_t xcr0)
{
	return XSTATE_BYTES;
}

uint64_t tsc_khz(void)
{
	return TSC_KHZ;
}

void time_get_scale(struct time_scale *ts)
{
	*ts = (struct time_scale){ .mul_frac = 0xd15e1234, .shift = -1 };
}

/* ---- hosts ---- */

struct leaf {
	uint32_t leaf, subleaf;
	struct cpuid_regs r;
};

/* An EPYC of family 19h, as its owner's Linux sees it. */
static const struct leaf epyc[] = {
	{ 0x0, 0, { 0xd, 0x68747541, 0x444d4163, 0x69746e65 } },
	{ 0x1, 0, { 0xa00f11, 0x20800, 0xfffa3203, 0x178bfbff } },
	{ 0x6, 0, { 0x4, 0x0, 0x0, 0x0 } },
	{ 0x7, 0, { 0x0, 0x219c07ab, 0x400684, 0x10 } },
	{ 0xb, 0, { 0x0, 0x1, 0x100, 0x1 } },
	{ 0xb, 1, { 0x5, 0x2, 0x201, 0x1 } },
	{ 0xd, 0, { 0x7, 0x340, 0x340, 0x0 } },
	{ 0xd, 1, { 0xf, 0x368, 0x1800, 0x0 } },
	{ 0xd, 2, { 0x100, 0x240, 0x0, 0x0 } },
	{ 0xd, 11, { 0x10, 0x0, 0x1, 0x0 } },
	{ 0xd, 12, { 0x18, 0x0, 0x1, 0x0 } },
	{ 0x80000000, 0, { 0x80000021, 0x68747541, 0x444d4163, 0x69746e65 } },
	{ 0x80000001, 0, { 0xa00f11, 0x40000000, 0x4003f3, 0x2fd3fbff } },
	{ 0x80000005, 0, { 0xff40ff40, 0xff40ff40, 0x20080140, 0x20080140 } },
	{ 0x80000006, 0, { 0x48002200, 0x68004200, 0x2006140, 0x8009140 } },
	{ 0x80000007, 0, { 0x0, 0x0, 0x0, 0x100 } },
	{ 0x80000008, 0, { 0x303030, 0x10000005, 0x7001, 0x0 } },
	{ 0x8000001a, 0, { 0x2, 0x0, 0x0, 0x0 } },
	{ 0x8000001d, 0, { 0x121, 0x1c0003f, 0x3f, 0x0 } },
	{ 0x8000001e, 0, { 0x1, 0x1, 0x0, 0x0 } },
	{ 0x80000021, 0, { 0x204, 0x0, 0x86, 0x0 } },
};

static struct cpuid_regs of_epyc(uint32_t leaf, uint32_t subleaf)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(epyc); i++)
		if (epyc[i].leaf == leaf && epyc[i].subleaf == subleaf)
			return epyc[i].r;
	return (struct cpuid_regs){ 0, 0, 0, 0 };
}

static struct cpuid_regs all_ones(uint32_t leaf, uint32_t subleaf)
{
	return (struct cpuid_regs){ ~0U, ~0U, ~0U, ~0U };
}

static struct cpuid_regs all_zeroes(uint32_t leaf, uint32_t subleaf)
{
	return (struct cpuid_regs){ 0, 0, 0, 0 };
}

static bool kernel_mode;

static bool may_hypercall(const struct vcpu *v)
{
	return kernel_mode;
}

static const struct guest_ops guest = { .may_hypercall = may_hypercall };
static struct domain dom = { .ops = &guest };
static struct vcpu vcpu = { .domain = &dom };

static int on_epyc(void **state)
{
	fake_cpuid_hook = of_epyc;
	cpu_features = (struct cpu_features){
		.max_leaf = 0xd, .max_ext_leaf = 0x80000021, .phys_bits = 48,
		.virt_bits = 48, .xsave = true, .xfeature_mask = 0x7,
		.nx = true, .invariant_tsc = true, .rdtscp = true,
	};
	vcpu.id = 0;
	vcpu.osxsave = false;
	kernel_mode = false;
	return 0;
}

static int on_ones(void **state)
{
	on_epyc(state);
	fake_cpuid_hook = all_ones;
	cpu_features.max_leaf = ~0U;
	cpu_features.max_ext_leaf = ~0U;
	cpu_features.phys_bits = 52;
	cpu_features.xfeature_mask = 0xe7;
	return 0;
}

static struct cpuid_regs ask(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r = { 0x11111111, 0x22222222, 0x33333333, 0x44444444 };

	guest_cpuid(&vcpu, leaf, subleaf, &r);
	return r;
}

/* ---- what must not be seen ---- */

enum reg { A, B, C, D };

static uint32_t pick(struct cpuid_regs r, enum reg reg)
{
	const uint32_t regs[] = { r.a, r.b, r.c, r.d };

	return regs[reg];
}

static const struct forbidden {
	uint32_t leaf, subleaf;
	enum reg reg;
	unsigned int bit;
	const char *name;
} forbidden[] = {
	{ 1, 0, C, 2, "DTES64" },	{ 1, 0, C, 3, "MONITOR" },
	{ 1, 0, C, 4, "DS_CPL" },	{ 1, 0, C, 5, "VMX" },
	{ 1, 0, C, 6, "SMX" },		{ 1, 0, C, 7, "EIST" },
	{ 1, 0, C, 8, "TM2" },		{ 1, 0, C, 10, "CNXT_ID" },
	{ 1, 0, C, 11, "SDBG" },	{ 1, 0, C, 14, "xTPR" },
	{ 1, 0, C, 15, "PDCM" },	{ 1, 0, C, 17, "PCID" },
	{ 1, 0, C, 18, "DCA" },		{ 1, 0, C, 21, "x2APIC" },
	{ 1, 0, C, 24, "TSC_DEADLINE" }, { 1, 0, D, 1, "VME" },
	{ 1, 0, D, 3, "PSE" },		{ 1, 0, D, 7, "MCE" },
	{ 1, 0, D, 12, "MTRR" },	{ 1, 0, D, 13, "PGE" },
	{ 1, 0, D, 14, "MCA" },		{ 1, 0, D, 17, "PSE36" },
	{ 1, 0, D, 18, "PSN" },		{ 1, 0, D, 21, "DS" },
	{ 1, 0, D, 28, "HTT" },		{ 1, 0, D, 29, "TM" },
	{ 1, 0, D, 31, "PBE" },
	{ 7, 0, B, 1, "TSC_ADJUST" },	{ 7, 0, B, 2, "SGX" },
	{ 7, 0, B, 4, "HLE" },		{ 7, 0, B, 7, "SMEP" },
	{ 7, 0, B, 10, "INVPCID" },	{ 7, 0, B, 11, "RTM" },
	{ 7, 0, B, 12, "RDT-M" },	{ 7, 0, B, 14, "MPX" },
	{ 7, 0, B, 15, "RDT-A" },	{ 7, 0, B, 20, "SMAP" },
	{ 7, 0, B, 25, "PT" },		{ 7, 0, C, 2, "UMIP" },
	{ 7, 0, C, 3, "PKU" },		{ 7, 0, C, 4, "OSPKE" },
	{ 7, 0, C, 5, "WAITPKG" },	{ 7, 0, C, 7, "CET_SS" },
	{ 7, 0, C, 16, "LA57" },	{ 7, 0, C, 29, "ENQCMD" },
	{ 7, 0, C, 30, "SGX_LC" },	{ 7, 0, C, 31, "PKS" },
	{ 7, 0, D, 5, "UINTR" },	{ 7, 0, D, 18, "PCONFIG" },
	{ 7, 0, D, 19, "ARCH_LBR" },	{ 7, 0, D, 20, "CET_IBT" },
	{ 7, 0, D, 22, "AMX_BF16" },	{ 7, 0, D, 24, "AMX_TILE" },
	{ 7, 0, D, 25, "AMX_INT8" },	{ 7, 0, D, 26, "IBRS" },
	{ 7, 0, D, 29, "ARCH_CAP" },	{ 7, 1, A, 17, "FRED" },
	{ 7, 1, A, 18, "LKGS" },	{ 7, 1, A, 26, "LAM" },
	{ 0xd, 0, A, 3, "BNDREGS" },	{ 0xd, 0, A, 9, "PKRU" },
	{ 0xd, 0, A, 17, "TILECFG" },	{ 0xd, 0, A, 18, "TILEDATA" },
	{ 0xd, 1, A, 3, "XSAVES" },	{ 0xd, 1, A, 4, "XFD" },
	{ 0xd, 1, C, 8, "PT state" },	{ 0xd, 1, C, 11, "CET_U state" },
	{ 0x80000001, 0, C, 2, "SVM" },	{ 0x80000001, 0, C, 3, "ExtApicSpace" },
	{ 0x80000001, 0, C, 10, "IBS" }, { 0x80000001, 0, C, 12, "SKINIT" },
	{ 0x80000001, 0, C, 15, "LWP" }, { 0x80000001, 0, C, 22, "TopoExt" },
	{ 0x80000001, 0, D, 1, "VME" },	{ 0x80000001, 0, D, 3, "PSE" },
	{ 0x80000001, 0, D, 7, "MCE" },	{ 0x80000001, 0, D, 12, "MTRR" },
	{ 0x80000001, 0, D, 13, "PGE" }, { 0x80000001, 0, D, 14, "MCA" },
	{ 0x80000001, 0, D, 17, "PSE36" }, { 0x80000001, 0, D, 26, "1G pages" },
	{ 0x80000008, 0, B, 3, "INVLPGB" }, { 0x80000008, 0, B, 21, "INVLPGB" },
};

static void nothing_forbidden_shows(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forbidden); i++) {
		const struct forbidden *f = &forbidden[i];

		if (pick(ask(f->leaf, f->subleaf), f->reg) >> f->bit & 1)
			fail_msg("%s (leaf %x) is shown", f->name, f->leaf);
	}
}

static void no_leaf_but_those_known(void **state)
{
	static const uint32_t empty[] = {
		3, 5, 6, 8, 9, 0xa, 0xb, 0xc, 0xe, 0xf, 0x10, 0x12, 0x14, 0x19,
		0x1d, 0x1f, 0x3fffffff, 0x40000006, 0x400000ff, 0x7fffffff,
		0x80000009, 0x8000000a, 0x8000001f, 0xc0000000, 0xffffffff,
	};
	struct cpuid_regs r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(empty); i++) {
		r = ask(empty[i], 0);
		if (r.a || r.b || r.c || r.d)
			fail_msg("leaf %x is shown", empty[i]);
	}
	for (i = 1; i < 100; i++) {
		r = ask(7, i);
		assert_int_equal(r.a | r.b | r.c | r.d, 0);
	}
}

/* The word that says how many leaves there are does not say more. */
static void the_last_leaves_are_bounded(void **state)
{
	assert_true(ask(0, 0).a <= 0xd);
	assert_true(ask(0x80000000, 0).a <= 0x80000008);
	assert_true(ask(0x80000000, 0).a >= 0x80000000);
}

/* What a kernel cannot do without is let through. */
static void a_guest_finds_what_it_needs(void **state)
{
	struct cpuid_regs r = ask(1, 0);

	assert_true(r.c >> 31 & 1);		/* a hypervisor */
	assert_true(r.c >> 13 & 1);		/* CX16 */
	assert_true(r.c >> 26 & 1);		/* XSAVE */
	assert_int_equal(r.d >> 4 & 7, 7);	/* TSC, MSR, PAE */
	assert_int_equal(r.d >> 23 & 0xf, 0xf);	/* MMX, FXSR, SSE, SSE2 */
	assert_true(r.d >> 16 & 1);		/* PAT */
	r = ask(0x80000001, 0);
	assert_true(r.d >> 29 & 1);		/* long mode */
	assert_true(r.d >> 20 & 1);		/* NX */
	assert_true(r.d >> 11 & 1);		/* SYSCALL */
	r = ask(7, 0);
	assert_true(r.b >> 0 & 1);		/* FSGSBASE */
}

static void a_poor_host_gives_nothing(void **state)
{
	struct cpuid_regs r;

	fake_cpuid_hook = all_zeroes;
	r = ask(1, 0);
	assert_int_equal(r.c, 1U << 31);
	assert_int_equal(r.d, 0);
	r = ask(7, 0);
	assert_int_equal(r.a | r.b | r.c | r.d, 0);
	r = ask(0x80000001, 0);
	assert_int_equal(r.a | r.b | r.c | r.d, 0);
}

/* ---- what depends on the vCPU ---- */

/* The kernel looks before it has set CR4. */
static void osxsave_follows_cr4(void **state)
{
	assert_false(ask(1, 0).c >> 27 & 1);
	vcpu.osxsave = true;
	assert_true(ask(1, 0).c >> 27 & 1);
	vcpu.osxsave = false;
	kernel_mode = true;
	assert_true(ask(1, 0).c >> 27 & 1);
	cpu_features.xsave = false;
	assert_false(ask(1, 0).c >> 27 & 1);
}

static void each_vcpu_has_an_apic_id(void **state)
{
	uint32_t before = ~0U;

	for (vcpu.id = 0; vcpu.id < MAX_VCPUS; vcpu.id++) {
		assert_int_not_equal(ask(1, 0).b >> 24, before);
		before = ask(1, 0).b >> 24;
		assert_int_equal(before, vcpu.id * 2);
	}
	vcpu.id = 0;
}

static void state_components_are_those_offered(void **state)
{
	struct cpuid_regs r = ask(0xd, 0);
	unsigned int i;

	assert_int_equal(r.a, cpu_features.xfeature_mask);
	assert_int_equal(r.d, 0);
	assert_int_equal(r.c, XSTATE_BYTES);
	for (i = 2; i < 100; i++) {
		bool offered = i < 63 && cpu_features.xfeature_mask >> i & 1;

		r = ask(0xd, i);
		if (!offered)
			assert_int_equal(r.a | r.b | r.c | r.d, 0);
	}
	assert_int_not_equal(ask(0xd, 2).a, 0);
}

/* Skylake's AVX-512 under an emulator that gives the standard size twice. */
static struct cpuid_regs of_avx512(uint32_t leaf, uint32_t subleaf)
{
	static const struct leaf leaves[] = {
		{ 0xd, 0, { 0x2e7, 2688, 2688, 0 } },
		{ 0xd, 1, { 0xf, 2688, 0, 0 } },
		{ 0xd, 2, { 256, 576, 0, 0 } },
		{ 0xd, 5, { 64, 1088, 0, 0 } },
		{ 0xd, 6, { 512, 1152, 0, 0 } },
		{ 0xd, 7, { 1024, 1664, 2, 0 } },
		{ 0xd, 9, { 8, 2688, 0, 0 } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
			return leaves[i].r;
	return of_epyc(leaf, subleaf);
}

static void the_compacted_size_is_of_what_is_enabled(void **state)
{
	fake_cpuid_hook = of_avx512;
	cpu_features.xfeature_mask = 0xe7;
	vcpu.xcr0 = 1;
	assert_int_equal(ask(0xd, 1).b, 576);
	vcpu.xcr0 = 7;
	assert_int_equal(ask(0xd, 1).b, 832);
	vcpu.xcr0 = 0xe7;
	assert_int_equal(ask(0xd, 1).b, 2432);
	vcpu.xcr0 = 0xa3;
	assert_int_equal(ask(0xd, 1).b, 576 + 64 + 1024);
	/* Bytes before an aligned one are not counted twice or lost. */
	vcpu.xcr0 = 0x283;
	cpu_features.xfeature_mask = 0x283;
	assert_int_equal(ask(0xd, 1).b, 576 + 1024 + 8);
	cpu_features.xfeature_mask = 0xe7;
	dom.cpuid_denied[4] = 1 << 1;	/* XSAVEC */
	assert_int_equal(ask(0xd, 1).b, 0);
	dom.cpuid_denied[4] = 0;
}

/* A host whose XSAVE we do not use: nothing that needs its state. */
static void without_xsave_nothing_needs_it(void **state)
{
	struct cpuid_regs r;

	cpu_features.xsave = false;
	cpu_features.xfeature_mask = 0x3;
	r = ask(1, 0);
	assert_false(r.c >> 26 & 1);		/* XSAVE */
	assert_false(r.c >> 28 & 1);		/* AVX */
	assert_false(r.c >> 12 & 1);		/* FMA */
	assert_false(r.c >> 29 & 1);		/* F16C */
	r = ask(0xd, 0);
	assert_int_equal(r.a | r.b | r.c | r.d, 0);
	r = ask(7, 0);
	assert_false(r.b >> 5 & 1);		/* AVX2 */
	assert_int_equal(r.b & 0xd0230000, 0);	/* AVX-512 */
	assert_int_equal(r.c & 0x5e42, 0);
	r = ask(0x80000001, 0);
	assert_false(r.c >> 11 & 1);		/* XOP */
	assert_false(r.c >> 16 & 1);		/* FMA4 */
}

/* Without AVX-512 state there is AVX, but none of its instructions. */
static void without_avx512_state_none_of_it(void **state)
{
	struct cpuid_regs r;

	cpu_features.xfeature_mask = 0x7;
	r = ask(7, 0);
	assert_true(r.b >> 5 & 1);
	assert_int_equal(r.b & 0xd0230000, 0);
	assert_int_equal(r.c & 0x5842, 0);
	assert_true(ask(1, 0).c >> 28 & 1);
}

static void addresses_have_48_bits(void **state)
{
	assert_int_equal(ask(0x80000008, 0).a >> 8 & 0xff, 48);
}

/* ---- the hypervisor's own leaves ---- */

static void the_signature_is_found(void **state)
{
	struct cpuid_regs r = ask(XEN_CPUID_FIRST_LEAF, 0);

	assert_memory_equal(&r.b, "XenVMMXenVMM", 12);
	assert_true(r.a >= XEN_CPUID_FIRST_LEAF + 2 &&
		    r.a < XEN_CPUID_FIRST_LEAF + 0x100);
	assert_int_equal(ask(XEN_CPUID_FIRST_LEAF + 1, 0).a, 4 << 16 | 17);
	assert_int_equal(ask(XEN_CPUID_FIRST_LEAF + 2, 0).b,
			 XEN_CPUID_FIRST_LEAF);
}

static void the_tsc_leaf_fits_the_time_page(void **state)
{
	struct cpuid_regs r = ask(XEN_CPUID_FIRST_LEAF + 3, 0);

	assert_true(r.a & 2);			/* reliable: invariant */
	assert_int_equal(r.c, TSC_KHZ);
	r = ask(XEN_CPUID_FIRST_LEAF + 3, 1);
	assert_int_equal(r.c, 0xd15e1234);
	assert_int_equal((int8_t)r.d, -1);
	assert_int_equal(ask(XEN_CPUID_FIRST_LEAF + 3, 2).a, TSC_KHZ);
	cpu_features.invariant_tsc = false;
	assert_false(ask(XEN_CPUID_FIRST_LEAF + 3, 0).a & 2);
}

#define ON_BOTH(name)                                                         \
	{ #name "_on_epyc", name, on_epyc, NULL, NULL },                      \
	{ #name "_on_all_ones", name, on_ones, NULL, NULL }

/* ---- what a toolstack takes away ---- */

static void denied_is_not_seen(void **state)
{
	struct cpuid_regs r;
	unsigned int i;

	for (i = 0; i < CPUID_WORDS; i++) {
		r = ask(cpuid_words[i].leaf, cpuid_words[i].subleaf);
		dom.cpuid_denied[i] = 0xaaaaaaaa;
		*cpuid_word_of(&r, i) &= 0x55555555;
		assert_int_equal(*cpuid_word_of(&r, i),
				 pick(ask(cpuid_words[i].leaf,
					  cpuid_words[i].subleaf),
				      (enum reg)cpuid_words[i].reg));
		dom.cpuid_denied[i] = 0;
	}
}

static void denied_whatever_the_subleaf(void **state)
{
	dom.cpuid_denied[2] = ~0U;
	assert_int_equal(ask(0x80000001, 0).d, 0);
	assert_int_equal(ask(0x80000001, 5).d, 0);
	dom.cpuid_denied[2] = 0;
}

static void denied_xsave_takes_osxsave_along(void **state)
{
	kernel_mode = true;
	vcpu.osxsave = true;
	assert_true(ask(1, 0).c & 1U << 27);
	dom.cpuid_denied[1] = 1U << 26;
	assert_false(ask(1, 0).c & 3U << 26);
	dom.cpuid_denied[1] = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(nothing_forbidden_shows),
		ON_BOTH(no_leaf_but_those_known),
		ON_BOTH(the_last_leaves_are_bounded),
		ON_BOTH(a_guest_finds_what_it_needs),
		ON_BOTH(osxsave_follows_cr4),
		ON_BOTH(each_vcpu_has_an_apic_id),
		ON_BOTH(state_components_are_those_offered),
		ON_BOTH(without_xsave_nothing_needs_it),
		ON_BOTH(the_compacted_size_is_of_what_is_enabled),
		ON_BOTH(addresses_have_48_bits),
		ON_BOTH(denied_is_not_seen),
		ON_BOTH(denied_whatever_the_subleaf),
		ON_BOTH(denied_xsave_takes_osxsave_along),
		cmocka_unit_test_setup(without_avx512_state_none_of_it,
				       on_ones),
		cmocka_unit_test_setup(a_poor_host_gives_nothing, on_epyc),
		cmocka_unit_test_setup(the_signature_is_found, on_epyc),
		cmocka_unit_test_setup(the_tsc_leaf_fits_the_time_page,
				       on_epyc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
