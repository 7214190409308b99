/* SPDX-License-Identifier: MIT */
/*
 * recover.c - rebuild the state from a snapshot and journals
 *
 *	newest complete snap.N --> journal.N --> journal.N+1 --> ...
 *
 * Each item is checked against the state that the items before it built: a
 * journal that was tampered with can make the daemon refuse the rest of it,
 * with a line in the log, but not do more.
 *
 * Items are applied by the functions that the requests use, where those add to
 * the journal what they do; the caller drops that afterwards.
 */
#define _GNU_SOURCE
#include "recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "log.h"
#include "pack.h"
#include "path.h"
#include "store.h"
#include "txn.h"
#include "util.h"
#include "watch.h"

static struct arena *scratch;

static bool path_valid(const char *path)
{
	return *path == '/' && path_canonical(scratch, path, 0);
}

/* A node as it was recorded; @value or @ps is NULL where it did not change. */
static bool put_node(const char *path, const uint8_t *value, size_t len,
		     struct perms *ps, uint64_t seq)
{
	if (!ps && (*path != '/' || !tree_find(store_root(), path)))
		return false;
	if (*path == '/' && !tree_find(store_root(),
				       path_parent(scratch, path)))
		return false;
	store_replay_put(path, value, len, ps, seq);
	return true;
}

static bool apply_node(uint64_t seq, const struct item *it, const uint8_t *body)
{
	size_t perm_bytes = it->a * sizeof(struct perm);
	const uint8_t *value = body + it->str_len;
	struct perms *ps = NULL;
	struct perm *list;
	const char *path;
	bool ok;

	if (!item_string(it, body, &path) || it->a > 4096 ||
	    it->nr > XENSTORE_PAYLOAD_MAX ||
	    it->len < it->str_len + it->nr + perm_bytes)
		return false;
	if (store_special(path) < 0 && !path_valid(path))
		return false;
	if (it->nr && !(it->flags & ITEM_HAS_VALUE))
		return false;
	if (it->flags & ITEM_HAS_PERMS) {
		list = arena_alloc(scratch, perm_bytes);
		memcpy(list, value + it->nr, perm_bytes);
		if (!perms_valid(list, it->a))
			return false;
		ps = perms_intern(list, it->a);
	}
	ok = put_node(path, it->flags & ITEM_HAS_VALUE ? value : NULL, it->nr,
		      ps, seq);
	perms_put(ps);
	return ok;
}

static bool apply_packed(void *arg, const char *path, const uint8_t *value,
			 size_t len, struct perms *ps)
{
	struct recover_state *s = arg;

	arena_reset(scratch);
	s->nodes++;
	return path_valid(path) && put_node(path, value, len, ps, s->seq);
}

static bool apply_tree(struct recover_state *s, const struct item *it,
		       const uint8_t *body)
{
	if (!s->tree)
		s->tree = unpacker_new();
	if (!s->tree)
		log_fatal("out of memory");
	return unpacker_feed(s->tree, body, it->len, apply_packed, s);
}

static bool apply_remove(uint64_t seq, const struct item *it,
			 const uint8_t *body)
{
	const char *path;

	if (!item_string(it, body, &path) || !path_valid(path) || !path[1] ||
	    !tree_find(store_root(), path))
		return false;
	store_replay_remove(path, seq);
	return true;
}

static void forget_all(void)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, link)
		conn_kill(c, 0, NULL);
	conn_reap();
}

static bool apply_open(const struct item *it)
{
	struct conn *c;

	if (it->b >= DOMID_LIMIT || conn_lookup(it->a))
		return false;
	c = conn_new(it->a, domain_make((uint16_t)it->b));
	c->readonly = it->flags & 1;
	return true;
}

static bool apply_watch(const struct item *it, const uint8_t *body, bool add)
{
	struct conn *c = conn_lookup(it->a);
	const char *path, *canonical, *token;
	size_t room = it->len - it->str_len;

	if (!c || !item_string(it, body, &path))
		return false;
	token = path + it->str_len;
	if (!memchr(token, 0, room))
		return false;
	canonical = *path == '@' ? path :
		    path_canonical(scratch, path, c->dom->id.domid);
	if (!canonical || (*path == '@' && !path_special(path)))
		return false;
	return add ? watch_restore(c, path, canonical, token, (int)it->b) :
		     !watch_remove(c, canonical, token);
}

static bool apply_domain(const struct item *it)
{
	struct domain *d;

	if (it->a >= DOMID_LIMIT)
		return false;
	d = domain_make((uint16_t)it->a);
	d->id.target = (uint16_t)it->c;
	d->gfn = it->q;
	d->port = it->b;
	d->introduced = it->flags & 1;
	d->shutdown = it->flags & 2;
	return true;
}

static bool apply_limit(const struct item *it)
{
	if (it->nr >= LIMIT_NR || it->a > DOMID_LIMIT)
		return false;
	limit_set(it->a == DOMID_LIMIT ? NULL : domain_make((uint16_t)it->a),
		  (enum limit)it->nr, it->b);
	return true;
}

static bool apply_conn(const struct item *it)
{
	struct conn *c = conn_lookup(it->a);
	struct txn *t;

	if (!c)
		return it->type == ITEM_CURSOR;
	switch (it->type) {
	case ITEM_CURSOR:
		c->rec_in = it->b;
		c->rec_out = it->c;
		return true;
	case ITEM_CONN_CLOSE:
		conn_kill(c, 0, NULL);
		conn_reap();
		return true;
	case ITEM_TXN_START:
		txn_restore(c, it->b);
		return true;
	default:
		t = txn_lookup(c, it->b);
		if (t)
			txn_abort(t);
		return t != NULL;
	}
}

