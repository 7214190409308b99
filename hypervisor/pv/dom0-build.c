/* SPDX-License-Identifier: MIT */
/*
 * dom0-build.c - makes the control domain from the boot loader's modules
 *
 * Runs once, on the boot CPU, before anything else can go on: whatever cannot
 * be done ends in panic() with a sentence that says what is wrong and what to
 * do. The initrd's frames are handed to Dom0 as they are; the kernel's file
 * becomes free memory.
 *
 * Dom0 finds in its memory what lay there when the machine started, as on a
 * machine without hypervisor: no other domain has run yet, and clearing all of
 * it would take longer than everything else. The kernel's file says what it
 * wants cleared; dom0_clear() is the rest.
 */
#include "dom0.h"

#include <lodge/acpi.h>
#include <lodge/boot.h>
#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/event.h>
#include <lodge/lib.h>
#include <lodge/time.h>

#define MIB		(1UL << 20)
#define CHUNK_ORDER	9U
/* The debug build fills with it what carries no promise. */
#define STALE_BYTE	0xa5

void *dom0_pfn_to_virt(const struct dom0_build *b, uint64_t pfn)
{
	return mfn_to_virt(MFN(b->p2m[pfn]));
}

/* ---- memory ---- */

static void __init p2m_alloc(struct dom0_build *b)
{
	while ((PAGE_SIZE << b->p2m_order) < b->l.nr_pages * sizeof(uint64_t))
		b->p2m_order++;
	b->p2m = frames_alloc(b->p2m_order, 0);
	if (!b->p2m)
		panic("Not enough memory to build Dom0: give it less with "
		      "dom0_mem=");
}

static void __init set_frame(struct dom0_build *b, uint64_t pfn, mfn_t mfn)
{
	b->p2m[pfn] = mfn_x(mfn);
	m2p_set(mfn, pfn);
}

/* Frames for [pfn, end), in pieces as large as they can be had. */
static void __init populate(struct dom0_build *b, uint64_t pfn, uint64_t end)
{
	unsigned int order = CHUNK_ORDER;
	struct page *pg;
	uint64_t i;

	while (pfn < end) {
		while ((1UL << order) > end - pfn)
			order--;
		pg = domain_page_alloc(b->d, order, MEMF_STALE);
		if (!pg && !order)
			panic("Not enough memory for Dom0: %lu MiB were asked "
			      "for, %lu MiB could be had: lower dom0_mem=",
			      (unsigned long)(b->l.nr_pages * PAGE_SIZE / MIB),
			      (unsigned long)(pfn * PAGE_SIZE / MIB));
		if (!pg) {
			order--;
			continue;
		}
		if (DEBUG_BUILD)
			memset(page_to_virt(pg), STALE_BYTE,
			       PAGE_SIZE << order);
		for (i = 0; i < 1UL << order; i++)
			set_frame(b, pfn++, mfn_add(page_to_mfn(pg), i));
	}
}

/* The module's frames become Dom0's; what lies behind its end is cleared. */
static void __init assign_initrd(struct dom0_build *b,
				 const struct boot_module *m)
{
	mfn_t mfn = paddr_to_mfn(PADDR(m->start));
	uint64_t i, tail = PAGE_OFFSET(m->size);

	for (i = 0; i < b->l.initrd_pages; i++, mfn = mfn_add(mfn, 1)) {
		if (domain_page_assign(b->d, mfn_to_page(mfn), 0, true))
			panic("Dom0's initrd does not fit its memory: raise "
			      "dom0_mem=");
		set_frame(b, b->l.initrd_pfn + i, mfn);
	}
	if (tail)
		memset((char *)dom0_pfn_to_virt(b, b->l.initrd_pfn +
						b->l.initrd_pages - 1) + tail,
		       0, PAGE_SIZE - tail);
}

static void __init populate_all(struct dom0_build *b,
				const struct boot_module *initrd)
{
	uint64_t after = b->l.initrd_pfn + b->l.initrd_pages;

	if (!initrd) {
		populate(b, 0, b->l.nr_pages);
		return;
	}
	populate(b, 0, b->l.initrd_pfn);
	assign_initrd(b, initrd);
	populate(b, after, b->l.nr_pages);
}

/* ---- contents ---- */

static void __init clear_pages(struct dom0_build *b, uint64_t pfn, uint64_t end)
{
	for (; pfn < end; pfn++)
		memset(dom0_pfn_to_virt(b, pfn), 0, PAGE_SIZE);
}

/*
 * What we fill in part, the room behind it, and the first MiB, where a kernel
 * that is made for PCs, too, may look for what their firmware leaves.
 */
static void __init dom0_clear(struct dom0_build *b)
{
	const struct dom0_layout *l = &b->l;

	clear_pages(b, 0, MIB / PAGE_SIZE);
	clear_pages(b, l->p2m_pfn + l->p2m_pages - 1,
		    l->p2m_pfn + l->p2m_pages);
	clear_pages(b, (l->start_info_va - l->v_start) / PAGE_SIZE,
		    (l->v_end - l->v_start) / PAGE_SIZE);
}

