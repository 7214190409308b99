/* SPDX-License-Identifier: MIT */
/*
 * fpu.c - x87, SSE and extended state of vCPUs
 *
 * Intel SDM 1, chapter 13. The hypervisor itself uses none of these registers,
 * so the state is switched with the vCPU and at no other time. All components
 * that we offer are saved and restored, not only those in the guest's XCR0:
 * what a guest leaves in a component that it then disables must not be found
 * there by the next one.
 */
#include <lodge/bug.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define FXSAVE_SIZE	512
#define XSTATE_BV	512	/* offset of the header's first word */
#define XSAVE_MIN	576
#define FCW_INIT	0x037f
#define MXCSR_INIT	0x1f80
#define FXSAVE_FCW	0
#define FXSAVE_MXCSR	24
#define FXSAVE_MXCSR_MASK 28
#define MXCSR_MASK_DEFAULT 0xffbf	/* where the processor says 0 */

#define XCR0_X87	0x01UL
#define XCR0_SSE	0x02UL
#define XCR0_AVX	0x04UL
#define XCR0_AVX512	0xe0UL

/* One page: the largest state that we offer takes 2,696 bytes. */
struct fpu {
	uint8_t area[PAGE_SIZE];
} __aligned(64);

static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;	/* [I] after boot */

