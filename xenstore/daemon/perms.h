/* SPDX-License-Identifier: MIT */
/*
 * perms.h - who may do what with a node
 *
 * A permission list is immutable and interned: equal lists are one object, so
 * a million nodes of one owner share one list, and "unchanged" is a comparison
 * of two pointers. The first entry names the owner and what everybody who is
 * not listed may do; the others name domains.
 */
#ifndef XS_PERMS_H
#define XS_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERM_READ 1u
#define PERM_WRITE 2u
#define PERM_BOTH (PERM_READ | PERM_WRITE)

struct perm {
	uint16_t domid;
	uint16_t bits;		/* PERM_* */
};

struct perms {
	struct perms *next;	/* in its bucket of the table */
	uint32_t refs;
	uint32_t id;		/* perms_by_id[id] is this list */
	uint32_t hash;
	uint32_t nr;		/* at least 1 */
	struct perm p[];
};

/* On whose behalf a request acts. */
struct identity {
	uint16_t domid;
	uint16_t target;	/* also acts as this domain; DOMID_INVALID: none */
};

/* Numbers of lists in use: half as long as a pointer. */
extern struct perms **perms_by_id;

bool perms_valid(const struct perm *list, uint32_t nr);
struct perms *perms_intern(const struct perm *p, unsigned int nr);
struct perms *perms_get(struct perms *ps);
void perms_put(struct perms *ps);
struct perms *perms_with_owner(struct perms *ps, uint16_t domid);
struct perms *perms_without(struct perms *ps, uint16_t domid);
bool perms_mention(uint16_t domid);

static inline uint16_t perms_owner(const struct perms *ps)
{
	return ps->p[0].domid;
}

unsigned int perms_allowed(const struct perms *ps, const struct identity *id);
bool perms_is_owner(const struct perms *ps, const struct identity *id);

bool perm_parse(const char *s, struct perm *out);
size_t perm_format(const struct perm *p, char *out, size_t size);

#endif
