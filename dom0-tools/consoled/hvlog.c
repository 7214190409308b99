/* SPDX-License-Identifier: MIT */
/*
 * hvlog.c - what the hypervisor says, as a file
 *
 * Begins with all that the hypervisor still has. How far the file is says
 * another one beside it, with the boot that this is true of: a program that
 * was killed goes on there, and repeats one piece at most.
 */
#include "hvlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/xen.h>

#include "liblodge.h"
#include "say.h"
#include "xen.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define ID_TEXT 37

static struct lodge *host;
static struct log_file file;
static struct channel channel;
static uint32_t position;
static int position_fd = -1;
static char boot[ID_TEXT];

/* ---- how far it is ------------------------------------------------------ */

static void read_boot(void)
{
	FILE *f = fopen(BOOT_ID, "re");

	if (!f || fscanf(f, "%36s", boot) != 1)
		*boot = '\0';
	if (f)
		fclose(f);
}

/* Of another boot, or of a file that is no longer there, it says nothing. */
static void read_position(const char *dir)
{
	char path[512], text[64] = "", id[ID_TEXT];
	uint32_t said;

	if (snprintf(path, sizeof(path), "%s/hypervisor.position", dir) >=
	    (int)sizeof(path))
		return;
	position_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			   0640);
	if (position_fd < 0) {
		say("cannot open %s: %s", path, strerror(errno));
		return;
	}
	if (read(position_fd, text, sizeof(text) - 1) > 0 &&
	    sscanf(text, "%36s %u", id, &said) == 2 && *boot &&
	    !strcmp(id, boot) && file.size)
		position = said;
}

/* Each has the length of the one before. */
static void write_position(void)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s %10u\n", boot, position);

	if (position_fd >= 0 && *boot &&
	    pwrite(position_fd, text, (size_t)n, 0) != n)
		say("cannot write how far hypervisor.log is: %s",
		    strerror(errno));
}

/* ---- the file ----------------------------------------------------------- */

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
		write_position();
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
	read_boot();
	read_position(style->dir);
	copy_news();
}

void hvlog_reopen(void)
{
	if (host)
		log_reopen(&file);
}
