/* SPDX-License-Identifier: MIT */
/*
 * loader.h - the throw-away stage that unpacks Dom0's kernel
 */
#ifndef LODGE_LOADER_H
#define LODGE_LOADER_H

struct boot_info;

/*
 * If the first module is a bzImage, unpacks it into free memory and puts the
 * result in its place; any other module stays as it is. Panics with a sentence
 * if that cannot be done. Boot CPU, before mm_init(), IRQs off.
 */
void loader_unpack_kernel(struct boot_info *bi);

#endif
