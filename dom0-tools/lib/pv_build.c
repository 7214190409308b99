/* SPDX-License-Identifier: MIT */
/*
 * pv_build.c - what a PV guest finds when it starts
 *
 * <xen/xen.h>: start_info, the state of registers and what is mapped;
 * <xen/elfnote.h>: what a kernel's notes change of it. Places are decided by
 * pv_layout.c, this file fills them.
 */
#include "pv_build.h"

#include "host.h"
#include "image.h"
#include "task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xenforeignmemory.h>

struct build {
	struct lodge *h;
	unsigned int domid;
	const struct pv_layout *l;
	const struct pv_parts *p;
	struct pv_rings *rings;
	struct guest_memory memory;
	uint64_t shared_info_mfn;
};

static uint64_t mfn_at(const struct build *b, const struct pv_area *area)
{
	return b->memory.mfns[area->pfn];
}

/* ---- contents ----------------------------------------------------------- */

struct kernel_part {
	const struct build *b;
	uint64_t at;
};

static int copy_kernel(void *arg, uint64_t offset, void *to, size_t bytes)
{
	const struct kernel_part *part = arg;
	const struct pv_parts *p = part->b->p;

	return image_copy(part->b->h, p->image, p->kernel_path,
			  part->at + offset, to, bytes);
}

static int load_segment(const struct build *b, const struct image_segment *s)
{
	struct kernel_part part = {.b = b, .at = s->at};

	return guest_memory_fill(&b->memory,
				 s->va - b->p->image->virt_base,
				 s->file_bytes, copy_kernel, &part);
}

/* All of the first mapping that is not written below starts as zeroes. */
static int load_kernel(const struct build *b)
{
	const struct image *img = b->p->image;
	const struct image_segment *s;
	uint64_t done = 0, from;
	size_t i;
	int rc;

	for (i = 0; i < img->nr_segments; i++) {
		s = &img->segments[i];
		from = s->va - img->virt_base;
		rc = guest_memory_write(&b->memory, done, NULL, from - done);
		if (!rc)
			rc = load_segment(b, s);
		if (rc)
			return rc;
		done = from + s->file_bytes;
	}
	return guest_memory_write(&b->memory, done, NULL,
				  b->l->v_end - b->l->v_start - done);
}

struct ramdisk_part {
	const struct build *b;
	const struct lodge_task *task;
};

static int copy_ramdisk(void *arg, uint64_t offset, void *to, size_t bytes)
{
	const struct ramdisk_part *part = arg;
	const struct pv_parts *p = part->b->p;
	int rc;

	rc = image_ramdisk_copy(part->b->h, p->ramdisk, p->ramdisk_path,
				offset, to, bytes);
	return rc ? rc : task_goes_on(part->b->h, part->task, "ramdisk",
				      offset + bytes, p->ramdisk->bytes);
}

/* Zeroes fill its last page. */
static int load_ramdisk(const struct build *b, const struct lodge_task *task)
{
	struct ramdisk_part part = {.b = b, .task = task};
	uint64_t at, bytes;
	int rc;

	if (!b->p->ramdisk)
		return 0;
	at = b->l->ramdisk.pfn << PV_PAGE_SHIFT;
	bytes = b->p->ramdisk->bytes;
	rc = guest_memory_fill(&b->memory, at, bytes, copy_ramdisk, &part);
	return rc ? rc : guest_memory_write(&b->memory, at + bytes, NULL,
					    -bytes % PV_PAGE_SIZE);
}

static int write_frames(const struct build *b)
{
	return guest_memory_write(&b->memory,
				  b->l->frames.pfn << PV_PAGE_SHIFT,
				  b->memory.mfns,
				  b->memory.nr * sizeof(*b->memory.mfns));
}

/* ---- page tables -------------------------------------------------------- */

/* Where the guest's tables are mapped here. */
struct tables {
	const struct pv_layout *l;
	char *first, *frames;
};

static uint64_t *table_at(void *arg, uint64_t pfn)
{
	const struct tables *t = arg;
	const struct pv_area *area = &t->l->tables;
	char *at = t->first;

	if (pfn - area->pfn >= area->nr) {
		area = &t->l->frame_tables;
		at = t->frames;
	}
	at += (pfn - area->pfn) << PV_PAGE_SHIFT;
	memset(at, 0, PV_PAGE_SIZE);
	return (uint64_t *)(void *)at;
}

