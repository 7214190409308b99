/* SPDX-License-Identifier: MIT */
/*
 * lease.h - whoever keeps losing commits is let through
 */
#ifndef XS_LEASE_H
#define XS_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#define LEASE_WAIT (-1)		/* not an errno: the request is not consumed */

struct conn;
struct txn;

bool lease_blocks(const struct conn *c, const char *path);
void lease_outcome(const struct txn *t, bool lost);
void lease_conn_gone(const struct conn *c);
bool lease_tick(uint64_t now);
int lease_timeout_ms(uint64_t now);

#endif
