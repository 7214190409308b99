/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_wire.c - any bytes from any client
 *
 * The first byte chooses the client: Dom0 or a domain. The bytes are requests
 * as they are, or, so that the handlers are reached sooner, a program of
 * shorter records (type, transaction, length, payload) that become requests.
 */
#include <string.h>


#include "conn.h"
#include "wire.h"
#include "store.h"
#include "xs_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_records(struct conn *c, const uint8_t *p, size_t left)
{
	uint8_t msg[sizeof(struct xsd_sockmsg) + 256];
	struct xsd_sockmsg hdr = { 0 };

	while (left >= 3) {
		hdr.type = p[0];
		hdr.tx_id = p[1] & 3;
		hdr.len = p[2];
		p += 3;
		left -= 3;
		if (hdr.len > left)
			hdr.len = (uint32_t)left;
		/* CONTROL names files to write to. */
		if (hdr.type != XS_CONTROL) {
			memcpy(msg, &hdr, sizeof(hdr));
			memcpy(msg + sizeof(hdr), p, hdr.len);
			harness_feed(c, msg, sizeof(hdr) + hdr.len);
		}
		p += hdr.len;
		left -= hdr.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct perm open_to_all = { 0, PERM_BOTH };
	struct perms *ps;
	struct conn *c;

	if (!ready)
		harness_init();
	ready = true;
	if (size < 1)
		return 0;
	ps = perms_intern(&open_to_all, 1);
	store_put("/", NULL, 0, ps);
	perms_put(ps);
	c = harness_client(data[0] & 1 ? 3 : 0);
	if (data[0] & 2)
		feed_records(c, data + 1, size - 1);
	else if (size < 5 || data[1])	/* not CONTROL */
		harness_feed(c, data + 1, size - 1);
	harness_reset();
	return 0;
}
