/* SPDX-License-Identifier: MIT */
/*
 * control.h - the interfaces of toolstacks, as the hypervisor includes them
 *
 * One version of them: 0x15, that of Debian 12 (Xen 4.17). With __XEN__ defined
 * <xen/hvm/save.h> asks for headers that are not public.
 */
#ifndef LODGE_CONTROL_H
#define LODGE_CONTROL_H

#include <lodge/types.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>

#undef __XEN__
#include <xen/domctl.h>
#include <xen/sysctl.h>
#define __XEN__ 1

_Static_assert(XEN_DOMCTL_INTERFACE_VERSION == 0x15, "the layouts answered");
_Static_assert(XEN_SYSCTL_INTERFACE_VERSION == 0x15, "the layouts answered");

/* The audit's debug key; at boot, once. */
void control_init(void);

#endif
