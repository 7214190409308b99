/* SPDX-License-Identifier: MIT */
/*
 * domctlsmp - the guest domctl on two CPUs: the second domain runs beside it
 */
#define MACHINE_CPUS 2

#include "../domctl/build.c"
#include "../domctl/domctl.c"
