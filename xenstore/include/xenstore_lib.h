/* SPDX-License-Identifier: MIT */
/*
 * xenstore_lib.h - what clients of the xenstore share
 */
#ifndef XENSTORE_LIB_H
#define XENSTORE_LIB_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct xs_permissions {
	unsigned int id;	/* domain */
	unsigned int perms;	/* XS_PERM_* */
#define XS_PERM_NONE 0x00
#define XS_PERM_READ 0x01
#define XS_PERM_WRITE 0x02
#define XS_PERM_ENOENT_OK 0x04
#define XS_PERM_OWNER 0x08
#define XS_PERM_IGNORE 0x10
};

/* Room for a decimal number of a type, its sign and a NUL. */
#define MAX_STRLEN(x) ((sizeof(x) * CHAR_BIT + CHAR_BIT - 1) / 10 * 3 + 2)

/* Where the daemon is; XENSTORED_RUNDIR and XENSTORED_PATH override it. */
const char *xs_daemon_rundir(void);
const char *xs_daemon_socket(void);
const char *xs_daemon_socket_ro(void);

/* Write all of it, however many calls that takes. */
bool xs_write_all(int fd, const void *data, unsigned int len);

/* Turn @num strings such as "r3" into permissions. */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
			 const char *strings);

#endif
