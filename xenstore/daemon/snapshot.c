/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - write one version of the tree to a file, in slices
 *
 *	IDLE --snapshot_begin()--> WRITING --last slice--> IDLE
 *	                              '---write error------^
 *
 * The version is immutable while the cursor holds it, so requests go on
 * between slices at full speed and the snapshot still shows one moment. The
 * file gets its name when it is complete; it ends in a record that says so.
 * Records are those of the journal.
 */
#define _GNU_SOURCE
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "log.h"
#include "tree.h"
#include "util.h"

#define SLICE_NODES 64u

static struct tree_cursor *cursor;
static char final_name[512];
static char temp_name[520];
static int fd = -1;
static size_t written;
static struct buf out;

/**
 * snapshot_begin() - start to write a version
 * @path: final name of the file
 * @root: the version; held until the file is complete
 *
 * Return: 0 or the errno of open().
 */
int snapshot_begin(const char *path, struct node *root)
{
	snprintf(final_name, sizeof(final_name), "%s", path);
	snprintf(temp_name, sizeof(temp_name), "%s.new", path);
	fd = open(temp_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	cursor = tree_cursor_open(root);
	written = 0;
	return 0;
}

bool snapshot_active(void)
{
	return cursor != NULL;
}

static void put_node(const struct node *n, const char *path)
{
	struct item it = {
		.type = ITEM_NODE,
		.flags = ITEM_HAS_VALUE | ITEM_HAS_PERMS,
		.nr = n->value_len,
		.a = node_perms(n)->nr,
		.str_len = (uint32_t)strlen(path) + 1,
	};
	size_t perm_bytes = it.a * sizeof(struct perm);
	size_t size = it.str_len + it.nr + perm_bytes;
	size_t padded = (size + 7) & ~(size_t)7;

	it.len = (uint32_t)(sizeof(it) + padded);
	buf_put(&out, &it, sizeof(it));
	buf_put(&out, path, it.str_len);
	buf_put(&out, node_value(n), it.nr);
	buf_put(&out, node_perms(n)->p, perm_bytes);
	memset(buf_grow(&out, padded - size), 0, padded - size);
}

/* Turn the items in @out into a record and write it. */
static int flush_record(void)
{
	struct rec r = { .len = (uint32_t)out.len, .seq = journal_seq() };
	ssize_t n;

	memcpy(out.data + offsetof(struct rec, seq), &r.seq, sizeof(r.seq));
	r.crc = crc32c(0, out.data + offsetof(struct rec, seq),
		       out.len - offsetof(struct rec, seq));
	memcpy(out.data, &r, sizeof(r));
	n = write(fd, out.data, out.len);
	if (n != (ssize_t)out.len)
		return n < 0 ? errno : ENOSPC;
	written += out.len;
	return 0;
}

static void finish(void)
{
	tree_cursor_close(cursor);
	cursor = NULL;
	close(fd);
	fd = -1;
	buf_free(&out);
}

/**
 * snapshot_step() - write the next slice
 * @size: bytes of the file, set when it is complete
 *
 * Return: true if the file is complete and has its name. After an error the
 *         snapshot is given up with a line in the log; the older generation
 *         is then still whole.
 */
bool snapshot_step(size_t *size)
{
	struct item end = { .len = sizeof(end), .type = ITEM_SNAPSHOT_END };
	const struct node *n = NULL;
	const char *path;
	unsigned int i;
	int rc;

	out.len = 0;
	buf_grow(&out, sizeof(struct rec));
	for (i = 0; i < SLICE_NODES; i++) {
		n = tree_cursor_next(cursor, &path);
		if (!n)
			break;
		put_node(n, path);
	}
	if (!n)
		buf_put(&out, &end, sizeof(end));
	rc = flush_record();
	if (!rc && n)
		return false;
	finish();
	if (!rc && rename(temp_name, final_name))
		rc = errno;
	if (rc) {
		log_error("snapshot %s: %s", final_name, strerror(rc));
		unlink(temp_name);
		return false;
	}
	*size = written;
	return true;
}
