/* SPDX-License-Identifier: MIT */
/*
 * test_physdev.c - physdev_op and platform_op: what they accept and refuse
 *
 * The layers below are played: pirqs are an array, messages a counter. Guest
 * memory is the test's own, except the page at address 0x1000.
 */
#include "fake/machine.h"

#include <stdlib.h>
#include <string.h>

#include <lodge/acpi.h>
#include <lodge/boot.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/hypercall.h>
#include <lodge/irq.h>
#include <lodge/pci.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>
#include <lodge/symbols.h>
#include <xen/physdev.h>
#include <xen/platform.h>

#define NR_GSIS		24
#define BAD_ADDRESS	0x1000UL
#define DEVICE		PCI_SBDF(0, 3, 0x10)
#define OTHER_DOMID	7

struct acpi_info acpi_info;
struct cpu_features cpu_features;

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

static unsigned int iopl_set, nr_ports_set;
static uint64_t bitmap_set_to;

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

static const struct guest_ops ops = {
	.set_iopl = set_iopl,
	.set_iobitmap = set_iobitmap,
};
static const struct guest_ops no_ops;
static struct domain self = { .domid = 0, .privileged = true, .ops = &ops };
static struct domain other = { .domid = OTHER_DOMID, .ops = &ops };
static struct vcpu vcpu = { .domain = &self };
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

static int pirqs[2][NR_PIRQS];
static unsigned int map_fails_after = ~0U;
static unsigned int last_eoi;

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

static bool eoi_auto_unmask;

int pirq_set_eoi_map(struct domain *d, gfn_t gfn, bool auto_unmask)
{
	eoi_auto_unmask = auto_unmask;
	return gfn_x(gfn) == 123 ? 0 : -EINVAL;
}

/* ---- irq/, pci/ ---- */

static struct msi_request last_request;
static unsigned int msi_first, msi_nr, nr_msi_allocs;
static int msi_rc;
static bool device_known, device_busy;
static int protect_rc;

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

/* ---- for platform_op ---- */

static uint64_t set_sec, set_stime;
static uint32_t set_nsec;
static uint64_t mtrr[2][2] = { { 0x80000000, 0xff80000800 }, { 0, 0 } };

void wallclock_set(uint64_t sec, uint32_t nsec, uint64_t stime_ns)
{
	set_sec = sec;
	set_nsec = nsec;
	set_stime = stime_ns;
}

int rdmsr_safe(uint32_t msr, uint64_t *val)
{
	if (msr == 0xfe)
		*val = 0x502;
	else if (msr >= 0x200 && msr < 0x204)
		*val = mtrr[(msr - 0x200) / 2][msr % 2];
	else
		return -EACCES;
	return 0;
}

static struct cpuid_regs has_mtrr(uint32_t leaf, uint32_t subleaf)
{
	return (struct cpuid_regs){ .d = 1U << 12 };
}

unsigned int cpu_apic_id(unsigned int cpu)
{
	return cpu * 2;
}

static uint8_t page0[PAGE_SIZE];

bool mfn_valid(mfn_t mfn)
{
	return true;
}

void *mfn_to_virt(mfn_t mfn)
{
	assert_int_equal(mfn_x(mfn), 0);
	return page0;
}

static uint32_t slept[3];

int acpi_enter_sleep(unsigned int state, uint32_t a, uint32_t b)
{
	slept[0] = state;
	slept[1] = a;
	slept[2] = b;
	return -EINVAL;
}

char image_start[64];
const uint32_t symtab_count = 2;
const struct symbol symtab[] = { { 0x10, 0 }, { 0x20, 6 } };
const char symtab_names[] = "first\0the_second";

/* ---- set-up ---- */

static int start(void **state)
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

static int finish(void **state)
{
	assert_int_equal(nr_refs, 0);
	assert_false(spin_is_held(&self.lock));
	assert_false(spin_is_held(&other.lock));
	return 0;
}

