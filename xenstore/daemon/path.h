/* SPDX-License-Identifier: MIT */
/*
 * path.h - which paths are legal, and their canonical form
 *
 * A canonical path is absolute, at most XENSTORE_ABS_PATH_MAX bytes long, made
 * of letters, digits and "-_@", without empty components; only the root ends
 * in a slash. Special paths begin with "@" and name watches, not nodes.
 */
#ifndef XS_PATH_H
#define XS_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

const char *path_canonical(struct arena *a, const char *path, uint16_t domid);
bool path_special(const char *path);
size_t path_home(uint16_t domid, char *out, size_t size);
void path_enter(struct buf *b, size_t len, const char *name, size_t name_len);
unsigned int path_depth(const char *path);
const char *path_parent(struct arena *a, const char *path);
bool path_below(const char *path, const char *above);

#endif
