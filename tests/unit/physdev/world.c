/* SPDX-License-Identifier: MIT */
/*
 * world.c - what lies below physdev_op and platform_op, played
 *
 * Pirqs are an array, messages a counter.
 */
#include "world.h"

#include <string.h>

#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/percpu.h>

/* ---- guest memory ---- */

static size_t do_copy(void *dst, const void *src, size_t len, unsigned long va)
{
	if ((va & ~0xfffUL) == BAD_ADDRESS || va == 0)
		return len;
	memcpy(dst, src, len);
	return 0;
}

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
	return do_copy(dst, (void *)src.va, len, src.va);
}

size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
	return do_copy((void *)dst.va, src, len, dst.va);
}

/* ---- domains ---- */

unsigned int iopl_set, nr_ports_set;
uint64_t bitmap_set_to;

static int set_iopl(struct vcpu *v, unsigned int iopl)
{
	iopl_set = iopl;
	return 0;
}

static int set_iobitmap(struct vcpu *v, uint64_t bitmap, unsigned int nr)
{
	bitmap_set_to = bitmap;
	nr_ports_set = nr;
	return 0;
}

const struct guest_ops ops = {
	.set_iopl = set_iopl,
	.set_iobitmap = set_iobitmap,
};
const struct guest_ops no_ops;
struct domain self = { .domid = 0, .privileged = true, .ops = &ops };
struct domain other = { .domid = OTHER_DOMID, .ops = &ops };
struct vcpu vcpu = { .domain = &self };
static int nr_refs;

struct domain *domain_get(struct domain *d, domid_t domid)
{
	struct domain *found = domid == DOMID_SELF	? d :
			       domid == d->domid	? d :
			       domid == OTHER_DOMID	? &other : NULL;

	nr_refs += found != NULL;
	return found;
}

void domain_put(struct domain *d)
{
	nr_refs--;
}

bool rangeset_contains(struct rangeset *r, uint64_t first, uint64_t last)
{
	return first == 5 && last == 5;	/* the other domain may have GSI 5 */
}

/* ---- event/ ---- */

int pirqs[2][NR_PIRQS];
unsigned int map_fails_after = ~0U;
unsigned int last_eoi;

static int *table(const struct domain *d)
{
	return pirqs[d == &other];
}

int pirq_map(struct domain *d, unsigned int pirq, unsigned int irq, bool msi)
{
	assert_true(spin_is_held(&d->lock));
	assert_true(pirq < NR_PIRQS);
	assert_int_equal(table(d)[pirq], -1);
	if (map_fails_after-- == 0)
		return -ENOSPC;
	table(d)[pirq] = (int)irq;
	return 0;
}

int pirq_unmap(struct domain *d, unsigned int pirq)
{
	assert_true(spin_is_held(&d->lock));
	assert_true(table(d)[pirq] >= 0);
	table(d)[pirq] = -1;
	return 0;
}

int pirq_find_free(struct domain *d, unsigned int nr, bool msi)
{
	unsigned int pirq, i;

	for (pirq = msi ? NR_GSIS : 16; pirq + nr <= NR_PIRQS; pirq++) {
		for (i = 0; i < nr && table(d)[pirq + i] < 0; i++)
			;
		if (i == nr)
			return (int)pirq;
	}
	return -ENOSPC;
}

int pirq_to_irq(const struct domain *d, unsigned int pirq)
{
	return pirq < NR_PIRQS ? table(d)[pirq] : -1;
}

int pirq_next_mapped(const struct domain *d, unsigned int pirq)
{
	for (; pirq < NR_PIRQS; pirq++)
		if (pirq_to_irq(d, pirq) >= 0)
			return (int)pirq;
	return -1;
}

int irq_to_pirq(const struct domain *d, unsigned int irq)
{
	int i;

	for (i = 0; i < NR_PIRQS; i++)
		if (table(d)[i] == (int)irq)
			return i;
	return -1;
}

int pirq_eoi(struct domain *d, unsigned int pirq)
{
	last_eoi = pirq;
	return pirq_to_irq(d, pirq) < 0 ? -EINVAL : 0;
}