static long physdev(unsigned int cmd, void *arg)
{
	uint64_t a[6] = { cmd, (unsigned long)arg };

	return hypercall_physdev_op(&vcpu, a);
}

static long map(struct physdev_map_pirq *m)
{
	return physdev(PHYSDEVOP_map_pirq, m);
}

static struct physdev_map_pirq gsi_request(int gsi, int pirq)
{
	return (struct physdev_map_pirq){ .domid = DOMID_SELF,
					  .type = MAP_PIRQ_TYPE_GSI,
					  .index = gsi,
					  .pirq = pirq };
}

static struct physdev_map_pirq msi_request(int type)
{
	return (struct physdev_map_pirq){ .domid = DOMID_SELF,
					  .type = type,
					  .index = -1,
					  .pirq = -1,
					  .bus = 3,
					  .devfn = 0x10 };
}

/* ---- physdev_op ---- */

static void only_dom0_touches_the_machine(void **state)
{
	static const unsigned int dom0_only[] = {
		PHYSDEVOP_apic_read, PHYSDEVOP_alloc_irq_vector,
		PHYSDEVOP_map_pirq,
		PHYSDEVOP_unmap_pirq, PHYSDEVOP_manage_pci_add,
		PHYSDEVOP_manage_pci_remove, PHYSDEVOP_restore_msi,
		PHYSDEVOP_manage_pci_add_ext, PHYSDEVOP_setup_gsi,
		PHYSDEVOP_pci_mmcfg_reserved, PHYSDEVOP_pci_device_add,
		PHYSDEVOP_pci_device_remove, PHYSDEVOP_restore_msi_ext,
		PHYSDEVOP_dbgp_op, PHYSDEVOP_prepare_msix,
		PHYSDEVOP_release_msix,
	};
	uint8_t arg[64] = { 0 };
	unsigned int i;

	self.privileged = false;
	for (i = 0; i < ARRAY_SIZE(dom0_only); i++)
		assert_int_equal(physdev(dom0_only[i], arg), -EPERM);
	assert_int_equal(physdev(PHYSDEVOP_eoi, arg), -EINVAL);
}

static void obsolete_and_unknown_are_not_there(void **state)
{
	uint8_t arg[64] = { 0 };

	assert_int_equal(physdev(PHYSDEVOP_IRQ_UNMASK_NOTIFY, arg), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_free_irq_vector, arg), -ENOSYS);
	assert_int_equal(physdev(0, arg), -ENOSYS);
	assert_int_equal(physdev(22, arg), -ENOSYS);
	assert_int_equal(physdev(32, arg), -ENOSYS);
	assert_int_equal(physdev(~0U, arg), -ENOSYS);
}

static void bad_pointers_are_efault(void **state)
{
	assert_int_equal(physdev(PHYSDEVOP_eoi, NULL), -EFAULT);
	assert_int_equal(physdev(PHYSDEVOP_map_pirq, (void *)BAD_ADDRESS),
			 -EFAULT);
}

static void a_gsi_is_mapped_once(void **state)
{
	struct physdev_map_pirq m = gsi_request(9, 9);

	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 9);
	assert_int_equal(pirqs[0][9], 9);
	m = gsi_request(9, 9);
	assert_int_equal(map(&m), 0);		/* again: the same */
	m = gsi_request(9, -1);
	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 9);
	m = gsi_request(9, 10);
	assert_int_equal(map(&m), -EEXIST);
	m = gsi_request(10, 9);
	assert_int_equal(map(&m), -EEXIST);
	m = gsi_request(10, -1);
	assert_int_equal(map(&m), 0);
	assert_int_equal(pirqs[0][m.pirq], 10);
}

