/* SPDX-License-Identifier: MIT */
/*
 * wire.h - one request, from its bytes to its reply
 */
#ifndef XS_WIRE_H
#define XS_WIRE_H

#include <errno.h>		/* xs_wire.h lists what is defined */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "conn.h"

struct arena;
struct node;
struct txn;

struct req {
	struct conn *c;
	struct txn *t;		/* NULL: in no transaction */
	struct xsd_sockmsg hdr;
	const char *data;	/* payload; a NUL follows it */
	size_t len;
	struct arena *mem;	/* freed when the request is done */
	const void *reply;	/* NULL: "OK" */
	size_t reply_len;
};

/* All return 0, an errno for the reply, or LEASE_WAIT. */
typedef int (*handler_fn)(struct req *r);

void wire_init(void);
bool wire_step(struct conn *c);
bool wire_ready(struct conn *c);
const char *wire_type_name(uint32_t type);
const char *wire_error_name(int err);

/* What handlers need in common: request.c */
unsigned int req_strings(const struct req *r, const char **s,
			 unsigned int max);
int req_path(struct req *r, const char *given, const char **path);
void req_reply(struct req *r, const void *data, size_t len);
void req_reply_string(struct req *r, const char *s);
int req_access(struct req *r, const char *path, const struct node *n,
	       unsigned int acc, unsigned int want);
int req_node(struct req *r, const char *path, unsigned int acc,
	     unsigned int want, struct node **n);
bool req_privileged(const struct req *r);
struct node *req_root(const struct req *r);

int do_directory(struct req *r);
int do_directory_part(struct req *r);
int do_read(struct req *r);
int do_write(struct req *r);
int do_mkdir(struct req *r);
int do_rm(struct req *r);
int do_get_perms(struct req *r);
int do_set_perms(struct req *r);
int do_watch(struct req *r);
int do_unwatch(struct req *r);
int do_reset_watches(struct req *r);
int do_transaction_start(struct req *r);
int do_transaction_end(struct req *r);
int do_introduce(struct req *r);
int do_release(struct req *r);
int do_get_domain_path(struct req *r);
int do_is_domain_introduced(struct req *r);
int do_resume(struct req *r);
int do_set_target(struct req *r);
int do_control(struct req *r);

#endif
