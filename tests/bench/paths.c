// SPDX-License-Identifier: MIT
/*
 * paths.c - what a process pays for a few paths through Linux
 *
 * The only program of a small initramfs: it is init, measures, prints, and ends
 * the machine. Each path is walked in batches; a batch is framed by two marks
 * for whoever counts the hypervisor's instructions (count.c) and measured by
 * the TSC. One line for each path:
 *
 *	SAMPLES name steps-per-batch ticks ticks ...
 *
 * Several batches, because the timer and the kernel's own threads come
 * between: the reader takes the median. Whatever a step must achieve is
 * checked; "VERDICT paths success" comes only if all did.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCHES	   11
#define PAGE_BYTES 4096UL
#define MAX_STEPS  64U

#define MARK_BEGIN() __asm__ volatile("nopl 0x4c424547(%%rax)" ::: "memory")
#define MARK_END()   __asm__ volatile("nopl 0x4c454e44(%%rax)" ::: "memory")

/* The program, and the argument that makes it end at once. */
static char self[] = "/init", end_at_once[] = "end";

static char *area;
static int there[2], back[2];

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

/* ---- the paths; @i counts the steps of the batch ---- */

static bool step_getpid(unsigned int i)
{
	return syscall(SYS_getpid) == 1;
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
	static char *const arguments[] = {self, end_at_once, NULL};
	static char *const environment[] = {NULL};
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

static bool nothing_before(void)
{
	return true;
}

static const struct path {
	const char *name;
	unsigned int steps;
	bool (*before)(void);
	bool (*step)(unsigned int i);
} paths[] = {
	{"getpid", 64, nothing_before, step_getpid},
	{"page_fault", MAX_STEPS, fresh_area, step_page_fault},
	{"mmap_munmap", 32, nothing_before, step_mmap_munmap},
	{"fork_exit", 4, nothing_before, step_fork_exit},
	{"fork_exec", 2, nothing_before, step_fork_exec},
	{"pipe_round_trip", 16, start_peer, step_pipe_round_trip},
};

static bool batch(const struct path *p, uint64_t *ticks)
{
	uint64_t start;
	unsigned int i;
	bool good = p->before();

	MARK_BEGIN();
	start = rdtsc();
	for (i = 0; i < p->steps; i++)
		good &= p->step(i);
	*ticks = rdtsc() - start;
	MARK_END();
	return good;
}

static bool measure(const struct path *p)
{
	uint64_t ticks[BATCHES];
	bool good = true;
	unsigned int i;

	for (i = 0; i < BATCHES; i++)
		good &= batch(p, &ticks[i]);
	printf("SAMPLES %s %u", p->name, p->steps);
	for (i = 0; i < BATCHES; i++)
		printf(" %lu", ticks[i]);
	printf("\n");
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;
	size_t i;

	if (argc == 2 && !strcmp(argv[1], end_at_once))
		return 7;
	/* The kernel's threads come to the end of what starting left them. */
	sleep(1);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		good &= measure(&paths[i]);
	printf("VERDICT paths %s\n", good ? "success" : "failure");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
