/* SPDX-License-Identifier: MIT */
/*
 * pv.h - paravirtual guests: what the layers above (and entry.S) may call
 */
#ifndef LODGE_PV_H
#define LODGE_PV_H

#include <lodge/domain.h>

extern const struct guest_ops pv_guest_ops;
/* Hooks into cpu/, mm/ and grant/; at boot, once. */
void pv_init(void);

#endif
