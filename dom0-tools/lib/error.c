/* SPDX-License-Identifier: MIT */
/*
 * error.c - the handle, and errors as values
 */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenforeignmemory.h>

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
	if (l->memory)
		xenforeignmemory_close(l->memory);
	if (l->store)
		xs_close(l->store);
	arena_free(&l->arena);
	free(l);
}

const struct lodge_error *lodge_error(const struct lodge *l)
{
	return l->error ? l->error : &no_memory;
}

/* ---- as a line ---------------------------------------------------------- */

static void show_chain(FILE *out, const struct lodge_error *e)
{
	if (e->cause) {
		show_chain(out, e->cause);
		fprintf(out, " (%s)", e->what);
	} else {
		fputs(e->what, out);
	}
}

static const char *first_hint(const struct lodge_error *e)
{
	const char *found = NULL;

	for (; e; e = e->cause)
		if (e->hint)
			found = e->hint;
	return found;
}

char *lodge_error_text(const struct lodge *l)
{
	const struct lodge_error *e = lodge_error(l);
	const char *hint = first_hint(e);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	show_chain(out, e);
	fprintf(out, "%s%s", hint ? "; " : "", hint ? hint : "");
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* ---- making them -------------------------------------------------------- */

/* In front of what there is. Returns -code; -ENOMEM: it could not be told. */
static int add(struct lodge *l, int code, const char *format, va_list ap)
{
	struct lodge_error *e;

	if (arena_enter(&l->arena))
		return -ENOMEM;
	e = arena_alloc(&l->arena, sizeof(*e));
	e->code = code;
	e->what = arena_vprintf(&l->arena, format, ap);
	e->cause = l->error;
	l->error = e;
	arena_leave(&l->arena);
	return -code;
}

int fail(struct lodge *l, int code, const char *what, ...)
{
	va_list ap;
	int rc;

	arena_free(&l->arena);
	l->error = NULL;
	va_start(ap, what);
	rc = add(l, code, what, ap);
	va_end(ap);
	return rc;
}

int fail_because(struct lodge *l, const char *what, ...)
{
	va_list ap;
	int rc;

	va_start(ap, what);
	rc = add(l, lodge_error(l)->code, what, ap);
	va_end(ap);
	return rc;
}

struct lodge aside(const struct lodge *l)
{
	return (struct lodge){
		.calls = l->calls,
		.store = l->store,
		.memory = l->memory,
	};
}

/* What was opened meanwhile stays open. */
void aside_end(struct lodge *l, struct lodge *other)
{
	l->calls = other->calls;
	l->store = other->store;
	l->memory = other->memory;
	arena_free(&other->arena);
}

void hint(struct lodge *l, const char *text)
{
	if (l->error)
		l->error->hint = text;
}
