/* SPDX-License-Identifier: MIT */
/*
 * cpuid.c - what guests see of CPUID
 *
 * An allow-list: a bit that is in no mask below reads as zero. What a PV guest
 * must not see: whatever would make it touch what it does not own (PGE, PSE,
 * MTRR, PCID, SMEP, SMAP, UMIP, LA57, MCA, VMX, SVM), and state that we do not
 * switch (XSAVES, CET, PKU, AMX).
 *
 * Leaves: Intel SDM 2A, AMD APM 3 appendix E, <xen/arch-x86/cpuid.h>.
 */
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/guest.h>
#include <lodge/lib.h>
#include <lodge/time.h>
#include <lodge/version.h>
#include <xen/arch-x86/cpuid.h>

#define B(n) (1U << (n))

/* SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C
 * RDRAND */
#define ALLOW_1C                                                              \
	(B(0) | B(1) | B(9) | B(12) | B(13) | B(19) | B(20) | B(22) | B(23) | \
	 B(25) | B(26) | B(28) | B(29) | B(30))
#define LEAF1C_XSAVE	  B(26)
/* MCE MCA: the control domain's own handler finds no banks (domain/msr.c). */
#define DOM0_1D		  (B(7) | B(14))
#define LEAF1C_OSXSAVE	  B(27)
#define LEAF1C_HYPERVISOR B(31)
/* FPU DE TSC MSR PAE CX8 APIC SEP CMOV PAT CLFLUSH ACPI MMX FXSR SSE SSE2 SS
 * HTT */
#define ALLOW_1D                                                              \
	(B(0) | B(2) | B(4) | B(5) | B(6) | B(8) | B(9) | B(11) | B(15) |     \
	 B(16) | B(19) | B(22) | B(23) | B(24) | B(25) | B(26) | B(27) |      \
	 B(28))
/* FSGSBASE BMI1 AVX2 BMI2 ERMS AVX512F,DQ RDSEED ADX AVX512IFMA CLFLUSHOPT
 * CLWB AVX512CD SHA AVX512BW,VL */
#define ALLOW_7B                                                              \
	(B(0) | B(3) | B(5) | B(8) | B(9) | B(16) | B(17) | B(18) | B(19) |   \
	 B(21) | B(23) | B(24) | B(28) | B(29) | B(30) | B(31))
/* AVX512VBMI,VBMI2 GFNI VAES VPCLMUL VNNI BITALG VPOPCNTDQ RDPID */
#define ALLOW_7C                                                              \
	(B(1) | B(6) | B(8) | B(9) | B(10) | B(11) | B(12) | B(14) | B(22))
/* FSRM MD_CLEAR */
#define ALLOW_7D (B(4) | B(10))
#define XSAVE_LEGACY_SIZE 512
#define XSAVE_HEADER_SIZE 64
#define LEAFD1A_XSAVEC	  B(1)
#define LEAFDC_ALIGNED	  B(1) /* in compacted form, to 64 bytes */
/* XSAVEOPT XSAVEC XGETBV1 */
#define ALLOW_D1A (B(0) | B(1) | B(2))
/* LAHF ABM SSE4A MISALIGN PREFETCHW XOP FMA4 TBM */
#define ALLOW_E1C                                                             \
	(B(0) | B(5) | B(6) | B(7) | B(8) | B(11) | B(16) | B(21))
/* As leaf 1 where AMD repeats it; SYSCALL NX MMXEXT FFXSR RDTSCP LM 3DNOW */
#define ALLOW_E1D                                                             \
	((ALLOW_1D & 0x0183f3ff) | B(11) | B(20) | B(22) | B(25) | B(27) |    \
	 B(29) | B(30) | B(31))
#define E7D_INVARIANT_TSC B(8)
/* CLZERO XSAVEERPTR WBNOINVD */
#define ALLOW_E8B (B(0) | B(2) | B(9))

/* What works on state components that must be enabled: AVX FMA F16C, AVX2,
 * VAES VPCLMUL, XOP FMA4; and what is AVX-512. */
#define NEEDS_AVX_1C	(B(12) | B(28) | B(29))
#define NEEDS_AVX_7B	B(5)
#define NEEDS_AVX_7C	(B(9) | B(10))
#define NEEDS_AVX_E1C	(B(11) | B(16))
#define NEEDS_512_7B	(B(16) | B(17) | B(21) | B(28) | B(30) | B(31))
#define NEEDS_512_7C	(B(1) | B(6) | B(11) | B(12) | B(14))
#define XCR0_AVX	0x04UL
#define XCR0_AVX512	0xe0UL

#define MAX_LEAF	0xd
#define MAX_EXT_LEAF	0x80000008
#define MAX_XEN_LEAF	(XEN_CPUID_FIRST_LEAF + 5)

/*
 * OSXSAVE follows the guest's CR4; its kernel sees it always: Linux looks
 * before it has set CR4, and uses XSAVE only if it is there.
 */
