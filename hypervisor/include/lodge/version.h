/* SPDX-License-Identifier: MIT */
/*
 * version.h - who we say we are
 *
 * The ABI version is the one of the public headers that we are built for:
 * Debian's tools choose their programs by it. The extra version names us.
 */
#ifndef LODGE_VERSION_H
#define LODGE_VERSION_H

#define LODGE_ABI_MAJOR		4
#define LODGE_ABI_MINOR		17
#define LODGE_EXTRA_VERSION	".lodge-0.1"

#endif
