/* SPDX-License-Identifier: MIT */
/*
 * silent.h - for Xen's libraries: what they would print, our errors say
 */
#ifndef LODGE_SILENT_H
#define LODGE_SILENT_H

#include <xentoollog.h>

extern struct xentoollog_logger silent_logger;

#endif