static bool shows_osxsave(const struct vcpu *v)
{
	return cpu_features.xsave &&
	       (v->osxsave || v->domain->ops->may_hypercall(v));
}

static bool have_state(uint64_t components)
{
	return cpu_features.xsave &&
	       (cpu_features.xfeature_mask & components) == components;
}

static void leaf_1(const struct domain *d, struct cpuid_regs *r)
{
	r->b = (r->b & 0x0000ffff) | 1 << 16;
	r->c = (r->c & ALLOW_1C) | LEAF1C_HYPERVISOR;
	if (!cpu_features.xsave)
		r->c &= ~LEAF1C_XSAVE;
	if (!have_state(XCR0_AVX))
		r->c &= ~NEEDS_AVX_1C;
	r->d &= (ALLOW_1D & ~B(28)) | (d && d->privileged ? DOM0_1D : 0);
}

static void leaf_7(uint32_t subleaf, struct cpuid_regs *r)
{
	if (subleaf) {
		memset(r, 0, sizeof(*r));
		return;
	}
	r->a = 0;
	r->b &= ALLOW_7B;
	r->c &= ALLOW_7C;
	r->d &= ALLOW_7D;
	if (!have_state(XCR0_AVX)) {
		r->b &= ~NEEDS_AVX_7B;
		r->c &= ~NEEDS_AVX_7C;
	}
	if (!have_state(XCR0_AVX512)) {
		r->b &= ~NEEDS_512_7B;
		r->c &= ~NEEDS_512_7C;
	}
}

/* The XSAVE area of @xcr0 in compacted form: Intel SDM 1, 13.4.3. */
static uint32_t compacted_size(uint64_t xcr0)
{
	uint32_t size = XSAVE_LEGACY_SIZE + XSAVE_HEADER_SIZE;
	unsigned int i;

	for (i = 2; i < 63; i++) {
		struct cpuid_regs r;

		if (!(xcr0 >> i & 1))
			continue;
		r = cpuid_count(0xd, i);
		if (r.c & LEAFDC_ALIGNED)
			size = (size + 63) & ~63U;
		size += r.a;
	}
	return size;
}

/*
 * EBX of sub-leaves 0 and 1 is the size of what is enabled now. The second is
 * of the compacted form, and not every emulator says so.
 */
static void leaf_d_sizes(const struct vcpu *v, uint32_t subleaf,
			 struct cpuid_regs *r)
{
	if (!cpu_features.xsave)
		return;
	if (subleaf == 0)
		r->b = (uint32_t)fpu_state_size(v->xcr0);
	else if (subleaf == 1)
		r->b = r->a & LEAFD1A_XSAVEC ? compacted_size(v->xcr0) : 0;
}

static void leaf_d(uint32_t subleaf, struct cpuid_regs *r)
{
	uint64_t mask = cpu_features.xfeature_mask;

	if (!cpu_features.xsave) {
		memset(r, 0, sizeof(*r));
	} else if (subleaf == 0) {
		r->a = (uint32_t)mask;
		r->d = (uint32_t)(mask >> 32);
		r->c = (uint32_t)fpu_state_size(mask);
	} else if (subleaf == 1) {
		r->a &= ALLOW_D1A;
		r->c = r->d = 0;
	} else if (subleaf > 62 || !(mask >> subleaf & 1)) {
		memset(r, 0, sizeof(*r));
	}
}

static void leaf_ext(uint32_t leaf, struct cpuid_regs *r)
{
	switch (leaf) {
	case 0x80000000:
		r->a = min(cpu_features.max_ext_leaf, MAX_EXT_LEAF);
		break;
	case 0x80000001:
		r->c &= ALLOW_E1C;
		if (!have_state(XCR0_AVX))
			r->c &= ~NEEDS_AVX_E1C;
		r->d &= ALLOW_E1D;
		break;
	case 0x80000007:
		r->a = r->b = r->c = 0;
		r->d &= E7D_INVARIANT_TSC;
		break;
	case 0x80000008:
		/* Linear addresses have 48 bits: the ABI knows no more. */
		r->a = (r->a & 0xff) | 48 << 8;
		r->b &= ALLOW_E8B;
		r->c = r->d = 0;
		break;
	default:	/* names and caches */
		break;
	}
}

static void leaf_tsc(uint32_t subleaf, struct cpuid_regs *r)
{
	struct time_scale ts;
	uint64_t offset;

	if (subleaf == 0) {
		r->a = cpu_features.invariant_tsc ? B(1) : 0;
		if (cpu_features.rdtscp)
			r->a |= B(2);
		r->c = (uint32_t)tsc_khz();
	} else if (subleaf == 1) {
		time_get_scale(&ts);
		offset = 0;
		r->a = (uint32_t)offset;
		r->b = (uint32_t)(offset >> 32);
		r->c = ts.mul_frac;
		r->d = (uint32_t)(int32_t)ts.shift;
	} else if (subleaf == 2) {
		r->a = (uint32_t)tsc_khz();
	}
}

