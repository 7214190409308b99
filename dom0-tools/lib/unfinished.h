/* SPDX-License-Identifier: MIT */
/*
 * unfinished.h - domains that are being made or ended, and who is at it
 *
 *	/lodge/unfinished/UUID = "PID START DOMID NAME"
 *
 * The node is there before the domain is, or before its end begins, and goes
 * with the last step. If the process is gone that wrote it, what it left is to
 * be ended: by whoever comes next.
 *
 *   (none) --create--> made --last step--> (none) --destroy--> ended --> (none)
 *                        \________ the process is gone _________/
 *                                        |
 *                          abandoned --finish--> (none)
 */
#ifndef LODGE_UNFINISHED_H
#define LODGE_UNFINISHED_H

#include "guest_store.h"

struct store_change;

struct unfinished {
	uint8_t uuid[16];
	unsigned int pid;
	unsigned long long start; /* of the process, in clock ticks */
	unsigned int domid; /* STORE_NOBODY: not known yet */
	char *name;
	bool abandoned; /* that process is gone */
};

/**
 * unfinished_begin() - a guest is to be made, by this process
 *
 * Return: 0; -EEXIST another process makes one of that name, or UUID, or has
 *         left one half made; as store_put(). And an error.
 */
int unfinished_begin(struct lodge *l, struct store_change *t,
		     const uint8_t uuid[16], const char *name);

/**
 * unfinished_take() - this process works at a domain that there is
 *
 * It takes over from whoever did.
 *
 * Return: as store_put().
 */
int unfinished_take(struct lodge *l, struct store_change *t,
		    const uint8_t uuid[16], unsigned int domid);

/* 0; -EBUSY it is being made or ended; -errno. And an error */
int unfinished_check(struct lodge *l, struct store_change *t,
		     const uint8_t uuid[16]);

/*
 * All is done, if this process is still at it: one that has taken over, or
 * begins anew with the same UUID, has the node. As store_remove().
 */
int unfinished_end(struct store_change *t, const uint8_t uuid[16]);
/* The same on its own. 0; -errno, and an error */
int unfinished_forget(struct lodge *l, const uint8_t uuid[16]);

/* The same. 0; -ECANCELED another one has taken over; -errno. And an error */
int unfinished_complete(struct lodge *l, const uint8_t uuid[16]);

/**
 * unfinished_adopt() - take over from a process that is gone
 *
 * Return: 1; 0 another one has done so, or all is done; -errno, and an error.
 */
int unfinished_adopt(struct lodge *l, const uint8_t uuid[16]);
/* It could not be ended: it is @u again. 0; -errno, and an error */
int unfinished_give_back(struct lodge *l, const struct unfinished *u);

/* *list to be given to unfinished_free(). 0; -errno, and an error */
int unfinished_list(struct lodge *l, struct unfinished **list, size_t *nr);
void unfinished_free(struct unfinished *list, size_t nr);

/* Is it the one that a domain of the hypervisor's is? @name: NULL if none */
bool unfinished_is(const struct unfinished *u, unsigned int domid,
		   const uint8_t uuid[16], const char *name);

#endif
