/* SPDX-License-Identifier: MIT */
/*
 * features.c - what the boot processor can do
 *
 * Leaves and bits: Intel SDM 2A "CPUID", AMD APM volume 3 appendix E.
 */
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/lib.h>

struct cpu_features cpu_features;

/*
 * State components that PV guests may have: x87, SSE, AVX, and AVX-512 in
 * three parts. Protection keys and AMX are not offered.
 */
#define XCR0_OFFERED 0xe7UL

static void detect_identity(struct cpu_features *f)
{
	struct cpuid_regs r = cpuid_count(0, 0);

	f->max_leaf = r.a;
	memcpy(f->vendor, &r.b, 4);
	memcpy(f->vendor + 4, &r.d, 4);
	memcpy(f->vendor + 8, &r.c, 4);
	f->amd = !strcmp(f->vendor, "AuthenticAMD") ||
		 !strcmp(f->vendor, "HygonGenuine");
	r = cpuid_count(1, 0);
	f->family = r.a >> 8 & 0xf;
	f->model = r.a >> 4 & 0xf;
	f->stepping = r.a & 0xf;
	if (f->family == 0xf)
		f->family += r.a >> 20 & 0xff;
	if (f->family >= 6)
		f->model |= r.a >> 12 & 0xf0;
}

static void detect_basic(struct cpu_features *f)
{
	struct cpuid_regs r = cpuid_count(1, 0);

	f->pcid = r.c >> 17 & 1;
	f->x2apic = r.c >> 21 & 1;
	f->tsc_deadline = r.c >> 24 & 1;
	f->xsave = r.c >> 26 & 1;
	f->sysenter = r.d >> 11 & 1;
	f->fxsr = r.d >> 24 & 1;
	if (!(r.d >> 6 & 1) || !(r.d >> 13 & 1) || !f->fxsr)
		panic("This processor lacks PAE, global pages or FXSAVE: Lodge "
		      "needs another one");
	if (f->max_leaf < 7)
		return;
	r = cpuid_count(7, 0);
	f->fsgsbase = r.b & 1;
	f->tsc_adjust = r.b >> 1 & 1;
	f->smep = r.b >> 7 & 1;
	f->smap = r.b >> 20 & 1;
	f->umip = r.c >> 2 & 1;
}

static void detect_extended(struct cpu_features *f)
{
	struct cpuid_regs r = cpuid_count(0x80000000, 0);

	f->max_ext_leaf = r.a;
	if (f->max_ext_leaf < 0x80000001)
		panic("This processor has no 64-bit mode: Lodge needs another "
		      "one");
	r = cpuid_count(0x80000001, 0);
	if (!(r.d >> 29 & 1) || !(r.d >> 11 & 1))
		panic("This processor has no 64-bit mode or no SYSCALL: Lodge "
		      "needs another one");
	f->nx = r.d >> 20 & 1;
	f->pages_1g = r.d >> 26 & 1;
	f->rdtscp = r.d >> 27 & 1;
	if (f->max_ext_leaf >= 0x80000007)
		f->invariant_tsc = cpuid_count(0x80000007, 0).d >> 8 & 1;
	f->phys_bits = 36;
	f->virt_bits = 48;
	if (f->max_ext_leaf >= 0x80000008) {
		r = cpuid_count(0x80000008, 0);
		f->phys_bits = (uint8_t)min(r.a & 0xff, 52U);
		f->virt_bits = r.a >> 8 & 0xff;
	}
	/* AMD APM 3, Fn8000_0008_EBX: RstrFpErrPtrs. */
	f->fpu_pointers_stay = f->amd && (f->max_ext_leaf < 0x80000008 ||
					  !(r.b >> 2 & 1));
}

static void detect_xstate(struct cpu_features *f)
{
	struct cpuid_regs r;

	f->xfeature_mask = 0x3;
	if (!f->xsave || f->max_leaf < 0xd) {
		f->xsave = false;
		return;
	}
	r = cpuid_count(0xd, 0);
	f->xfeature_mask = ((uint64_t)r.d << 32 | r.a) & XCR0_OFFERED;
	/* The three parts of AVX-512 come together, and only with AVX. */
	if ((f->xfeature_mask & 0xe4) != 0xe4)
		f->xfeature_mask &= ~0xe0UL;
	r = cpuid_count(0xd, 1);
	f->xsaveopt = r.a & 1;
	f->xsavec = r.a >> 1 & 1;
}

/**
 * cpu_detect_features() - fill cpu_features from CPUID
 *
 * Context: boot CPU. Panics with a sentence if the processor lacks something
 * without which PV guests cannot run.
 */
void cpu_detect_features(void)
{
	struct cpu_features *f = &cpu_features;

	detect_identity(f);
	detect_basic(f);
	detect_extended(f);
	detect_xstate(f);
	/* SYSENTER from 64-bit mode faults on AMD in long mode. */
	if (f->amd)
		f->sysenter = false;
	printk(LOG_INFO "CPU: %s family %u model %u stepping %u, %u-bit "
	       "addresses%s%s%s\n", f->vendor, f->family, f->model, f->stepping,
	       f->phys_bits, f->nx ? ", NX" : "", f->xsave ? ", XSAVE" : "",
	       f->invariant_tsc ? ", invariant TSC" : "");
}
