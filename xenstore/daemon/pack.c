/* SPDX-License-Identifier: MIT */
/*
 * pack.c - the nodes of a tree as a compressed stream of bytes, and back
 *
 * The reader believes nothing: every length is checked, a piece may not become
 * longer than PIECE_MAX, nor want a window of more than WINDOW_LOG.
 */
#include "pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>
#include <zstd.h>

#include "log.h"
#include "node.h"
#include "util.h"
#include "varint.h"

#define LEVEL 1
#define WINDOW_LOG 17		/* of 128 KiB */
#define PIECE_MAX (64u << 10)	/* bytes of a piece before compression */
#define LIST_MAX 4096u		/* entries of a list of permissions */

struct packer {
	ZSTD_CStream *z;
	struct buf raw;		/* nodes of the piece that is being made */
	uint32_t *number;	/* of the list perms_by_id[i]; 0: none yet */
	uint32_t nr_numbers;
	uint32_t last_number;
	unsigned int below;	/* level below the last node */
};

/**
 * packer_new() - begin a stream
 *
 * Return: NULL if there is no memory.
 */
struct packer *packer_new(void)
{
	struct packer *p = xcalloc(1, sizeof(*p));

	p->z = ZSTD_createCStream();
	if (p->z && !ZSTD_isError(ZSTD_CCtx_setParameter(
			    p->z, ZSTD_c_compressionLevel, LEVEL)) &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(p->z, ZSTD_c_windowLog,
						 WINDOW_LOG)))
		return p;
	packer_free(p);
	return NULL;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	ZSTD_freeCStream(p->z);
	buf_free(&p->raw);
	free(p->number);
	free(p);
}

static void put_number(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_MAX];

	buf_put(b, bytes, (size_t)(varint_put(bytes, v) - bytes));
}

/* A version holds its lists, so their ids stay while it is packed. */
static uint32_t *number_of(struct packer *p, const struct perms *ps)
{
	uint32_t want = ps->id + 1;

	if (want > p->nr_numbers) {
		want = want < 64 ? 64 : want * 2;
		p->number = xrealloc(p->number, want * sizeof(*p->number));
		memset(p->number + p->nr_numbers, 0,
		       (want - p->nr_numbers) * sizeof(*p->number));
		p->nr_numbers = want;
	}
	return &p->number[ps->id];
}

static void put_perms(struct packer *p, const struct perms *ps)
{
	uint32_t *number = number_of(p, ps);
	uint32_t i;

	put_number(&p->raw, *number);
	if (*number)
		return;
	*number = ++p->last_number;
	put_number(&p->raw, ps->nr);
	for (i = 0; i < ps->nr; i++) {
		put_number(&p->raw, ps->p[i].domid);
		put_number(&p->raw, ps->p[i].bits);
	}
}

/**
 * packer_add() - add a node to the piece
 * @depth: 0 for the root, which comes first; at most one more than that of the
 *         node before
 *
 * Return: length of the piece so far, uncompressed, in bytes.
 */
size_t packer_add(struct packer *p, const struct node *n, unsigned int depth)
{
	put_number(&p->raw, p->below - depth);
	p->below = depth + 1;
	put_number(&p->raw, n->name_len);
	buf_put(&p->raw, node_name(n), n->name_len);
	put_perms(p, node_perms(n));
	put_number(&p->raw, n->value_len);
	buf_put(&p->raw, node_value(n), n->value_len);
	return p->raw.len;
}

/**
 * packer_flush() - compress the piece, and begin the next one
 * @out: the compressed bytes are appended to it
 *
 * Return: 0, or EIO: the library failed.
 */
int packer_flush(struct packer *p, struct buf *out)
{
	ZSTD_inBuffer in = { p->raw.data, p->raw.len, 0 };
	size_t room = ZSTD_compressBound(p->raw.len), left;
	ZSTD_outBuffer to;

	do {
		to = (ZSTD_outBuffer){ buf_grow(out, room), room, 0 };
		left = ZSTD_compressStream2(p->z, &to, &in, ZSTD_e_flush);
		out->len -= room - to.pos;
	} while (!ZSTD_isError(left) && left);
	p->raw.len = 0;
	return left ? EIO : 0;
}

/* --- back --- */

struct unpacker {
	ZSTD_DStream *z;
	uint8_t *raw;		/* PIECE_MAX */
	struct perms **list;	/* [r] */
	uint32_t nr_lists, room;
	size_t *end;		/* length of the path of the last node, and of
				   those above it */
	unsigned int below;	/* how many those are */
	unsigned int end_room;
	struct buf path;
};

/**
 * unpacker_new() - be ready for a stream
 *
 * Return: NULL if there is no memory.
 */
