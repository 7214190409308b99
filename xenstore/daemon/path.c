/* SPDX-License-Identifier: MIT */
/*
 * path.c - which paths are legal, and their canonical form
 */
#include "path.h"

#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "util.h"

static bool legal_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@' ||
	       c == '/';
}

static bool legal(const char *path)
{
	const char *p;

	for (p = path; *p; p++)
		if (!legal_char(*p) || (p[0] == '/' && p[1] == '/'))
			return false;
	return p != path && (p == path + 1 || p[-1] != '/');
}

/* Where the relative paths of a domain begin. Return: length. */
size_t path_home(uint16_t domid, char *out, size_t size)
{
	return (size_t)snprintf(out, size, "/local/domain/%u", domid);
}

/**
 * path_canonical() - check a client's path and make it absolute
 * @path:  terminated
 * @domid: whose relative paths these are
 *
 * Return: the canonical path, in the arena; NULL if it is empty, too long,
 *         special, or of any illegal form.
 */
const char *path_canonical(struct arena *a, const char *path, uint16_t domid)
{
	char home[32];
	size_t len = strlen(path);

	if (*path == '@' || !legal(path))
		return NULL;
	if (*path == '/')
		return len <= XENSTORE_ABS_PATH_MAX ?
			       arena_strndup(a, path, len) : NULL;
	if (len > XENSTORE_REL_PATH_MAX)
		return NULL;
	path_home(domid, home, sizeof(home));
	return arena_printf(a, "%s/%s", home, path);
}

/**
 * path_special() - does this name a special watch, e.g. "@releaseDomain"?
 */
bool path_special(const char *path)
{
	return *path == '@' && path[1] && legal(path) &&
	       strlen(path) <= XENSTORE_REL_PATH_MAX;
}

/* Number of components of a canonical path; 0 for the root. */
unsigned int path_depth(const char *path)
{
	unsigned int n = 0;

	if (!path[1])
		return 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

/**
 * path_parent() - the path above; that of the root is the root
 *
 * Return: a canonical path in the arena.
 */
const char *path_parent(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" :
	       arena_strndup(a, path, (size_t)(slash - path));
}

/* Is @path equal to @above, or below it? Both canonical. */
bool path_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	if (!above[1])
		return true;
	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

/**
 * path_enter() - make the path in a buffer that of a child
 * @len: of the parent's path in the buffer, with its NUL; the root's is ""
 */
void path_enter(struct buf *b, size_t len, const char *name, size_t name_len)
{
	b->len = len - 1;
	buf_put(b, "/", 1);
	buf_put(b, name, name_len);
	buf_put(b, "", 1);
}
