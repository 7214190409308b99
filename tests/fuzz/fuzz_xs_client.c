/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_client.c - any replies of a daemon to the client library
 *
 * The library connects to us; what it will be answered is in the socket before
 * it asks. Every second input is made to look like the reply it waits for.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xenstore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static int listener(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, sizeof(path), "/tmp/xsfuzz%d", getpid());
	strcpy(sa.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)) || listen(fd, 1))
		abort();
	setenv("XENSTORED_PATH", path, 1);
	return fd;
}

static void cleanup(void)
{
	unlink(path);
}

static const uint32_t types[] = {
	XS_READ, XS_DIRECTORY, XS_GET_PERMS, XS_TRANSACTION_START,
	XS_GET_DOMAIN_PATH, XS_WATCH, XS_CONTROL, XS_IS_DOMAIN_INTRODUCED,
};

static void ask(struct xs_handle *h, unsigned int which)
{
	unsigned int n = 0, i;
	char **list;

	switch (which) {
	case 0:
		free(xs_read(h, 0, "/a", &n));
		break;
	case 1:
		list = xs_directory(h, 0, "/a", &n);
		for (i = 0; list && i < n; i++)
			if (strlen(list[i]) > 4096)
				abort();
		free(list);
		break;
	case 2:
		free(xs_get_permissions(h, 0, "/a", &n));
		break;
	case 3:
		xs_transaction_start(h);
		break;
	case 4:
		free(xs_get_domain_path(h, 1));
		break;
	case 5:
		xs_watch(h, "/a", "t");
		break;
	case 6:
		free(xs_control_command(h, "help", NULL, 0));
		break;
	default:
		xs_is_domain_introduced(h, 1);
	}
}

/* Make the first message a reply to the first request. */
static void patch(uint8_t *p, size_t size, unsigned int which)
{
	struct xsd_sockmsg hdr;

	if (size < sizeof(hdr))
		return;
	memcpy(&hdr, p, sizeof(hdr));
	if (hdr.type != XS_ERROR && hdr.type != XS_WATCH_EVENT)
		hdr.type = types[which];
	hdr.req_id = 1;
	if (hdr.len > size - sizeof(hdr))
		hdr.len = (uint32_t)(size - sizeof(hdr));
	memcpy(p, &hdr, sizeof(hdr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int lfd = -1;
	unsigned int which, i;
	struct xs_handle *h;
	char **event;
	uint8_t *copy;
	int fd;

	if (lfd < 0) {
		lfd = listener();
		atexit(cleanup);
	}
	if (size < 1 || size > 16384)
		return 0;
	which = data[0] >> 1 & 7;
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (data[0] & 1)
		patch(copy + 1, size - 1, which);
	h = xs_open(0);
	fd = accept(lfd, NULL, NULL);
	if (!h || fd < 0)
		abort();
	if (send(fd, copy + 1, size - 1, 0) != (ssize_t)size - 1)
		abort();
	shutdown(fd, SHUT_WR);
	ask(h, which);
	xs_fileno(h);
	for (i = 0; i < 8; i++) {
		event = xs_check_watch(h);
		if (event && strlen(event[XS_WATCH_PATH]) +
		    strlen(event[XS_WATCH_TOKEN]) > 4096)
			abort();
		free(event);
	}
	xs_close(h);
	close(fd);
	free(copy);
	return 0;
}
