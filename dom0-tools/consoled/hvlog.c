/* SPDX-License-Identifier: MIT */
/*
 * hvlog.c - what the hypervisor says, as a file
 *
 * Begins with all that the hypervisor still has: after a restart of this
 * program the file repeats it.
 */
#include "hvlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>

#include "liblodge.h"
#include "say.h"
#include "xen.h"

static struct lodge *host;
static struct log_file file;
static struct channel channel;
static uint32_t position;

static void copy_news(void)
{
	char text[4096];
	size_t nr;

	do {
		if (lodge_console_ring_next(host, text, sizeof(text), &nr,
					    &position)) {
			say("%s", lodge_error(host)->what);
			return;
		}
		log_write(&file, text, nr);
	} while (nr == sizeof(text));
}

static void event_came(struct channel *c)
{
	copy_news();
	channel_unmask(c);
}

void hvlog_start(const struct log_style *style)
{
	int rc;

	channel = (struct channel){.port = -1, .came = event_came};
	if (lodge_open(&host))
		die("there is no memory");
	rc = channel_bind_virq(&channel, VIRQ_CON_RING);
	if (rc)
		say("the hypervisor does not tell of what it says: %s",
		    strerror(-rc));
	log_open(&file, style, "hypervisor.log");
	copy_news();
}

void hvlog_reopen(void)
{
	if (host)
		log_reopen(&file);
}
