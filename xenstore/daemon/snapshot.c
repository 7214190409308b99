/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - write one version of the tree to a file, in slices
 *
 *	IDLE --snapshot_begin()--> WRITING --last slice--> IDLE
 *	                              '---write error------^
 *
 * The version is immutable while the cursor holds it, so requests go on
 * between slices at full speed and the snapshot still shows one moment. The
 * file gets its name when it is complete; it ends in a record that says so,
 * and how many nodes there are. Records are those of the journal; the nodes of
 * many slices are compressed together and make one (pack.h). A slice is so
 * short that requests need not wait for it: SLICE_NODES nodes, or RECORD_SIZE
 * bytes of them to be compressed.
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
#include "pack.h"
#include "record.h"
#include "tree.h"
#include "util.h"

#define SLICE_NODES 64u
#define RECORD_SIZE 8192u	/* of nodes, before compression */

static struct tree_cursor *cursor;
static char final_name[512];
static char temp_name[520];
static int fd = -1;
static struct packer *packer;
static uint64_t nr_nodes;
static struct buf piece, items, out;

static int write_all(const void *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	if (n == (ssize_t)len)
		return 0;
	return n < 0 ? errno : ENOSPC;
}

static int write_preamble(void)
{
	struct preamble p;

	preamble_make(&p);
	return write_all(&p, sizeof(p));
}

static void finish(void)
{
	tree_cursor_close(cursor);
	cursor = NULL;
	packer_free(packer);
	packer = NULL;
	close(fd);
	fd = -1;
	buf_free(&piece);
	buf_free(&items);
	buf_free(&out);
}

/**
 * snapshot_begin() - start to write a version
 * @path: final name of the file
 * @root: the version; held until the file is complete
 *
 * Return: 0; the errno of open() or write(); ENOMEM.
 */
int snapshot_begin(const char *path, struct node *root)
{
	int rc;

	snprintf(final_name, sizeof(final_name), "%s", path);
	snprintf(temp_name, sizeof(temp_name), "%s.new", path);
	fd = open(temp_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	nr_nodes = 0;
	packer = packer_new();
	rc = packer ? write_preamble() : ENOMEM;
	if (!rc) {
		cursor = tree_cursor_open(root);
		return 0;
	}
	finish();
	unlink(temp_name);
	return rc;
}

bool snapshot_active(void)
{
	return cursor != NULL;
}

/* Write the items that were gathered as a record. */
static int flush_record(void)
{
	uint32_t len;

	out.len = 0;
	memset(buf_grow(&out, REC_ROOM + items.len), 0, REC_ROOM + items.len);
	len = (uint32_t)rec_make(out.data, journal_seq(), &items);
	memcpy(out.data, &len, sizeof(len));
	items.len = 0;
	return write_all(out.data, REC_SPACE(len));
}

static int flush_nodes(void)
{
	struct item it = { .type = ITEM_TREE };
	int rc;

	piece.len = 0;
	rc = packer_flush(packer, &piece);
	if (rc)
		return rc;
	it.len = (uint32_t)piece.len;
	memcpy(item_put(&items, &it), piece.data, piece.len);
	return flush_record();
}

static int write_end(void)
{
	struct item it = { .type = ITEM_SNAPSHOT_END, .q = nr_nodes };
	int rc = flush_nodes();

	if (rc)
		return rc;
	item_put(&items, &it);
	rc = flush_record();
	if (!rc && rename(temp_name, final_name))
		rc = errno;
	return rc;
}

/* Pack the next nodes. Return: false after the last one. */
static bool pack_slice(int *rc)
{
	const struct node *n;
	unsigned int i, depth;

	for (i = 0; i < SLICE_NODES; i++) {
		n = tree_cursor_next(cursor, &depth);
		if (!n)
			return false;
		nr_nodes++;
		if (packer_add(packer, n, depth) < RECORD_SIZE)
			continue;
		*rc = flush_nodes();
		break;
	}
	return true;
}

/**
 * snapshot_step() - write the next slice
 *
 * Return: true if the file is complete and has its name. After an error the
 *         snapshot is given up with a line in the log; the older generation
 *         is then still whole.
 */
bool snapshot_step(void)
{
	int rc = 0;

	if (pack_slice(&rc)) {
		if (!rc)
			return false;
	} else {
		rc = write_end();
	}
	finish();
	if (!rc)
		return true;
	log_error("snapshot %s: %s", final_name, strerror(rc));
	unlink(temp_name);
	return false;
}
