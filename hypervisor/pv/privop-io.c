/* SPDX-License-Identifier: MIT */
/*
 * privop-io.c - ports of a PV guest
 *
 * First the guest's own protection (its IOPL and bitmap), else #GP. Then what
 * the domain may touch: a port in its rights is the machine's; configuration
 * space and the real-time clock of the control domain are latched per vCPU,
 * so that two users of an index and data pair cannot mix; all others read as
 * ones and drop writes, as ports without a device do.
 */
#include "privop.h"

#include <lodge/cpu.h>
#include <lodge/pci.h>

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define RTC_INDEX	0x70
#define RTC_DATA	0x71

/* The control domain's users of the clock's index register. */
static spinlock_t rtc_lock = SPINLOCK_INIT(LOCK_IRQCHIP);

static bool bitmap_allows(const struct vcpu *v, unsigned int port,
			  unsigned int bytes)
{
	uint16_t bits;

	if (!v->pv->io_bitmap || port + bytes > v->pv->io_bitmap_ports)
		return false;
	/* The guest kernel's memory: if it was unmapped the answer is no. */
	if (pv_copy_from_kernel(&bits, v->pv->io_bitmap + port / 8,
				sizeof(bits)))
		return false;
	return !(bits >> (port & 7) & ((1U << bytes) - 1));
}

/**
 * pv_iopl_allows() - may the current mode use ports and the interrupt flag?
 * @v: current
 *
 * A guest kernel needs an IOPL of 1, its user mode one of 3.
 */
bool pv_iopl_allows(const struct vcpu *v)
{
	return v->pv->iopl >= (v->pv->kernel_mode ? 1U : 3U);
}

/**
 * pv_port_allowed() - by the guest's own IOPL and bitmap
 * @v:     current
 * @port:  first port
 * @bytes: 1, 2 or 4
 *
 * What the IOPL forbids, the bitmap may allow.
 */
bool pv_port_allowed(const struct vcpu *v, unsigned int port,
		     unsigned int bytes)
{
	if (pv_iopl_allows(v))
		return true;
	return bitmap_allows(v, port, bytes);
}

static uint32_t port_read(unsigned int port, unsigned int bytes)
{
	if (bytes == 1)
		return inb((uint16_t)port);
	return bytes == 2 ? inw((uint16_t)port) : inl((uint16_t)port);
}

static void port_write(unsigned int port, unsigned int bytes, uint32_t val)
{
	if (bytes == 1)
		outb((uint16_t)port, (uint8_t)val);
	else if (bytes == 2)
		outw((uint16_t)port, (uint16_t)val);
	else
		outl((uint16_t)port, val);
}

static uint32_t ones(unsigned int bytes)
{
	return bytes == 4 ? ~0U : (1U << (bytes * 8)) - 1;
}

static bool is_pci_data(unsigned int port, unsigned int bytes)
{
	return port >= PCI_DATA && port + bytes <= PCI_DATA + 4;
}

static uint32_t rtc_read(const struct vcpu *v)
{
	unsigned long flags = spin_lock_irqsave(&rtc_lock);
	uint32_t val;

	outb(RTC_INDEX, v->rtc_index);
	val = inb(RTC_DATA);
	spin_unlock_irqrestore(&rtc_lock, flags);
	return val;
}

static void rtc_write(const struct vcpu *v, uint8_t val)
{
	unsigned long flags = spin_lock_irqsave(&rtc_lock);

	outb(RTC_INDEX, v->rtc_index);
	outb(RTC_DATA, val);
	spin_unlock_irqrestore(&rtc_lock, flags);
}

static uint32_t guest_port_read(struct vcpu *v, unsigned int port,
				unsigned int bytes)
{
	const struct domain *d = v->domain;

	if (port == PCI_ADDRESS && bytes == 4)
		return (uint32_t)v->cf8;
	if (d->privileged && is_pci_data(port, bytes))
		return pci_cf8_read((uint32_t)v->cf8, port - PCI_DATA, bytes);
	if (d->privileged && port == RTC_INDEX && bytes == 1)
		return v->rtc_index;
	if (d->privileged && port == RTC_DATA && bytes == 1)
		return rtc_read(v);
	if (rangeset_contains(d->ioports, port, port + bytes - 1))
		return port_read(port, bytes);
	return ones(bytes);
}

static void guest_port_write(struct vcpu *v, unsigned int port,
			     unsigned int bytes, uint32_t val)
{
	const struct domain *d = v->domain;

	if (port == PCI_ADDRESS && bytes == 4)
		v->cf8 = val;
	else if (d->privileged && is_pci_data(port, bytes))
		pci_cf8_write((uint32_t)v->cf8, port - PCI_DATA, bytes, val);
	else if (d->privileged && port == RTC_INDEX && bytes == 1)
		v->rtc_index = val & 0x7f;
	else if (d->privileged && port == RTC_DATA && bytes == 1)
		rtc_write(v, (uint8_t)val);
	else if (rangeset_contains(d->ioports, port, port + bytes - 1))
		port_write(port, bytes, val);
}

int privop_read_io(struct emul_ctxt *c, uint16_t port, unsigned int bytes,
		   uint32_t *val)
{
	struct vcpu *v = c->priv;

	if (!pv_port_allowed(v, port, bytes))
		return emul_raise(c, X86_EXC_GP, 0);
	*val = guest_port_read(v, port, bytes);
	return EMUL_OK;
}

int privop_write_io(struct emul_ctxt *c, uint16_t port, unsigned int bytes,
		    uint32_t val)
{
	struct vcpu *v = c->priv;

	if (!pv_port_allowed(v, port, bytes))
		return emul_raise(c, X86_EXC_GP, 0);
	guest_port_write(v, port, bytes, val);
	return EMUL_OK;
}
