/* SPDX-License-Identifier: MIT */
/*
 * wire.c - the table of message types, and the way of a request through it
 *
 *	bytes --> header --> table: who may, in which transaction --> handler
 *	      --> reply and events appended --> journal --> counters move
 *
 * Everything that all requests have in common is done here, once. A handler
 * checks first and changes afterwards: if it returns an error, nothing was
 * changed. Its errno becomes the reply.
 *
 * A header that announces too long a payload ends the connection: there is no
 * way to find the next message.
 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "journal.h"
#include "lease.h"
#include "log.h"
#include "loop.h"
#include "txn.h"
#include "util.h"

#define F_PRIV 1u	/* Dom0 alone */
#define F_NO_TXN 2u	/* the transaction number means nothing */
#define F_CHANGES 4u	/* not on the read-only socket */

static const struct {
	const char *name;
	handler_fn handler;
	unsigned int flags;
} types[] = {
	[XS_CONTROL] = { "CONTROL", do_control, F_PRIV },
	[XS_DIRECTORY] = { "DIRECTORY", do_directory, 0 },
	[XS_READ] = { "READ", do_read, 0 },
	[XS_GET_PERMS] = { "GET_PERMS", do_get_perms, 0 },
	[XS_WATCH] = { "WATCH", do_watch, F_NO_TXN },
	[XS_UNWATCH] = { "UNWATCH", do_unwatch, F_NO_TXN },
	[XS_TRANSACTION_START] = { "TRANSACTION_START",
				   do_transaction_start, 0 },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", do_transaction_end, 0 },
	[XS_INTRODUCE] = { "INTRODUCE", do_introduce, F_PRIV | F_CHANGES },
	[XS_RELEASE] = { "RELEASE", do_release, F_PRIV | F_CHANGES },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", do_get_domain_path, 0 },
	[XS_WRITE] = { "WRITE", do_write, F_CHANGES },
	[XS_MKDIR] = { "MKDIR", do_mkdir, F_CHANGES },
	[XS_RM] = { "RM", do_rm, F_CHANGES },
	[XS_SET_PERMS] = { "SET_PERMS", do_set_perms, F_CHANGES },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED",
				      do_is_domain_introduced, 0 },
	[XS_RESUME] = { "RESUME", do_resume, F_PRIV | F_CHANGES },
	[XS_SET_TARGET] = { "SET_TARGET", do_set_target, F_PRIV | F_CHANGES },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", do_reset_watches, F_NO_TXN },
	[XS_DIRECTORY_PART] = { "DIRECTORY_PART", do_directory_part, 0 },
};

static struct arena *scratch;

void wire_init(void)
{
	scratch = arena_new(32768);
}

const char *wire_type_name(uint32_t type)
{
	if (type < ARRAY_SIZE(types) && types[type].name)
		return types[type].name;
	return type == XS_ERROR ? "ERROR" : "unknown";
}

/**
 * wire_error_name() - the name by which the protocol knows an errno
 *
 * Return: "EINVAL" for one that it does not know.
 */
const char *wire_error_name(int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(xsd_errors); i++)
		if (xsd_errors[i].errnum == err)
			return xsd_errors[i].errstring;
	return "EINVAL";
}

static int dispatch(struct req *r)
{
	uint32_t type = r->hdr.type;

	if (type >= ARRAY_SIZE(types) || !types[type].handler)
		return ENOSYS;
	if (r->hdr.tx_id && !(types[type].flags & F_NO_TXN)) {
		r->t = txn_lookup(r->c, r->hdr.tx_id);
		if (!r->t)
			return ENOENT;
	}
	if (types[type].flags & F_PRIV && !req_privileged(r))
		return EACCES;
	if (types[type].flags & F_CHANGES && r->c->readonly)
		return EROFS;
	return types[type].handler(r);
}

static void trace(const struct req *r, char dir, const void *data, size_t len)
{
	char what[32];

	if (!log_tracing)
		return;
	snprintf(what, sizeof(what), "%c %s", dir,
		 wire_type_name(r->hdr.type));
	log_trace(r->c->name, what, r->hdr.tx_id, data, len);
}

static void send_reply(struct req *r, int rc)
{
	const void *data = r->reply ? r->reply : "OK";
	size_t len = r->reply ? r->reply_len : sizeof("OK");

	if (rc) {
		r->hdr.type = XS_ERROR;
		data = wire_error_name(rc);
		len = strlen(data) + 1;
	}
	r->hdr.len = (uint32_t)len;
	trace(r, '<', data, len);
	conn_send(r->c, &r->hdr, data, len);
	conn_owe_reply(r->c);
}

/* The reply goes first; conn_commit() sends the events that it caused. */
static void carry_out(struct conn *c, const struct xsd_sockmsg *hdr,
		      const uint8_t *payload)
{
	uint32_t done = stream_in_done(c->st) + sizeof(*hdr) + hdr->len;
	struct req r = {
		.c = c,
		.hdr = *hdr,
		.data = arena_strndup(scratch, (const char *)payload,
				      hdr->len),
		.len = hdr->len,
		.mem = scratch,
	};
	int rc;

	trace(&r, '>', r.data, r.len);
	rc = dispatch(&r);
	if (rc == LEASE_WAIT) {
		loop_hold(c);
		return;
	}
	send_reply(&r, rc);
	conn_commit(c, done);
}

/* Is there a whole request that may be carried out? Its header, if so. */
static bool next_request(struct conn *c, struct xsd_sockmsg *hdr,
			 const uint8_t **payload)
{
	const uint8_t *data;
	size_t len;

	len = stream_in_pending(c->st, &data);
	if (len < sizeof(*hdr))
		return false;
	/* Asked aloud: the log names who has to wait for taking no replies. */
	if (!limit_allows(c->dom, LIMIT_OUTSTANDING,
			  c->dom->outstanding + 1l) || !conn_may_request(c))
		return false;
	memcpy(hdr, data, sizeof(*hdr));
	if (hdr->len > XENSTORE_PAYLOAD_MAX) {
		conn_kill(c, EPROTO, "its message is too long");
		return false;
	}
	*payload = data + sizeof(*hdr);
	return len >= sizeof(*hdr) + hdr->len;
}

/**
 * wire_ready() - is there a request of a client that may be carried out?
 */
bool wire_ready(struct conn *c)
{
	struct xsd_sockmsg hdr;
	const uint8_t *payload;

	return next_request(c, &hdr, &payload);
}

/**
 * wire_step() - carry out the next request of a client
 *
 * Return: true if another one is there and may be carried out; false if the
 *         client has to be waited for, or is doomed.
 */
bool wire_step(struct conn *c)
{
	struct xsd_sockmsg hdr;
	const uint8_t *payload;

	if (!next_request(c, &hdr, &payload))
		return false;
	carry_out(c, &hdr, payload);
	arena_reset(scratch);
	return next_request(c, &hdr, &payload);
}