static void gsis_and_pirqs_out_of_range_are_refused(void **state)
{
	static const int bad[][2] = {
		{ -1, 1 }, { NR_GSIS, 1 }, { 0x7fffffff, 1 },
		{ 1, NR_PIRQS }, { 1, 0x7fffffff },
	};
	struct physdev_map_pirq m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = gsi_request(bad[i][0], bad[i][1]);
		assert_int_equal(map(&m), -EINVAL);
	}
	m = gsi_request(1, 1);
	for (i = 0; i < 4; i++) {
		static const int types[] = { MAP_PIRQ_TYPE_UNKNOWN, 5, -1,
					     0x7fffffff };

		m.type = types[i];
		assert_int_equal(map(&m), -EINVAL);
	}
}

static void another_domain_gets_what_it_may_have(void **state)
{
	struct physdev_map_pirq m = gsi_request(5, 5);

	m.domid = OTHER_DOMID;
	assert_int_equal(map(&m), 0);
	assert_int_equal(pirqs[1][5], 5);
	assert_int_equal(pirqs[0][5], -1);
	m = gsi_request(6, 6);
	m.domid = OTHER_DOMID;
	assert_int_equal(map(&m), -EPERM);
	m.domid = 1234;
	assert_int_equal(map(&m), -ESRCH);
}

static void a_message_is_mapped_and_unmapped(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };

	m.table_base = 0xd0000000;
	m.entry_nr = 4;
	assert_int_equal(map(&m), 0);
	assert_int_equal(last_request.sbdf, DEVICE);
	assert_int_equal(last_request.table_base, 0xd0000000);
	assert_int_equal(last_request.entry, 4);
	assert_int_equal(last_request.nr_vectors, 1);
	assert_int_equal(pirqs[0][m.pirq], 40);
	u.pirq = m.pirq;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), 0);
	assert_int_equal(msi_nr, 0);
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
}

static void a_segment_comes_in_the_high_half(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);

	m.bus = 3 | 2 << 16;
	assert_int_equal(map(&m), -ENODEV);	/* that one is not known */
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.bus = 3 | 2 << 16;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	m.bus = 0x103;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI_SEG);
	m.devfn = 0x110;
	assert_int_equal(map(&m), -EINVAL);
	m.devfn = -1;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.entry_nr = -1;
	assert_int_equal(map(&m), -EINVAL);
	m = msi_request(MAP_PIRQ_TYPE_MSI);
	m.index = 0;
	assert_int_equal(map(&m), -EINVAL);
	assert_int_equal(nr_msi_allocs, 0);
}

static void unannounced_devices_send_no_messages(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MSI);

	device_known = false;
	assert_int_equal(map(&m), -ENODEV);
	assert_int_equal(nr_msi_allocs, 0);
}

static void a_group_of_messages_goes_together(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };
	unsigned int i;

	pirqs[0][26] = 3;		/* in the way */
	m.entry_nr = 4;
	assert_int_equal(map(&m), 0);
	assert_int_equal(m.pirq, 27);
	for (i = 0; i < 4; i++)
		assert_int_equal(pirqs[0][27 + i], 40 + i);
	u.pirq = 28;			/* not the first */
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
	u.pirq = 27;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pirqs[0][27 + i], -1);
	assert_int_equal(msi_nr, 0);
}

static void wrong_groups_are_refused(void **state)
{
	static const int bad[] = { 0, -1, 33, 0x7fffffff };
	struct physdev_map_pirq m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
		m.entry_nr = bad[i];
		assert_int_equal(map(&m), -EINVAL);
	}
	m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	m.entry_nr = 2;
	m.table_base = 0xd0000000;
	assert_int_equal(map(&m), -EINVAL);
	m.table_base = 0;
	m.pirq = NR_PIRQS - 1;		/* the second one is beyond */
	assert_int_equal(map(&m), -EINVAL);
	pirqs[0][31] = 3;
	m.pirq = 30;
	assert_int_equal(map(&m), -EEXIST);
	assert_int_equal(nr_msi_allocs, 0);
}

