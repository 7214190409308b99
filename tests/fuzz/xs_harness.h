/* SPDX-License-Identifier: MIT */
/*
 * xs_harness.h - the xenstore daemon without processes and sockets, for fuzzing
 */
#ifndef XS_HARNESS_H
#define XS_HARNESS_H

#include <stddef.h>
#include <stdint.h>

struct conn;

void harness_init(void);
struct conn *harness_client(uint16_t domid);
void harness_feed(struct conn *c, const uint8_t *data, size_t len);
void harness_reset(void);

#endif
