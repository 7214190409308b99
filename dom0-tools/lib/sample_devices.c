/* SPDX-License-Identifier: MIT */
/*
 * sample_devices.c - the counters of disks and networks, by Dom0's Linux
 *
 * A device of a guest is a directory, vbd-DOMID-NUMBER or vif-DOMID-NUMBER;
 * a disk has its counters there, and a network the name of its interface,
 * which has them.
 */
#include "sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/xen-backend/devices"

struct counter {
	const char *file;
	size_t offset;
};

static const struct counter vbd_counters[] = {
	{"oo_req", offsetof(struct lodge_sample_vbd, out_of_requests)},
	{"rd_req", offsetof(struct lodge_sample_vbd, reads)},
	{"wr_req", offsetof(struct lodge_sample_vbd, writes)},
	{"rd_sect", offsetof(struct lodge_sample_vbd, read_sectors)},
	{"wr_sect", offsetof(struct lodge_sample_vbd, write_sectors)},
	{NULL, 0},
};

static const struct counter vif_counters[] = {
	{"rx_bytes", offsetof(struct lodge_sample_vif, rx_bytes)},
	{"rx_packets", offsetof(struct lodge_sample_vif, rx_packets)},
	{"rx_errors", offsetof(struct lodge_sample_vif, rx_errors)},
	{"rx_dropped", offsetof(struct lodge_sample_vif, rx_drops)},
	{"tx_bytes", offsetof(struct lodge_sample_vif, tx_bytes)},
	{"tx_packets", offsetof(struct lodge_sample_vif, tx_packets)},
	{"tx_errors", offsetof(struct lodge_sample_vif, tx_errors)},
	{"tx_dropped", offsetof(struct lodge_sample_vif, tx_drops)},
	{NULL, 0},
};

static uint64_t read_counter(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t nr = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (nr <= 0)
		return 0;
	text[nr] = '\0';
	return strtoull(text, NULL, 10);
}

/* False: there is no such directory. */
static bool read_counters(int device, const char *dir,
			  const struct counter *c, void *to)
{
	int fd = openat(device, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	for (; c->file; c++)
		*(uint64_t *)((char *)to + c->offset) = read_counter(fd,
								    c->file);
	close(fd);
	return true;
}

/* The only name in a directory: "net/vif5.0" */
static bool find_interface(int device, char *path, size_t size)
{
	int fd = openat(device, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e = NULL;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(dir)) && e->d_name[0] == '.')
		;
	if (e)
		snprintf(path, size, "net/%s/statistics", e->d_name);
	closedir(dir);
	return e;
}

/* One more at the end of an array that grows by one: there are few. */
static void *add(void **list, size_t *nr, size_t size)
{
	void *longer = realloc(*list, (*nr + 1) * size);

	if (!longer)
		return NULL;
	*list = longer;
	memset((char *)longer + *nr * size, 0, size);
	return (char *)longer + (*nr)++ * size;
}

static int add_vbd(struct lodge_sample_domain *d, int device, unsigned int id)
{
	struct lodge_sample_vbd *b = add((void **)&d->vbds, &d->nr_vbds,
					 sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->id = id;
	if (!read_counters(device, "statistics", vbd_counters, b))
		d->nr_vbds--;
	return 0;
}

static int add_vif(struct lodge_sample_domain *d, int device, unsigned int id)
{
	struct lodge_sample_vif *v = add((void **)&d->vifs, &d->nr_vifs,
					 sizeof(*v));
	char path[300];

	if (!v)
		return -ENOMEM;
	v->id = id;
	if (!find_interface(device, path, sizeof(path)) ||
	    !read_counters(device, path, vif_counters, v))
		d->nr_vifs--;
	return 0;
}

static struct lodge_sample_domain *find(struct lodge_sample *s,
					unsigned int domid)
{
	size_t i;

	for (i = 0; i < s->nr_domains; i++)
		if (s->domains[i].info.domid == domid)
			return &s->domains[i];
	return NULL;
}

/* One that others serve, or whose domain has gone, is passed over. */
static int take_device(struct lodge_sample *s, int dir, const char *name)
{
	bool disk = !strncmp(name, "vbd-", 4);
	struct lodge_sample_domain *d;
	unsigned int domid, id;
	int fd, rc;

	if (sscanf(name, disk ? "vbd-%u-%u" : "vif-%u-%u", &domid, &id) != 2)
		return 0;
	d = find(s, domid);
	fd = d ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	rc = disk ? add_vbd(d, fd, id) : add_vif(d, fd, id);
	close(fd);
	return rc;
}

static int by_vbd(const void *a, const void *b)
{
	const struct lodge_sample_vbd *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_vif(const void *a, const void *b)
{
	const struct lodge_sample_vif *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(struct lodge_sample_domain *d)
{
	if (d->nr_vbds)
		qsort(d->vbds, d->nr_vbds, sizeof(*d->vbds), by_vbd);
	if (d->nr_vifs)
		qsort(d->vifs, d->nr_vifs, sizeof(*d->vifs), by_vif);
}

int sample_devices(struct lodge_sample *s)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *e;
	size_t i;
	int rc = 0;

	/* Without Linux's driver nobody has any. */
	if (!dir)
		return 0;
	while (!rc && (e = readdir(dir)))
		rc = take_device(s, dirfd(dir), e->d_name);
	closedir(dir);
	for (i = 0; i < s->nr_domains; i++)
		sort(&s->domains[i]);
	return rc;
}
