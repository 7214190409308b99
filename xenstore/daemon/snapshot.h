/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - the tree as a file, written in slices
 */
#ifndef XS_SNAPSHOT_H
#define XS_SNAPSHOT_H

#include <stdbool.h>

struct node;

int snapshot_begin(const char *path, struct node *root);
bool snapshot_active(void);
bool snapshot_step(void);

#endif
