/* SPDX-License-Identifier: MIT */
/*
 * image-check.c - is what a reader claims a kernel that can be built?
 *
 * The claims are sealed, so that nobody changes them meanwhile, but each
 * number in them may be anything. Arithmetic only; no state.
 */
#include "image-claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#define PAGE		UINT64_C(4096)
#define P2M_BOUNDARY	(UINT64_C(1) << 39)	/* an entry of the root table */
#define LOW_END		(UINT64_C(1) << 47)	/* of canonical addresses */
#define HIGH_START	(~UINT64_C(0) << 47)
#define XEN_START	((uint64_t)HYPERVISOR_VIRT_START)
#define XEN_END		((uint64_t)HYPERVISOR_VIRT_END)
#define MEMORY_MOST	(UINT64_C(1) << 44)	/* of any PV guest */

/* May a guest have something mapped in one piece from @start to @end? */
static bool usable(uint64_t start, uint64_t end)
{
	if (start < LOW_END)
		return end <= LOW_END;
	return start >= HIGH_START &&
	       (end <= XEN_START || start >= XEN_END);
}

/* ---- segments ------------------------------------------------------------ */

/* @room: of the file that has its bytes */
static int check_bytes(const struct claimed_segment *s, uint64_t room,
		       struct image_refusal *why)
{
	if (s->at > room || s->file_bytes > room - s->at || !s->memory_bytes)
		return image_refuse(why, PROBLEM_NONSENSE, 0, 0);
	if (s->file_bytes > s->memory_bytes)
		return image_refuse(why, PROBLEM_SEGMENT_SIZE, s->file_bytes,
				    s->memory_bytes);
	return 0;
}

/* The address that it is loaded at, in *va. */
static int check_place(const struct claims *c, const struct claimed_segment *s,
		       uint64_t *va, struct image_refusal *why)
{
	uint64_t offset = s->paddr - c->paddr_offset;

	*va = c->virt_base + offset;
	if (s->paddr < c->paddr_offset)
		return image_refuse(why, PROBLEM_BELOW, *va, 0);
	if (offset > ~c->virt_base || s->memory_bytes > ~*va)
		return image_refuse(why, PROBLEM_WRAP, *va, 0);
	return 0;
}

static int by_va(const void *a, const void *b)
{
	uint64_t x = ((const struct image_segment *)a)->va;
	uint64_t y = ((const struct image_segment *)b)->va;

	return (x > y) - (x < y);
}

static int check_overlap(const struct image *img, struct image_refusal *why)
{
	const struct image_segment *s = img->segments;
	size_t i;

	for (i = 1; i < img->nr_segments; i++)
		if (s[i].va - s[i - 1].va < s[i - 1].memory_bytes)
			return image_refuse(why, PROBLEM_OVERLAP, s[i].va, 0);
	return 0;
}

static int take_segments(struct image *img, const struct claims *c,
			 uint64_t file_bytes, struct image_refusal *why)
{
	bool in_file = c->flags & CLAIM_IN_FILE;
	uint64_t room = in_file ? file_bytes : IMAGE_BYTES_MOST;
	const struct claimed_segment *s;
	uint64_t va;
	uint32_t i;
	int rc;

	if (!c->nr_segments)
		return image_refuse(why, PROBLEM_NO_SEGMENTS, 0, 0);
	if (c->nr_segments > IMAGE_SEGMENTS_MOST)
		return image_refuse(why, PROBLEM_NONSENSE, 0, 0);
	for (i = 0; i < c->nr_segments; i++) {
		s = &c->segments[i];
		rc = check_bytes(s, room, why);
		if (!rc)
			rc = check_place(c, s, &va, why);
		if (rc)
			return rc;
		img->segments[i] = (struct image_segment){
			.va = va,
			.memory_bytes = s->memory_bytes,
			.at = s->at + (in_file ? 0 : CLAIMS_BYTES),
			.file_bytes = s->file_bytes,
		};
	}
	img->nr_segments = c->nr_segments;
	qsort(img->segments, img->nr_segments, sizeof(img->segments[0]), by_va);
	return check_overlap(img, why);
}

/* ---- the whole ----------------------------------------------------------- */

static int check_range(struct image *img, uint64_t memory_bytes,
		       struct image_refusal *why)
{
	const struct image_segment *last =
		&img->segments[img->nr_segments - 1];

