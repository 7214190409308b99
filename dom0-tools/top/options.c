/* SPDX-License-Identifier: MIT */
/*
 * options.c - what lodge-top and lodge-exporter take
 */
#include "options.h"

const struct cli_option top_options[] = {
	{'d', "delay", "SECONDS", "between two looks; 3 if nothing is said"},
	{'n', "networks", NULL, "also each network"},
	{'x', "vbds", NULL, "also each disk"},
	{'v', "vcpus", NULL, "also each vCPU"},
	{'r', "repeat-header", NULL, "the titles before each domain"},
	{'f', "full-name", NULL, "names in full"},
	{'z', "dom0-first", NULL, "Dom0 before all others"},
	{'b', "batch", NULL, "as lines of text, for programs"},
	{'i', "iterations", "NUMBER", "of looks, then end"},
	{'m', "mono", NULL, "no colours"},
	{CLI_JSON, "json", NULL, "as JSON, an object for each look"},
	{0},
};

const struct cli_option exporter_options[] = {
	{'l', "listen", "ADDRESS",
	 "of which network; 127.0.0.1 if nothing is said"},
	{'p', "port", "NUMBER", "9120 if nothing is said; 0: any"},
	{0},
};
