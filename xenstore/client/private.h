/* SPDX-License-Identifier: MIT */
/*
 * private.h - inside of the client library
 */
#ifndef XS_CLIENT_PRIVATE_H
#define XS_CLIENT_PRIVATE_H

#include <sys/uio.h>

#include "xenstore.h"

#define API __attribute__((visibility("default")))

/* A message from the daemon, a NUL behind its payload. */
struct message {
	struct message *next;
	struct xsd_sockmsg hdr;
	char data[];
};

struct message *xs_talk(struct xs_handle *h, xs_transaction_t t,
			enum xsd_sockmsg_type type, const struct iovec *iov,
			unsigned int nr);
struct message *xs_talk_path(struct xs_handle *h, xs_transaction_t t,
			     enum xsd_sockmsg_type type, const char *path);
bool xs_talk_ok(struct xs_handle *h, xs_transaction_t t,
		enum xsd_sockmsg_type type, const struct iovec *iov,
		unsigned int nr);
struct message *xs_next_event(struct xs_handle *h, bool wait);
void xs_drop_events(struct xs_handle *h, const char *path, const char *token);
bool xs_filters(const struct xs_handle *h);
int xs_parse_header(const struct xsd_sockmsg *hdr);
unsigned int xs_count_strings(const char *s, size_t len);
char **xs_string_array(const char *s, size_t len, unsigned int *num);
int xs_error_number(const char *name);

static inline struct iovec xs_string(const char *s)
{
	return (struct iovec){ (void *)s, __builtin_strlen(s) + 1 };
}

#endif
