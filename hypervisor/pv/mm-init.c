/* SPDX-License-Identifier: MIT */
/*
 * mm-init.c - hooks of the page-table code into mm/ and grant/, at boot
 */
#include "mm.h"

#include <lodge/bug.h>

static const struct page_type_ops pv_page_type_ops = {
	.validate = pv_table_validate,
	.release = pv_table_release,
};

/**
 * pv_mm_init() - make page types and grant mappings work
 *
 * Context: boot CPU, once, after mm_init(); panics without memory.
 */
void pv_mm_init(void)
{
	page_type_ops = &pv_page_type_ops;
	grant_map_ops = &pv_grant_map_ops;
	if (pv_descriptors_init())
		panic("no memory for the empty descriptor page");
	pv_audit_init();
}
