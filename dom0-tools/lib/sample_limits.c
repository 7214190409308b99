/* SPDX-License-Identifier: MIT */
/*
 * sample_limits.c - how near domains are to the limits that others set them
 */
#include "sample.h"

#include "host.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/grant_table.h>

const char *const lodge_store_limit_names[LODGE_STORE_LIMITS] = {
	[LODGE_STORE_NODES] = "nodes",
	[LODGE_STORE_WATCHES] = "watches",
	[LODGE_STORE_TRANSACTIONS] = "transactions",
	[LODGE_STORE_OUTSTANDING] = "outstanding",
	[LODGE_STORE_MEMORY] = "memory",
};

struct lodge_usage sample_grants(struct lodge *l, unsigned int domid)
{
	struct gnttab_query_size query = {.dom = (domid_t)domid};

	if (hv_grant_op(l, GNTTABOP_query_size, &query, sizeof(query)) ||
	    query.status != GNTST_okay)
		return (struct lodge_usage){LODGE_UNKNOWN, LODGE_UNKNOWN};
	return (struct lodge_usage){query.nr_frames, query.max_nr_frames};
}

/* "nodes 17 1000"; what we do not know is passed over. */
static bool take_line(const char *line,
		      struct lodge_usage usage[LODGE_STORE_LIMITS])
{
	unsigned long long used, limit;
	char name[32];
	size_t i;

	if (sscanf(line, "%31s %llu %llu", name, &used, &limit) != 3)
		return false;
	for (i = 0; i < LODGE_STORE_LIMITS; i++)
		if (!strcmp(name, lodge_store_limit_names[i]))
			usage[i] = (struct lodge_usage){used, limit};
	return true;
}

bool sample_store(struct lodge *l, unsigned int domid,
		  struct lodge_usage usage[LODGE_STORE_LIMITS])
{
	char number[16], *answer, *line, *state;
	bool told = false;

	snprintf(number, sizeof(number), "%u", domid);
	answer = store_control(l, "limits", number);
	if (!answer)
		return false;
	for (line = strtok_r(answer, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state))
		told |= take_line(line, usage);
	free(answer);
	return told;
}
