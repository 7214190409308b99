/* SPDX-License-Identifier: MIT */
/*
 * hv.c - control calls to the hypervisor
 */
#include "host.h"

#include <errno.h>
#include <string.h>
#include <xen/version.h>
#include <xenforeignmemory.h>

#include "silent.h"

static int open_calls(struct lodge *l)
{
	int error;

	if (l->calls)
		return 0;
	l->calls = xencall_open(&silent_logger, 0);
	if (l->calls)
		return 0;
	error = errno;
	fail(l, error, "cannot speak to the hypervisor: %s", strerror(error));
	hint(l, error == EACCES || error == EPERM
			? "this needs root"
			: "is this Dom0, and the module xen-privcmd loaded?");
	return -lodge_error(l)->code;
}

int hv_open_memory(struct lodge *l)
{
	int error;

	if (l->memory)
		return 0;
	l->memory = xenforeignmemory_open(&silent_logger, 0);
	if (l->memory)
		return 0;
	error = errno;
	return fail(l, error, "cannot reach guests' memory: %s",
		    strerror(error));
}

void *hv_alloc(struct lodge *l, size_t size)
{
	void *buffer;

	if (open_calls(l))
		return NULL;
	buffer = xencall_alloc_buffer(l->calls, size);
	if (!buffer)
		fail(l, ENOMEM, "there is no memory for a hypercall");
	else
		memset(buffer, 0, size);
	return buffer;
}

void hv_free(struct lodge *l, void *buffer)
{
	int kept = errno;

	if (buffer)
		xencall_free_buffer(l->calls, buffer);
	errno = kept;
}

/* One argument, copied in and out. */
static int call(struct lodge *l, unsigned int nr, const char *name,
		unsigned int cmd, void *op, size_t size)
{
	void *buffer = hv_alloc(l, size);
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	memcpy(buffer, op, size);
	rc = xencall1(l->calls, nr, (uint64_t)(uintptr_t)buffer);
	memcpy(op, buffer, size);
	hv_free(l, buffer);
	return rc < 0 ? fail(l, errno, "the hypervisor refuses %s %u: %s",
			     name, cmd, strerror(errno))
		      : 0;
}

int hv_domctl(struct lodge *l, struct xen_domctl *op)
{
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return call(l, __HYPERVISOR_domctl, "domctl", op->cmd, op,
		    sizeof(*op));
}

int hv_sysctl(struct lodge *l, struct xen_sysctl *op)
{
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return call(l, __HYPERVISOR_sysctl, "sysctl", op->cmd, op,
		    sizeof(*op));
}

/* The hypervisor may answer for the next domain that there is. */
int hv_domain_info(struct lodge *l, unsigned int domid,
		   struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.domain = (domid_t)domid,
	};
	int rc = hv_domctl(l, &op);

	if (rc == -ESRCH || (!rc && op.domain != domid))
		return fail(l, ESRCH, "there is no domain %u", domid);
	if (!rc)
		*info = op.u.getdomaininfo;
	return rc;
}

/* A command and its argument, copied in and out; not negative, or -errno. */
static long call_cmd(struct lodge *l, unsigned int nr, const char *name,
		     unsigned int cmd, void *arg, size_t size)
{
	void *buffer = hv_alloc(l, size ? size : 1);
	long rc;

	if (!buffer)
		return -lodge_error(l)->code;
	if (size)
		memcpy(buffer, arg, size);
	rc = xencall2L(l->calls, nr, cmd,
		       size ? (uint64_t)(uintptr_t)buffer : 0);
	if (size)
		memcpy(arg, buffer, size);
	hv_free(l, buffer);
	return rc < 0 ? fail(l, errno, "the hypervisor refuses %s %u: %s",
			     name, cmd, strerror(errno))
		      : rc;
}

long hv_memory_op(struct lodge *l, unsigned int cmd, void *arg, size_t size)
{
	return call_cmd(l, __HYPERVISOR_memory_op, "memory operation", cmd,
			arg, size);
}

int hv_event_op(struct lodge *l, unsigned int cmd, void *arg, size_t size)
{
	return (int)call_cmd(l, __HYPERVISOR_event_channel_op,
			     "event channel operation", cmd, arg, size);
}

int hv_version(struct lodge *l, unsigned int cmd, void *arg, size_t size)
{
	return (int)call_cmd(l, __HYPERVISOR_xen_version, "version", cmd, arg,
			     size);
}

int hv_grant_op(struct lodge *l, unsigned int cmd, void *arg, size_t size)
{
	void *buffer = hv_alloc(l, size);
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	memcpy(buffer, arg, size);
	rc = xencall3(l->calls, __HYPERVISOR_grant_table_op, cmd,
		      (uint64_t)(uintptr_t)buffer, 1);
	memcpy(arg, buffer, size);
	hv_free(l, buffer);
	return rc < 0 ? fail(l, errno,
			     "the hypervisor refuses grant table operation %u: "
			     "%s", cmd, strerror(errno))
		      : 0;
}

int hv_vcpu_op(struct lodge *l, unsigned int cmd, unsigned int vcpu, void *arg,
	       size_t size)
{
	void *buffer = hv_alloc(l, size);
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	rc = xencall3(l->calls, __HYPERVISOR_vcpu_op, cmd, vcpu,
		      (uint64_t)(uintptr_t)buffer);
	memcpy(arg, buffer, size);
	hv_free(l, buffer);
	return rc < 0 ? fail(l, errno,
			     "the hypervisor refuses vCPU operation %u: %s",
			     cmd, strerror(errno))
		      : 0;
}

int hv_mmuext_op(struct lodge *l, unsigned int domid, struct mmuext_op *op)
{
	struct mmuext_op *buffer = hv_alloc(l, sizeof(*op));
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	*buffer = *op;
	rc = xencall4(l->calls, __HYPERVISOR_mmuext_op,
		      (uint64_t)(uintptr_t)buffer, 1, 0, domid);
	hv_free(l, buffer);
	return rc < 0 ? fail(l, errno,
			     "the hypervisor refuses page table operation %u: "
			     "%s", op->cmd, strerror(errno))
		      : 0;
}