static void a_failure_half_way_leaves_nothing(void **state)
{
	struct physdev_map_pirq m = msi_request(MAP_PIRQ_TYPE_MULTI_MSI);
	unsigned int i;

	m.entry_nr = 4;
	map_fails_after = 2;
	assert_int_equal(map(&m), -ENOSPC);
	assert_int_equal(m.pirq, -1);
	for (i = 0; i < NR_PIRQS; i++)
		assert_int_equal(pirqs[0][i], -1);
	assert_int_equal(nr_msi_allocs, 1);
	assert_int_equal(msi_nr, 0);
	msi_rc = -EBUSY;
	assert_int_equal(map(&m), -EBUSY);
}

static void unmapping_checks_its_number(void **state)
{
	static const int bad[] = { -1, NR_PIRQS, 0x7fffffff, 33 };
	struct physdev_unmap_pirq u = { .domid = DOMID_SELF };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u.pirq = bad[i];
		assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -EINVAL);
	}
	u.domid = 1234;
	assert_int_equal(physdev(PHYSDEVOP_unmap_pirq, &u), -ESRCH);
}

static void free_numbers_are_found(void **state)
{
	struct physdev_get_free_pirq f = { .type = MAP_PIRQ_TYPE_MSI };

	pirqs[0][24] = 1;
	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_int_equal(f.pirq, 25);
	f.type = MAP_PIRQ_TYPE_GSI;
	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_int_equal(f.pirq, 16);
}

static void a_query_says_what_a_line_needs(void **state)
{
	struct physdev_irq_status_query q = { .irq = 9, .flags = 0xff };

	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi);
	pirqs[0][9] = 9;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi | XENIRQSTAT_shared);
	q.irq = 10;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, 0);
	q.irq = NR_PIRQS;
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), -EINVAL);
}

static void ports_are_handed_to_the_guest_layer(void **state)
{
	struct physdev_set_iopl i = { .iopl = 3 };
	struct physdev_set_iobitmap b = { .nr_ports = 65536 };

	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), 0);
	assert_int_equal(iopl_set, 3);
	i.iopl = 4;
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), -EINVAL);
	b.bitmap.p = (uint8_t *)0x4444;
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), 0);
	assert_int_equal(bitmap_set_to, 0x4444);
	assert_int_equal(nr_ports_set, 65536);
	b.nr_ports = 65537;
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), -EINVAL);
	self.ops = &no_ops;
	b.nr_ports = 1;
	i.iopl = 1;
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &i), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_set_iobitmap, &b), -ENOSYS);
}

static void lines_are_set_up(void **state)
{
	struct physdev_setup_gsi s = { 9, 1, 1 };
	struct physdev_irq q = { .irq = 23 };

	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), 0);
	s.triggering = 2;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.triggering = 1;
	s.polarity = 2;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.polarity = 1;
	s.gsi = -1;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_alloc_irq_vector, &q), 0);
	assert_int_equal(q.vector, 23);
	q.irq = NR_GSIS;
	assert_int_equal(physdev(PHYSDEVOP_alloc_irq_vector, &q), -EINVAL);
}

static void devices_come_and_go(void **state)
{
	struct physdev_pci_device_add add = { .bus = 3, .devfn = 0x10 };
	struct physdev_pci_device dev = { .bus = 3, .devfn = 0x10 };
	struct physdev_manage_pci old = { .bus = 3, .devfn = 0x10 };
	struct physdev_manage_pci_ext ext = { .bus = 3, .devfn = 0x10 };

	device_known = false;
	assert_int_equal(physdev(PHYSDEVOP_prepare_msix, &dev), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext, &dev), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -ENODEV);
	protect_rc = -ENOMEM;		/* half done: undone */
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -ENOMEM);
	assert_false(device_known);
	protect_rc = 0;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), 0);
	protect_rc = -EBUSY;		/* known before: stays */
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -EBUSY);
	assert_true(device_known);
	protect_rc = 0;
	assert_int_equal(physdev(PHYSDEVOP_prepare_msix, &dev), 0);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext, &dev), 0);
	device_busy = true;
	assert_int_equal(physdev(PHYSDEVOP_release_msix, &dev), -EBUSY);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -EBUSY);
	assert_true(device_known);
	device_busy = false;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add, &old), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_remove, &old), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add_ext, &ext), 0);
	ext.is_virtfn = 2;
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add_ext, &ext), -EINVAL);
	add.bus = 4;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -ENODEV);
}

