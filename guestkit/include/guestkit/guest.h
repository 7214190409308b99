/* SPDX-License-Identifier: MIT */
/*
 * guest.h - what every guest starts with
 *
 * start_info is there from the first instruction. The shared page is mapped
 * before the first test runs; a hypervisor that cannot do that yet leaves it
 * NULL, and tests that need it report "error".
 */
#ifndef GUESTKIT_GUEST_H
#define GUESTKIT_GUEST_H

#include <guestkit/xen.h>

extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* The part of the command line behind "@name=", or NULL. */
const char *command_line_value(const char *name);

/* Is this another hypervisor than ours? For what differs on purpose. */
bool guest_on_control(void);

/**
 * guest_shutdown() - leave
 * @reason: SHUTDOWN_*
 */
void __attribute__((noreturn)) guest_shutdown(unsigned int reason);

#endif /* GUESTKIT_GUEST_H */
