/* SPDX-License-Identifier: MIT */
/*
 * test_image.c - whoever has taken over the reader of kernels can do nothing
 *
 * The reader is image_evil.c: it does what the letter in the "kernel" says.
 * Whatever that is, the caller goes on, and is told a sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image-claims.h"
#include "liblodge.h"

struct xs_handle;
void xs_close(struct xs_handle *h);	/* what a handle would be closed by */

#define MEMORY_BYTES (64 << 20)

static char path[] = "/tmp/lodge-test-image.XXXXXX";

static void write_letter(char letter)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, &letter, 1), 1);
	close(fd);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	return unlink(path);
}

static int nr_files(const char *where)
{
	DIR *dir = opendir(where);
	int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

static void expect_refusal(char letter, int code, const char *words)
{
	int files = nr_files("/proc/self/fd");
	struct image *img = NULL;
	struct image_refusal why;

	write_letter(letter);
	assert_int_equal(image_load(&img, path, MEMORY_BYTES, &why), -code);
	assert_int_equal(why.code, code);
	assert_string_equal(why.words, words);
	assert_null(img);
	assert_int_equal(nr_files("/proc/self/fd"), files);
}

#define DIED(signal) "cannot be read: the process that reads it was ended by " \
	"signal " signal
#define NONSENSE "cannot be read: the process that reads it says what cannot be"
#define EXITED(status) "cannot be read: the process that reads it ended with " \
	"status " status

/* Signal 31 is SIGSYS: the filter's. */
static void test_forbidden(void **state)
{
	const char *letter;

	for (letter = "osfkwxm"; *letter; letter++)
		expect_refusal(*letter, EPROTO, DIED("31"));
}

static void test_memory_is_limited(void **state)
{
	expect_refusal('M', EPROTO, EXITED("42"));
}

/* It had the file and the memory for its answer, and closed the latter. */
static void test_files(void **state)
{
	int more[2];

	assert_int_equal(pipe(more), 0);	/* exec keeps them */
	expect_refusal('F', EPROTO, EXITED("41"));
	close(more[0]);
	close(more[1]);
}

static void test_ends(void **state)
{
	expect_refusal('c', EPROTO, DIED("4"));
	expect_refusal('e', EPROTO, EXITED("3"));
}

static void test_loops(void **state)
{
	expect_refusal('t', ENOEXEC, "takes more than 60 s of processor time "
		       "to read");
}

static void test_nonsense(void **state)
{
	const char *letter;

	for (letter = "ngpSbBi"; *letter; letter++)
		expect_refusal(*letter, EPROTO, NONSENSE);
	expect_refusal('P', EPROTO, "was refused without a reason");
}

/* 'G': its bytes are beside the claims; 'I': in the kernel's file. */
static void expect_good(char letter, const char *bytes)
{
	struct image_refusal why;
	struct image *img;
	char got[5] = "";

	write_letter(letter);
	assert_int_equal(image_load(&img, path, MEMORY_BYTES, &why), 0);
	assert_int_equal(img->nr_segments, 1);
	assert_int_equal(img->segments[0].file_bytes, strlen(bytes));
	assert_int_equal(pread(img->fd, got, strlen(bytes),
			       (off_t)img->segments[0].at), strlen(bytes));
	assert_string_equal(got, bytes);
	assert_int_equal(img->end, 4096);
	assert_true(img->hypercall_page == IMAGE_NONE);
	assert_string_equal(img->guest_os, "a");
	image_free(img);
}

static void test_good(void **state)
{
	expect_good('G', "good");
	expect_good('I', "I");
}

/* Nobody is told of its end, and its status is gone. */
static void test_children_are_ignored(void **state)
{
	signal(SIGCHLD, SIG_IGN);
	expect_good('G', "good");
	expect_refusal('n', EPROTO, NONSENSE);
	signal(SIGCHLD, SIG_DFL);
}

/* A process that could still write while the claims are being checked. */
static void test_writer_is_left(void **state)
{
	expect_refusal('h', EPROTO, NONSENSE);
	assert_int_equal(truncate(path, 0), 0);
}

static void test_no_file(void **state)
{
	struct image_refusal why;
	struct image *img;

	assert_int_equal(image_load(&img, "/no/file", 1, &why), -ENOENT);
	assert_string_equal(why.words, "cannot be opened: No such file or "
			    "directory");
	assert_int_equal(image_load(&img, "/dev/zero", 1, &why), -EINVAL);
	assert_string_equal(why.words, "is no regular file");
}

/* ---- with the library's errors ------------------------------------------- */

void xs_close(struct xs_handle *h)
{
}

static void expect_error(struct lodge *l, int code, const char *format)
{
	const struct lodge_error *e = lodge_error(l);
	char what[300];

	snprintf(what, sizeof(what), "the %s \"%s\" %s", format[0] == 'k'
		 ? "kernel" : "RAM disk", path, format + 1);
	assert_string_equal(e->what, what);
	assert_int_equal(e->code, code);
	assert_null(e->cause);
}

static void test_library(void **state)
{
	struct image *img = NULL;
	struct lodge *l;
	char byte;

	assert_int_equal(lodge_open(&l), 0);
	write_letter('e');
	assert_int_equal(image_read(l, &img, path, MEMORY_BYTES), -EPROTO);
	expect_error(l, EPROTO, "k" EXITED("3"));
	assert_non_null(strstr(lodge_error(l)->hint, "liblz4"));
	write_letter('n');
	assert_int_equal(image_read(l, &img, path, MEMORY_BYTES), -EPROTO);
	expect_error(l, EPROTO, "k" NONSENSE);
	assert_null(lodge_error(l)->hint);
	write_letter('I');
	assert_int_equal(image_read(l, &img, path, MEMORY_BYTES), 0);
	assert_int_equal(image_copy(l, img, path, 0, &byte, 1), 0);
	assert_int_equal(byte, 'I');
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(image_copy(l, img, path, 0, &byte, 1), -ENODATA);
	expect_error(l, ENODATA, "kbecame shorter while it was read");
	image_free(img);
	image_free(NULL);
	lodge_close(l);
}

static void test_ramdisk_refused(void **state)
{
	int files = nr_files("/proc/self/fd");
	struct image_ramdisk r;
	struct lodge *l;

	assert_int_equal(lodge_open(&l), 0);
	assert_int_equal(image_ramdisk_open(l, &r, "/no/file", 9), -ENOENT);
	assert_int_equal(image_ramdisk_open(l, &r, "/dev/zero", 9), -EINVAL);
	write_letter('x');
	assert_int_equal(image_ramdisk_open(l, &r, path, 0), -EFBIG);
	expect_error(l, EFBIG, "rhas 1 bytes, but there is room for 0");
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(image_ramdisk_open(l, &r, path, 9), -ENODATA);
	expect_error(l, ENODATA, "ris empty");
	assert_int_equal(nr_files("/proc/self/fd"), files);
	lodge_close(l);
}

static void test_ramdisk(void **state)
{
	struct image_ramdisk r;
	struct lodge *l;
	char bytes[8];

	assert_int_equal(lodge_open(&l), 0);
	write_letter('x');
	assert_int_equal(truncate(path, 8), 0);
	assert_int_equal(image_ramdisk_open(l, &r, path, 8), 0);
	assert_int_equal(r.bytes, 8);
	assert_int_equal(image_ramdisk_copy(l, &r, path, 0, bytes, 8), 0);
	assert_memory_equal(bytes, "x\0\0\0\0\0\0", 8);
	assert_int_equal(image_ramdisk_copy(l, &r, path, 7, bytes, 1), 0);
	assert_int_equal(bytes[0], 0);
	assert_int_equal(truncate(path, 4), 0);
	assert_int_equal(image_ramdisk_copy(l, &r, path, 0, bytes, 8),
			 -ENODATA);
	expect_error(l, ENODATA, "rbecame shorter while it was read");
	image_ramdisk_close(&r);
	lodge_close(l);
}

/* ---- looked at from outside ---------------------------------------------- */

static void *load(void *arg)
{
	struct image *img;

	image_load(&img, path, MEMORY_BYTES, arg);
	return NULL;
}

/* The process's only child; 0: none yet */
static int find_child(void)
{
	char name[300];
	struct dirent *task;
	int pid = 0;
	DIR *dir;
	FILE *f;

	dir = opendir("/proc/self/task");
	assert_non_null(dir);
	while (!pid && (task = readdir(dir))) {
		snprintf(name, sizeof(name), "/proc/self/task/%s/children",
			 task->d_name);
		f = fopen(name, "r");
		if (!f)
			continue;
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
	}
	closedir(dir);
	return pid;
}

/* The line of /proc/PID/FILE that begins with @key, blanks as they are. */
static void proc_line(int pid, const char *file, const char *key, char *line,
		      int size)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, file);
	f = fopen(name, "r");
	assert_non_null(f);
	do
		if (!fgets(line, size, f))
			*line = '\0';
	while (*line && strncmp(line, key, strlen(key)));
	fclose(f);
}