static void the_rest_checks_its_flags(void **state)
{
	struct physdev_pci_mmcfg_reserved r = { .address = 0xb0000000,
						.flags = 1 };
	struct physdev_dbgp_op dbgp = { PHYSDEVOP_DBGP_RESET_PREPARE,
					PHYSDEVOP_DBGP_BUS_PCI, { { 0 } } };
	struct physdev_pirq_eoi_gmfn map_frame = { .gmfn = 123 };
	struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };
	struct physdev_eoi eoi = { .irq = 44 };

	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), 0);
	r.flags = 0;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), -ENODEV);
	r.flags = 2;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &r), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), 0);
	dbgp.bus = 2;
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), -EINVAL);
	dbgp.op = 3;
	assert_int_equal(physdev(PHYSDEVOP_dbgp_op, &dbgp), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_pirq_eoi_gmfn_v1, &map_frame), 0);
	assert_true(eoi_auto_unmask);
	assert_int_equal(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &map_frame), 0);
	assert_false(eoi_auto_unmask);
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &apic), 0);
	assert_int_equal(apic.value, 0x1234);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &apic), -EINVAL);
	apic.apic_physbase = 0;
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &apic), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &apic), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_eoi, &eoi), -EINVAL);
	assert_int_equal(last_eoi, 44);
}

static void the_old_form_has_its_own_few(void **state)
{
	struct physdev_op op = { .cmd = PHYSDEVOP_irq_status_query };
	uint64_t a[6] = { (unsigned long)&op };

	op.u.irq_status_query.irq = 9;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, a), 0);
	assert_int_equal(op.u.irq_status_query.flags, XENIRQSTAT_needs_eoi);
	op.cmd = PHYSDEVOP_set_iopl;
	op.u.set_iopl.iopl = 1;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, a), 0);
	assert_int_equal(iopl_set, 1);
	op.cmd = PHYSDEVOP_map_pirq;	/* came later */
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, a), -ENOSYS);
	op.cmd = PHYSDEVOP_IRQ_UNMASK_NOTIFY;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, a), -ENOSYS);
	a[0] = BAD_ADDRESS;
	assert_int_equal(hypercall_physdev_op_compat(&vcpu, a), -EFAULT);
}

/* ---- platform_op ---- */

static long platform(struct xen_platform_op *op, uint32_t cmd)
{
	uint64_t a[6] = { (unsigned long)op };

	op->cmd = cmd;
	op->interface_version = XENPF_INTERFACE_VERSION;
	return hypercall_platform_op(&vcpu, a);
}

static void the_version_must_be_ours(void **state)
{
	struct xen_platform_op op = { .cmd = XENPF_get_cpuinfo };
	uint64_t a[6] = { (unsigned long)&op };

	op.interface_version = XENPF_INTERFACE_VERSION + 1;
	assert_int_equal(hypercall_platform_op(&vcpu, a), -EACCES);
	op.interface_version = 0;
	assert_int_equal(hypercall_platform_op(&vcpu, a), -EACCES);
	a[0] = BAD_ADDRESS;
	assert_int_equal(hypercall_platform_op(&vcpu, a), -EFAULT);
	self.privileged = false;
	assert_int_equal(hypercall_platform_op(&vcpu, a), -EPERM);
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), -EPERM);
}

