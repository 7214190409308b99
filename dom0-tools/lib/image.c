/* SPDX-License-Identifier: MIT */
/*
 * image.c - has a kernel read by a process that can do no harm
 *
 * This process opens the file, and never looks into it: it only copies pieces of
 * it to the guest. It starts the reader (dom0-tools/reader/), which has two
 * descriptors, the file and a piece of memory of fixed size for its answer, and
 * which gives up everything else before it reads: identity, limits, system
 * calls. When it has ended the memory is sealed: from then on nobody can change
 * it, the reader's remains included, and what it holds is checked as any hostile
 * text is.
 *
 * The reader is a program of its own, and no fork of the caller. A fork would
 * take a copy of the caller's memory with it: a kernel that has taken over an
 * unpacker could put what it finds there, another guest's keys among it, into
 * its own segments. And between fork and exit in a program with threads only
 * async-signal-safe functions may be called, which unpackers are not;
 * posix_spawn() is safe there. The program is in the library, as bytes, and is
 * run from memory: there is nothing to install or to find, and reader and
 * library are always of one version. The libraries that unpack are the
 * system's, linked dynamically, so that they are kept up to date as any.
 *
 * A reader that never ends would be one that computes, and it is ended when
 * it has used READER_CPU_S; the clock is not looked at. It can wait for
 * nothing but the file's own disk.
 *
 * No state, no locks.
 */
#include "image-claims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors are moved out of the way of those that the reader gets. */
#define FIRST_FREE 10

#define SEALS_PROGRAM (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* ---- files in memory ----------------------------------------------------- */

static int move_up(int fd)
{
	int up;

	if (fd < 0)
		return -1;
	up = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	close(fd);
	return up;
}

static bool write_all(int fd, const char *bytes, size_t left)
{
	ssize_t n;

	for (; left; bytes += n, left -= (size_t)n) {
		n = write(fd, bytes, left);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return false;
	}
	return true;
}

