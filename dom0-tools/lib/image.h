/* SPDX-License-Identifier: MIT */
/*
 * image.h - a guest's kernel and initial RAM disk, read from hostile files
 *
 *   file --reader, a process without privileges--> claims in a sealed memfd
 *        --image-check.c--> struct image, which says where the bytes are
 *
 * Segments of a plain ELF file stay in it, those of a compressed one are in the
 * memfd; they are read from there to where they are to be, and never mapped.
 * What the builder of PV guests copies from. Needs nothing of Xen.
 */
#ifndef LODGE_IMAGE_H
#define LODGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lodge;

#define IMAGE_SEGMENTS_MOST	64
#define IMAGE_NONE		(~UINT64_C(0))
#define IMAGE_WORDS_MOST	256

/* Zeroes fill what of the memory has no bytes in the file. */
struct image_segment {
	uint64_t va, memory_bytes;
	uint64_t at, file_bytes;	/* in fd; at most memory_bytes */
};

/* A 64-bit PV guest's kernel. Addresses are the guest's virtual ones. */
struct image {
	uint64_t virt_base;	/* where pseudo-physical address 0 is mapped */
	uint64_t start, end;	/* of all segments; start >= virt_base */
	uint64_t entry;		/* in a segment */
	uint64_t hypercall_page;	/* in a segment, or IMAGE_NONE */
	uint64_t init_p2m;	/* or IMAGE_NONE: behind the kernel */
	uint32_t features_needed;	/* bits XENFEAT_*: must all be there */
	uint32_t features_supported;	/* those and more */
	bool mod_start_pfn;	/* the RAM disk need not be mapped */
	bool suspend_cancel;	/* a suspend may be taken back */
	char guest_os[32];	/* "linux"; printable; "" if not told */
	size_t nr_segments;
	struct image_segment segments[IMAGE_SEGMENTS_MOST];	/* by va */
	int fd;			/* of the file that has the segments' bytes */
};

/* Why there is no image. */
struct image_refusal {
	int code;		/* positive; ENOEXEC: the file is wrong */
	char words[IMAGE_WORDS_MOST];	/* "is a 32-bit kernel" */
	const char *hint;	/* what to do; NULL: nothing is known */
};

/**
 * image_load() - read a kernel, and check it
 * @out:          the result, to be given to image_free()
 * @path:         a 64-bit ELF file with Xen's notes, plain or compressed, or a
 *                Linux bzImage; compressed with gzip, xz, lzma, zstd or lz4
 * @memory_bytes: what the guest has
 * @why:          written on failure
 *
 * Context: any thread; waits for a process that consumes bounded processor
 * time. SIGCHLD is raised in this process as for any child.
 * Return: 0; -ENOEXEC this file cannot start as such a guest; -errno of
 *         opening or reading it, of making a process, or -ENOMEM.
 */
int image_load(struct image **out, const char *path, uint64_t memory_bytes,
	       struct image_refusal *why);

/* The same with the library's errors: 0; -errno, and an error */
int image_read(struct lodge *l, struct image **out, const char *path,
	       uint64_t memory_bytes);

/**
 * image_copy() - read a part of a segment, straight to where it is to be
 * @path: for words
 * @at:   in the file that has the segments' bytes
 * @to:   @bytes bytes; some of them are written, also on failure
 *
 * Return: 0; -ENODATA the file is shorter by now; -errno of reading. And an
 *         error.
 */
int image_copy(struct lodge *l, const struct image *img, const char *path,
	       uint64_t at, void *to, size_t bytes);

/* @img may be NULL. */
void image_free(struct image *img);

/* An initial RAM disk: any bytes, which only the guest looks at. */
struct image_ramdisk {
	int fd;
	uint64_t bytes;		/* not 0 */
};

/**
 * image_ramdisk_open() - find out how much room a RAM disk takes
 * @r:    written on success, to be given to image_ramdisk_close()
 * @path: a regular file
 * @most: bytes that there is room for
 *
 * Return: 0; -EFBIG it is larger; -ENODATA it is empty; -EINVAL it is no
 *         regular file; -errno of opening it. And an error.
 */
int image_ramdisk_open(struct lodge *l, struct image_ramdisk *r,
		       const char *path, uint64_t most);

/**
 * image_ramdisk_copy() - read a part of it, straight to where it is to be
 * @path: for words
 * @to:   @bytes bytes; some of them are written, also on failure
 *
 * It is not mapped: if another program shortened the file meanwhile, whoever
 * looked at the mapping would be killed.
 *
 * Return: 0; -ENODATA it is shorter by now; -errno of reading. And an error.
 */
int image_ramdisk_copy(struct lodge *l, const struct image_ramdisk *r,
		       const char *path, uint64_t offset, void *to,
		       size_t bytes);

void image_ramdisk_close(struct image_ramdisk *r);

#endif
