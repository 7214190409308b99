/* SPDX-License-Identifier: MIT */
/*
 * watch.h - who is told when something changes
 */
#ifndef XS_WATCH_H
#define XS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct domain;
struct node;
struct perms;

int watch_add(struct conn *c, const char *path, const char *canonical,
	      const char *token, int depth);
bool watch_restore(struct conn *c, const char *path, const char *canonical,
		   const char *token, int depth);
int watch_remove(struct conn *c, const char *canonical, const char *token);
void watch_remove_all(struct conn *c);
void watch_initial(struct conn *c, const char *path, const char *token);
void watch_dump(struct conn *c);
long watch_bytes(const struct domain *d);

void watch_fire(const char *path, const struct perms *now,
		const struct perms *before);
void watch_fire_removed(const char *path, const struct node *n);
void watch_fire_special(const char *special, uint16_t domid,
			const struct perms *ps);

#endif
