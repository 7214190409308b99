/* SPDX-License-Identifier: MIT */
/*
 * notes.c - what a kernel says about itself to Xen
 *
 * <xen/elfnote.h>: numbers have 4 or 8 bytes, texts end with a zero or with
 * the note. A row for each note that counts for a 64-bit PV guest; the others
 * (INFO, PAE_MODE, ...) are for people or for other guests. L1_MFN_VALID says
 * what xen_pfn_t entries are valid, which all of x86-64 have in one way.
 */
#include "reader.h"

#include <string.h>

#include <xen/elfnote.h>
#include <xen/features.h>

struct note {
	uint32_t name_bytes, bytes, type;
};

struct row {
	size_t number;		/* offset in struct claims */
	uint32_t flag;		/* a number that is not 0 */
	bool (*text)(struct reader *r, const char *text, size_t bytes);
};

/* ---- texts --------------------------------------------------------------- */

static bool is_text(const char *text, size_t bytes, const char *wanted)
{
	size_t length = strnlen(text, bytes);

	return length == strlen(wanted) && !memcmp(text, wanted, length);
}

static bool take_guest_os(struct reader *r, const char *text, size_t bytes)
{
	char *to = r->claims->guest_os;
	size_t length = strnlen(text, bytes);

	if (length > sizeof(r->claims->guest_os) - 1)
		length = sizeof(r->claims->guest_os) - 1;
	memcpy(to, text, length);
	to[length] = '\0';
	return true;
}

static bool take_loader(struct reader *r, const char *text, size_t bytes)
{
	return is_text(text, bytes, "generic") ||
	       refuse(r, PROBLEM_LOADER, 0, 0);
}

static bool take_version(struct reader *r, const char *text, size_t bytes)
{
	return is_text(text, bytes, "xen-3.0") ||
	       refuse(r, PROBLEM_XEN_VERSION, 0, 0);
}

static bool take_symbols(struct reader *r, const char *text, size_t bytes)
{
	return !is_text(text, bytes, "yes") ||
	       refuse(r, PROBLEM_SYMBOLS, 0, 0);
}

static const char *const features[] = {
	[XENFEAT_writable_page_tables] = "writable_page_tables",
	[XENFEAT_writable_descriptor_tables] = "writable_descriptor_tables",
	[XENFEAT_auto_translated_physmap] = "auto_translated_physmap",
	[XENFEAT_supervisor_mode_kernel] = "supervisor_mode_kernel",
	[XENFEAT_pae_pgdir_above_4gb] = "pae_pgdir_above_4gb",
	[XENFEAT_mmu_pt_update_preserve_ad] = "mmu_pt_update_preserve_ad",
	[XENFEAT_highmem_assist] = "highmem_assist",
	[XENFEAT_gnttab_map_avail_bits] = "gnttab_map_avail_bits",
	[XENFEAT_hvm_callback_vector] = "hvm_callback_vector",
	[XENFEAT_hvm_safe_pvclock] = "hvm_safe_pvclock",
	[XENFEAT_hvm_pirqs] = "hvm_pirqs",
	[XENFEAT_dom0] = "dom0",
	[XENFEAT_memory_op_vnode_supported] = "memory_op_vnode_supported",
	[XENFEAT_linux_rsdp_unrestricted] = "linux_rsdp_unrestricted",
	[XENFEAT_not_direct_mapped] = "not_direct_mapped",
	[XENFEAT_direct_mapped] = "direct_mapped",
};

/* Its bit; 0: it is not known */
static uint32_t feature_bit(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i] && is_text(name, length, features[i]))
			return UINT32_C(1) << i;
	return 0;
}

/* "!one|other": one that begins with "!" is needed. */
static bool take_features(struct reader *r, const char *text, size_t bytes)
{
	const char *end = text + strnlen(text, bytes), *bar;
	bool needed;
	uint32_t bit;

	while (text < end) {
		bar = memchr(text, '|', (size_t)(end - text));
		if (!bar)
			bar = end;
		needed = *text == '!';
		text += needed;
		bit = feature_bit(text, (size_t)(bar - text));
		if (needed && !bit)
			return refuse(r, PROBLEM_FEATURE, 0, 0);
		r->claims->features_supported |= bit;
		r->claims->features_needed |= needed ? bit : 0;
		text = bar < end ? bar + 1 : end;
	}
	return true;
}

