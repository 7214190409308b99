/* SPDX-License-Identifier: MIT */
/*
 * hidden.h - all symbols of the image are its own
 *
 * Included in front of every source by the build. -fvisibility=hidden speaks
 * for definitions only; this makes the declarations hidden too, so that they
 * are reached relative to the instruction and not through a table.
 */
#ifndef LODGE_HIDDEN_H
#define LODGE_HIDDEN_H

#pragma GCC visibility push(hidden)

#endif