static void the_time_of_day_is_set(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.settime64 = (struct xenpf_settime64){ 1UL << 40, 7, 0, 99 };
	assert_int_equal(platform(&op, XENPF_settime64), 0);
	assert_true(set_sec == 1UL << 40 && set_nsec == 7 && set_stime == 99);
	op.u.settime64.mbz = 1;
	assert_int_equal(platform(&op, XENPF_settime64), -EINVAL);
	op.u.settime64 = (struct xenpf_settime64){ 1, 1000000000, 0, 99 };
	assert_int_equal(platform(&op, XENPF_settime64), -EINVAL);
	op.u.settime32 = (struct xenpf_settime32){ 5, 6, 7 };
	assert_int_equal(platform(&op, XENPF_settime32), 0);
	assert_true(set_sec == 5 && set_nsec == 6 && set_stime == 7);
	op.u.settime32.nsecs = 1000000000;
	assert_int_equal(platform(&op, XENPF_settime32), -EINVAL);
}

static void processors_are_described(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	nr_cpus_present = 2;
	cpu_present_map.bits = 3;
	cpu_online_map.bits = 1;
	acpi_info.nr_cpus = 2;
	acpi_info.cpus[1].apic_id = 2;
	acpi_info.cpus[1].acpi_id = 55;
	memcpy(cpu_features.vendor, "AuthenticAMD", 13);
	cpu_features.family = 15;
	op.u.pcpu_info.xen_cpuid = 0;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.max_present, 1);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	assert_int_equal(op.u.pcpu_info.apic_id, 0);
	op.u.pcpu_info.xen_cpuid = 1;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.flags, 0);
	assert_int_equal(op.u.pcpu_info.acpi_id, 55);
	op.u.pcpu_info.xen_cpuid = 64;
	assert_int_equal(platform(&op, XENPF_get_cpuinfo), 0);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
	op.u.pcpu_version.xen_cpuid = 0;
	assert_int_equal(platform(&op, XENPF_get_cpu_version), 0);
	assert_memory_equal(op.u.pcpu_version.vendor_id, "AuthenticAMD", 12);
	assert_int_equal(op.u.pcpu_version.family, 15);
	op.u.pcpu_version.xen_cpuid = ~0U;
	assert_int_equal(platform(&op, XENPF_get_cpu_version), 0);
	assert_int_equal(op.u.pcpu_version.family, 0);
}

static void memory_types_are_read(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.read_memtype.reg = 0;
	assert_int_equal(platform(&op, XENPF_read_memtype), -EOPNOTSUPP);
	fake_cpuid_hook = has_mtrr;
	cpu_features.phys_bits = 40;
	assert_int_equal(platform(&op, XENPF_read_memtype), 0);
	assert_int_equal(op.u.read_memtype.mfn, 0x80000);
	assert_int_equal(op.u.read_memtype.nr_mfns, 0x80000);
	assert_int_equal(op.u.read_memtype.type, 0);
	op.u.read_memtype.reg = 1;		/* not valid */
	assert_int_equal(platform(&op, XENPF_read_memtype), 0);
	assert_int_equal(op.u.read_memtype.nr_mfns, 0);
	op.u.read_memtype.reg = 2;
	assert_int_equal(platform(&op, XENPF_read_memtype), -EINVAL);
	assert_int_equal(platform(&op, XENPF_add_memtype), -EOPNOTSUPP);
}

static void sleep_is_handed_on(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.enter_acpi_sleep.val_a = 0x2000;
	op.u.enter_acpi_sleep.val_b = 0x2001;
	op.u.enter_acpi_sleep.sleep_state = 5;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EINVAL);
	assert_true(slept[0] == 5 && slept[1] == 0x2000 && slept[2] == 0x2001);
	op.u.enter_acpi_sleep.flags = XENPF_ACPI_SLEEP_EXTENDED;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EOPNOTSUPP);
	op.u.enter_acpi_sleep.flags = 2;
	assert_int_equal(platform(&op, XENPF_enter_acpi_sleep), -EINVAL);
}

static void firmware_has_little_to_say(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	page0[0x417] = 0x22;
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ESRCH);
	page0[0x413] = 639 & 0xff, page0[0x414] = 639 >> 8;
	assert_int_equal(platform(&op, XENPF_firmware_info), 0);
	assert_int_equal(op.u.firmware_info.u.kbd_shift_flags, 0x22);

	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ESRCH);
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	assert_int_equal(platform(&op, XENPF_firmware_info), -ENOSYS);
	op.u.firmware_info.type = 6;
	assert_int_equal(platform(&op, XENPF_firmware_info), -EINVAL);
}

