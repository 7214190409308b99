/* SPDX-License-Identifier: MIT */
/*
 * options.h - what lodge-top and lodge-exporter take, for them and for lodge
 */
#ifndef TOP_OPTIONS_H
#define TOP_OPTIONS_H

#include "cli.h"

#define TOP_SUMMARY	 "Watch the domains"
#define EXPORTER_SUMMARY "Serve figures of the domains to Prometheus"

extern const struct cli_option top_options[], exporter_options[];

#endif
