/* SPDX-License-Identifier: MIT */
/*
 * domain_text.c - UUIDs and states of domains, as texts
 */
#include <stdio.h>

#include "cli.h"
#include "liblodge.h"

const struct cli_state cli_states[CLI_STATES] = {
	{LODGE_RUNNING, "running"}, {LODGE_BLOCKED, "blocked"},
	{LODGE_PAUSED, "paused"},   {LODGE_SHUTDOWN, "shutdown"},
	{LODGE_DYING, "dying"},
};

const char *cli_uuid_text(const uint8_t uuid[16])
{
	static char text[37];
	char *p = text;
	size_t i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", uuid[i]);
	}
	return text;
}
