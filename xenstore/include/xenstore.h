/* SPDX-License-Identifier: MIT */
/*
 * xenstore.h - client library of the xenstore
 *
 * Source and binary compatible with libxenstore 4. Unless said otherwise a
 * function that returns bool or a pointer returns false or NULL on failure and
 * sets errno: to what the daemon answered, or EIO if the connection broke, or
 * ENOMEM, or E2BIG if the request would be too long for the protocol. What is
 * returned in allocated memory is freed by the caller with one free().
 *
 * A handle may be used by several threads at once; each call is one request.
 * A thread may be in xs_read_watch() while others send requests.
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <xenstore_lib.h>

/* The number of no transaction. */
#define XBT_NULL 0

/* Accepted and ignored; the connection decides what it may do. */
#define XS_OPEN_READONLY (1UL << 0)
#define XS_OPEN_SOCKETONLY (1UL << 1)
/*
 * After xs_unwatch() has returned, events of that watch that were already
 * received are not delivered any more. Needs pairs of token and path of which
 * none covers another.
 */
#define XS_UNWATCH_FILTER (1UL << 2)

struct xs_handle;
typedef uint32_t xs_transaction_t;

/*
 * Connect: to the daemon's socket, or else through the kernel's xenbus device.
 * After fork() only the parent may use the handle; the child gets rid of it
 * with xs_daemon_destroy_postfork().
 */
struct xs_handle *xs_open(unsigned long flags);
void xs_close(struct xs_handle *xsh);
void xs_daemon_destroy_postfork(struct xs_handle *xsh);

/* Older names of xs_open(0) and xs_close(). */
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);
void xs_daemon_close(struct xs_handle *xsh);

/* Names of a node's children; @num is set to how many. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num);

/* A node's value with a NUL added; @len, which may be NULL, does not count it. */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len);

/* Set a node's value; nodes that are missing on the way are created. */
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len);

/* Create a node if it is missing. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);

/* Remove a node with all below it. */
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);

/* There is no such request any more: always false. */
bool xs_restrict(struct xs_handle *h, unsigned domid);

/* Permissions of a node: the owner with what everybody may, then the others. */
struct xs_permissions *xs_get_permissions(struct xs_handle *h,
					  xs_transaction_t t,
					  const char *path, unsigned int *num);
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
			const char *path, struct xs_permissions *perms,
			unsigned int num_perms);

/* Be told of changes of a node and below it, with @token to know them by. */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);

/*
 * A descriptor that becomes readable when there may be events; then call
 * xs_check_watch() until it returns NULL with errno EAGAIN.
 */
int xs_fileno(struct xs_handle *h);

/* The next event, as an array indexed by XS_WATCH_PATH and XS_WATCH_TOKEN. */
char **xs_check_watch(struct xs_handle *h);
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/*
 * Transactions: what happens in one becomes visible at once when it ends. The
 * end fails with EAGAIN if others changed what it saw: then begin again.
 */
xs_transaction_t xs_transaction_start(struct xs_handle *h);
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort);

/* Domains; for Dom0 alone. */
bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
			 unsigned long mfn, unsigned int eventchn);
bool xs_set_target(struct xs_handle *h, unsigned int domid,
		   unsigned int target);
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);
bool xs_release_domain(struct xs_handle *h, unsigned int domid);
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);

/*
 * Is @child equal to @parent or below it? Judged by the strings alone: nothing
 * but "/" is below "/".
 */
bool xs_path_is_subpath(const char *parent, const char *child);

/* Commands to the daemon; @data of @len bytes follows the command's name. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			 unsigned int len);
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
		       unsigned int len);

/* The event channel by which a domain wants to be suspended; -1: none. */
int xs_suspend_evtchn_port(int domid);

#endif
