/* SPDX-License-Identifier: MIT */
/*
 * names.h - the lists of names of wide directories, as clients get them
 */
#ifndef XS_NAMES_H
#define XS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct kids;

size_t names_copy(const struct kids *k, size_t skip, char *out, size_t room,
		  bool *more);
const char *names_list(struct kids *k, size_t *len);
void names_forget(struct kids *k);

#endif
