/* SPDX-License-Identifier: MIT */
/*
 * store.h - the current version of the tree, and every change to it
 *
 * A change goes three ways at once: into the tree, into the record of the
 * request in the journal, and to the watches that it concerns. During recovery
 * it goes into the tree alone.
 */
#ifndef XS_STORE_H
#define XS_STORE_H

#include "tree.h"

enum special {
	SPECIAL_INTRODUCE,
	SPECIAL_RELEASE,
	SPECIAL_NR
};

void store_init(void);
struct node *store_root(void);
struct tree *store_tree(void);
size_t store_bytes(void);
void store_put(const char *path, const void *value, size_t len,
	       struct perms *perms);
void store_imply(const char *path, struct perms *perms);
void store_remove(const char *path);
void store_release_domain(uint16_t domid);
int store_special(const char *path);
struct perms *store_special_perms(enum special which);
void store_set_special(enum special which, struct perms *ps);
const char *store_special_name(enum special which);
void store_dump(void);
bool store_check(void);

/* Recovery only: no journal, no events. */
void store_replay_put(const char *path, const void *value, size_t len,
		      struct perms *perms, uint64_t gen);
void store_replay_remove(const char *path, uint64_t gen);

#endif