static void area_init(struct fpu *f)
{
	uint16_t fcw = FCW_INIT;
	uint32_t mxcsr = MXCSR_INIT;

	memset(f, 0, sizeof(*f));
	memcpy(f->area + FXSAVE_FCW, &fcw, sizeof(fcw));
	memcpy(f->area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

/**
 * fpu_alloc() - a state as after reset
 * Return: the state; NULL: no memory.
 */
struct fpu *fpu_alloc(void)
{
	struct fpu *f = frames_alloc(0, 0);

	if (f)
		area_init(f);
	return f;
}

/**
 * fpu_free() - give a state back
 * @f: from fpu_alloc(), or NULL
 */
void fpu_free(struct fpu *f)
{
	if (f)
		frames_free(f, 0);
}

static void xsave_all(struct fpu *f)
{
	uint64_t m = cpu_features.xfeature_mask;

	__asm__ volatile("xsave64 %0"
			 : "+m"(*f)
			 : "a"((uint32_t)m), "d"((uint32_t)(m >> 32))
			 : "memory");
}

static void xrstor_all(const struct fpu *f)
{
	uint64_t m = cpu_features.xfeature_mask;

	__asm__ volatile("xrstor64 %0" ::"m"(*f), "a"((uint32_t)m),
			 "d"((uint32_t)(m >> 32))
			 : "memory");
}

/**
 * fpu_save() - put the registers into @v's area
 * @v: the vCPU whose state this CPU holds
 *
 * Context: IRQs off. CR0.TS is clear afterwards.
 */
void fpu_save(struct vcpu *v)
{
	clts();
	if (!cpu_features.xsave) {
		__asm__ volatile("fxsave64 %0" : "=m"(*v->fpu)::"memory");
		return;
	}
	if (v->xcr0 != cpu_features.xfeature_mask)
		xsetbv(0, cpu_features.xfeature_mask);
	xsave_all(v->fpu);
}

/*
 * Some processors load the addresses of the last x87 instruction and operand
 * only with a pending exception: what the last owner did would stay readable.
 * An instruction of our own takes their place.
 */
static void clear_pointers(void)
{
	static const uint32_t zero;

	__asm__ volatile("fnclex; emms; fildl %0" ::"m"(zero));
}

/**
 * fpu_restore() - load the registers from @v's area, XCR0 and CR0.TS with it
 * @v: the vCPU that is about to run here
 *
 * Context: IRQs off.
 */
void fpu_restore(struct vcpu *v)
{
	clts();
	if (cpu_features.fpu_pointers_stay)
		clear_pointers();
	if (!cpu_features.xsave) {
		__asm__ volatile("fxrstor64 %0" ::"m"(*v->fpu) : "memory");
	} else {
		xsetbv(0, cpu_features.xfeature_mask);
		xrstor_all(v->fpu);
		if (v->xcr0 != cpu_features.xfeature_mask)
			xsetbv(0, v->xcr0);
	}
	if (v->fpu_ts)
		stts();
}

/**
 * fpu_set_ts() - the guest's own CR0.TS
 * @v:  current
 * @ts: set: its next FPU instruction raises #NM
 */
void fpu_set_ts(struct vcpu *v, bool ts)
{
	v->fpu_ts = ts;
	if (ts)
		stts();
	else
		clts();
}

/* Intel SDM 1, 13.3: x87 always; AVX needs SSE; AVX-512 whole and with AVX. */
static bool xcr0_valid(uint64_t xcr0)
{
	uint64_t avx512 = xcr0 & XCR0_AVX512;

	if (!(xcr0 & XCR0_X87) || (xcr0 & ~cpu_features.xfeature_mask))
		return false;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return false;
	return !avx512 || (avx512 == XCR0_AVX512 && (xcr0 & XCR0_AVX));
}

/**
 * fpu_set_xcr0() - XSETBV by a guest
 * @v:    current
 * @xcr0: wanted value
 *
 * Return: 0; -EINVAL: no XSAVE, a component that we do not offer, or a
 *         combination that the processor refuses.
 */
int fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	if (!cpu_features.xsave || !xcr0_valid(xcr0))
		return -EINVAL;
	v->xcr0 = xcr0;
	xsetbv(0, xcr0);
	return 0;
}

/**
 * fpu_state_size() - bytes of the standard XSAVE format
 * @xcr0: components
 */
size_t fpu_state_size(uint64_t xcr0)
{
	size_t size = XSAVE_MIN;
	struct cpuid_regs r;
	unsigned int i;

	for (i = 2; i < 63; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		r = cpuid_count(0xd, i);
		size = max(size, (size_t)r.a + r.b);
	}
	return size;
}

/* Bits of MXCSR that may be set: Intel SDM 1, 11.6.6. */
static uint32_t read_mxcsr_mask(void)
{
	static uint8_t area[FXSAVE_SIZE] __aligned(16);
	uint32_t mask;

	__asm__ volatile("fxsave64 %0" : "=m"(area));
	memcpy(&mask, area + FXSAVE_MXCSR_MASK, sizeof(mask));
	return mask ? mask : MXCSR_MASK_DEFAULT;
}

/**
 * fpu_init_cpu() - XCR0 and a defined state on this CPU
 *
 * Context: each CPU once, after CR0 and CR4 are set.
 */
void fpu_init_cpu(void)
{
	if (smp_processor_id() == 0)
		mxcsr_mask = read_mxcsr_mask();
	if (!cpu_features.xsave)
		return;
	BUG_ON(fpu_state_size(cpu_features.xfeature_mask) > sizeof(struct fpu));
	xsetbv(0, cpu_features.xfeature_mask);
}

/**
 * fpu_import_legacy() - take the x87 and SSE part of a guest's context
 * @f:      not loaded on any CPU
 * @fxsave: 512 bytes; reserved MXCSR bits are cleared, as they would fault
 */
void fpu_import_legacy(struct fpu *f, const void *fxsave)
{
	uint64_t xstate_bv = XCR0_X87 | XCR0_SSE;
	uint32_t mxcsr;

	area_init(f);
	memcpy(f->area, fxsave, FXSAVE_SIZE);
	memcpy(&mxcsr, f->area + FXSAVE_MXCSR, sizeof(mxcsr));
	mxcsr &= mxcsr_mask;
	memcpy(f->area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(f->area + XSTATE_BV, &xstate_bv, sizeof(xstate_bv));
}

/**
 * fpu_export_legacy() - the x87 and SSE part, for a guest's context
 * @f:      not loaded on any CPU
 * @fxsave: 512 bytes
 */
void fpu_export_legacy(const struct fpu *f, void *fxsave)
{
	memcpy(fxsave, f->area, FXSAVE_SIZE);
}

/**
 * fpu_export_state() - all components that we offer, for a toolstack
 * @f:    not loaded on any CPU
 * @area: XSAVE area in the standard format
 * @size: bytes of it, at most fpu_state_size() of what we offer
 */
void fpu_export_state(const struct fpu *f, void *area, size_t size)
{
	memcpy(area, f->area, size);
}

/* What XRSTOR would fault on: unknown components, another format, reserved
 * bytes. Intel SDM 1, 13.4.2 and 13.8. */
static bool header_ok(const uint8_t *area)
{
	uint64_t bv;
	unsigned int i;

	memcpy(&bv, area + XSTATE_BV, sizeof(bv));
	if (bv & ~cpu_features.xfeature_mask)
		return false;
	for (i = XSTATE_BV + sizeof(bv); i < XSAVE_MIN; i++)
		if (area[i])
			return false;
	return true;
}

/**
 * fpu_import_state() - the same the other way
 * @v:    does not run, its state is in memory
 * @xcr0: its XCR0
 * @area: XSAVE area in the standard format; reserved MXCSR bits are cleared
 * @size: bytes of it; components beyond are as after reset
 *
 * Return: 0; -EINVAL: nothing has changed.
 */
int fpu_import_state(struct vcpu *v, uint64_t xcr0, const void *area,
		     size_t size)
{
	struct fpu *f = v->fpu;
	uint32_t mxcsr;
	uint64_t bv;

	if (!cpu_features.xsave || !xcr0_valid(xcr0) || size < XSAVE_MIN ||
	    size > fpu_state_size(cpu_features.xfeature_mask) ||
	    !header_ok(area))
		return -EINVAL;
	memcpy(&bv, (const uint8_t *)area + XSTATE_BV, sizeof(bv));
	/* A component that is said to be there is there whole. */
	if (fpu_state_size(bv) > size)
		return -EINVAL;
	area_init(f);
	memcpy(f->area, area, size);
	memcpy(&mxcsr, f->area + FXSAVE_MXCSR, sizeof(mxcsr));
	mxcsr &= mxcsr_mask;
	memcpy(f->area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	v->xcr0 = xcr0;
	return 0;
}
