/* SPDX-License-Identifier: MIT */
/*
 * control.h - what CONTROL may leave to be done after its reply
 */
#ifndef XS_CONTROL_H
#define XS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

bool control_update_wanted(const char **binary, uint32_t *limit_s);

#endif