static char *map_area(const struct build *b, const struct pv_area *area)
{
	return guest_memory_map(&b->memory, area->pfn, area->nr);
}

static int write_tables(const struct build *b)
{
	struct tables t = {.l = b->l};
	bool more = b->l->frame_tables.nr;

	t.first = map_area(b, &b->l->tables);
	if (!t.first)
		return -lodge_error(b->h)->code;
	if (more)
		t.frames = map_area(b, &b->l->frame_tables);
	if (!more || t.frames)
		pv_tables(b->l, b->memory.mfns, table_at, &t);
	guest_memory_unmap(&b->memory, t.first, b->l->tables.nr);
	if (!more)
		return 0;
	if (!t.frames)
		return -lodge_error(b->h)->code;
	guest_memory_unmap(&b->memory, t.frames, b->l->frame_tables.nr);
	return 0;
}

/* From now on the tables are the hypervisor's to check. */
static int pin_tables(const struct build *b)
{
	struct mmuext_op op = {
		.cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = mfn_at(b, &b->l->tables),
	};

	return hv_mmuext_op(b->h, b->domid, &op);
}

/* ---- start_info and shared_info ----------------------------------------- */

static void name_ramdisk(const struct build *b, struct start_info *si)
{
	if (!b->p->ramdisk)
		return;
	si->mod_len = b->p->ramdisk->bytes;
	if (b->p->image->mod_start_pfn) {
		si->mod_start = b->l->ramdisk.pfn;
		si->flags |= SIF_MOD_START_PFN;
	} else {
		si->mod_start = b->l->ramdisk.va;
	}
}

static int write_start_info(struct build *b)
{
	struct start_info si = {
		.nr_pages = b->memory.nr,
		.shared_info = b->shared_info_mfn << PV_PAGE_SHIFT,
		.pt_base = b->l->tables.va,
		.nr_pt_frames = b->l->tables.nr,
		.mfn_list = b->l->frames.va,
		.store_mfn = mfn_at(b, &b->l->store),
		.store_evtchn = b->rings->store_port,
		.console.domU.mfn = mfn_at(b, &b->l->console),
		.console.domU.evtchn = b->rings->console_port,
	};

	strcpy(si.magic, "xen-3.0-x86_64");
	strncpy((char *)si.cmd_line, b->p->cmdline, MAX_GUEST_CMDLINE - 1);
	if (b->l->frame_tables.nr) {
		si.first_p2m_pfn = b->l->frames.pfn;
		si.nr_p2m_frames = b->l->frames.nr + b->l->frame_tables.nr;
	}
	name_ramdisk(b, &si);
	b->rings->store_mfn = si.store_mfn;
	b->rings->console_mfn = si.console.domU.mfn;
	return guest_memory_write(&b->memory,
				  b->l->start_info.pfn << PV_PAGE_SHIFT, &si,
				  sizeof(si));
}

static int find_shared_info(struct build *b)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.domain = (domid_t)b->domid,
	};
	int rc = hv_domctl(b->h, &op);

	b->shared_info_mfn = op.u.getdomaininfo.shared_info_frame;
	return rc;
}

/* Nothing is delivered before a vCPU asks for it. */
static int write_shared_info(const struct build *b)
{
	struct guest_memory page = {
		.l = b->h,
		.domid = b->domid,
		.nr = 1,
		.mfns = (xen_pfn_t[]){b->shared_info_mfn},
	};
	struct shared_info *info = guest_memory_map(&page, 0, 1);
	unsigned int i;

	if (!info)
		return -lodge_error(b->h)->code;
	memset(info, 0, PV_PAGE_SIZE);
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		info->vcpu_info[i].evtchn_upcall_mask = 1;
	guest_memory_unmap(&page, info, 1);
	return 0;
}

/* ---- the first vCPU ----------------------------------------------------- */

static int set_hypercall_page(const struct build *b)
{
	const struct image *img = b->p->image;
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_hypercall_init,
		.domain = (domid_t)b->domid,
	};

	if (img->hypercall_page == IMAGE_NONE)
		return 0;
	op.u.hypercall_init.gmfn = b->memory.mfns[
		(img->hypercall_page - img->virt_base) >> PV_PAGE_SHIFT];
	return hv_domctl(b->h, &op);
}

