/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - the domains on a terminal, and a person at its keys
 */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include "view.h"

/* What the command line said. */
struct settings {
	double delay_s;
	unsigned long looks;	/* 0: no end */
	bool mono;
	struct top_shown shown;
};

/* Until it is left. Returns the exit status; what is wrong was said. */
int terminal_run(const struct settings *s);

#endif