static void leaf_xen(uint32_t leaf, uint32_t subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){ 0 };
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		r->a = MAX_XEN_LEAF;
		r->b = XEN_CPUID_SIGNATURE_EBX;
		r->c = XEN_CPUID_SIGNATURE_ECX;
		r->d = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		r->a = LODGE_ABI_MAJOR << 16 | LODGE_ABI_MINOR;
		break;
	case 2:
		r->a = 1;			/* hypercall pages */
		r->b = XEN_CPUID_FIRST_LEAF;	/* MSR to ask for it */
		r->c = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		leaf_tsc(subleaf, r);
		break;
	case 5:
		if (subleaf == 0)
			r->b = cpu_features.phys_bits;
		break;
	}
}

static void leaf_host(const struct domain *d, uint32_t leaf, uint32_t subleaf,
		      struct cpuid_regs *r)
{
	switch (leaf) {
	case 0:
		r->a = min(cpu_features.max_leaf, (uint32_t)MAX_LEAF);
		break;
	case 1:
		leaf_1(d, r);
		break;
	case 2:
	case 4:
		break;		/* caches */
	case 7:
		leaf_7(subleaf, r);
		break;
	case 0xd:
		leaf_d(subleaf, r);
		break;
	default:
		if (leaf >= 0x80000000)
			leaf_ext(leaf, r);
		else
			memset(r, 0, sizeof(*r));
	}
}

/* The words of features, in the order of <xen/arch-x86/cpufeatureset.h>. */
const struct cpuid_word cpuid_words[CPUID_WORDS] = {
	{ 1, 0, 3 },	      { 1, 0, 2 }, { 0x80000001, 0, 3 },
	{ 0x80000001, 0, 2 }, { 0xd, 1, 0 }, { 7, 0, 1 },
	{ 7, 0, 2 },	      { 0x80000007, 0, 3 }, { 0x80000008, 0, 1 },
	{ 7, 0, 3 },
};

/**
 * cpuid_word_of() - one word of features, where it lies in its leaf
 * @r: the leaf's registers
 * @i: which word, below CPUID_WORDS
 */
uint32_t *cpuid_word_of(struct cpuid_regs *r, unsigned int i)
{
	uint32_t *const regs[] = { &r->a, &r->b, &r->c, &r->d };

	return regs[cpuid_words[i].reg];
}

/**
 * cpuid_has_subleaves() - does ECX choose among several meanings of a leaf?
 * @leaf: EAX
 */
bool cpuid_has_subleaves(uint32_t leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
}

static void apply_denied(const struct domain *d, uint32_t leaf,
			 uint32_t subleaf, struct cpuid_regs *r)
{
	unsigned int i;

	for (i = 0; i < CPUID_WORDS; i++)
		if (cpuid_words[i].leaf == leaf &&
		    (cpuid_words[i].subleaf == subleaf ||
		     !cpuid_has_subleaves(leaf)))
			*cpuid_word_of(r, i) &= ~d->cpuid_denied[i];
}

/**
 * domain_cpuid() - CPUID as all vCPUs of a domain see it
 * @d:       NULL: a guest of which nothing is known yet
 * @leaf:    EAX; beyond the last leaf of its range all is zero
 * @subleaf: ECX; zero where a leaf has no sub-leaves
 * @out:     the four registers
 */
void domain_cpuid(const struct domain *d, uint32_t leaf, uint32_t subleaf,
		  struct cpuid_regs *out)
{
	uint32_t last = min(cpu_features.max_leaf, (uint32_t)MAX_LEAF);

	if (leaf >= 0x80000000)
		last = min(cpu_features.max_ext_leaf, MAX_EXT_LEAF);
	if (leaf > last) {
		memset(out, 0, sizeof(*out));
		return;
	}
	*out = cpuid_count(leaf, subleaf);
	leaf_host(d, leaf, subleaf, out);
	if (d)
		apply_denied(d, leaf, subleaf, out);
}

/**
 * guest_cpuid() - CPUID as a vCPU sees it
 * @v:       current
 * @leaf:    EAX; beyond the last leaf of its range all is zero
 * @subleaf: ECX
 * @out:     the four registers
 */
void guest_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		 struct cpuid_regs *out)
{
	if ((leaf & 0xffffff00) == XEN_CPUID_FIRST_LEAF) {
		leaf_xen(leaf, subleaf, out);
		return;
	}
	domain_cpuid(v->domain, leaf, subleaf, out);
	if (leaf == 0xd)
		leaf_d_sizes(v, subleaf, out);
	if (leaf != 1)
		return;
	/* The APIC id: even numbers, as if each vCPU were a core of its own. */
	out->b |= (v->id * 2) << 24;
	if ((out->c & LEAF1C_XSAVE) && shows_osxsave(v))
		out->c |= LEAF1C_OSXSAVE;
}
