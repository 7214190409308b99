/* SPDX-License-Identifier: MIT */
/*
 * logfile.c - a file that grows up to a limit, then another one
 *
 * NAME is written; with each turn NAME.1 becomes NAME.2, and so on, up to as
 * many as are kept. Lines may go on from one file to the next.
 */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

#define NAME_MOST 200		/* leaves room for ".log.NUMBER" */
#define STAMP	  "[%Y-%m-%d %H:%M:%S] "
#define STAMP_BYTES 23

/* ---- names -------------------------------------------------------------- */

static bool can_be_file(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '/' || *c == 0x7f)
			return false;
	/* A dot is for those that have only a number. */
	return *name && *name != '.' && strlen(name) <= NAME_MOST;
}

char *log_guest_name(const char *name, unsigned int domid)
{
	char *file;
	int n;

	if (name && can_be_file(name))
		n = asprintf(&file, "guest-%s.log", name);
	else
		n = asprintf(&file, "guest-.%u.log", domid);
	return n < 0 ? NULL : file;
}

/* ---- files -------------------------------------------------------------- */

static void close_file(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* Once, until it works again. */
static void complain(struct log_file *f, const char *what, int error)
{
	if (!f->failing)
		say("cannot %s %s: %s", what, f->path, strerror(error));
	f->failing = true;
}

/* Not through a link that somebody else has put there. */
static void open_file(struct log_file *f)
{
	struct stat st;

	f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW |
		     O_CLOEXEC | O_NONBLOCK, 0640);
	if (f->fd < 0 || fstat(f->fd, &st)) {
		complain(f, "open", errno);
		close_file(f);
	} else if (!S_ISREG(st.st_mode)) {
		complain(f, "write to", EINVAL);
		close_file(f);
	} else {
		f->size = (uint64_t)st.st_size;
	}
}

void log_open(struct log_file *f, const struct log_style *style,
	      const char *name)
{
	*f = (struct log_file){.style = style, .fd = -1};
	if (asprintf(&f->path, "%s/%s", style->dir, name) < 0) {
		f->path = NULL;
		say("%s is not written: there is no memory", name);
		return;
	}
	open_file(f);
}

void log_reopen(struct log_file *f)
{
	if (!f->path)
		return;
	close_file(f);
	f->failing = false;
	open_file(f);
}

void log_close(struct log_file *f)
{
	if (f->path)
		close_file(f);
	free(f->path);
	*f = (struct log_file){.fd = -1};
}

/* The oldest goes, each other one becomes older. */
static void turn(struct log_file *f)
{
	size_t size = strlen(f->path) + 16;
	char *from = malloc(size), *to = malloc(size);
	unsigned int i;

	for (i = f->style->keep; from && to && i > 1; i--) {
		snprintf(from, size, "%s.%u", f->path, i - 1);
		snprintf(to, size, "%s.%u", f->path, i);
		rename(from, to);
	}
	if (to && f->style->keep) {
		snprintf(to, size, "%s.1", f->path);
		rename(f->path, to);
	} else {
		unlink(f->path);
	}
	free(from);
	free(to);
	log_reopen(f);
}

/* ---- text --------------------------------------------------------------- */

static void put(struct log_file *f, const char *text, size_t nr)
{
	ssize_t n;

	if (f->style->most_bytes && f->size &&
	    f->size + nr > f->style->most_bytes)
		turn(f);
	for (; nr && f->fd >= 0; text += n, nr -= (size_t)n) {
		n = write(f->fd, text, nr);
		if (n < 0) {
			complain(f, "write", errno);
			return;
		}
		f->failing = false;
		f->size += (uint64_t)n;
	}
}

static void put_stamp(struct log_file *f)
{
	char stamp[STAMP_BYTES];
	time_t now = time(NULL);
	struct tm tm;

	put(f, stamp, strftime(stamp, sizeof(stamp), STAMP,
			       localtime_r(&now, &tm)));
}

/* Up to the end of a line, or all. Returns how much it was. */
static size_t put_line(struct log_file *f, const char *text, size_t nr)
{
	const char *end = memchr(text, '\n', nr);
	size_t length = end ? (size_t)(end - text) + 1 : nr;

	if (!f->in_line)
		put_stamp(f);
	put(f, text, length);
	f->in_line = !end;
	return length;
}

static void put_styled(struct log_file *f, const char *text, size_t nr)
{
	size_t n;

	if (!f->style->stamps) {
		put(f, text, nr);
		return;
	}
	for (; nr; text += n, nr -= n)
		n = put_line(f, text, nr);
}

void log_write(struct log_file *f, const char *text, size_t nr)
{
	char plain[512];
	size_t i, n;

	if (!f->path || f->fd < 0)
		return;
	if (!f->style->plain) {
		put_styled(f, text, nr);
		return;
	}
	for (; nr; text += n, nr -= n) {
		n = nr < sizeof(plain) ? nr : sizeof(plain);
		for (i = 0; i < n; i++)
			plain[i] = text[i] == 0x1b ? '.' : text[i];
		put_styled(f, plain, n);
	}
}
