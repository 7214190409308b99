/* SPDX-License-Identifier: MIT */
/*
 * init.c - what the libraries expect of the program around them
 *
 * Their constructors choose functions by the processor's features, once. The
 * heap is never used, since each decoder gets its memory from its caller, but
 * code that could use it is linked: it finds none. decoders.lds collects the
 * constructors, and the build gives these functions the libraries' names.
 */
#include "decode.h"

typedef void (*constructor_fn)(void);

extern const constructor_fn decoders_ctors_start[], decoders_ctors_end[];

void *decoders_malloc(size_t size);
void *decoders_calloc(size_t nr, size_t size);
void decoders_free(void *p);
unsigned long long decoders_no_trace(void);
void decoders_stack_smashed(void) __attribute__((noreturn));

/**
 * decoders_init() - run the libraries' constructors
 */
void decoders_init(void)
{
	const constructor_fn *fn;

	for (fn = decoders_ctors_start; fn < decoders_ctors_end; fn++)
		(*fn)();
}

/* No heap: as if it were used up. */
void *decoders_malloc(size_t size)
{
	return NULL;
}

void *decoders_calloc(size_t nr, size_t size)
{
	return NULL;
}

void decoders_free(void *p)
{
}

/* zstd's hooks for tracing: 0, not traced. */
unsigned long long decoders_no_trace(void)
{
	return 0;
}

/* The stack protector found its word changed. An exception tells where. */
void decoders_stack_smashed(void)
{
	__builtin_trap();
}
