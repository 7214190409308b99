/* SPDX-License-Identifier: MIT */
/*
 * record.c - what is kept of a guest, so that it can be made anew
 */
#include "record.h"

#include "config.h"
#include "host.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECE 2048	/* bytes: a request has room for less than twice that */

uint64_t record_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* ---- writing ------------------------------------------------------------ */

static int put_pieces(struct store_change *t, const char *base,
		      const char *text)
{
	char piece[PIECE + 1];
	unsigned int nr;
	int rc = 0;

	for (nr = 0; *text && !rc; nr++) {
		snprintf(piece, sizeof(piece), "%s", text);
		text += strlen(piece);
		rc = store_put(t, STORE_KEEP, piece, "%s/config/%u", base, nr);
	}
	return rc;
}

static int put_life(struct store_change *t, const char *base,
		    const struct record *r)
{
	char text[96];
	int length;
	size_t i;

	length = snprintf(text, sizeof(text), "%llu %u ",
			  (unsigned long long)r->begun_s, r->quick);
	for (i = 0; i < GUEST_SEED; i++)
		length += snprintf(text + length,
				   sizeof(text) - (size_t)length, "%02x",
				   r->seed[i]);
	return store_put(t, STORE_KEEP, text, "%s/life", base);
}

/* What was there before has other pieces. */
int record_put(struct lodge *l, struct store_change *t, const char *base,
	       const struct record *r)
{
	int rc;

	if (strlen(r->text) > RECORD_MOST)
		return fail(l, EFBIG, "its settings are %zu bytes, and %d at "
			    "most can be kept", strlen(r->text), RECORD_MOST);
	rc = store_remove(t, "%s/config", base);
	if (!rc)
		rc = put_pieces(t, base, r->text);
	return rc ? rc : put_life(t, base, r);
}

/* ---- reading ------------------------------------------------------------ */

static bool parse_seed(const char *text, uint8_t seed[GUEST_SEED])
{
	int high, low;
	size_t i;

	for (i = 0; i < GUEST_SEED; i++) {
		high = hex_digit(text[2 * i]);
		low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		seed[i] = (uint8_t)(high << 4 | low);
	}
	return !text[2 * GUEST_SEED];
}

static bool parse_life(const char *text, struct record *r)
{
	unsigned long long begun_s;
	int at = 0;

	if (sscanf(text, "%llu %u %n", &begun_s, &r->quick, &at) != 2 || !at)
		return false;
	r->begun_s = begun_s;
	return parse_seed(text + at, r->seed);
}

static int get_life(struct lodge *l, struct store_change *t, const char *base,
		    struct record *r)
{
	char *text;
	int rc = store_get(t, &text, "%s/life", base);

	if (!rc && !text)
		rc = fail(l, ENOENT, "no configuration is kept at %s", base);
	if (!rc && !parse_life(text, r))
		rc = fail(l, EBADMSG, "%s/life is \"%s\"", base, text);
	free(text);
	return rc;
}

static int add_piece(struct lodge *l, struct store_change *t, const char *base,
		     unsigned int nr, FILE *out)
{
	char *piece;
	int rc = store_get(t, &piece, "%s/config/%u", base, nr);

	if (!rc && !piece)
		rc = fail(l, EBADMSG, "%s/config/%u is missing", base, nr);
	if (!rc)
		fputs(piece, out);
	free(piece);
	return rc;
}

static int get_pieces(struct lodge *l, struct store_change *t,
		      const char *base, struct record *r)
{
	unsigned int nr, i;
	char **names;
	size_t size;
	FILE *out;
	int rc = store_get_list(t, &names, &nr, "%s/config", base);

	free(names);
	if (rc)
		return rc;
	if (nr > RECORD_MOST / PIECE + 1)
		return fail(l, EBADMSG, "%s/config has %u pieces", base, nr);
	out = open_memstream(&r->text, &size);
	if (!out)
		return fail(l, ENOMEM, "there is no memory");
	for (i = 0; i < nr && !rc; i++)
		rc = add_piece(l, t, base, i, out);
	if (fclose(out) && !rc)
		rc = fail(l, ENOMEM, "there is no memory");
	return rc;
}

int record_get(struct lodge *l, struct store_change *t, const char *base,
	       struct record *r)
{
	int rc;

	*r = (struct record){.text = NULL};
	rc = get_life(l, t, base, r);
	if (!rc)
		rc = get_pieces(l, t, base, r);
	if (rc)
		record_free(r);
	return rc;
}

void record_free(struct record *r)
{
	free(r->text);
	r->text = NULL;
}

/* ---- whom nobody looks after -------------------------------------------- */

int record_leave(struct store_change *t, unsigned int domid, const char *why)
{
	return store_put(t, STORE_KEEP, why, RECORD_PATH "/left", domid);
}

int record_is_left(struct store_change *t, unsigned int domid, bool *left)
{
	char *why;
	int rc = store_get(t, &why, RECORD_PATH "/left", domid);

	*left = why;
	free(why);
	return rc;
}
