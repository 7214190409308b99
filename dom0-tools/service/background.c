/* SPDX-License-Identifier: MIT */
/*
 * background.c - one service of a kind, in the background
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

static int told = -1;		/* the parent waits here; -1: there is none */

void pid_file_write(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock))
		die("%s is locked: another one is at work", path);
	if (ftruncate(fd, 0) || write(fd, text, (size_t)n) != n)
		die("cannot write %s: %s", path, strerror(errno));
}

void background_enter(void)
{
	int ends[2];
	char ready;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child)
		_exit(close(ends[1]) || read(ends[0], &ready, 1) != 1);
	close(ends[0]);
	setsid();
	told = ends[1];
}

void background_ready(void)
{
	int null;

	if (told < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	say_to_syslog();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    chdir("/") || write(told, "", 1) != 1)
		die("cannot go to the background: %s", strerror(errno));
	close(null);
	close(told);
	told = -1;
}
