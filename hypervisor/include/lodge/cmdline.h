/* SPDX-License-Identifier: MIT */
/*
 * cmdline.h - options on the hypervisor's command line
 *
 * An option is declared beside the code that uses it; the linker collects the
 * table. Spellings are Xen's where Xen has the option. A name that is in no
 * row is named in a warning, and so is a value that cannot be parsed (the
 * default then stays).
 */
#ifndef LODGE_CMDLINE_H
#define LODGE_CMDLINE_H

#include <lodge/types.h>

enum param_kind { PARAM_BOOL, PARAM_UINT, PARAM_SIZE, PARAM_STRING, PARAM_FN };

struct param {
	const char *name;
	const char *help;	/* one line, for docs/command-line.md */
	enum param_kind kind;
	uint32_t size;		/* of the variable (UINT, SIZE, STRING) */
	void *var;		/* or int (*)(const char *value): 0, -EINVAL */
};

#define PARAM_ROW(id, pname, phelp, pkind, psize, pvar)                       \
	static const struct param param_##id __used                           \
		__section(".init.params") __aligned(8) = { pname, phelp,      \
							    pkind, psize,     \
							    pvar }
/* "name", "no-name", "name=yes|no|on|off|true|false|1|0" */
#define PARAM_BOOL(name, var, help)                                           \
	PARAM_ROW(var, name, help, PARAM_BOOL, sizeof(var), &(var))
#define PARAM_UINT(name, var, help)                                           \
	PARAM_ROW(var, name, help, PARAM_UINT, sizeof(var), &(var))
/* Bytes with suffix B, K (default), M, G, T; var is a uint64_t. */
#define PARAM_SIZE(name, var, help)                                           \
	PARAM_ROW(var, name, help, PARAM_SIZE, sizeof(var), &(var))
#define PARAM_STRING(name, var, help)                                         \
	PARAM_ROW(var, name, help, PARAM_STRING, sizeof(var), var)
#define PARAM_FN(name, fn, help)                                              \
	PARAM_ROW(fn, name, help, PARAM_FN, 0, (void *)(fn))

/* Parses once; @table .. @end are the rows. */
void cmdline_parse(const char *line, const struct param *table,
		   const struct param *end);
/* A size as in PARAM_SIZE; *end is where it stopped. */
uint64_t parse_size(const char *s, const char **end);
/* -1: neither. */
int parse_bool(const char *s);

extern const struct param params_start[], params_end[];

#endif