struct unpacker *unpacker_new(void)
{
	struct unpacker *u = xcalloc(1, sizeof(*u));

	u->raw = xmalloc(PIECE_MAX);
	u->z = ZSTD_createDStream();
	if (u->z && !ZSTD_isError(ZSTD_DCtx_setParameter(
			    u->z, ZSTD_d_windowLogMax, WINDOW_LOG)))
		return u;
	unpacker_free(u);
	return NULL;
}

void unpacker_free(struct unpacker *u)
{
	if (!u)
		return;
	while (u->nr_lists)
		perms_put(u->list[--u->nr_lists]);
	ZSTD_freeDStream(u->z);
	free(u->raw);
	free(u->list);
	free(u->end);
	buf_free(&u->path);
	free(u);
}

static bool get_list(struct unpacker *u, const uint8_t **p, const uint8_t *end)
{
	struct perm list[LIST_MAX];
	uint64_t nr, domid, bits;
	uint32_t i;

	if (!varint_get(p, end, LIST_MAX, &nr))
		return false;
	for (i = 0; i < nr; i++) {
		if (!varint_get(p, end, UINT16_MAX, &domid) ||
		    !varint_get(p, end, UINT16_MAX, &bits))
			return false;
		list[i] = (struct perm){ (uint16_t)domid, (uint16_t)bits };
	}
	if (!perms_valid(list, (uint32_t)nr))
		return false;
	if (u->nr_lists == u->room) {
		u->room = u->room ? u->room * 2 : 16;
		u->list = xrealloc(u->list, u->room * sizeof(*u->list));
	}
	u->list[u->nr_lists++] = perms_intern(list, (uint32_t)nr);
	return true;
}

static bool get_perms(struct unpacker *u, const uint8_t **p,
		      const uint8_t *end, struct perms **ps)
{
	uint64_t number;

	if (!varint_get(p, end, u->nr_lists, &number) ||
	    (!number && !get_list(u, p, end)))
		return false;
	*ps = u->list[(number ? number : u->nr_lists) - 1];
	return true;
}

/* Go @up levels up, and from there down to a child. */
static bool get_path(struct unpacker *u, const uint8_t **p, const uint8_t *end)
{
	uint64_t up, len;
	const char *name;

	if (!varint_get(p, end, u->below ? u->below - 1 : 0, &up) ||
	    !varint_get(p, end, XENSTORE_ABS_PATH_MAX, &len) ||
	    len > (size_t)(end - *p) || !len != !u->below)
		return false;
	name = (const char *)*p;
	*p += len;
	if (memchr(name, '/', len) || memchr(name, 0, len))
		return false;
	u->below -= (unsigned int)up;
	u->path.len = u->below ? u->end[u->below - 1] : 0;
	if (u->path.len + len + 2 > XENSTORE_ABS_PATH_MAX + 1)
		return false;
	buf_put(&u->path, "/", 1);
	buf_put(&u->path, name, len);
	buf_put(&u->path, "", 1);
	if (u->below == u->end_room) {
		u->end_room = u->end_room ? u->end_room * 2 : 16;
		u->end = xrealloc(u->end, u->end_room * sizeof(*u->end));
	}
	u->end[u->below] = u->below ? u->path.len - 1 : 0;
	u->below++;
	return true;
}

static bool get_node(struct unpacker *u, const uint8_t **p, const uint8_t *end,
		     unpack_fn fn, void *arg)
{
	const uint8_t *value;
	struct perms *ps;
	uint64_t len;

	if (!get_path(u, p, end) || !get_perms(u, p, end, &ps) ||
	    !varint_get(p, end, XENSTORE_PAYLOAD_MAX, &len) ||
	    len > (size_t)(end - *p))
		return false;
	value = *p;
	*p += len;
	return fn(arg, (const char *)u->path.data, value, len, ps);
}

/**
 * unpacker_feed() - take the next piece of the stream apart
 * @fn: called for each node, with its path and a list that it borrows
 *
 * Return: false if the piece is damaged, or makes no sense behind those before
 *         it, or @fn said so; there is no use in going on then.
 */
bool unpacker_feed(struct unpacker *u, const uint8_t *data, size_t len,
		   unpack_fn fn, void *arg)
{
	ZSTD_inBuffer in = { data, len, 0 };
	ZSTD_outBuffer out = { u->raw, PIECE_MAX, 0 };
	const uint8_t *p = u->raw;

	while (in.pos < in.size && out.pos < out.size)
		if (ZSTD_isError(ZSTD_decompressStream(u->z, &out, &in)))
			return false;
	if (out.pos == out.size)
		return false;
	while (p < u->raw + out.pos)
		if (!get_node(u, &p, u->raw + out.pos, fn, arg))
			return false;
	return true;
}
