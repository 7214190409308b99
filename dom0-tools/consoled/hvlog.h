/* SPDX-License-Identifier: MIT */
/*
 * hvlog.h - what the hypervisor says, as a file
 */
#ifndef CONSOLED_HVLOG_H
#define CONSOLED_HVLOG_H

#include "logfile.h"

/* Says so if it cannot be had. */
void hvlog_start(const struct log_style *style);
void hvlog_reopen(void);

#endif
