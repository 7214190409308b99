/* SPDX-License-Identifier: MIT */
/*
 * debugreg.c - debug registers of a PV guest
 *
 * The guest's own, with two exceptions: a breakpoint never lies in our slots,
 * and I/O breakpoints and general detection are not offered. The registers are
 * loaded only while a breakpoint is enabled. Intel SDM 3B, 17.2.
 */
#include "private.h"

#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>

#define DR7_ENABLED	0xffUL		/* local and global enable bits */
#define DR7_GD		0x2000UL
#define DR7_FIXED_ONE	0x400UL
#define DR7_FIXED_ZERO	0xffffffff0000d800UL
#define DR6_GUEST	0xe00fUL	/* bits that software may set */

/* Kind (2 bits) of breakpoint @i: 0 execute, 1 write, 2 port, 3 access. */
static unsigned int dr7_kind(uint64_t dr7, unsigned int i)
{
	return dr7 >> (16 + i * 4) & 3;
}

static bool address_ok(uint64_t va)
{
	if (!is_canonical(va))
		return false;
	return va < HYPERVISOR_VIRT_START || va >= HYPERVISOR_VIRT_END;
}

static int set_dr7(struct vcpu *v, uint64_t value)
{
	unsigned int i;

	value &= ~(DR7_FIXED_ZERO & 0xffffffffUL);
	value |= DR7_FIXED_ONE;
	if (value >> 32)
		return -EINVAL;
	if (value & DR7_GD)
		return -EPERM;
	for (i = 0; i < 4; i++)
		if ((value >> (i * 2) & 3) && dr7_kind(value, i) == 2)
			return -EPERM;
	v->pv->dr[7] = value;
	if (v == current)
		pv_load_debugregs(v);
	return 0;
}

/**
 * pv_set_debugreg() - write a debug register
 * @v:     the vCPU; not running unless current
 * @reg:   0 to 7; 4 and 5 mean 6 and 7
 * @value: value
 *
 * Return: 0; -ENODEV: no such register; -EINVAL: reserved bits; -EPERM: an address
 *         in our slots or not canonical, or a kind that is not offered.
 *         On an error nothing has changed.
 */
int pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value)
{
	struct pv_vcpu *pv = v->pv;

	switch (reg) {
	case 0 ... 3:
		if (!address_ok(value))
			return -EPERM;
		pv->dr[reg] = value;
		if (v == current && (pv->dr[7] & DR7_ENABLED))
			pv_load_debugregs(v);
		return 0;
	case 4:
	case 6:
		if (value >> 32)
			return -EINVAL;
		pv->dr[6] = (value & DR6_GUEST) | X86_DR6_DEFAULT;
		return 0;
	case 5:
	case 7:
		return set_dr7(v, value);
	default:
		return -ENODEV;
	}
}

/**
 * pv_get_debugreg() - read a debug register
 * @v:     the vCPU
 * @reg:   0 to 7; 4 and 5 mean 6 and 7
 * @value: written on success
 *
 * Return: 0; -ENODEV: no such register.
 */
int pv_get_debugreg(const struct vcpu *v, unsigned int reg, uint64_t *value)
{
	if (reg > 7)
		return -ENODEV;
	if (reg == 4 || reg == 5)
		reg += 2;
	*value = v->pv->dr[reg];
	return 0;
}

/**
 * pv_load_debugregs() - put a vCPU's breakpoints into this CPU
 * @v: current, or about to be
 */
void pv_load_debugregs(const struct vcpu *v)
{
	const unsigned long *dr = v->pv->dr;

	if (!(dr[7] & DR7_ENABLED)) {
		write_dr7(X86_DR7_DEFAULT);
		return;
	}
	write_dr0(dr[0]);
	write_dr1(dr[1]);
	write_dr2(dr[2]);
	write_dr3(dr[3]);
	write_dr6(X86_DR6_DEFAULT);
	write_dr7(dr[7]);
}

/**
 * hypercall_set_debugreg() - HYPERVISOR_set_debugreg(reg, value)
 *
 * Return: as pv_set_debugreg().
 */
long hypercall_set_debugreg(struct vcpu *v, const struct call_args *a)
{
	return pv_set_debugreg(v, (unsigned int)a->arg0, a->arg1);
}

/**
 * hypercall_get_debugreg() - HYPERVISOR_get_debugreg(reg)
 *
 * Return: the value; -ENODEV: no such register.
 */
long hypercall_get_debugreg(struct vcpu *v, const struct call_args *a)
{
	uint64_t value;
	int rc = pv_get_debugreg(v, (unsigned int)a->arg0, &value);

	return rc ? rc : (long)value;
}
