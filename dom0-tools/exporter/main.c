/* SPDX-License-Identifier: MIT */
/*
 * main.c - lodge exporter: what all domains have used, for Prometheus
 *
 * GET /metrics takes a sample and answers with it. libmicrohttpd speaks HTTP,
 * in one thread, which is the only one that uses the handle; the first thread
 * waits for a signal to end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "metrics.h"
#include "options.h"

#define PORT	    9120
#define CLIENTS	    32
#define IDLE_S	    10
#define CLIENT_BYTES (16 << 10)	/* of a request, and of what goes with it */

static const char not_found[] = "there is nothing but /metrics\n";
static const char not_allowed[] = "there is nothing to do but GET\n";

/* ---- answers ------------------------------------------------------------ */

/* @text: of malloc(), if @own; else it stays */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status,
			      const char *type, char *text, size_t size,
			      bool own)
{
	struct MHD_Response *r;
	enum MHD_Result done;

	r = MHD_create_response_from_buffer(size, text,
					    own ? MHD_RESPMEM_MUST_FREE
						: MHD_RESPMEM_PERSISTENT);
	if (!r) {
		if (own)
			free(text);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result answer_text(struct MHD_Connection *c,
				   unsigned int status, const char *text)
{
	return answer(c, status, "text/plain; charset=utf-8",
		      (char *)(uintptr_t)text, strlen(text), false);
}

/* A store that was started anew wants a new handle. */
static int take(struct lodge **l, struct lodge_sample **s)
{
	int tries, rc = -ENOMEM;

	for (tries = 0; tries < 2; tries++) {
		if (!*l && lodge_open(l))
			return -ENOMEM;
		rc = lodge_sample_take(*l, s);
		if (!rc)
			break;
		if (tries)
			cli_failed(*l);
		lodge_close(*l);
		*l = NULL;
	}
	return rc;
}

static enum MHD_Result answer_metrics(struct MHD_Connection *c,
				      struct lodge **l)
{
	struct lodge_sample *s;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (take(l, &s))
		return answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE,
				   "the domains cannot be looked at\n");
	out = open_memstream(&text, &size);
	if (out)
		metrics_write(out, s);
	lodge_sample_free(s);
	if (out && !fclose(out))
		return answer(c, MHD_HTTP_OK, METRICS_TYPE, text, size, true);
	free(text);
	return MHD_NO;
}

/* Called once for the head of a request, again for parts of its body. */
static enum MHD_Result serve(void *handle, struct MHD_Connection *c,
			     const char *url, const char *method,
			     const char *version, const char *body,
			     size_t *body_size, void **state)
{
	static char seen;

	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (*body_size) {
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics"))
		return answer_text(c, MHD_HTTP_NOT_FOUND, not_found);
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed);
	return answer_metrics(c, handle);
}

/* ---- start and end ------------------------------------------------------ */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* 0; CLI_USAGE, and it was said what is wrong */
static int read_address(const struct cli_options *o, union address *a)
{
	const char *address = o->has['l'] ? o->value['l'] : "127.0.0.1";
	unsigned long port = PORT;
	char *end = NULL;

	if (o->has['p'])
		port = strtoul(o->value['p'], &end, 10);
	if (end && (*end || end == o->value['p'] || *o->value['p'] == '-' ||
		    port > 0xffff)) {
		fprintf(stderr, "lodge: \"%s\" is no port, which is a number "
			"up to 65535\n", o->value['p']);
		return CLI_USAGE;
	}
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, address, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		return CLI_DONE;
	}
	if (inet_pton(AF_INET6, address, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		return CLI_DONE;
	}
	fprintf(stderr, "lodge: \"%s\" is no address, as 127.0.0.1 or ::1 "
		"are\n", address);
	return CLI_USAGE;
}

static struct MHD_Daemon *start(const union address *a, struct lodge **l)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD |
			     (a->any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return MHD_start_daemon(
		flags, 0, NULL, NULL, serve, l,
		MHD_OPTION_SOCK_ADDR, &a->any,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CLIENTS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_BYTES,
		MHD_OPTION_END);
}

static void say_where(struct MHD_Daemon *d, const union address *a)
{
	bool v6 = a->any.sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(a->any.sa_family,
		  v6 ? (const void *)&a->v6.sin6_addr : &a->v4.sin_addr, text,
		  sizeof(text));
	printf("lodge: http://%s%s%s:%u/metrics\n", v6 ? "[" : "", text,
	       v6 ? "]" : "",
	       MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
}

static int run(const struct cli_options *o, int argc, char **argv)
{
	struct lodge *l = NULL;
	struct MHD_Daemon *d;
	union address a;
	sigset_t ends;
	int signal_nr;

	if (read_address(o, &a))
		return CLI_USAGE;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	d = start(&a, &l);
	if (!d) {
		fprintf(stderr, "lodge: the port cannot be served: %s\n",
			strerror(errno));
		return CLI_FAILED;
	}
	say_where(d, &a);
	sigwait(&ends, &signal_nr);
	MHD_stop_daemon(d);
	lodge_close(l);
	return CLI_DONE;
}

int main(int argc, char **argv)
{
	static const struct cli_command exporter = {
		"exporter", "", EXPORTER_SUMMARY, exporter_options, 0, 0, run};

	return cli_finish(cli_run(&exporter, argc, argv));
}
