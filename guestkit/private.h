/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the kit's own files share, assembly included
 */
#ifndef GUESTKIT_PRIVATE_H
#define GUESTKIT_PRIVATE_H

#define STACK_BYTES 16384

#endif /* GUESTKIT_PRIVATE_H */
