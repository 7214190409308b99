/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_path.c - any path: what is accepted must be canonical
 */
#include <stdlib.h>
#include <string.h>


#include "path.h"
#include "wire.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *a;
	const char *path, *up;
	unsigned int depth;
	char *given;

	if (!a)
		a = arena_new(4096);
	given = arena_strndup(a, (const char *)data, size);
	path = path_canonical(a, given, 7);
	if (path_special(given))
		expect(!path && *given == '@');
	if (path) {
		expect(*path == '/' && !strstr(path, "//"));
		expect(!path[1] || path[strlen(path) - 1] != '/');
		expect(strlen(given) <= XENSTORE_ABS_PATH_MAX);
		expect(!strcmp(path, path_canonical(a, path, 9)));
		depth = path_depth(path);
		up = path_parent(a, path);
		expect(path_below(path, up) && path_below(path, "/"));
		expect(path_depth(up) == (depth ? depth - 1 : 0));
		expect(!depth || !path_below(up, path));
	}
	arena_reset(a);
	return 0;
}
