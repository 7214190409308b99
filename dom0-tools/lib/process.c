/* SPDX-License-Identifier: MIT */
/*
 * process.c - which process has written something, and is it still there?
 */
#include "process.h"

#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 1; 0 it is gone; -errno nobody can tell */
static int find_start(unsigned int pid, unsigned long long *start)
{
	char path[32], line[1024], *p = NULL, state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		/* Without /proc nobody seems to be there. */
		return errno == ENOENT && !access("/proc/self/stat", F_OK)
			       ? 0
			       : -EIO;
	/* Its name, in brackets, may have any bytes; then state and numbers. */
	if (fgets(line, sizeof(line), f))
		p = strrchr(line, ')');
	fclose(f);
	return p &&
	       sscanf(p + 1,
		      " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		      "%*s %*s %*s %*s %*s %*s %llu",
		      &state, start) == 2 &&
	       state != 'Z' && state != 'X';
}

int process_self(struct lodge *l, struct process *p)
{
	p->pid = (unsigned int)getpid();
	return find_start(p->pid, &p->start) == 1
		       ? 0
		       : fail(l, EIO, "/proc does not tell of this process");
}

bool process_is_gone(const struct process *p)
{
	unsigned long long start;
	int rc = find_start(p->pid, &start);

	return !rc || (rc > 0 && start != p->start);
}
