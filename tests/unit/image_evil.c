/* SPDX-License-Identifier: MIT */
/*
 * image_evil.c - a reader of kernels that was taken over: test_image.c's
 *
 * The "kernel" is a letter that says what it does. It confines itself by the
 * reader's own confine.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

static struct claims *claims;

static void open_file(void)
{
	_exit(open("/etc/passwd", O_RDONLY) < 0);
}

static void make_socket(void)
{
	_exit(socket(AF_UNIX, SOCK_STREAM, 0) < 0);
}

static void make_process(void)
{
	_exit(fork() < 0);
}

static void kill_parent(void)
{
	_exit(kill(getppid(), SIGKILL) < 0);
}

static void write_image(void)
{
	_exit(write(READER_IMAGE, "x", 1) < 0);
}

static void run_memory(void)
{
	_exit(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void map_image(void)
{
	_exit(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, READER_IMAGE, 0) ==
	      MAP_FAILED);
}

/* What remains is not enough for the result and this. */
static void take_memory(void)
{
	_exit(mmap(NULL, 900 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0) == MAP_FAILED ? 42 : 0);
}

static void crash(void)
{
	__builtin_trap();
}

static void loop(void)
{
	for (;;)
		__asm__ volatile("");
}

static void say_nothing(void)
{
}

static void say_garbage(void)
{
	memset(claims, 0xff, CLAIMS_BYTES);
	claims->magic = CLAIMS_MAGIC;
}

static void refuse_oddly(void)
{
	claims->magic = CLAIMS_MAGIC;
	claims->state = CLAIM_REFUSED;
	claims->problem = NR_PROBLEMS;
	claims->a = claims->b = ~UINT64_C(0);
}

static void refuse_for_nothing(void)
{
	refuse_oddly();
	claims->problem = PROBLEM_NONE;
}

static void say_good(void)
{
	claims->magic = CLAIMS_MAGIC;
	claims->hypercall_page = IMAGE_NONE;
	claims->init_p2m = IMAGE_NONE;
	claims->hv_start_low = IMAGE_NONE;
	claims->nr_segments = 1;
	claims->segments[0].memory_bytes = 4096;
	claims->segments[0].file_bytes = 4;
	memcpy((char *)claims + CLAIMS_BYTES, "good", 4);
	memcpy(claims->guest_os, "a\033[2Jb", 7);
	claims->state = CLAIM_READ;
}

static void too_many_segments(void)
{
	say_good();
	claims->nr_segments = IMAGE_SEGMENTS_MOST + 1;
}

static void bytes_beyond(void)
{
	say_good();
	claims->segments[0].at = IMAGE_BYTES_MOST - 3;
}

static void bytes_that_wrap(void)
{
	say_good();
	claims->segments[0].at = ~UINT64_C(0);
}

/* The kernel's file has one byte. */
static void say_in_file(void)
{
	say_good();
	claims->flags = CLAIM_IN_FILE;
	claims->segments[0].file_bytes = 1;
}

static void bytes_behind_file(void)
{
	say_in_file();
	claims->segments[0].at = 1;
}

static const struct {
	char letter;
	void (*act)(void);
} acts[] = {
	{'o', open_file}, {'s', make_socket}, {'f', make_process},
	{'k', kill_parent}, {'w', write_image}, {'x', run_memory},
	{'m', map_image}, {'M', take_memory}, {'c', crash}, {'l', loop},
	{'t', loop}, {'n', say_nothing}, {'g', say_garbage},
	{'p', refuse_oddly}, {'P', refuse_for_nothing}, {'G', say_good},
	{'h', say_good}, {'S', too_many_segments}, {'b', bytes_beyond},
	{'B', bytes_that_wrap}, {'I', say_in_file}, {'i', bytes_behind_file},
};

static void count_files(void)
{
	int fd, nr = 0;

	for (fd = 0; fd < 1024; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	_exit(40 + nr);
}

/* Holds on to the memory until the "kernel" is empty; not for ever. */
static void linger(void)
{
	struct stat st;

	alarm(60);
	do
		usleep(1000);
	while (!fstat(READER_IMAGE, &st) && st.st_size);
	_exit(0);
}

int main(void)
{
	static const struct rlimit second = {1, 2};
	char letter = 0;
	size_t i;

	claims = mmap(NULL, RESULT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      READER_RESULT, 0);
	close(READER_RESULT);
	if (pread(READER_IMAGE, &letter, 1, 0) != 1)
		return 2;
	if (letter == 'F')
		count_files();
	if (letter == 't')
		setrlimit(RLIMIT_CPU, &second);
	if (letter == 'h' && !fork())
		linger();
	if (letter == 'e' || confine())
		return 3;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (acts[i].letter == letter)
			acts[i].act();
	_exit(0);
}