static void first_registers(const struct build *b,
			    struct vcpu_guest_context *c)
{
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = b->p->image->entry;
	c->user_regs.rsp = b->l->stack.va + PV_PAGE_SIZE;
	c->user_regs.rsi = b->l->start_info.va;
	c->user_regs.rflags = 1UL << 9;		/* IF */
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->user_regs.ds = FLAT_KERNEL_DS;
	c->user_regs.es = FLAT_KERNEL_DS;
	c->user_regs.fs = FLAT_KERNEL_DS;
	c->user_regs.gs = FLAT_KERNEL_DS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = xen_pfn_to_cr3(mfn_at(b, &b->l->tables));
}

static int set_first_vcpu(const struct build *b)
{
	struct vcpu_guest_context *c = hv_alloc(b->h, sizeof(*c));
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_setvcpucontext,
		.domain = (domid_t)b->domid,
	};
	int rc;

	if (!c)
		return -lodge_error(b->h)->code;
	first_registers(b, c);
	set_xen_guest_handle_raw(op.u.vcpucontext.ctxt, c);
	rc = hv_domctl(b->h, &op);
	hv_free(b->h, c);
	return rc;
}

/* ---- grants of the rings ------------------------------------------------ */

/* Daemons that map by grants find their pages at the reserved references. */
static int grant_rings(const struct build *b)
{
	xenforeignmemory_resource_handle *resource;
	struct grant_entry_v1 *entries;
	void *at = NULL;

	resource = xenforeignmemory_map_resource(
		b->h->memory, (domid_t)b->domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &at,
		PROT_READ | PROT_WRITE, 0);
	if (!resource)
		return fail(b->h, errno,
			    "the guest's grants cannot be mapped: %s",
			    strerror(errno));
	entries = at;
	entries[GNTTAB_RESERVED_CONSOLE] = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.frame = (uint32_t)b->rings->console_mfn,
	};
	entries[GNTTAB_RESERVED_XENSTORE] = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.frame = (uint32_t)b->rings->store_mfn,
	};
	xenforeignmemory_unmap_resource(b->h->memory, resource);
	return 0;
}

/* ---- all of it ---------------------------------------------------------- */

static int fill(struct build *b, const struct lodge_task *task)
{
	int rc = find_shared_info(b);

	if (!rc)
		rc = load_kernel(b);
	if (!rc)
		rc = load_ramdisk(b, task);
	if (!rc)
		rc = write_frames(b);
	if (!rc)
		rc = write_start_info(b);
	if (!rc)
		rc = write_shared_info(b);
	if (!rc)
		rc = set_hypercall_page(b);
	if (!rc)
		rc = write_tables(b);
	if (!rc)
		rc = pin_tables(b);
	if (!rc)
		rc = set_first_vcpu(b);
	return rc ? rc : grant_rings(b);
}

int pv_plan(struct lodge *h, struct pv_layout *l, const struct pv_parts *p)
{
	const struct image *img = p->image;
	const struct pv_wish wish = {
		.virt_base = img->virt_base,
		.start = img->start,
		.end = img->end,
		.init_p2m = img->init_p2m == IMAGE_NONE ? 0 : img->init_p2m,
		.mod_start_pfn = img->mod_start_pfn,
		.nr_pages = p->nr_pages,
		.ramdisk_bytes = p->ramdisk ? p->ramdisk->bytes : 0,
	};
	const char *wrong = pv_layout(l, &wish);

	if (wrong)
		return fail(h, EINVAL, "the kernel \"%s\" %s", p->kernel_path,
			    wrong);
	if (l->min_pages <= p->nr_pages)
		return 0;
	return fail(h, EINVAL, "the guest's start takes %lu MiB: give it more "
		    "memory than %lu MiB",
		    (l->min_pages + 255) / 256, p->nr_pages / 256);
}

int pv_build(struct lodge *h, unsigned int domid, const struct pv_layout *l,
	     const struct pv_parts *p, struct pv_rings *rings,
	     const struct lodge_task *task)
{
	struct build b = {
		.h = h, .domid = domid, .l = l, .p = p, .rings = rings,
	};
	int rc;

	rc = guest_memory_populate(&b.memory, h, domid, p->nr_pages, task);
	if (rc)
		return rc;
	rc = fill(&b, task);
	guest_memory_free(&b.memory);
	return rc;
}
