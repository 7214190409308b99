// SPDX-License-Identifier: MIT
/*
 * paths.c - what a process pays for a few paths through Linux
 *
 * The only program of a small initramfs: it is init, measures, prints, and ends
 * the machine. Any other process ("paths" in a guest) only measures and prints
 * (batch.h). Whatever a step must achieve is checked; "VERDICT paths success"
 * comes only if all did.
 */
#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_BYTES 4096UL
#define MAX_STEPS  64U

/* The program's file, and the argument that makes it end at once. */
static char *self, end_at_once[] = "end";
static pid_t me;

static char *area;
static int there[2], back[2];

/* ---- the paths; @i counts the steps of the batch ---- */

static bool step_getpid(unsigned int i)
{
	return syscall(SYS_getpid) == me;
}

static bool step_page_fault(unsigned int i)
{
	volatile char *page = area + i * PAGE_BYTES;

	*page = 1;
	return *page == 1;
}

static bool step_mmap_munmap(unsigned int i)
{
	void *p = mmap(NULL, 16 * PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && !munmap(p, 16 * PAGE_BYTES);
}

static bool wait_for(pid_t child)
{
	int status;

	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static bool step_fork_exit(unsigned int i)
{
	pid_t child = fork();

	if (child == 0)
		_exit(7);
	return wait_for(child);
}

static bool step_fork_exec(unsigned int i)
{
	char *const arguments[] = {self, end_at_once, NULL};
	char *const environment[] = {NULL};
	pid_t child = fork();

	if (child == 0) {
		execve(arguments[0], arguments, environment);
		_exit(1);
	}
	return wait_for(child);
}

/* To the other process and back: two switches. */
static bool step_pipe_round_trip(unsigned int i)
{
	char c = 'a';

	return write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1 &&
	       c == 'b';
}

/* ---- what a batch needs before it ---- */

/* Pages that were never touched, their tables in place. */
static bool fresh_area(void)
{
	size_t bytes = (MAX_STEPS + 1) * PAGE_BYTES;

	if (area)
		munmap(area, bytes);
	area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || madvise(area, bytes, MADV_NOHUGEPAGE))
		return false;
	area[MAX_STEPS * PAGE_BYTES] = 1;
	return true;
}

static void __attribute__((noreturn)) answer(void)
{
	char c;

	close(there[1]); /* so that the other process's end is seen */
	while (read(there[0], &c, 1) == 1 && c == 'a')
		if (write(back[1], "b", 1) != 1)
			break;
	_exit(7);
}

static bool start_peer(void)
{
	static pid_t peer;

	if (!peer) {
		if (pipe(there) || pipe(back))
			return false;
		peer = fork();
		if (peer == 0)
			answer();
	}
	return peer > 0;
}

static const struct path paths[] = {
	{"getpid", 64, nothing_before, step_getpid, NULL},
	{"page_fault", MAX_STEPS, fresh_area, step_page_fault, NULL},
	{"mmap_munmap", 32, nothing_before, step_mmap_munmap, NULL},
	{"fork_exit", 4, nothing_before, step_fork_exit, NULL},
	{"fork_exec", 2, nothing_before, step_fork_exec, NULL},
	{"pipe_round_trip", 16, start_peer, step_pipe_round_trip, NULL},
};

int main(int argc, char **argv)
{
	bool good = true;
	size_t i;

	if (argc == 2 && !strcmp(argv[1], end_at_once))
		return 7;
	self = argv[0];
	me = getpid();
	/* The kernel's threads come to the end of what starting left them. */
	sleep(1);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		good &= measure(&paths[i], BATCHES);
	printf("VERDICT paths %s\n", good ? "success" : "failure");
	fflush(stdout);
	if (me == 1)
		reboot(RB_POWER_OFF);
	return !good;
}