static void expect_line(int pid, const char *key, const char *wanted)
{
	char line[256];

	proc_line(pid, "status", key, line, sizeof(line));
	assert_string_equal(line, wanted);
}

static void expect_limit(int pid, const char *key, unsigned int wanted)
{
	unsigned int soft;
	char line[256];

	proc_line(pid, "limits", key, line, sizeof(line));
	assert_int_equal(sscanf(line + strlen(key), "%u", &soft), 1);
	assert_int_equal(soft, wanted);
}

static int confined_child(void)
{
	char line[64];
	int pid;

	do
		pid = find_child();
	while (!pid);
	do
		proc_line(pid, "status", "NoNewPrivs:", line, sizeof(line));
	while (strcmp(line, "NoNewPrivs:\t1\n"));
	do
		proc_line(pid, "status", "Seccomp:", line, sizeof(line));
	while (strcmp(line, "Seccomp:\t2\n"));
	return pid;
}

/* It computes for ever; kill -9 in the middle. */
static void test_privileges(void **state)
{
	struct image_refusal why;
	pthread_t thread;
	int pid;

	write_letter('l');
	assert_int_equal(pthread_create(&thread, NULL, load, &why), 0);
	pid = confined_child();
	if (!geteuid()) {
		expect_line(pid, "Uid:", "Uid:\t65534\t65534\t65534\t65534\n");
		expect_line(pid, "Gid:", "Gid:\t65534\t65534\t65534\t65534\n");
		expect_line(pid, "Groups:", "Groups:\t \n");
		expect_line(pid, "CapPrm:", "CapPrm:\t0000000000000000\n");
		expect_line(pid, "CapEff:", "CapEff:\t0000000000000000\n");
	}
	expect_limit(pid, "Max cpu time", 60);
	expect_limit(pid, "Max open files", 0);
	expect_limit(pid, "Max processes", 0);
	expect_limit(pid, "Max file size", 0);
	expect_limit(pid, "Max address space", 1 << 30);
	assert_int_equal(kill(pid, SIGKILL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(why.code, EPROTO);
	assert_string_equal(why.words, DIED("9"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_memory_is_limited),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_children_are_ignored),
		cmocka_unit_test(test_writer_is_left),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_library),
		cmocka_unit_test(test_ramdisk_refused),
		cmocka_unit_test(test_ramdisk),
		cmocka_unit_test(test_privileges),
	};

	return cmocka_run_group_tests_name("image", tests, make_file,
					   remove_file);
}