bool pirq_needs_eoi(struct domain *d, unsigned int pirq)
{
	return pirq == 9;
}

bool eoi_auto_unmask;

int pirq_set_eoi_map(struct domain *d, gfn_t gfn, bool auto_unmask)
{
	eoi_auto_unmask = auto_unmask;
	return gfn_x(gfn) == 123 ? 0 : -EINVAL;
}

/* ---- irq/, pci/ ---- */

struct msi_request last_request;
static unsigned int msi_first;
unsigned int msi_nr, nr_msi_allocs;
int msi_rc;
bool device_known, device_busy;
int protect_rc;

unsigned int irq_nr_gsis(void)
{
	return NR_GSIS;
}

bool irq_is_shared(unsigned int irq)
{
	return irq == 9;
}

int irq_setup_gsi(unsigned int gsi, bool level, bool active_low)
{
	return gsi < NR_GSIS && level && active_low ? 0 : -EINVAL;
}

int ioapic_guest_read(uint64_t address, uint32_t reg, uint32_t *value)
{
	*value = 0x1234;
	return address == 0xfec00000 ? 0 : -EINVAL;
}

int msi_alloc(const struct msi_request *rq, unsigned int *irq)
{
	last_request = *rq;
	if (msi_rc)
		return msi_rc;
	assert_int_equal(msi_nr, 0);
	nr_msi_allocs++;
	*irq = msi_first = 40;
	msi_nr = rq->nr_vectors;
	return 0;
}

void msi_free(unsigned int irq)
{
	assert_int_equal(irq, msi_first);
	assert_true(msi_nr > 0);
	msi_nr = 0;
}

unsigned int msi_group_size(unsigned int irq)
{
	return irq == msi_first ? msi_nr : 0;
}

int msi_device_add(uint32_t sbdf)
{
	return protect_rc;
}

int msi_device_remove(uint32_t sbdf)
{
	return device_busy ? -EBUSY : 0;
}

int msi_restore(uint32_t sbdf)
{
	return 0;
}

int pci_device_add(uint32_t sbdf)
{
	if (sbdf != DEVICE)
		return -ENODEV;
	device_known = true;
	return 0;
}

int pci_device_remove(uint32_t sbdf)
{
	device_known = false;
	return 0;
}

bool pci_device_known(uint32_t sbdf)
{
	return device_known && sbdf == DEVICE;
}

int pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t start_bus,
		       uint8_t end_bus, bool usable)
{
	return address == 0xb0000000 && usable ? 0 : -ENODEV;
}

/* ---- set-up ---- */

int start(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_PIRQS; i++)
		pirqs[0][i] = pirqs[1][i] = -1;
	spin_init(&self.lock, LOCK_DOMAIN);
	spin_init(&other.lock, LOCK_DOMAIN);
	self.privileged = true;
	self.ops = &ops;
	map_fails_after = ~0U;
	msi_nr = nr_msi_allocs = 0;
	msi_rc = protect_rc = 0;
	device_known = true;
	device_busy = false;
	nr_refs = 0;
	return 0;
}

int finish(void **state)
{
	assert_int_equal(nr_refs, 0);
	assert_false(spin_is_held(&self.lock));
	assert_false(spin_is_held(&other.lock));
	return 0;
}

long physdev(unsigned int cmd, void *arg)
{
	struct call_args a = { .arg0 = cmd, .arg1 = (unsigned long)arg };

	return hypercall_physdev_op(&vcpu, &a);
}

long map(struct physdev_map_pirq *m)
{
	return physdev(PHYSDEVOP_map_pirq, m);
}

struct physdev_map_pirq gsi_request(int gsi, int pirq)
{
	return (struct physdev_map_pirq){ .domid = DOMID_SELF,
					  .type = MAP_PIRQ_TYPE_GSI,
					  .index = gsi,
					  .pirq = pirq };
}

struct physdev_map_pirq msi_request(int type)
{
	return (struct physdev_map_pirq){ .domid = DOMID_SELF,
					  .type = type,
					  .index = -1,
					  .pirq = -1,
					  .bus = 3,
					  .devfn = 0x10 };
}