/* Bytes at an address of the initial mapping, page by page. */
static void __init copy_to_dom0(void *priv, uint64_t va, const void *src,
				uint64_t len)
{
	struct dom0_build *b = priv;
	const uint8_t *from = src;
	uint64_t n;
	char *to;

	for (; len; len -= n, va += n) {
		n = min(len, PAGE_SIZE - PAGE_OFFSET(va));
		to = dom0_pfn_to_virt(b, (va - b->l.v_start) >> PAGE_SHIFT);
		to += PAGE_OFFSET(va);
		if (from)
			memcpy(to, from, n);
		else
			memset(to, 0, n);
		if (from)
			from += n;
	}
}

static void __init fill_hypercall_page(struct dom0_build *b)
{
	pv_fill_hypercall_page(dom0_pfn_to_virt(b,
			(b->img.hypercall_page - b->l.v_start) >> PAGE_SHIFT));
}

static void __init fill_p2m(struct dom0_build *b)
{
	uint64_t left = b->l.nr_pages * sizeof(uint64_t), n, i;

	for (i = 0; left; i++, left -= n) {
		n = min(left, PAGE_SIZE);
		memcpy(dom0_pfn_to_virt(b, b->l.p2m_pfn + i),
		       b->p2m + i * PAGE_SIZE / sizeof(uint64_t), n);
	}
}

static void __init fill_console_info(struct start_info *si)
{
	struct dom0_vga_console_info vga = {
		.video_type = XEN_VGATYPE_TEXT_MODE_3,
		.u.text_mode_3 = { .font_height = 16, .rows = 25,
				   .columns = 80, .cursor_y = 24 },
	};

	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(vga);
	memcpy(si + 1, &vga, sizeof(vga));
}

static void __init fill_start_info(struct dom0_build *b, const char *cmdline)
{
	const struct dom0_layout *l = &b->l;
	struct start_info *si = dom0_pfn_to_virt(b,
			(l->start_info_va - l->v_start) >> PAGE_SHIFT);

	snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64");
	si->nr_pages = l->nr_pages;
	si->shared_info = paddr_x(mfn_to_paddr(
			virt_to_mfn(b->d->shared_info)));
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = l->table_va;
	si->nr_pt_frames = l->nr_tables;
	si->mfn_list = l->p2m_va;
	if (b->img.init_p2m) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->p2m_pages + l->nr_p2m_tables;
	}
	if (l->initrd_bytes) {
		si->mod_len = l->initrd_bytes;
		si->mod_start = l->initrd_va;
		if (b->img.mod_start_pfn) {
			si->mod_start = l->initrd_pfn;
			si->flags |= SIF_MOD_START_PFN;
		}
	}
	strlcpy((char *)si->cmd_line, cmdline, sizeof(si->cmd_line));
	fill_console_info(si);
}

/* ---- rights ---- */

struct port_range {
	uint16_t first, last;
};

/* Interrupt controllers, timer, the clock and configuration space (which are
 * emulated). */
static const struct port_range kept_ports[] __initdata = {
	{ 0x20, 0x21 }, { 0xa0, 0xa1 }, { 0x40, 0x43 }, { 0x61, 0x61 },
	{ 0x70, 0x71 }, { 0xcf8, 0xcff },
};

/* The interrupt controllers' registers are ours. */
static int __init deny_frame(struct domain *d, uint64_t address)
{
	return rangeset_remove(d->iomem, address >> PAGE_SHIFT,
			       address >> PAGE_SHIFT);
}

static void __init grant_rights(struct domain *d)
{
	uint64_t last_frame = (1UL << (cpu_features.phys_bits - 12)) - 1;
	unsigned int i;
	int rc;

	rc = rangeset_add(d->ioports, 0, 0xffff);
	rc |= rangeset_add(d->iomem, 0, last_frame);
	rc |= rangeset_add(d->irqs, 0, NR_PIRQS - 1);
	for (i = 0; i < ARRAY_SIZE(kept_ports); i++)
		rc |= rangeset_remove(d->ioports, kept_ports[i].first,
				      kept_ports[i].last);
	if (console_port())
		rc |= rangeset_remove(d->ioports, console_port(),
				      console_port() + 7);
	for (i = 0; i < acpi_info.nr_ioapics; i++)
		rc |= deny_frame(d, acpi_info.ioapics[i].address);
	rc |= deny_frame(d, acpi_info.lapic_address);
	if (rc)
		panic("Not enough memory for Dom0's rights: lower dom0_mem=");
}

/* ---- vCPUs ---- */

static void __init promote(struct dom0_build *b)
{
	struct vcpu *v = b->d->vcpus[0];
	int rc;

	do {
		rc = pv_pin_table(b->d, b->root, PT_L4);
	} while (rc == -EINTR || rc == -ERESTART);
	if (!rc)
		do {
			rc = pv_set_root(v, b->root, false);
		} while (rc == -EINTR || rc == -ERESTART);
	if (rc)
		panic("Dom0's first page tables were refused: error %d", rc);
}

