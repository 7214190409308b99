/* SPDX-License-Identifier: MIT */
/*
 * manager.c - what the service manager and people are told: readiness, which
 * process is which
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"

static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, strlen(path));
	if (*path == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (void *)&sa,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       strlen(path))) < 0)
		log_warn("%s: %s", path, strerror(errno));
	close(fd);
}

/* Clients are served: tell the service manager, if one started us. */
void manager_ready(void)
{
	notify("READY=1");
}

/* Another process than the one that the service manager started is in charge. */
void manager_main_pid(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "MAINPID=%d", pid);
	notify(text);
}

/**
 * manager_write_pid() - write a process number to a file
 *
 * Whoever reads it sees the old number or the new one. A failure is logged.
 */
void manager_write_pid(const char *path, pid_t pid)
{
	char text[16], temp[512];
	int n = snprintf(text, sizeof(text), "%d\n", pid);
	int fd;

	snprintf(temp, sizeof(temp), "%s.new", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)n) != n || rename(temp, path))
		log_warn("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}
