/* SPDX-License-Identifier: MIT */
/*
 * store.h - what the library asks of xenstore, and what it changes
 */
#ifndef LODGE_STORE_H
#define LODGE_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct lodge;
struct store_change;

/* l->store is open from now on. 0; -errno, and an error */
int store_open(struct lodge *l);

/* Whose a node is, and who else may do what: XS_PERM_*. */
struct store_rights {
	unsigned int owner, reader;
	int nr;			/* 1: there is no reader */
};

/*
 * Dom0's alone; Dom0's, to be read by a guest; a guest's; a guest's, to be
 * read by Dom0, as front ends have it.
 */
#define STORE_KEEP		((struct store_rights){0, 0, 1})
#define STORE_SHOW(domid)	((struct store_rights){0, (domid), 2})
#define STORE_GIVE(domid)	((struct store_rights){(domid), 0, 1})
#define STORE_OPEN(domid)	((struct store_rights){(domid), 0, 2})

#define STORE_NOBODY (~0U)

/**
 * store_change() - change several nodes at once, or none
 * @fill: makes the changes; again, if others changed what it read
 *
 * Return: 0; what @fill returned, not 0; -errno. And an error.
 */
int store_change(struct lodge *l,
		 int (*fill)(struct store_change *t, void *arg), void *arg);

/* 0; -errno, and an error: of @fill above, to be returned by it */
int store_put(struct store_change *t, struct store_rights rights,
	      const char *value, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
/* *value to be free()d, NULL: no such node. */
int store_get(struct store_change *t, char **value, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* *list to be free()d, NULL and 0 if there is no such node. */
int store_get_list(struct store_change *t, char ***list, unsigned int *nr,
		   const char *path, ...) __attribute__((format(printf, 4, 5)));
/* No such node: it is removed already. */
int store_remove(struct store_change *t, const char *path, ...)
	__attribute__((format(printf, 2, 3)));
/* Which domain has a name: *domid, or STORE_NOBODY. */
int store_find_name(struct store_change *t, const char *name,
		    unsigned int *domid);

/* *list to be free()d, NULL and 0 if there is no such node. 0; -errno */
int store_list(struct lodge *l, char ***list, unsigned int *nr,
	       const char *path, ...) __attribute__((format(printf, 4, 5)));

/*
 * What the daemon itself says to a command of one word and its argument, to be
 * free()d. NULL: it does not know the command, or it says nothing.
 */
char *store_control(struct lodge *l, const char *command, const char *word);

/**
 * store_wait() - until what is waited for has come
 * @path: what its coming changes: a node, or "@releaseDomain"
 * @look: called at once and after each change; 1 it has come, 0 not yet,
 *        -errno and an error
 * @ms:   deadline; negative: none
 *
 * Return: 0; -ETIMEDOUT, without an error; what @look returned; -errno, and
 *         an error.
 */
int store_wait(struct lodge *l, const char *path, int (*look)(void *arg),
	       void *arg, int ms);

/* 0; -errno, and an error */
int store_introduce(struct lodge *l, unsigned int domid, uint64_t mfn,
		    unsigned int port);
int store_release(struct lodge *l, unsigned int domid);

#endif
