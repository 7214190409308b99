/* SPDX-License-Identifier: MIT */
/*
 * host.h - a handle, and what the files behind it call of each other
 *
 * The control calls are those of <xen/domctl.h> and <xen/sysctl.h>, version
 * 0x15 (Xen 4.17): their layouts are not promised to stay, and everything that
 * knows them is in hv.c, domains.c and info.c.
 */
#ifndef LODGE_HOST_H
#define LODGE_HOST_H

#include "arena.h"
#include "liblodge.h"

#include <xencall.h>
#include <xen/xen.h>

/* What is for tools only needs __XEN_TOOLS__, which dom0-tools.mk defines. */
#include <xen/domctl.h>
#include <xen/sysctl.h>

struct xs_handle;
struct xenforeignmemory_handle;

struct lodge {
	struct arena arena;		/* of the last error */
	struct lodge_error *error;
	xencall_handle *calls;		/* NULL: not opened yet */
	struct xs_handle *store;	/* likewise */
	struct xenforeignmemory_handle *memory;	/* likewise */
};

/* ---- error.c ---- */
/* A new error; returns -code. Forgets the one of the call before. */
int fail(struct lodge *l, int code, const char *what, ...)
	__attribute__((format(printf, 3, 4)));
/* What that one led to. Returns its code, negative. */
int fail_because(struct lodge *l, const char *what, ...)
	__attribute__((format(printf, 2, 3)));
void hint(struct lodge *l, const char *text);
/*
 * The same handle with errors of its own, for what is done on the way out: the
 * error of @l stays. In between @l is not used.
 */
struct lodge aside(const struct lodge *l);
void aside_end(struct lodge *l, struct lodge *other);

/* ---- hv.c ---- */
/* 0; -errno, and an error */
int hv_domctl(struct lodge *l, struct xen_domctl *op);
int hv_sysctl(struct lodge *l, struct xen_sysctl *op);
/* 0; -ESRCH there is no such domain; -errno. And an error */
int hv_domain_info(struct lodge *l, unsigned int domid,
		   struct xen_domctl_getdomaininfo *info);
/* Not negative: its answer; -errno, and an error. @size 0: no argument */
long hv_memory_op(struct lodge *l, unsigned int cmd, void *arg, size_t size);
int hv_event_op(struct lodge *l, unsigned int cmd, void *arg, size_t size);
int hv_version(struct lodge *l, unsigned int cmd, void *arg, size_t size);
/* One operation on grant tables; its status is in @arg. 0; -errno */
int hv_grant_op(struct lodge *l, unsigned int cmd, void *arg, size_t size);
/* What is known of a vCPU of the caller's own domain, to @arg. 0; -errno */
int hv_vcpu_op(struct lodge *l, unsigned int cmd, unsigned int vcpu, void *arg,
	       size_t size);
/* One operation on page tables of a domain. 0; -errno, and an error */
int hv_mmuext_op(struct lodge *l, unsigned int domid, struct mmuext_op *op);
/* Opens l->memory. 0; -errno, and an error */
int hv_open_memory(struct lodge *l);
/* Memory that the hypervisor can reach; NULL, and an error */
void *hv_alloc(struct lodge *l, size_t size);
void hv_free(struct lodge *l, void *buffer);

/* ---- store.c ---- */
/* *value to be free()d, NULL: no such node. 0; -errno, and an error */
int store_read(struct lodge *l, char **value, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- info.c ---- */
/* "credit2", by its number in <xen/domctl.h>; "unknown" */
const char *scheduler_name(unsigned int id);

/* ---- destroy.c ---- */
/* A domain of any state, or none any more. 0; -errno, and an error */
int destroy_and_forget(struct lodge *l, unsigned int domid,
		       const uint8_t uuid[16]);

#endif
