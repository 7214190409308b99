/* SPDX-License-Identifier: MIT */
/*
 * journal.c - write the record of everything that must survive
 *
 * The journal is a file mapped into memory: adding a record is a copy, without
 * a system call. A killed process loses nothing of a shared mapping. The
 * length of a record is stored last, so a reader sees the whole record or none
 * (and a checksum guards against what a kill cannot explain).
 *
 *	EMPTY --item--> PENDING --journal_commit()--> EMPTY
 *	                   '------journal_drop()--------^
 *
 * Space is allocated ahead of its use, because a full file system would
 * otherwise show as SIGBUS. Requests that change something ask
 * journal_ready() first, and are refused with ENOSPC while there is no room.
 */
#define _GNU_SOURCE
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "snapshot.h"
#include "store.h"
#include "util.h"

#define MAX_SIZE (1ul << 30)	/* of one journal; address space, not memory */
#define CHUNK (1ul << 20)	/* allocated at a time */
#define ROTATE_MIN (16ul << 20)	/* a journal shorter than this goes on */

static const char *dir;
static uint64_t gen;
static int fd = -1;
static uint8_t *map;
static size_t pos;		/* where the next record goes */
static size_t allocated;	/* bytes of the file that are backed */
static size_t snap_size;	/* of the newest snapshot */
static uint64_t seq;		/* of the last record */
static struct buf items;	/* of the record that is being made */
static bool full_logged;

static const char *file_name(char *buf, size_t size, const char *what,
			     uint64_t n)
{
	snprintf(buf, size, "%s/%s.%llu", dir, what, (unsigned long long)n);
	return buf;
}

static bool extend(size_t size)
{
	size_t want = (size + CHUNK - 1) & ~(CHUNK - 1);

	if (want <= allocated)
		return true;
	if (want > MAX_SIZE)
		return false;
	if (fallocate(fd, 0, (off_t)allocated, (off_t)(want - allocated)))
		return false;
	allocated = want;
	return true;
}

static void detach(void)
{
	if (fd < 0)
		return;
	munmap(map, MAX_SIZE);
	close(fd);
	fd = -1;
}

/**
 * journal_open() - write on in a journal, or begin one
 * @d:    state directory; the string is kept
 * @g:    generation
 * @from: where to go on; what is behind it is wiped
 *
 * Return: 0 or an errno of open(), fallocate(), mmap(); the journal that was
 *         open before is then still in use.
 */
int journal_open(const char *d, uint64_t g, uint64_t from)
{
	char path[512];
	uint8_t *m;
	off_t old;
	int f;

	dir = d;
	f = open(file_name(path, sizeof(path), "journal", g),
		 O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f < 0)
		return errno;
	old = lseek(f, 0, SEEK_END);
	if (posix_fallocate(f, 0, (off_t)(from + CHUNK)))
		goto err_close;
	m = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	if (m == MAP_FAILED)
		goto err_close;
	detach();
	fd = f;
	map = m;
	gen = g;
	pos = from;
	allocated = (size_t)lseek(f, 0, SEEK_END);
	if (old > (off_t)from)
		memset(map + from, 0, (size_t)old - from);
	return 0;

err_close:
	close(f);
	return ENOSPC;
}

uint64_t journal_seq(void)
{
	return seq + 1;
}

void journal_set_seq(uint64_t s)
{
	seq = s;
}

/**
 * journal_ready() - is there room for what a request may record?
 * @need: upper bound of its size in bytes
 *
 * Return: false if the file system is full; logged once until there is room
 *         again.
 */
bool journal_ready(size_t need)
{
	bool ok = extend(pos + need + sizeof(struct rec));

	if (!ok && !full_logged)
		log_error("no room for the journal in %s: changes are refused",
			  dir);
	full_logged = !ok;
	return ok;
}

bool journal_pending(void)
{
	return items.len != 0;
}

void journal_drop(void)
{
	items.len = 0;
}

/**
 * journal_commit() - record the items that were added since the last commit
 *
 * Once this returns they survive. Without items it does nothing; nor does it
 * before journal_open(), during recovery.
 */
void journal_commit(void)
{
	uint8_t *p = map + pos;
	struct rec r = { .len = (uint32_t)(sizeof(r) + items.len) };

	if (!items.len || fd < 0) {
		items.len = 0;
		return;
	}
	if (!extend(pos + r.len + sizeof(r)))
		log_fatal("no room for a record of %u bytes", r.len);
	r.seq = ++seq;
	memcpy(p + sizeof(r), items.data, items.len);
	memcpy(p + offsetof(struct rec, seq), &r.seq, sizeof(r.seq));
	r.crc = crc32c(0, p + offsetof(struct rec, seq),
		       r.len - offsetof(struct rec, seq));
	memcpy(p + offsetof(struct rec, crc), &r.crc, sizeof(r.crc));
	__atomic_store_n((uint32_t *)p, r.len, __ATOMIC_RELEASE);
	pos += r.len;
	items.len = 0;
}

/* --- items --- */

