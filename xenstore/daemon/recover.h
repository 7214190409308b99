/* SPDX-License-Identifier: MIT */
/*
 * recover.h - the state that the last daemon left behind
 */
#ifndef XS_RECOVER_H
#define XS_RECOVER_H

#include <stdint.h>

int recover(const char *dir, uint64_t *gen, uint64_t *pos);

#endif
