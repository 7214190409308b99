/* SPDX-License-Identifier: MIT */
/*
 * pack.h - the nodes of a tree as a compressed stream of bytes, and back
 *
 * Parents come before their children. A node is
 *
 *	levels up | length of the name | name | permissions | length of the
 *	value | value
 *
 * in varints and bytes. "Levels up" counts from the level below the node
 * before: 0 is its child, 1 its sibling, 2 a sibling of its parent. Permissions
 * are the number of a list, counted from 1 in the order in which lists first
 * appear; or 0, and then comes the next list: its length, and for each entry
 * domain and letters.
 *
 * The stream is cut into pieces of whole nodes. It is one stream all the same:
 * a piece is compressed with those before it as a dictionary.
 */
#ifndef XS_PACK_H
#define XS_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct node;
struct perms;

struct packer;
struct packer *packer_new(void);
size_t packer_add(struct packer *p, const struct node *n, unsigned int depth);
int packer_flush(struct packer *p, struct buf *out);
void packer_free(struct packer *p);

/* A node out of the stream; false: it makes no sense there. */
typedef bool (*unpack_fn)(void *arg, const char *path, const uint8_t *value,
			  size_t len, struct perms *ps);

struct unpacker;
struct unpacker *unpacker_new(void);
bool unpacker_feed(struct unpacker *u, const uint8_t *data, size_t len,
		   unpack_fn fn, void *arg);
void unpacker_free(struct unpacker *u);

#endif
