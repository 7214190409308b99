/* SPDX-License-Identifier: MIT */
/*
 * change.h - limits of a guest, at its start and later
 */
#ifndef LODGE_CHANGE_H
#define LODGE_CHANGE_H

/* What xl allows beside a guest's own memory: for its first devices. */
#define SLACK_KIB 1024

#endif
