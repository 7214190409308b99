/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what a domain has, a line for each, in the text of xentop
 */
#ifndef TOP_ROWS_H
#define TOP_ROWS_H

#include <stddef.h>

#include "liblodge_sample.h"

#define ROW_MOST 1024		/* bytes; a longer one is cut */

void row_vcpus(char *out, size_t size, const struct lodge_sample_domain *d);
void row_vif(char *out, size_t size, const struct lodge_sample_vif *v);
void row_vbd(char *out, size_t size, const struct lodge_sample_vbd *b);

#endif