/* -1: errno */
static int program_file(void)
{
	int fd = move_up(memfd_create("lodge-image-reader",
				      MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (fd >= 0 && write_all(fd, image_reader_start,
				 (size_t)(image_reader_end -
					  image_reader_start)) &&
	    !fcntl(fd, F_ADD_SEALS, SEALS_PROGRAM))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Sparse: it takes the memory that is written. -1: errno */
static int result_file(void)
{
	int fd = move_up(memfd_create("lodge-image",
				      MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (fd >= 0 && !ftruncate(fd, RESULT_BYTES) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- the reader ---------------------------------------------------------- */

/* Everything is default there, whatever the caller does with signals. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	return posix_spawnattr_setsigdefault(attr, &all) ||
	       posix_spawnattr_setsigmask(attr, &none) ||
	       posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETSIGMASK);
}

static int set_files(posix_spawn_file_actions_t *files, int image, int result)
{
	return posix_spawn_file_actions_adddup2(files, image, READER_IMAGE) ||
	       posix_spawn_file_actions_adddup2(files, result,
						READER_RESULT) ||
	       posix_spawn_file_actions_addclosefrom_np(files,
							READER_RESULT + 1);
}

/*
 * The program has no name that could be opened, but this process's. The
 * environment is empty: nothing is to change what the reader is linked with.
 * 0; an errno
 */
static int spawn(pid_t *pid, int program, int image, int result)
{
	char path[64], name[] = "lodge-image-reader";
	char *argv[] = {name, NULL}, *envp[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = ENOMEM;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), program);
	if (posix_spawn_file_actions_init(&files))
		return rc;
	if (!posix_spawnattr_init(&attr)) {
		if (!set_files(&files, image, result) && !set_signals(&attr))
			rc = posix_spawn(pid, path, &files, &attr, argv, envp);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/*
 * A caller that waits for any child may have taken the status away; then the
 * seal tells whether the reader has ended, and the claims whether it was done.
 */
static int wait_for(pid_t pid, struct image_refusal *why)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return image_refuse(why, PROBLEM_TIME, READER_CPU_S, 0);
	if (WIFSIGNALED(status))
		return image_refuse(why, PROBLEM_DIED,
				    (uint64_t)WTERMSIG(status), 0);
	if (WEXITSTATUS(status))
		return image_refuse(why, PROBLEM_EXITED,
				    (uint64_t)WEXITSTATUS(status), 0);
	return 0;
}

static int run(int image, int result, struct image_refusal *why)
{
	int program = program_file(), rc;
	pid_t pid;

	if (program < 0)
		return image_refuse(why, PROBLEM_READER, (uint64_t)errno, 0);
	rc = spawn(&pid, program, image, result);
	close(program);
	if (rc)
		return image_refuse(why, PROBLEM_READER, (uint64_t)rc, 0);
	return wait_for(pid, why);
}

/* ---- its answer ---------------------------------------------------------- */

/* The file that has the segments' bytes stays open. 0; -errno, and *why */
static int keep(struct image *img, int fd, struct image_refusal *why)
{
	img->fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	return img->fd < 0 ? image_refuse(why, PROBLEM_READER,
					  (uint64_t)errno, 0) : 0;
}

/* From here on nobody can write to it. 0; -errno, and *why */
static int seal_and_check(struct image *img, int file, int result,
			  uint64_t memory_bytes, struct image_refusal *why)
{
	struct claims *claims;
	struct stat st;
	int rc;

	/* Refused with EBUSY while somebody has it mapped to be written. */
	if (fcntl(result, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL))
		return image_refuse(why, PROBLEM_NONSENSE, 0, 0);
	if (fstat(file, &st))
		return image_refuse(why, PROBLEM_IO, (uint64_t)errno, 0);
	claims = mmap(NULL, CLAIMS_BYTES, PROT_READ, MAP_PRIVATE, result, 0);
	if (claims == MAP_FAILED)
		return image_refuse(why, PROBLEM_MEMORY, 0, 0);
	rc = image_check(img, claims, (uint64_t)st.st_size, memory_bytes, why);
	if (!rc)
		rc = keep(img, claims->flags & CLAIM_IN_FILE ? file : result,
			  why);
	munmap(claims, CLAIMS_BYTES);
	return rc;
}

static int read_open(struct image *img, int file, uint64_t memory_bytes,
		     struct image_refusal *why)
{
	int result = result_file(), rc;

	if (result < 0)
		return image_refuse(why, PROBLEM_READER, (uint64_t)errno, 0);
	rc = run(file, result, why);
	if (!rc)
		rc = seal_and_check(img, file, result, memory_bytes, why);
	close(result);
	return rc;
}

/* A descriptor; -errno, and *why. Does not wait for a pipe's other end. */
static int open_file(const char *path, struct image_refusal *why)
{
	int fd = move_up(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
					    O_NONBLOCK));
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return image_refuse(why, PROBLEM_OPEN, (uint64_t)errno, 0);
	if (fstat(fd, &st))
		rc = image_refuse(why, PROBLEM_IO, (uint64_t)errno, 0);
	else if (!S_ISREG(st.st_mode))
		rc = image_refuse(why, PROBLEM_NO_FILE, 0, 0);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

int image_load(struct image **out, const char *path, uint64_t memory_bytes,
	       struct image_refusal *why)
{
	struct image *img;
	int fd, rc;

	fd = open_file(path, why);
	if (fd < 0)
		return fd;
	img = malloc(sizeof(*img));
	rc = img ? read_open(img, fd, memory_bytes, why)
		 : image_refuse(why, PROBLEM_MEMORY, 0, 0);
	close(fd);
	if (!rc)
		*out = img;
	else
		free(img);
	return rc;
}

void image_free(struct image *img)
{
	if (!img)
		return;
	close(img->fd);
	free(img);
}
