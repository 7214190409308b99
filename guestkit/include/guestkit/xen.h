/* SPDX-License-Identifier: MIT */
/*
 * xen.h - the public headers, and their error numbers without prefix
 */
#ifndef GUESTKIT_XEN_H
#define GUESTKIT_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define XEN_ERRNO(name, value) name = value,
enum guest_errno {
#include <xen/errno.h>
};

#endif /* GUESTKIT_XEN_H */