static void symbols_are_listed_to_the_end(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };
	char name[16];

	op.u.symdata.name.p = name;
	op.u.symdata.namelen = sizeof(name);
	op.u.symdata.symnum = 0;
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_string_equal(name, "first");
	assert_int_equal(op.u.symdata.namelen, 5);
	assert_int_equal(op.u.symdata.symnum, 1);
	assert_int_equal(op.u.symdata.address, (unsigned long)image_start + 16);
	/* A buffer that is too small gets what fits, and the true length. */
	op.u.symdata.namelen = 3;
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_memory_equal(name, "thest", 5);
	assert_int_equal(op.u.symdata.namelen, 10);
	assert_int_equal(op.u.symdata.symnum, 2);
	assert_int_equal(platform(&op, XENPF_get_symbol), 0);
	assert_int_equal(op.u.symdata.symnum, 2);	/* the end */
	op.u.symdata.symnum = 3;
	assert_int_equal(platform(&op, XENPF_get_symbol), -EINVAL);
	op.u.symdata.symnum = 0;
	op.u.symdata.namelen = 16;
	op.u.symdata.name.p = (char *)BAD_ADDRESS;
	assert_int_equal(platform(&op, XENPF_get_symbol), -EFAULT);
}

static void what_is_absent_says_so(void **state)
{
	struct xen_platform_op op = { .cmd = 0 };

	assert_int_equal(platform(&op, XENPF_set_processor_pminfo), -ENOSYS);
	assert_int_equal(platform(&op, XENPF_microcode_update), -ENOSYS);
	cpu_present_map.bits = 3;
	cpu_online_map.bits = 1;
	op.u.cpu_ol.cpuid = 0;
	assert_int_equal(platform(&op, XENPF_cpu_offline), -EOPNOTSUPP);
	assert_int_equal(platform(&op, XENPF_cpu_online), 0);
	op.u.cpu_ol.cpuid = 1;
	assert_int_equal(platform(&op, XENPF_cpu_online), -EOPNOTSUPP);
	assert_int_equal(platform(&op, XENPF_cpu_offline), 0);
	op.u.cpu_ol.cpuid = 2;
	assert_int_equal(platform(&op, XENPF_cpu_offline), -EINVAL);
	op.u.cpu_ol.cpuid = ~0U;
	assert_int_equal(platform(&op, XENPF_cpu_online), -EINVAL);
	assert_int_equal(platform(&op, XENPF_core_parking), -ENOSYS);
	assert_int_equal(platform(&op, 1000), -ENOSYS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_dom0_touches_the_machine),
		T(obsolete_and_unknown_are_not_there),
		T(bad_pointers_are_efault),
		T(a_gsi_is_mapped_once),
		T(gsis_and_pirqs_out_of_range_are_refused),
		T(another_domain_gets_what_it_may_have),
		T(a_message_is_mapped_and_unmapped),
		T(a_segment_comes_in_the_high_half),
		T(unannounced_devices_send_no_messages),
		T(a_group_of_messages_goes_together),
		T(wrong_groups_are_refused),
		T(a_failure_half_way_leaves_nothing),
		T(unmapping_checks_its_number),
		T(free_numbers_are_found),
		T(a_query_says_what_a_line_needs),
		T(ports_are_handed_to_the_guest_layer),
		T(lines_are_set_up),
		T(devices_come_and_go),
		T(the_rest_checks_its_flags),
		T(the_old_form_has_its_own_few),
		T(the_version_must_be_ours),
		T(the_time_of_day_is_set),
		T(processors_are_described),
		T(memory_types_are_read),
		T(sleep_is_handed_on),
		T(firmware_has_little_to_say),
		T(symbols_are_listed_to_the_end),
		T(what_is_absent_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
