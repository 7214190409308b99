/* SPDX-License-Identifier: MIT */
/*
 * vdev.c - names of virtual disks to the numbers of xen-vbd-interface(7)
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#define XVD_DISKS	(1u << 20)
#define XVD_PARTITIONS	256u

/* 'a' is 0, 'z' 25, 'aa' 26; false: no letters, or too many */
static bool parse_letters(const char **p, unsigned int *disk)
{
	unsigned int n = 0;
	const char *from = *p;

	for (; islower((unsigned char)**p) && n <= XVD_DISKS; (*p)++)
		n = n * 26 + (unsigned int)(**p - 'a') + 1;
	*disk = n - 1;
	return *p != from && n <= XVD_DISKS;
}

/* False: no digits, or not below @limit */
static bool parse_below(const char **p, unsigned int limit, unsigned int *n)
{
	const char *from = *p;

	for (*n = 0; isdigit((unsigned char)**p) && *n < limit; (*p)++)
		*n = *n * 10 + (unsigned int)(**p - '0');
	return *p != from && *n < limit;
}

static unsigned int xvd_number(unsigned int disk, unsigned int partition)
{
	if (disk < 16 && partition < 16)
		return 202u << 8 | disk << 4 | partition;
	return 1u << 28 | disk << 8 | partition;
}

static unsigned int sd_number(unsigned int disk, unsigned int partition)
{
	if (disk >= 16 || partition >= 16)
		return 0;
	return 8u << 8 | disk << 4 | partition;
}

static unsigned int hd_number(unsigned int disk, unsigned int partition)
{
	if (disk >= 4 || partition >= 64)
		return 0;
	if (disk < 2)
		return 3u << 8 | disk << 6 | partition;
	return 22u << 8 | (disk - 2) << 6 | partition;
}

static const struct {
	const char *prefix;
	unsigned int (*number)(unsigned int disk, unsigned int partition);
} kinds[] = {
	{"xvd", xvd_number},
	{"sd", sd_number},
	{"hd", hd_number},
};

/* "d1p2"; the partition may be left out */
static unsigned int plain_number(const char *p)
{
	unsigned int disk, partition = 0;

	if (!parse_below(&p, XVD_DISKS, &disk))
		return 0;
	if (*p && (*p++ != 'p' || !parse_below(&p, XVD_PARTITIONS, &partition)))
		return 0;
	return *p ? 0 : xvd_number(disk, partition);
}

unsigned int vdev_number(const char *vdev)
{
	unsigned int disk, partition = 0;
	uint64_t number;
	const char *p;
	size_t i;

	if (parse_number(vdev, &number))
		return number <= UINT32_MAX ? (unsigned int)number : 0;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		p = vdev + strlen(kinds[i].prefix);
		if (strncmp(vdev, kinds[i].prefix, strlen(kinds[i].prefix)))
			continue;
		if (!parse_letters(&p, &disk) ||
		    (*p && !parse_below(&p, XVD_PARTITIONS, &partition)) || *p)
			return 0;
		return kinds[i].number(disk, partition);
	}
	return *vdev == 'd' ? plain_number(vdev + 1) : 0;
}
