/* SPDX-License-Identifier: MIT */
/*
 * program.h - a second domain that runs a piece of code
 *
 * One vCPU in kernel mode, with a page each of code, data and stack, and its
 * shared page; rbx points at its data, r12 at the shared page. The data page
 * may be executed.
 */
#ifndef GUESTKIT_PROGRAM_H
#define GUESTKIT_PROGRAM_H

#include <guestkit/xen.h>

/* Pages that it owns, from pfn 0 on. */
#define PROGRAM_PAGES 7

struct program {
	/* The caller's: code that may lie anywhere, one page at most. */
	const char *code, *end;
	const char *upcall; /* in there, or NULL: no events */
	const char *traps;  /* in there, 32 times 16 bytes, or NULL */
	/* Filled in: */
	domid_t domid;
	void *data; /* its data page, mapped here */
	unsigned long mfns[PROGRAM_PAGES];
};

/**
 * program_load() - make the domain, paused
 * @program: says what it is to run; filled in
 * @nr_more: pages beyond its own that it may come to have
 * @grant_frames: limit of its grant table
 *
 * Return: 0; or the errno of what failed.
 */
long program_load(struct program *program, unsigned int nr_more,
		  int grant_frames);
/* Let it run, from its first instruction. Return: errno. */
long program_start(const struct program *program);
/* Destroy it. Nothing of it may be mapped but its data. Return: errno. */
long program_end(struct program *program);

#endif /* GUESTKIT_PROGRAM_H */
