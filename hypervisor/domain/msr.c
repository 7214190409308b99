/* SPDX-License-Identifier: MIT */
/*
 * msr.c - model-specific registers that any guest may read or write
 *
 * An MSR in no row raises #GP in the guest, as one does that the processor
 * lacks. Bases and callbacks of PV guests are pv/'s.
 */
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/domain.h>
#include <lodge/errno.h>
#include <lodge/guest.h>

struct msr_row {
	uint32_t msr;
	int (*read)(const struct vcpu *v, uint32_t msr, uint64_t *val);
	int (*write)(struct vcpu *v, uint32_t msr, uint64_t val);
};

static int read_host(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	return rdmsr_safe(msr, val) ? -EACCES : 0;
}

static int read_tsc(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = rdtsc();
	return 0;
}

static int read_pat(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = PAT_ABI;
	return 0;
}

/* The PAT is part of the ABI: only its own value may be "written". */
static int write_pat(struct vcpu *v, uint32_t msr, uint64_t val)
{
	return val == PAT_ABI ? 0 : -EACCES;
}

static int read_efer(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = rdmsr(msr) & (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
	return 0;
}

static int read_tsc_aux(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	if (!cpu_features.rdtscp)
		return -EACCES;
	*val = v->tsc_aux;
	return 0;
}

static int write_tsc_aux(struct vcpu *v, uint32_t msr, uint64_t val)
{
	if (!cpu_features.rdtscp || val >> 32)
		return -EACCES;
	v->tsc_aux = val;
	wrmsr(msr, val);
	return 0;
}

/* Linux writes 0 before it reads the revision; the CPU ignores the value. */
static int write_ucode_rev(struct vcpu *v, uint32_t msr, uint64_t val)
{
	return val ? -EACCES : 0;
}

static int read_zero(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = 0;
	return 0;
}

/* No banks: machine checks are the hypervisor's. */
static int read_mcg(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	*val = 0;
	return v->domain->privileged ? 0 : -EACCES;
}

static const struct msr_row rows[] = {
	{ MSR_TSC, read_tsc, NULL },
	{ MSR_APIC_BASE, read_host, NULL },
	{ MSR_UCODE_REV, read_host, write_ucode_rev },
	{ MSR_PLATFORM_INFO, read_zero, NULL },	/* no CPUID faulting */
	{ MSR_MCG_CAP, read_mcg, NULL },
	{ MSR_MCG_STATUS, read_mcg, NULL },
	{ MSR_MISC_ENABLE, read_host, NULL },
	{ MSR_PAT, read_pat, write_pat },
	{ MSR_EFER, read_efer, NULL },
	{ MSR_TSC_AUX, read_tsc_aux, write_tsc_aux },
	{ MSR_K8_HWCR, read_host, NULL },
};

static const struct msr_row *row_of(uint32_t msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].msr == msr)
			return &rows[i];
	return NULL;
}

/**
 * guest_rdmsr() - RDMSR by a guest
 * @v:   current
 * @msr: register number
 * @val: written on success
 *
 * Return: 0; -EACCES: the guest gets #GP.
 */
int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
	const struct msr_row *row = row_of(msr);
	int rc = row && row->read ? row->read(v, msr, val) : -EACCES;

	if (rc)
		printk(LOG_GUEST_DEBUG "%sv%u: RDMSR %08x is refused\n",
		       v->domain->name, v->id, msr);
	return rc;
}

/**
 * guest_wrmsr() - WRMSR by a guest
 * @v:   current
 * @msr: register number
 * @val: value
 *
 * Return: 0; -EACCES: the guest gets #GP.
 */
int guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
	const struct msr_row *row = row_of(msr);
	int rc = row && row->write ? row->write(v, msr, val) : -EACCES;

	if (rc)
		printk(LOG_GUEST_DEBUG "%sv%u: WRMSR %08x, %016lx is refused\n",
		       v->domain->name, v->id, msr, val);
	return rc;
}