static void __init start_vcpu0(struct dom0_build *b)
{
	struct vcpu *v = b->d->vcpus[0];

	v->regs.rip = b->img.entry;
	v->regs.rsp = b->l.stack_va + PAGE_SIZE;
	v->regs.rsi = b->l.start_info_va;
	v->regs.rflags = X86_EFLAGS_IF | X86_EFLAGS_MBS;
	v->regs.cs = FLAT_KERNEL_CS;
	v->regs.ss = FLAT_KERNEL_SS;
	v->pv->kernel_ss = FLAT_KERNEL_SS;
	v->pv->kernel_rsp = v->regs.rsp;
	v->initialised = true;
	clear_bit(VPF_DOWN, &v->pause_flags);
}

static void __init create_vcpus(struct domain *d)
{
	unsigned int i;

	for (i = 0; i < d->max_vcpus; i++)
		if (vcpu_create(d, i))
			panic("Not enough memory for Dom0's vCPU %u: lower "
			      "dom0_mem= or dom0_max_vcpus=", i);
}

/* ---- all of it ---- */

static void __init check_size(const struct dom0_build *b)
{
	if (b->l.nr_pages >= b->l.min_pages)
		return;
	panic("Dom0 would have %lu MiB, its kernel and initrd need %lu MiB: "
	      "raise dom0_mem= or the machine's memory",
	      (unsigned long)(b->l.nr_pages * PAGE_SIZE / MIB),
	      (unsigned long)(b->l.min_pages * PAGE_SIZE / MIB + 1));
}

static void __init parse_kernel(struct dom0_build *b,
				const struct boot_info *bi)
{
	const struct boot_module *m = &bi->modules[0];
	const char *wrong;

	if (!bi->nr_modules)
		panic("No Dom0 kernel: the boot loader gave no module. Add the "
		      "kernel as the first one, its initrd as the second");
	wrong = dom0_elf_parse(&b->img,
			       (char *)mfn_to_virt(paddr_to_mfn(
				       PADDR(m->start))) +
			       PAGE_OFFSET(m->start), m->size);
	if (wrong)
		panic("Dom0's kernel cannot be used: %s", wrong);
}

/* All but the initrd, which is Dom0's now. */
static void __init release_modules(const struct boot_info *bi,
				   unsigned int initrd_nr)
{
	unsigned int i;

	for (i = 0; i < bi->nr_modules; i++)
		if (!i || i != initrd_nr)
			mm_release_range(PADDR(bi->modules[i].start),
					 bi->modules[i].size);
}

/**
 * dom0_build() - make Dom0 from the boot modules and let it run
 * @bi: modules: the kernel, and optionally its initrd
 *
 * Context: boot CPU, once; all CPUs are online. Panics with a sentence when
 * it cannot be done.
 */
void __init dom0_build(const struct boot_info *bi)
{
	const struct boot_module *initrd = NULL;
	struct domain_config config = {
		.max_vcpus = dom0_wanted_vcpus(
			cpumask_weight(&cpu_online_map)),
		.ops = &pv_guest_ops,
	};
	uint64_t all = mm_free_frames();
	struct dom0_build b = { 0 };
	unsigned int initrd_nr;
	const char *wrong;

	parse_kernel(&b, bi);
	initrd_nr = dom0_initrd_module(bi);
	if (initrd_nr)
		initrd = &bi->modules[initrd_nr];
	wrong = dom0_layout(&b.l, &b.img, dom0_wanted_pages(all),
			    initrd ? initrd->size : 0);
	if (wrong)
		panic("Dom0's kernel cannot be used: %s", wrong);
	check_size(&b);
	if (!domid_reserve(0, &config.domid))
		b.d = domain_alloc(&config);
	if (!b.d)
		panic_no_memory("Dom0");
	b.d->privileged = true;
	b.d->max_pages = dom0_limit_pages(b.l.nr_pages, all);
	p2m_alloc(&b);
	populate_all(&b, initrd);
	dom0_clear(&b);
	dom0_elf_load(&b.img, copy_to_dom0, &b);
	if (b.img.hypercall_page)
		fill_hypercall_page(&b);
	fill_p2m(&b);
	fill_start_info(&b, bi->modules[0].cmdline);
	dom0_build_tables(&b);
	create_vcpus(b.d);
	promote(&b);
	grant_rights(b.d);
	start_vcpu0(&b);
	frames_free(b.p2m, b.p2m_order);
	release_modules(bi, initrd_nr);
	printk("Dom0: %lu MiB, %u vCPUs, kernel at %016lx, entry %016lx\n",
	       (unsigned long)(b.l.nr_pages * PAGE_SIZE / MIB),
	       b.d->max_vcpus, (unsigned long)b.img.start,
	       (unsigned long)b.img.entry);
	time_settle();
	dom0 = b.d;
	domain_publish(b.d);
	vcpu_timers_up(b.d->vcpus[0]);
	vcpu_wake(b.d->vcpus[0]);
}