/* Add an item and return where its body goes, of @size bytes. */
static uint8_t *item_add(struct item *it, size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;
	uint8_t *p;

	it->len = (uint32_t)(sizeof(*it) + padded);
	p = buf_grow(&items, it->len);
	memcpy(p, it, sizeof(*it));
	memset(p + sizeof(*it) + size, 0, padded - size);
	return p + sizeof(*it);
}

static void item_strings(struct item *it, const char *s, const char *t)
{
	size_t len = strlen(s) + 1;
	size_t extra = t ? strlen(t) + 1 : 0;
	uint8_t *p;

	it->str_len = (uint32_t)len;
	p = item_add(it, len + extra);
	memcpy(p, s, len);
	if (extra)
		memcpy(p + len, t, extra);
}

/**
 * journal_node() - a node is created or changed
 * @value: NULL: unchanged
 * @ps:    NULL: unchanged
 */
void journal_node(const char *path, const void *value, size_t len,
		  const struct perms *ps)
{
	struct item it = {
		.type = ITEM_NODE,
		.flags = (uint8_t)((value ? ITEM_HAS_VALUE : 0) |
				   (ps ? ITEM_HAS_PERMS : 0)),
		.nr = (uint16_t)(value ? len : 0),
		.a = ps ? ps->nr : 0,
		.str_len = (uint32_t)strlen(path) + 1,
	};
	size_t perm_bytes = it.a * sizeof(struct perm);
	uint8_t *p = item_add(&it, it.str_len + it.nr + perm_bytes);

	memcpy(p, path, it.str_len);
	if (it.nr)
		memcpy(p + it.str_len, value, it.nr);
	if (ps)
		memcpy(p + it.str_len + it.nr, ps->p, perm_bytes);
}

void journal_remove(const char *path)
{
	struct item it = { .type = ITEM_REMOVE };

	item_strings(&it, path, NULL);
}

void journal_cursor(uint32_t conn, uint32_t in_done, uint32_t out_end)
{
	struct item it = { .type = ITEM_CURSOR, .a = conn, .b = in_done,
			   .c = out_end };

	item_add(&it, 0);
}

void journal_conn(bool open, uint32_t conn, uint32_t domid, bool readonly)
{
	struct item it = { .type = open ? ITEM_CONN_OPEN : ITEM_CONN_CLOSE,
			   .flags = readonly, .a = conn, .b = domid };

	item_add(&it, 0);
}

/* @depth: -1 for no limit */
void journal_watch(uint32_t conn, const char *path, const char *token,
		   int depth)
{
	struct item it = { .type = ITEM_WATCH, .a = conn,
			   .b = (uint32_t)depth };

	item_strings(&it, path, token);
}

void journal_unwatch(uint32_t conn, const char *path, const char *token)
{
	struct item it = { .type = ITEM_UNWATCH, .a = conn };

	item_strings(&it, path, token);
}

void journal_txn(bool start, uint32_t conn, uint32_t id)
{
	struct item it = { .type = start ? ITEM_TXN_START : ITEM_TXN_END,
			   .a = conn, .b = id };

	item_add(&it, 0);
}

void journal_domain(uint16_t domid, uint16_t target, uint64_t gfn,
		    uint32_t port, bool introduced, bool shutdown)
{
	struct item it = {
		.type = ITEM_DOMAIN,
		.flags = (uint8_t)(introduced | shutdown << 1),
		.a = domid,
		.b = port,
		.c = target,
		.q = gfn,
	};

	item_add(&it, 0);
}

/* @domid: DOMID_LIMIT for the global limit */
void journal_limit(uint32_t domid, unsigned int limit, uint32_t value)
{
	struct item it = { .type = ITEM_LIMIT, .nr = (uint16_t)limit,
			   .a = domid, .b = value };

	item_add(&it, 0);
}

/* --- generations --- */

/* The first item of a journal. */
void journal_begin(void)
{
	struct item it = { .type = ITEM_RESET, .a = JOURNAL_FORMAT };

	item_add(&it, 0);
}

/**
 * journal_rotate() - begin a new generation
 *
 * The new journal opens with all that is not in the tree; the tree is written
 * beside it, a slice at each journal_poll().
 *
 * Return: 0, or an errno; then the old generation goes on.
 */
int journal_rotate(void)
{
	char path[512];
	int rc;

	rc = journal_open(dir, gen + 1, 0);
	if (rc)
		return rc;
	journal_begin();
	store_dump();
	journal_commit();
	return snapshot_begin(file_name(path, sizeof(path), "snap", gen),
			      store_root());
}

static void remove_older(void)
{
	char path[512];
	uint64_t n;

	for (n = gen; n-- > 0;) {
		file_name(path, sizeof(path), "snap", n);
		(void)unlink(path);
		file_name(path, sizeof(path), "journal", n);
		if (unlink(path))
			return;
	}
}

bool journal_busy(void)
{
	return snapshot_active();
}

/**
 * journal_poll() - between requests: write a slice, or begin a generation
 */
void journal_poll(void)
{
	if (snapshot_active()) {
		if (snapshot_step(&snap_size))
			remove_older();
		return;
	}
	if (pos < ROTATE_MIN || pos < snap_size)
		return;
	if (journal_rotate())
		log_error("cannot begin a new journal in %s: %s", dir,
			  strerror(errno));
}
