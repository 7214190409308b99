/* SPDX-License-Identifier: MIT */
/*
 * mm-init.c - hooks of the page-table code into mm/ and grant/, at boot
 */
#include "mm.h"

#include <lodge/bug.h>
#include <lodge/mm.h>

#define M2P_CHUNK_FRAMES 512 /* 2 MiB */

static const struct page_type_ops pv_page_type_ops = {
	.validate = pv_table_validate,
	.release = pv_table_release,
};

/* Tools map the machine-to-physical table as DOMID_XEN's, read-only. */
static void share_m2p(void)
{
	unsigned int nr, i;
	mfn_t mfn;

	for (nr = 0; m2p_frame(nr, &mfn); nr++) {
		for (i = 0; mfn_x(mfn) && i < M2P_CHUNK_FRAMES; i++)
			page_share(mfn_to_page(mfn_add(mfn, i)), dom_xen,
				   false);
	}
}

/**
 * pv_mm_init() - make page types and grant mappings work
 *
 * Context: boot CPU, once, after domains_init(); panics without memory.
 */
void pv_mm_init(void)
{
	page_type_ops = &pv_page_type_ops;
	grant_map_ops = &pv_grant_map_ops;
	if (pv_descriptors_init())
		panic_no_memory("the empty descriptor page");
	share_m2p();
	pv_audit_init();
}
