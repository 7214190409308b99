/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - a sample as OpenMetrics text, version 1.0.0
 */
#ifndef TOP_METRICS_H
#define TOP_METRICS_H

#include <stdio.h>

#include "liblodge_sample.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

void metrics_write(FILE *out, const struct lodge_sample *s);

#endif
