/* SPDX-License-Identifier: MIT */
/*
 * image-claims.h - what the reader of a kernel says about it, and to whom
 *
 * The reader (dom0-tools/reader/) finds Xen's notes and segments in a file,
 * which it unpacks if it is compressed, and writes struct claims, then what it
 * unpacked, to a file in memory. It judges nothing that it need not: whoever has
 * taken it over may claim anything. image-check.c believes none of it.
 */
#ifndef LODGE_IMAGE_CLAIMS_H
#define LODGE_IMAGE_CLAIMS_H

#include "image.h"

/* Descriptors of the reader. */
#define READER_IMAGE	0	/* the kernel's file, to be read */
#define READER_RESULT	1	/* RESULT_BYTES, to be written */

#define CLAIMS_MAGIC	0x4c6f6467	/* a reader of this version */
#define CLAIMS_BYTES	8192		/* what was unpacked is behind */
#define IMAGE_BYTES_MOST	(UINT64_C(256) << 20)
#define RESULT_BYTES	(CLAIMS_BYTES + IMAGE_BYTES_MOST)
#define PACKED_BYTES_MOST	(UINT64_C(128) << 20)
#define READER_CPU_S	60

enum claim_state { CLAIM_NOTHING, CLAIM_REFUSED, CLAIM_READ };

/* Each has its words in image-words.c. */
enum image_problem {
	PROBLEM_NONE,
	/* of this host */
	PROBLEM_OPEN, PROBLEM_NO_FILE, PROBLEM_IO, PROBLEM_MEMORY,
	PROBLEM_READER, PROBLEM_CONFINE, PROBLEM_DIED, PROBLEM_EXITED,
	PROBLEM_TIME, PROBLEM_NONSENSE,
	/* of the file's form */
	PROBLEM_EMPTY, PROBLEM_FOREIGN, PROBLEM_TRUNCATED, PROBLEM_PACKING,
	PROBLEM_PACKED_LARGE, PROBLEM_DAMAGED, PROBLEM_BOMB, PROBLEM_SIZE,
	PROBLEM_OLD_BZIMAGE, PROBLEM_PAYLOAD, PROBLEM_NO_ELF,
	/* of the ELF file */
	PROBLEM_32_BIT, PROBLEM_MACHINE, PROBLEM_NO_PROGRAM, PROBLEM_TABLE,
	PROBLEM_NO_SEGMENTS, PROBLEM_NO_NOTES, PROBLEM_LEGACY,
	PROBLEM_NOTE_SIZE, PROBLEM_NOTES, PROBLEM_PVH_ONLY, PROBLEM_FEATURE,
	PROBLEM_LOADER, PROBLEM_XEN_VERSION, PROBLEM_SYMBOLS,
	PROBLEM_SEGMENT_SIZE, PROBLEM_LARGE,
	/* of its addresses */
	PROBLEM_BASE, PROBLEM_BELOW, PROBLEM_WRAP, PROBLEM_OVERLAP,
	PROBLEM_NO_MEMORY, PROBLEM_XEN_RANGE, PROBLEM_ENTRY,
	PROBLEM_HYPERCALL_PAGE, PROBLEM_P2M, PROBLEM_HOLE,
	NR_PROBLEMS
};

enum claim_flags {
	CLAIM_MOD_START_PFN = 1,
	CLAIM_SUSPEND_CANCEL = 2,
	CLAIM_IN_FILE = 4,	/* the segments' bytes are in the kernel's file */
};

struct claimed_segment {
	uint64_t paddr, memory_bytes;
	uint64_t at, file_bytes;	/* at: in the ELF file, wherever it is */
};

struct claims {
	uint32_t magic;
	uint32_t state;			/* enum claim_state; written last */
	uint32_t problem;		/* CLAIM_REFUSED: enum image_problem */
	uint32_t nr_segments;
	uint64_t a, b;			/* numbers in the problem's words */
	uint64_t virt_base, paddr_offset;
	uint64_t entry, hypercall_page, init_p2m, hv_start_low;
	uint64_t features_noted;	/* by a number */
	uint32_t features_needed, features_supported;	/* by a text */
	uint32_t flags;			/* enum claim_flags */
	char guest_os[32];
	struct claimed_segment segments[IMAGE_SEGMENTS_MOST];
};
_Static_assert(sizeof(struct claims) <= CLAIMS_BYTES, "the bytes are behind");

/* ---- image-program.c: the reader, an ELF file ---- */
extern const char image_reader_start[], image_reader_end[];

/* ---- image-check.c ---- */
/*
 * @c: the reader's, and not writable any more; @file_bytes: of the kernel's file.
 * 0, and *img written except its fd, which is that of the kernel's file with
 * CLAIM_IN_FILE, else that of the claims; -errno, and *why.
 */
int image_check(struct image *img, const struct claims *c, uint64_t file_bytes,
		uint64_t memory_bytes, struct image_refusal *why);

/* ---- image-words.c ---- */
/* Writes *why; @a and @b are numbers in the words. Returns -why->code. */
int image_refuse(struct image_refusal *why, enum image_problem problem,
		 uint64_t a, uint64_t b);

#endif
