/* SPDX-License-Identifier: MIT */
/*
 * hv_log.c - what the hypervisor says, bit by bit
 */
#include "host.h"

#include <string.h>

int lodge_console_ring_next(struct lodge *l, char *text, size_t size,
			    size_t *nr, uint32_t *position)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
	struct xen_sysctl_readconsole *r = &op.u.readconsole;
	char *buffer = hv_alloc(l, size);
	int rc;

	if (!buffer)
		return fail_because(l, "cannot read the hypervisor's log");
	r->incremental = 1;
	r->index = *position;
	r->count = (uint32_t)size;
	set_xen_guest_handle_raw(r->buffer, buffer);
	rc = hv_sysctl(l, &op);
	if (!rc) {
		*nr = r->count < size ? r->count : size;
		memcpy(text, buffer, *nr);
		*position = r->index;
	}
	hv_free(l, buffer);
	return rc ? fail_because(l, "cannot read the hypervisor's log") : 0;
}
