/* SPDX-License-Identifier: MIT */
/*
 * json.h - members of JSON objects, for commands with --json
 *
 * What is no UTF-8, as a path or a name may be, becomes null.
 */
#ifndef LODGE_JSON_H
#define LODGE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <yajl/yajl_gen.h>

struct lodge_topology;

/* NULL: there is no memory */
yajl_gen json_begin(void);
/* Prints it and frees it. False: it could not be made. */
bool json_end(yajl_gen g);

void json_name(yajl_gen g, const char *name);
/* Nothing at all if @text is NULL. */
void json_text(yajl_gen g, const char *name, const char *text);
void json_number(yajl_gen g, const char *name, uint64_t number);
void json_bool(yajl_gen g, const char *name, bool value);
/* With three digits behind the point; null if it is no number. */
void json_real(yajl_gen g, const char *name, double number);
/* "states": those of enum lodge_domain_flags, in an array */
void json_states(yajl_gen g, unsigned int flags);
/*
 * An array that @fill completes: printed if that returns CLI_DONE, and else
 * nothing of it. Exit status.
 */
int json_whole(int (*fill)(yajl_gen g, void *arg), void *arg);
/* A string in an array. */
void json_element(yajl_gen g, const char *text);

/* ---- list_long.c -------------------------------------------------------- */
struct lodge;
struct lodge_domain;

/* What xl list -l has of a domain, as far as it is known. Exit status. */
int cli_json_long(struct lodge *l, yajl_gen g, const struct lodge_domain *d);

/* ---- vcpu_list.c -------------------------------------------------------- */
/* An array of the numbers of its bits. */
void cli_json_map(yajl_gen g, const char *name, const uint8_t *map,
		  unsigned int bits);

/* ---- topology.c --------------------------------------------------------- */
void cli_json_topology(yajl_gen g, const struct lodge_topology *t);

#endif
