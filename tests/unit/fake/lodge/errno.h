/* SPDX-License-Identifier: MIT */
/*
 * errno.h - host tests: the system's error numbers, which are the ABI's
 */
#ifndef LODGE_ERRNO_H
#define LODGE_ERRNO_H

#include <errno.h>

#endif