	img->start = img->segments[0].va;
	img->end = last->va + last->memory_bytes;
	if (img->end - img->virt_base > memory_bytes)
		return image_refuse(why, PROBLEM_NO_MEMORY, memory_bytes >> 20,
				    img->end - img->virt_base);
	if (!usable(img->virt_base, img->end))
		return image_refuse(why, PROBLEM_XEN_RANGE, img->virt_base,
				    img->end);
	return 0;
}

/* Is it, and @bytes from there on, in one segment? */
static bool in_segment(const struct image *img, uint64_t va, uint64_t bytes)
{
	const struct image_segment *s;
	size_t i;

	for (i = 0; i < img->nr_segments; i++) {
		s = &img->segments[i];
		if (va >= s->va && va - s->va < s->memory_bytes)
			return s->memory_bytes - (va - s->va) >= bytes;
	}
	return false;
}

static bool p2m_fits(const struct image *img, uint64_t memory_bytes)
{
	uint64_t list = (memory_bytes / PAGE + 1) * sizeof(uint64_t);
	uint64_t at = img->init_p2m;

	if (at % P2M_BOUNDARY || list > ~at || !usable(at, at + list))
		return false;
	/* Tables of the two are apart: no entry of the root is shared. */
	return at / P2M_BOUNDARY > (img->end - 1) / P2M_BOUNDARY ||
	       (at + list - 1) / P2M_BOUNDARY < img->virt_base / P2M_BOUNDARY;
}

static int check_addresses(const struct image *img, const struct claims *c,
			   uint64_t memory_bytes, struct image_refusal *why)
{
	if (!in_segment(img, img->entry, 1))
		return image_refuse(why, PROBLEM_ENTRY, img->entry, 0);
	if (img->hypercall_page != IMAGE_NONE &&
	    (img->hypercall_page % PAGE ||
	     !in_segment(img, img->hypercall_page, PAGE)))
		return image_refuse(why, PROBLEM_HYPERCALL_PAGE,
				    img->hypercall_page, 0);
	if (img->init_p2m != IMAGE_NONE && !p2m_fits(img, memory_bytes))
		return image_refuse(why, PROBLEM_P2M, img->init_p2m, 0);
	if (c->hv_start_low != IMAGE_NONE && c->hv_start_low > XEN_START)
		return image_refuse(why, PROBLEM_HOLE, c->hv_start_low, 0);
	return 0;
}

/* What can be shown of it: the reader's text may be any bytes. */
static void take_text(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && from[i] >= ' ' && from[i] <= '~'; i++)
		to[i] = from[i];
	memset(to + i, 0, size - i);
}

static void take_plain(struct image *img, const struct claims *c)
{
	memset(img, 0, sizeof(*img));
	img->virt_base = c->virt_base;
	img->entry = c->entry;
	img->hypercall_page = c->hypercall_page;
	img->init_p2m = c->init_p2m;
	img->features_needed = c->features_needed;
	img->features_supported = c->features_supported | c->features_needed |
				  (uint32_t)c->features_noted;
	img->mod_start_pfn = c->flags & CLAIM_MOD_START_PFN;
	img->suspend_cancel = c->flags & CLAIM_SUSPEND_CANCEL;
	take_text(img->guest_os, c->guest_os, sizeof(img->guest_os));
}

int image_check(struct image *img, const struct claims *c, uint64_t file_bytes,
		uint64_t memory_bytes, struct image_refusal *why)
{
	int rc;

	if (memory_bytes > MEMORY_MOST)
		memory_bytes = MEMORY_MOST;
	if (c->magic != CLAIMS_MAGIC)
		return image_refuse(why, PROBLEM_NONSENSE, 0, 0);
	if (c->state == CLAIM_REFUSED && c->problem < NR_PROBLEMS)
		return image_refuse(why, c->problem, c->a, c->b);
	if (c->state != CLAIM_READ)
		return image_refuse(why, PROBLEM_NONSENSE, 0, 0);
	take_plain(img, c);
	if (img->virt_base % PAGE || !usable(img->virt_base, img->virt_base))
		return image_refuse(why, PROBLEM_BASE, img->virt_base, 0);
	rc = take_segments(img, c, file_bytes, why);
	if (!rc)
		rc = check_range(img, memory_bytes, why);
	if (!rc)
		rc = check_addresses(img, c, memory_bytes, why);
	return rc;
}
