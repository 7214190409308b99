#include <guestkit/domain.h>
#include <guestkit/guest.h>
#include <guestkit/grant.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
static void note(const char *s, long v) { print("NOTE %s = %ld\n", s, v); }
#define N(x) note(#x, (long)(x))
#define SELF 0
static uint8_t *page, *window;
static uint8_t v2page[4096] __attribute__((aligned(4096)));
static volatile union grant_entry_v2 *v2 = (void *)v2page;
static uint8_t stpage[4096] __attribute__((aligned(4096)));
static volatile uint16_t *st = (void *)stpage;

static long setv(unsigned v, unsigned *out) { struct gnttab_set_version s = {.version = v}; long rc = HYPERVISOR_grant_table_op(GNTTABOP_set_version, &s, 1); *out = s.version; return rc; }
static int mapst(struct gnttab_map_grant_ref *op, grant_ref_t ref, domid_t dom, uint32_t flags)
{
	page_map(window, 0);
	*op = (struct gnttab_map_grant_ref){ .host_addr = (unsigned long)window, .ref = ref, .dom = dom, .flags = flags };
	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 1)) return -99;
	return op->status;
}
static int unmap(grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = (unsigned long)window, .handle = handle };
	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1)) return -99;
	return op.status;
}
static int copyst(domid_t dom, grant_ref_t ref, unsigned off, unsigned len, bool to)
{
	struct gnttab_copy op = { .source = {.u.ref = ref, .domid = dom, .offset = off}, .dest = {.u.gmfn = virt_to_mfn(page), .domid = DOMID_SELF, .offset = 0}, .len = len, .flags = GNTCOPY_source_gref };
	if (to) { typeof(op.dest) t = op.dest; op.dest = op.source; op.source = t; op.flags = GNTCOPY_dest_gref; }
	if (HYPERVISOR_grant_table_op(GNTTABOP_copy, &op, 1)) return -99;
	return op.status;
}
static int transfer(unsigned long mfn, domid_t dom, grant_ref_t ref)
{
	struct gnttab_transfer t = {.mfn = mfn, .domid = dom, .ref = ref, .status = 77};
	long rc = HYPERVISOR_grant_table_op(GNTTABOP_transfer, &t, 1);
	if (rc) { N(rc); return -99; }
	return t.status;
}
static long ask(unsigned op, domid_t d) { return HYPERVISOR_memory_op(op, &d); }
#define PAGES ask(XENMEM_current_reservation, DOMID_SELF)
static void status(unsigned nr, domid_t d)
{
	uint64_t l[8] = {0};
	struct gnttab_get_status_frames s = {.nr_frames = nr, .dom = d, .status = 77, .frame_list.p = l};
	N(HYPERVISOR_grant_table_op(GNTTABOP_get_status_frames, &s, 1));
	N(s.status); N(l[0]); N(l[1]);
	if (l[0]) N(page_map(stpage, pte_make(l[0], PTE_KERNEL)));
}