/* ---- all ----------------------------------------------------------------- */

#define NUMBER(member) {.number = offsetof(struct claims, member)}

static const struct row rows[] = {
	[XEN_ELFNOTE_ENTRY] = NUMBER(entry),
	[XEN_ELFNOTE_HYPERCALL_PAGE] = NUMBER(hypercall_page),
	[XEN_ELFNOTE_VIRT_BASE] = NUMBER(virt_base),
	[XEN_ELFNOTE_PADDR_OFFSET] = NUMBER(paddr_offset),
	[XEN_ELFNOTE_INIT_P2M] = NUMBER(init_p2m),
	[XEN_ELFNOTE_HV_START_LOW] = NUMBER(hv_start_low),
	[XEN_ELFNOTE_SUPPORTED_FEATURES] = NUMBER(features_noted),
	[XEN_ELFNOTE_MOD_START_PFN] = {.flag = CLAIM_MOD_START_PFN},
	[XEN_ELFNOTE_SUSPEND_CANCEL] = {.flag = CLAIM_SUSPEND_CANCEL},
	[XEN_ELFNOTE_XEN_VERSION] = {.text = take_version},
	[XEN_ELFNOTE_GUEST_OS] = {.text = take_guest_os},
	[XEN_ELFNOTE_LOADER] = {.text = take_loader},
	[XEN_ELFNOTE_FEATURES] = {.text = take_features},
	[XEN_ELFNOTE_BSD_SYMTAB] = {.text = take_symbols},
};

static bool take_number(struct reader *r, const struct note *n,
			const uint8_t *at)
{
	const struct row *row = &rows[n->type];
	uint64_t number = 0;

	if (n->bytes != 4 && n->bytes != 8)
		return refuse(r, PROBLEM_NOTE_SIZE, n->type, n->bytes);
	memcpy(&number, at, n->bytes);	/* both are little-endian */
	if (row->number)
		memcpy((char *)r->claims + row->number, &number,
		       sizeof(number));
	else if (number)
		r->claims->flags |= row->flag;
	else
		r->claims->flags &= ~row->flag;
	return true;
}

static bool take_note(struct reader *r, const struct note *n,
		      const uint8_t *at, struct notes_seen *seen)
{
	const struct row *row;

	seen->any = true;
	seen->entry |= n->type == XEN_ELFNOTE_ENTRY;
	seen->phys32 |= n->type == XEN_ELFNOTE_PHYS32_ENTRY;
	if (n->type >= sizeof(rows) / sizeof(rows[0]))
		return true;
	row = &rows[n->type];
	if (row->text)
		return row->text(r, (const char *)at, n->bytes);
	return (!row->number && !row->flag) || take_number(r, n, at);
}

static uint64_t padded(uint64_t bytes, unsigned int align)
{
	return (bytes + align - 1) / align * align;
}

bool take_notes(struct reader *r, const uint8_t *notes, uint64_t bytes,
		unsigned int align, struct notes_seen *seen)
{
	uint64_t at = 0, value;
	struct note n;

	while (bytes - at >= sizeof(n)) {
		memcpy(&n, notes + at, sizeof(n));
		value = at + padded(sizeof(n) + (uint64_t)n.name_bytes, align);
		/* The last may lack what pads it. */
		if (value > bytes || n.bytes > bytes - value)
			return refuse(r, PROBLEM_NOTES, 0, 0);
		if (n.name_bytes == sizeof("Xen") &&
		    !memcmp(notes + at + sizeof(n), "Xen", sizeof("Xen")) &&
		    !take_note(r, &n, notes + value, seen))
			return false;
		at = value + padded(n.bytes, align);
		if (at > bytes)
			break;
	}
	return true;
}
