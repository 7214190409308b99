/* SPDX-License-Identifier: MIT */
/*
 * tell.h - the library's words to the administrator
 */
#ifndef SUPERVISOR_TELL_H
#define SUPERVISOR_TELL_H

struct lodge;

/* A line of the library's; @arg is not used. */
void tell_text(void *arg, const char *text);
/* Why the last call failed. */
void tell_error(const struct lodge *l);

#endif