TEST(probe)
{
	unsigned v; struct gnttab_map_grant_ref op, op2;
	unsigned long m; xen_pfn_t frames[4]; uint8_t *t;
	struct gnttab_get_version gv = {.dom = DOMID_SELF};
	CHECK(1);
	page = page_alloc(); window = page_alloc();
	N(grant_set_up());
	grant_give(3, SELF, virt_to_mfn(page), GTF_readonly);
	grant_give(8, SELF, virt_to_mfn(page), 0);
	status(1, DOMID_SELF);
	status(0, DOMID_SELF);
	N(mapst(&op, 8, SELF, GNTMAP_host_map));
	N(setv(2, &v)); N(v);
	N(setv(1, &v)); N(v);
	N(setv(3, &v)); N(v);
	N(unmap(op.handle));
	N(setv(2, &v)); N(v);
	{ struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list.p = frames};
	N(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1)); N(s.status);
	N(page_map(v2page, pte_make(frames[0], PTE_KERNEL))); }
	N(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &gv, 1)); N(gv.version);
	N(v2[3].hdr.flags); N(v2[3].hdr.domid); N(v2[3].full_page.frame == virt_to_mfn(page));
	N(v2[8].hdr.flags); N(v2[4].hdr.flags);
	status(1, DOMID_SELF);
	status(2, DOMID_SELF);
	status(0, DOMID_SELF);
	status(1, 1234);
	N(mapst(&op, 3, SELF, GNTMAP_host_map | GNTMAP_readonly));
	N(v2[3].hdr.flags); N(st[3]);
	N(mapst(&op2, 3, SELF, GNTMAP_host_map));
	N(setv(1, &v)); N(v);
	N(unmap(op.handle)); N(st[3]);
	N(mapst(&op, 256, SELF, GNTMAP_host_map));
	N(mapst(&op, 255, SELF, GNTMAP_host_map));
	/* sub page */
	v2[9].sub_page.page_off = 100; v2[9].sub_page.length = 50; v2[9].sub_page.frame = virt_to_mfn(window); v2[9].hdr.domid = SELF;
	v2[9].hdr.flags = GTF_permit_access | GTF_sub_page;
	page_protect(window, true);
	N(copyst(SELF, 9, 100, 50, false));
	N(copyst(SELF, 9, 99, 50, false));
	N(copyst(SELF, 9, 101, 50, false));
	N(copyst(SELF, 9, 100, 51, false));
	N(copyst(SELF, 9, 120, 0, false));
	N(copyst(SELF, 9, 0, 0, false));
	N(copyst(SELF, 9, 120, 5, true));
	N(st[9]);
	N(mapst(&op, 9, SELF, GNTMAP_host_map)); N(st[9]);
	page_protect(window, true);
	v2[9].sub_page.page_off = 4000; v2[9].sub_page.length = 500;
	N(copyst(SELF, 9, 4000, 96, false));
	/* transitive by self */
	v2[10].full_page.frame = virt_to_mfn(window); v2[10].hdr.domid = SELF; v2[10].hdr.flags = GTF_permit_access;
	v2[11].transitive.trans_domid = SELF; v2[11].transitive.gref = 10; v2[11].hdr.domid = SELF; v2[11].hdr.flags = GTF_transitive;
	N(copyst(SELF, 11, 0, 5, false)); N(st[10]); N(st[11]);
	N(mapst(&op, 11, SELF, GNTMAP_host_map));
	page_protect(window, true);
	v2[11].transitive.trans_domid = 1234;
	N(copyst(SELF, 11, 0, 5, false));
	v2[11].transitive.trans_domid = DOMID_SELF;
	N(copyst(SELF, 11, 0, 5, false));
	/* swap in v2 */
	{ struct gnttab_swap_grant_ref sw = {.ref_a = 9, .ref_b = 10};
	N(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &sw, 1)); N(sw.status); N(v2[10].hdr.flags); N(v2[10].sub_page.page_off);N(v2[9].hdr.flags); N(st[9]); N(st[10]);}
	/* a reserved entry that v1 cannot hold */
	v2[5].sub_page.page_off = 100; v2[5].sub_page.length = 50; v2[5].sub_page.frame = virt_to_mfn(window); v2[5].hdr.domid = SELF; v2[5].hdr.flags = GTF_permit_access | GTF_sub_page;
	N(setv(1, &v)); N(v);
	v2[5].hdr.flags = GTF_transitive;
	N(setv(1, &v)); N(v);
	v2[5].full_page.frame = 1UL << 33; v2[5].hdr.flags = GTF_permit_access;
	N(setv(1, &v)); N(v);
	v2[5].hdr.flags = 0; v2[5].full_page.frame = 5;
	v2[6].hdr.flags = GTF_accept_transfer; v2[6].full_page.frame = 66; v2[6].hdr.domid = 7;
	N(setv(1, &v)); N(v);
	N(page_map(stpage, 0));
	N(setv(1, &v)); N(v);
	N(grant_table[3].flags); N(grant_table[3].domid); N(grant_table[3].frame == virt_to_mfn(page)); N(grant_table[5].flags); N(grant_table[5].frame); N(grant_table[6].flags); N(grant_table[6].frame); N(grant_table[6].domid);
	N(grant_table[10].flags);
	N(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &gv, 1)); N(gv.version);
	status(1, DOMID_SELF);
	/* transfers */
	N(PAGES);
	t = page_alloc(); m = virt_to_mfn(t);
	N(transfer(m, SELF, 8)); N(PAGES);
	page_map(t, 0);
	N(transfer(0x3ffffffff, SELF, 8)); N(PAGES);
	N(transfer(m, 1234, 8)); N(PAGES);
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, SELF, 8)); N(PAGES);
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	grant_table[12].domid = SELF; grant_table[12].frame = 0; grant_table[12].flags = GTF_accept_transfer;
	N(transfer(m, SELF, 12)); N(PAGES); N(grant_table[12].flags); N(grant_table[12].frame == m); N(mfn_to_pfn(m) == virt_to_pfn(t));
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, DOMID_SELF, 12)); N(PAGES);
	{
	long d = domain_create(100, 4, 2); unsigned long l[4]; unsigned long mf[4];
	struct xen_mem_acquire_resource r = { .domid = d, .type = 1, .id = 0, .nr_frames = 1, .frame_list.p = l };
	N(d);
	N(HYPERVISOR_memory_op(XENMEM_acquire_resource, &r));
	N(domain_map(d, window, l[0], PTE_KERNEL));
	volatile struct grant_entry_v1 *e = (void *)window;
	N(domain_populate(d, 0, mf, 4, 0));
	e[12].domid = SELF; e[12].flags = GTF_accept_transfer;
	e[13].domid = SELF; e[13].frame = mf[0]; e[13].flags = GTF_permit_access;
	e[14].domid = SELF; e[14].frame = mf[1]; e[14].flags = GTF_permit_access | GTF_readonly;
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, d, 99999)); N(PAGES);
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, d, 11)); N(PAGES); N(ask(XENMEM_current_reservation, d));
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, d, 12)); N(PAGES); N(ask(XENMEM_current_reservation, d)); N(e[12].flags); N(e[12].frame == m);
	t = page_alloc(); m = virt_to_mfn(t); page_map(t, 0);
	N(transfer(m, d, 12)); N(PAGES);
	/* use of its grants */
	N(copyst(d, 13, 0, 10, false)); N(copyst(d, 14, 0, 10, true)); N(copyst(d, 14, 0, 10, false));
	uint8_t *w2 = window; window = page_alloc();
	N(mapst(&op, 13, d, GNTMAP_host_map)); N(e[13].flags);
	struct gnttab_query_size q = {.dom = d}; N(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1)); N(q.status); N(q.max_nr_frames);
	gv.dom = d; N(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &gv, 1)); N(gv.version);
	struct gnttab_setup_table s = {.dom = d, .nr_frames = 4, .frame_list.p = frames};
	N(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1)); N(s.status);
	s.nr_frames = 5;
	N(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1)); N(s.status);
	/* transitive through d: own entry v2 in dom0 that names d's 13 which grants SELF */
	N(setv(2, &v));
	v2[11].transitive.trans_domid = d; v2[11].transitive.gref = 13; v2[11].hdr.domid = SELF; v2[11].hdr.flags = GTF_transitive;
	N(copyst(SELF, 11, 0, 5, false)); N(copyst(SELF, 11, 0, 5, true));
	v2[11].transitive.gref = 14;
	N(copyst(SELF, 11, 0, 5, false)); N(copyst(SELF, 11, 0, 5, true));
	v2[11].hdr.flags = GTF_transitive | GTF_readonly; v2[11].transitive.gref = 13;
	N(copyst(SELF, 11, 0, 5, true));
	v2[11].hdr.flags = GTF_transitive | GTF_sub_page;
	N(copyst(SELF, 11, 0, 5, false));
	N(mapst(&op2, 11, SELF, GNTMAP_host_map));
	N(setv(1, &v));
	N(domain_destroy(d)); unsigned long pages; N(domain_state(d, &pages)); N(pages);
	N(copyst(d, 14, 0, 10, false));
	N(mapst(&op2, 14, d, GNTMAP_host_map|GNTMAP_readonly));
	N(*(volatile uint8_t *)w2);
	window = (void *)(op.host_addr);
	N(op.handle); N(unmap(op.handle));
	N(domain_state(d, &pages)); N(pages);
	page_map(w2, 0);
	N(domain_state(d, &pages)); 
	}
}
