/* SPDX-License-Identifier: MIT */
/*
 * ring.h - clients on a ring in shared memory: domains
 */
#ifndef XS_RING_H
#define XS_RING_H

#include <stdint.h>

struct domain;

int ring_start(const char *dir);
int ring_connect(struct domain *d, uint64_t gfn, uint32_t port);
void ring_restore(void);
void ring_kick_all(void);

/* lifecycle.c */
int domain_introduce(struct domain *d, uint64_t gfn, uint32_t port);
void domain_release(struct domain *d);
void domain_record(const struct domain *d);
void domain_scan(void);

#endif
