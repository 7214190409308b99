/* SPDX-License-Identifier: MIT */
/*
 * restart.h - guests that have ended and are to be made anew
 *
 *	/lodge/restarts/UUID/		the UUID that it will have
 *		config/N, life		as in record.h
 *		from			"DOMID NAME": which one has ended
 *		wait			"TRIES NEXT": it has failed so often, and
 *					is tried again then
 *
 * The node is there from before the old domain ends until the new one runs:
 * whoever is killed meanwhile, the next one goes on. Who removes it gives the
 * restart up: a domain that is being made of it does not come to be.
 */
#ifndef LODGE_RESTART_H
#define LODGE_RESTART_H

#include "record.h"

struct restart {
	uint8_t uuid[16];
	struct record past;
	unsigned int from;
	char *name;
	unsigned int tries;
	uint64_t next_s;	/* as record.begun_s */
};

/* @r is to be done. As record_put() */
int restart_put(struct lodge *l, struct store_change *t,
		const struct restart *r);

/* 0; -ECANCELED it has been given up; -errno. And an error */
int restart_check(struct lodge *l, struct store_change *t,
		  const uint8_t uuid[16]);
/* The same of another one of that name: 0; -EEXIST; -errno. And an error */
int restart_check_name(struct lodge *l, struct store_change *t,
		       const char *name, const uint8_t uuid[16]);

/* Done, or given up. As store_remove() */
int restart_end(struct store_change *t, const uint8_t uuid[16]);
/* The same on its own. 0; -errno, and an error */
int restart_forget(struct lodge *l, const uint8_t uuid[16]);
/* All, or all of a name, if not NULL; *nr: how many. 0; -errno, and an error */
int restart_cancel(struct lodge *l, const char *name, size_t *nr);

/* It has failed: *r says when it is tried again. 0; -errno, and an error */
int restart_delay(struct lodge *l, struct restart *r);

/* *list to be given to restart_free(). 0; -errno, and an error */
int restart_list(struct lodge *l, struct restart **list, size_t *nr);
void restart_free(struct restart *list, size_t nr);

/* ---- create.c ---- */
/* Of no other domain. 0; -EIO, and an error */
int random_uuid(struct lodge *l, uint8_t uuid[16]);
/*
 * As lodge_domain_create(), of what @r tells of, whose name and settings @c
 * has; -ECANCELED it has been given up meanwhile.
 */
int create_again(struct lodge *l, const struct lodge_domain_config *c,
		 const struct restart *r, unsigned int *domid);

#endif
