/* SPDX-License-Identifier: MIT */
/*
 * errno.h - the error numbers of the ABI, under their usual names
 *
 * The numbers are those of <xen/errno.h>, which Linux and Xen share.
 */
#ifndef LODGE_ERRNO_H
#define LODGE_ERRNO_H

#define XEN_ERRNO(name, value) name = value,
enum abi_errno {
#include <xen/errno.h>
};

#endif
