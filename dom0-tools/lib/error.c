/* SPDX-License-Identifier: MIT */
/*
 * error.c - the handle, and errors as values
 */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore.h"

static const struct lodge_error no_memory = {
	.what = "there is no memory",
	.code = ENOMEM,
};

int lodge_open(struct lodge **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void lodge_close(struct lodge *l)
{
	if (!l)
		return;
	if (l->calls)
		xencall_close(l->calls);
	if (l->store)
		xs_close(l->store);
	arena_free(&l->arena);
	free(l);
}

const struct lodge_error *lodge_error(const struct lodge *l)
{
	return l->error ? l->error : &no_memory;
}

static void add(struct lodge *l, int code, const char *format, va_list ap)
{
	struct lodge_error *e = arena_alloc(&l->arena, sizeof(*e));

	e->code = code;
	e->what = arena_vprintf(&l->arena, format, ap);
	e->cause = l->error;
	l->error = e;
}

int fail(struct lodge *l, int code, const char *what, ...)
{
	va_list ap;

	arena_free(&l->arena);
	l->error = NULL;
	if (arena_enter(&l->arena))
		return -ENOMEM;
	va_start(ap, what);
	add(l, code, what, ap);
	va_end(ap);
	arena_leave(&l->arena);
	return -code;
}

int fail_because(struct lodge *l, const char *what, ...)
{
	int code = lodge_error(l)->code;
	va_list ap;

	if (arena_enter(&l->arena))
		return -ENOMEM;
	va_start(ap, what);
	add(l, code, what, ap);
	va_end(ap);
	arena_leave(&l->arena);
	return -code;
}

void hint(struct lodge *l, const char *text)
{
	if (l->error)
		l->error->hint = text;
}
