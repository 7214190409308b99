/* SPDX-License-Identifier: MIT */
/*
 * tool.h - the xenstore tools: one program, one row of a table per command
 */
#ifndef XS_TOOL_H
#define XS_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "xenstore.h"

/* What the command line said. */
struct opts {
	bool full;		/* -f: whole paths */
	bool perms;		/* -p of ls */
	bool prefix;		/* -p of read and list */
	bool raw;		/* -R */
	bool tidy;		/* -t */
	bool recurse;		/* -r */
	bool upto;		/* -u */
	bool json;		/* --json */
	int count;		/* -n; -1: no end */
};

/*
 * A command that works in a transaction is called again, from the beginning,
 * when that ends with EAGAIN; so it may print only what cannot be wrong then.
 * It returns an exit status.
 */
struct command {
	const char *name;
	const char *letters;	/* options beside -h, as for getopt() */
	const char *usage;
	int min_args;
	bool in_txn;
	int (*run)(struct xs_handle *h, xs_transaction_t t,
		   const struct opts *o, int argc, char **argv);
};

extern const char *tool_name;	/* for messages: "xenstore-ls" */

int cmd_ls(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	   char **);
int cmd_list(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	     char **);
int cmd_read(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	     char **);
int cmd_exists(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	       char **);
int cmd_write(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	      char **);
int cmd_rm(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	   char **);
int cmd_chmod(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	      char **);
int cmd_watch(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	      char **);
int cmd_control(struct xs_handle *, xs_transaction_t, const struct opts *,
		int, char **);
int cmd_limits(struct xs_handle *, xs_transaction_t, const struct opts *, int,
	       char **);

/* text.c */
char *text_escape(const char *value, size_t len);
size_t text_unescape(char *value);
char *text_join(const char *path, const char *name);
char *text_parent(const char *path);
void text_perms(char *out, size_t size, const struct xs_permissions *p,
		unsigned int nr);

/* json.c */
struct json;
struct json *json_begin(void);
void json_object(struct json *j, bool open);
void json_array(struct json *j, bool open);
void json_string(struct json *j, const char *s);
void json_number(struct json *j, long v);
int json_end(struct json *j);

_Noreturn void fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

#endif
