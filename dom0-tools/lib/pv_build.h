/* SPDX-License-Identifier: MIT */
/*
 * pv_build.h - what a PV guest finds when it starts
 */
#ifndef LODGE_PV_BUILD_H
#define LODGE_PV_BUILD_H

#include "guest_memory.h"
#include "pv_layout.h"

struct image;
struct image_ramdisk;
struct lodge_task;

/* What a guest is made of: all of it stays the caller's. */
struct pv_parts {
	const struct image *image;
	const char *kernel_path;
	const struct image_ramdisk *ramdisk;	/* NULL: none */
	const char *ramdisk_path;		/* both paths: for words */
	const char *cmdline;		/* "": none */
	uint64_t nr_pages;
};

/* Ports of the guest's that lead to Dom0, and pages behind them. */
struct pv_rings {
	uint32_t store_port, console_port;
	uint64_t store_mfn, console_mfn;	/* written by pv_build() */
};

/**
 * pv_plan() - can such a guest be built?
 * @l: written
 *
 * Return: 0; -EINVAL it does not fit, and why not. And an error.
 */
int pv_plan(struct lodge *h, struct pv_layout *l, const struct pv_parts *p);

/**
 * pv_build() - memory, page tables, first vCPU of a domain that has neither
 * @domid: has vCPUs, but no memory
 * @l:     from pv_plan() of the same parts
 * @rings: its ports are read, its pages written
 * @task:  is told how far it is, and may end it; or NULL
 *
 * What a failure leaves goes with the domain.
 *
 * Return: 0; -ENOMEM; -ECANCELED; -errno. And an error.
 */
int pv_build(struct lodge *h, unsigned int domid, const struct pv_layout *l,
	     const struct pv_parts *p, struct pv_rings *rings,
	     const struct lodge_task *task);

#endif
