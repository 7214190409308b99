/* SPDX-License-Identifier: MIT */
/*
 * perms.c - interned permission lists: life, questions, text form
 *
 * The table holds no reference of its own: a list leaves it with its last
 * user. Chains are kept short by doubling the table.
 */
#include "perms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "util.h"

static struct perms **table;
static uint32_t table_size;	/* a power of two */
static uint32_t table_used;

struct perms **perms_by_id;
static uint32_t *free_ids;	/* a stack */
static uint32_t nr_ids;		/* room in both arrays */
static uint32_t nr_free;

static uint32_t id_take(struct perms *ps)
{
	uint32_t i, old = nr_ids;

	if (!nr_free) {
		nr_ids = nr_ids ? nr_ids * 2 : 64;
		perms_by_id = xrealloc(perms_by_id,
				       nr_ids * sizeof(*perms_by_id));
		free_ids = xrealloc(free_ids, nr_ids * sizeof(*free_ids));
		for (i = nr_ids; i > old; i--)
			free_ids[nr_free++] = i - 1;
	}
	i = free_ids[--nr_free];
	perms_by_id[i] = ps;
	return i;
}

static void table_grow(void)
{
	uint32_t size = table_size ? table_size * 2 : 64;
	struct perms **bigger = xcalloc(size, sizeof(*bigger));
	struct perms *ps, *next;
	uint32_t i;

	for (i = 0; i < table_size; i++) {
		for (ps = table[i]; ps; ps = next) {
			next = ps->next;
			ps->next = bigger[ps->hash & (size - 1)];
			bigger[ps->hash & (size - 1)] = ps;
		}
	}
	free(table);
	table = bigger;
	table_size = size;
}

/* Is this a list that a request could have made? */
bool perms_valid(const struct perm *list, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr; i++)
		if (list[i].domid >= DOMID_LIMIT || list[i].bits > PERM_BOTH)
			return false;
	return nr != 0;
}

/**
 * perms_intern() - the one object for a list of permissions
 * @p:  entries, the owner first
 * @nr: how many, at least one
 *
 * Return: a reference that the caller gives back with perms_put().
 */
struct perms *perms_intern(const struct perm *p, unsigned int nr)
{
	size_t bytes = nr * sizeof(*p);
	uint32_t hash = hash_bytes(p, bytes);
	struct perms *ps;

	if (table_used >= table_size)
		table_grow();
	for (ps = table[hash & (table_size - 1)]; ps; ps = ps->next)
		if (ps->hash == hash && ps->nr == nr &&
		    !memcmp(ps->p, p, bytes))
			return perms_get(ps);

	ps = xmalloc(sizeof(*ps) + bytes);
	*ps = (struct perms){ .refs = 1, .hash = hash, .nr = nr };
	ps->id = id_take(ps);
	memcpy(ps->p, p, bytes);
	ps->next = table[hash & (table_size - 1)];
	table[hash & (table_size - 1)] = ps;
	table_used++;
	return ps;
}

struct perms *perms_get(struct perms *ps)
{
	ps->refs++;
	return ps;
}

void perms_put(struct perms *ps)
{
	struct perms **pp;

	if (!ps || --ps->refs)
		return;
	for (pp = &table[ps->hash & (table_size - 1)]; *pp != ps;)
		pp = &(*pp)->next;
	*pp = ps->next;
	table_used--;
	free_ids[nr_free++] = ps->id;
	free(ps);
}

/**
 * perms_with_owner() - the same list, owned by somebody else
 *
 * What a domain creates inherits its parent's list, but belongs to the domain.
 *
 * Return: a new reference.
 */
struct perms *perms_with_owner(struct perms *ps, uint16_t domid)
{
	struct perms *res;
	struct perm *p;

	if (perms_owner(ps) == domid)
		return perms_get(ps);
	p = xmalloc(ps->nr * sizeof(*p));
	memcpy(p, ps->p, ps->nr * sizeof(*p));
	p[0].domid = domid;
	res = perms_intern(p, ps->nr);
	free(p);
	return res;
}

/**
 * perms_without() - the same list less the entries of one domain
 *
 * A domain's number may be used again: what was granted to its first bearer
 * must not reach the second. The owner's entry stays.
 *
 * Return: a new reference.
 */
struct perms *perms_without(struct perms *ps, uint16_t domid)
{
	struct perm *p = xmalloc(ps->nr * sizeof(*p));
	unsigned int i, n = 1;
	struct perms *res;

	p[0] = ps->p[0];
	for (i = 1; i < ps->nr; i++)
		if (ps->p[i].domid != domid)
			p[n++] = ps->p[i];
	res = perms_intern(p, n);
	free(p);
	return res;
}

/**
 * perms_mention() - does any list in use hold an entry of this domain?
 */
bool perms_mention(uint16_t domid)
{
	const struct perms *ps;
	uint32_t i, k;

	for (i = 0; i < table_size; i++)
		for (ps = table[i]; ps; ps = ps->next)
			for (k = 0; k < ps->nr; k++)
				if (ps->p[k].domid == domid)
					return true;
	return false;
}

/* A target of Dom0 would give everything away: it gives nothing. */
static bool target_counts(const struct identity *id)
{
	return id->target && id->target < 0x7ff0;
}

static unsigned int allowed_domain(const struct perms *ps, uint16_t domid)
{
	uint32_t i;

	if (domid == 0 || perms_owner(ps) == domid)
		return PERM_BOTH;
	for (i = 1; i < ps->nr; i++)
		if (ps->p[i].domid == domid)
			return ps->p[i].bits;
	return ps->p[0].bits;
}

/**
 * perms_allowed() - what may @id do with a node that has this list?
 *
 * Dom0 and the owner may do everything; the first entry of a domain counts;
 * who is not listed gets what the owner's entry says. Whoever acts for a
 * target may in addition do what the target may.
 *
 * Return: PERM_* bits.
 */
unsigned int perms_allowed(const struct perms *ps, const struct identity *id)
{
	unsigned int bits = allowed_domain(ps, id->domid);

	if (target_counts(id))
		bits |= allowed_domain(ps, id->target);
	return bits;
}

/* May @id change the permissions of a node that has this list? */
bool perms_is_owner(const struct perms *ps, const struct identity *id)
{
	uint16_t owner = perms_owner(ps);

	return id->domid == 0 || owner == id->domid ||
	       (target_counts(id) && owner == id->target);
}

static const char letters[] = { 'n', 'r', 'w', 'b' };

/**
 * perm_parse() - one entry from its text form, e.g. "r3"
 *
 * Return: false unless @s is one of n, r, w, b and a domain number that can
 *         exist (below 0x7ff0).
 */
bool perm_parse(const char *s, struct perm *out)
{
	const char *l = *s ? memchr(letters, *s, sizeof(letters)) : NULL;
	uint32_t domid;

	if (!l || !parse_u32(s + 1, 0x7fef, &domid))
		return false;
	out->domid = (uint16_t)domid;
	out->bits = (uint16_t)(l - letters);
	return true;
}

/**
 * perm_format() - one entry in its text form
 *
 * Return: length without the NUL.
 */
size_t perm_format(const struct perm *p, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "%c%u", letters[p->bits & 3],
				p->domid);
}
