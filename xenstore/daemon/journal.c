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
#define CHUNK (256ul << 10)	/* allocated at a time */

/*
 * A journal may grow, after its first record, by a part of what the tree is
 * charged for, and by as much as that record has: this bounds both the memory
 * that it takes and the share of the time that goes into the next generation.
 * It may always grow by ROTATE_MIN.
 */
#define ROTATE_MIN (1ul << 20)
#define ROTATE_SHARE 4

/* While this much is added to a journal a slice of the snapshot is written. */
#define BYTES_PER_SLICE 512

static const char *dir;
static uint64_t gen;
static int fd = -1;
static uint8_t *map;
static size_t pos;		/* where the next record goes */
static size_t allocated;	/* bytes of the file that are backed */
static size_t begun;		/* length of the first record; 0: not known */
static size_t rotate_at;	/* after a failure: not before this length */
static size_t paced;		/* length up to which the snapshot kept up */
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
	begun = 0;
	rotate_at = 0;
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
	bool ok = extend(pos + need + sizeof(struct preamble) + REC_ROOM);

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
 * before journal_open(), during recovery. The first record of a file counts
 * together with the preamble, which is stored after it.
 */
void journal_commit(void)
{
	struct preamble head;
	size_t at = pos ? pos : sizeof(head);
	size_t len;

	if (!items.len || fd < 0) {
		items.len = 0;
		return;
	}
	if (!extend(at + items.len + REC_ROOM))
		log_fatal("no room for a record of %zu bytes", items.len);
	len = rec_make(map + at, ++seq, &items);
	__atomic_store_n((uint32_t *)(map + at), (uint32_t)len,
			 __ATOMIC_RELEASE);
	if (!pos) {
		preamble_make(&head);
		memcpy(map + sizeof(uint32_t), &head.rec.crc,
		       sizeof(head) - sizeof(uint32_t));
		__atomic_store_n((uint32_t *)map, head.rec.len,
				 __ATOMIC_RELEASE);
	}
	pos = at + REC_SPACE(len);
	items.len = 0;
}

/* --- items --- */

static void item_strings(struct item *it, const char *s, const char *t)
{
	size_t len = strlen(s) + 1;
	size_t extra = t ? strlen(t) + 1 : 0;
	uint8_t *p;

	it->str_len = (uint32_t)len;
	it->len = (uint32_t)(len + extra);
	p = item_put(&items, it);
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
	uint8_t *p;

	it.len = (uint32_t)(it.str_len + it.nr + perm_bytes);
	p = item_put(&items, &it);
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

	item_put(&items, &it);
}

void journal_conn(bool open, uint32_t conn, uint32_t domid, bool readonly)
{
	struct item it = { .type = open ? ITEM_CONN_OPEN : ITEM_CONN_CLOSE,
			   .flags = readonly, .a = conn, .b = domid };

	item_put(&items, &it);
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

	item_put(&items, &it);
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

	item_put(&items, &it);
}

/* @domid: DOMID_LIMIT for the global limit */
void journal_limit(uint32_t domid, unsigned int limit, uint32_t value)
{
	struct item it = { .type = ITEM_LIMIT, .nr = (uint16_t)limit,
			   .a = domid, .b = value };

	item_put(&items, &it);
}

/* --- generations --- */

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
	store_dump();
	journal_commit();
	begun = paced = pos;
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

static bool is_long(void)
{
	size_t grown = pos - begun;

	return pos >= rotate_at && grown >= begun && grown >= ROTATE_MIN &&
	       grown >= store_bytes() / ROTATE_SHARE;
}

static void slice(void)
{
	if (snapshot_step())
		remove_older();
	paced += BYTES_PER_SLICE;
}

/**
 * journal_pace() - write slices of the snapshot: as many as the journal grew for
 *
 * Called in the turn of the client that made it grow, whose time it takes.
 */
void journal_pace(void)
{
	while (snapshot_active() && paced < pos)
		slice();
}

/**
 * journal_poll() - between rounds: write a slice, or begin a generation
 * @idle: nobody waits for anything
 */
void journal_poll(bool idle)
{
	int rc;

	if (snapshot_active()) {
		if (idle)
			slice();
		return;
	}
	if (!is_long())
		return;
	rc = journal_rotate();
	if (!rc)
		return;
	rotate_at = pos + ROTATE_MIN;
	log_error("cannot begin a new journal in %s: %s", dir, strerror(rc));
}
