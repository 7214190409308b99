/* SPDX-License-Identifier: MIT */
/*
 * files.c - are the files there that a configuration names, and of use?
 */
#include "config.h"
#include "image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True: it can be opened */
static bool check_path(struct lodge_config *config, const char *key,
		       const char *path, bool writable, bool device)
{
	struct cfg_at at = at_key(config, key);
	struct stat st;

	if (stat(path, &st)) {
		finding(&at, LODGE_ERROR, "names %s: %s", quoted(&at, path),
			strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) && !(device && S_ISBLK(st.st_mode))) {
		must_be(&at, device ? "a file or a block device" : "a file",
			"names %s", quoted(&at, path));
		return false;
	}
	if (access(path, writable ? R_OK | W_OK : R_OK)) {
		finding(&at, LODGE_ERROR, "names %s: %s", quoted(&at, path),
			strerror(errno));
		return false;
	}
	return true;
}

/* A finding may not jump out while there is an image: it is freed before. */
static void check_kernel(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	struct cfg_at at = at_key(config, "kernel");
	uint64_t memory_bytes = d->memory_mib << 20;
	struct image_refusal why;
	struct image *img;

	if (!check_path(config, "kernel", d->kernel, false, false))
		return;
	if (!image_load(&img, d->kernel, memory_bytes ? memory_bytes
						      : UINT64_MAX, &why))
		image_free(img);
	else
		finding(&at, LODGE_ERROR, "names %s, which %s",
			quoted(&at, d->kernel), why.words)->f.hint = why.hint;
}

static void check_files(struct lodge_config *config)
{
	const struct lodge_domain_config *d = &config->domain;
	const struct lodge_disk *disk;
	size_t i;

	if (d->kernel)
		check_kernel(config);
	if (d->ramdisk)
		check_path(config, "ramdisk", d->ramdisk, false, false);
	for (i = 0; i < d->nr_disks; i++) {
		disk = &d->disks[i];
		/* Others' files are not ours to see. */
		if (disk->target && !disk->script && !disk->backend)
			check_path(config, "disk", disk->target,
				   disk->writable, true);
	}
	findings_finish(config);
}

int lodge_config_check_files(struct lodge_config *config)
{
	if (arena_enter(&config->arena))
		return -ENOMEM;
	check_files(config);
	arena_leave(&config->arena);
	return 0;
}
