/* SPDX-License-Identifier: MIT */
/*
 * tell.c - the library's words to the administrator
 */
#include "tell.h"

#include <stdlib.h>

#include "liblodge.h"
#include "say.h"

void tell_text(void *arg, const char *text)
{
	(void)arg;
	say("%s", text);
}

void tell_error(const struct lodge *l)
{
	char *text = lodge_error_text(l);

	say("%s", text ? text : "there is no memory");
	free(text);
}