static bool apply(void *arg, uint64_t seq, const struct item *it,
		  const uint8_t *body)
{
	struct recover_state *s = arg;

	arena_reset(scratch);
	if (seq > s->seq)
		s->seq = seq;
	switch (it->type) {
	case ITEM_NODE:
		return apply_node(seq, it, body);
	case ITEM_REMOVE:
		return apply_remove(seq, it, body);
	case ITEM_CONN_OPEN:
		return apply_open(it);
	case ITEM_CURSOR:
	case ITEM_CONN_CLOSE:
	case ITEM_TXN_START:
	case ITEM_TXN_END:
		return apply_conn(it);
	case ITEM_WATCH:
		return apply_watch(it, body, true);
	case ITEM_UNWATCH:
		return apply_watch(it, body, false);
	case ITEM_DOMAIN:
		return apply_domain(it);
	case ITEM_LIMIT:
		return apply_limit(it);
	case ITEM_RESET:
		if (it->a == JOURNAL_FORMAT)
			forget_all();
		return it->a == JOURNAL_FORMAT;
	case ITEM_TREE:
		return apply_tree(s, it, body);
	case ITEM_SNAPSHOT_END:
		s->snapshot_done = it->q == s->nodes;
		return s->snapshot_done;
	}
	return false;
}

/**
 * recover_records() - apply the records of a journal or snapshot in memory
 * @end: as for records_parse()
 *
 * For recover(), and for whoever tests the reader.
 */
bool recover_records(const uint8_t *data, size_t size, size_t *end,
		     struct recover_state *s)
{
	bool ok;

	if (!scratch)
		scratch = arena_new(32768);
	ok = records_parse(data, size, end, apply, s);
	unpacker_free(s->tree);
	s->tree = NULL;
	return ok;
}

struct file {
	uint8_t *data;
	size_t size;
};

/* Map a file of the state directory. Return: false if it is not there. */
static bool map_file(const char *dir, const char *what, uint64_t n,
		     struct file *m)
{
	char path[512];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.%" PRIu64, dir, what, n);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	*m = (struct file){ 0 };
	if (!fstat(fd, &st) && st.st_size > 0) {
		m->data = mmap(NULL, (size_t)st.st_size, PROT_READ,
			       MAP_PRIVATE, fd, 0);
		if (m->data == MAP_FAILED)
			log_fatal("%s: %s", path, strerror(errno));
		m->size = (size_t)st.st_size;
	}
	close(fd);
	return true;
}

static void unmap_file(struct file *m)
{
	if (m->size)
		munmap(m->data, m->size);
}

static bool newest_snapshot(const char *dir, uint64_t *newest)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	bool found = false;
	uint64_t n;
	char *end;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, "snap.", 5))
			continue;
		n = strtoull(e->d_name + 5, &end, 10);
		if (*end || (found && n < *newest))
			continue;
		*newest = n;
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}

static int read_snapshot(const char *dir, uint64_t n, struct recover_state *s)
{
	struct file m;
	size_t end;

	if (!map_file(dir, "snap", n, &m))
		return ENOENT;
	s->snapshot_done = false;
	s->nodes = 0;
	if (!recover_records(m.data, m.size, &end, s) ||
	    !s->snapshot_done) {
		log_error("%s/snap.%" PRIu64 " is damaged at byte %zu", dir,
			  n, end);
		return EIO;
	}
	unmap_file(&m);
	return 0;
}

/*
 * A daemon writes one format alone. Return: 0; EPROTO, with a line in the log,
 * if one of the journals is of another.
 */
static int check_format(const char *dir, uint64_t gen)
{
	uint32_t format = JOURNAL_FORMAT;
	struct file m;

	for (; format == JOURNAL_FORMAT &&
	       map_file(dir, "journal", gen, &m); gen++) {
		format = preamble_format(m.data, m.size);
		if (!format)		/* empty, or torn: not for us to say */
			format = JOURNAL_FORMAT;
		unmap_file(&m);
	}
	if (format == JOURNAL_FORMAT)
		return 0;
	log_error("%s was written by %s daemon: its format is %" PRIu32
		  ", this one reads %u", dir,
		  format > JOURNAL_FORMAT ? "a newer" : "an older", format,
		  JOURNAL_FORMAT);
	return EPROTO;
}

/* A journal without a record is one that the last daemon did not get to. */
static void read_journals(const char *dir, struct recover_state *s,
			  uint64_t *gen, uint64_t *pos)
{
	struct file m;
	uint64_t n;
	size_t end;

	for (n = *gen; map_file(dir, "journal", n, &m); n++) {
		end = 0;
		if (m.size && !recover_records(m.data, m.size, &end, s))
			log_warn("%s/journal.%" PRIu64 " is torn at byte %zu: "
				 "the rest of it is dropped", dir, n, end);
		unmap_file(&m);
		if (!end && n > *gen)
			continue;
		*gen = n;
		*pos = end;
	}
}

/**
 * recover() - rebuild the state that a state directory holds
 * @gen, @pos: where to go on writing
 *
 * Afterwards each connection knows its counters, but has no transport yet.
 *
 * Return: 0, also if the directory is empty; EIO the snapshot is damaged;
 *         EPROTO another daemon wrote what this one cannot read.
 */
int recover(const char *dir, uint64_t *gen, uint64_t *pos)
{
	struct recover_state s = { 0 };
	bool snapshot;
	int rc;

	*gen = *pos = 0;
	scratch = arena_new(32768);
	store_init();
	snapshot = newest_snapshot(dir, gen);
	rc = check_format(dir, *gen);
	if (!rc && snapshot)
		rc = read_snapshot(dir, *gen, &s);
	if (!rc)
		read_journals(dir, &s, gen, pos);
	journal_drop();
	journal_set_seq(s.seq);
	arena_free(scratch);
	scratch = NULL;
	return rc;
}
