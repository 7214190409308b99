/* SPDX-License-Identifier: MIT */
/*
 * sample.h - the parts that a sample is made of
 */
#ifndef LODGE_SAMPLE_H
#define LODGE_SAMPLE_H

#include "liblodge_sample.h"

/* ---- sample_devices.c ---- */
/*
 * Disks and networks that Linux's back ends in Dom0 serve, to those domains of
 * @s that have them. What cannot be read is not there. 0; -ENOMEM
 */
int sample_devices(struct lodge_sample *s);

/* ---- sample_limits.c ---- */
/* Frames of a domain's grant table; LODGE_UNKNOWN if it has gone. */
struct lodge_usage sample_grants(struct lodge *l, unsigned int domid);
/*
 * What a domain uses of xenstored, to @usage. False: this daemon does not tell,
 * and all are LODGE_UNKNOWN.
 */
bool sample_store(struct lodge *l, unsigned int domid,
		  struct lodge_usage usage[LODGE_STORE_LIMITS]);

#endif
