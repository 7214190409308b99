/* SPDX-License-Identifier: MIT */
/*
 * block.c - what serves a guest's disk: a block device, or a loop device
 */
#include "block.h"

#include "host.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define LOOP_MOST  1024 /* more are not looked at */
#define LOOP_TRIES 64
#define LOCK_MS	   2000
#define STEP_MS	   10
#define BACK_PATH  "/local/domain/0/backend/vbd"

static int refuse(struct lodge *l, const struct lodge_disk *disk)
{
	return fail(l, errno, "cannot open %s: %s", disk->target,
		    strerror(errno));
}

/* ---- who has it already? ------------------------------------------------ */

/* "8:1", in sysfs: the number of the disk that it is a partition of, or its own
 */
static void find_whole(unsigned int major, unsigned int minor,
		       unsigned int whole[2])
{
	char path[64];
	FILE *f;

	whole[0] = major;
	whole[1] = minor;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major,
		 minor);
	if (access(path, F_OK))
		return;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major,
		 minor);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%u:%u", &whole[0], &whole[1]) != 2) {
		whole[0] = major;
		whole[1] = minor;
	}
	fclose(f);
}

/* The same device, or one is a partition of the other. */
static bool overlap(const struct block *b, const char *theirs)
{
	unsigned int major, minor, ours[2], others[2];

	if (sscanf(theirs, "%x:%x", &major, &minor) != 2)
		return false;
	if (major == b->major && minor == b->minor)
		return true;
	find_whole(b->major, b->minor, ours);
	find_whole(major, minor, others);
	return (ours[0] == major && ours[1] == minor) ||
	       (others[0] == b->major && others[1] == b->minor);
}

/* A disk that is to be a guest's, and one transaction. */
struct check {
	struct lodge *l;
	struct store_change *t;
	const struct lodge_disk *disk;
	const struct block *b;
};

static int check_one(const struct check *c, const char *domid, const char *id)
{
	char *theirs, *mode = NULL;
	int rc = store_get(c->t, &theirs, BACK_PATH "/%s/%s/physical-device",
			   domid, id);
	bool same = theirs && overlap(c->b, theirs);

	free(theirs);
	if (rc || !same)
		return rc;
	rc = store_get(c->t, &mode, BACK_PATH "/%s/%s/mode", domid, id);
	if (!rc && (c->disk->writable || (mode && strchr(mode, 'w'))))
		rc = fail(c->l, EBUSY,
			  "%s is a disk of domain %s, and %s writes "
			  "to it",
			  c->disk->target, domid,
			  c->disk->writable ? "this guest" : "that");
	free(mode);
	return rc;
}

static int check_domain(const struct check *c, const char *domid)
{
	char **ids;
	unsigned int nr, i;
	int rc = store_get_list(c->t, &ids, &nr, BACK_PATH "/%s", domid);

	for (i = 0; i < nr && !rc; i++)
		rc = check_one(c, domid, ids[i]);
	free(ids);
	return rc;
}

int block_check(struct lodge *l, struct store_change *t,
		const struct lodge_disk *disk, const struct block *b)
{
	const struct check c = {l, t, disk, b};
	char **domids;
	unsigned int nr, i;
	int rc;

	/* Nobody else has a loop device of ours. */
	if (*b->loop)
		return 0;
	rc = store_get_list(t, &domids, &nr, BACK_PATH);
	for (i = 0; i < nr && !rc; i++)
		rc = check_domain(&c, domids[i]);
	free(domids);
	return rc;
}

/* A file is in use if a loop device serves it, and either of them writes. */
static int check_loop(struct lodge *l, const struct lodge_disk *disk,
		      const struct stat *file, unsigned int nr)
{
	struct loop_info64 info;
	char path[32];
	int fd, error = 0;

	snprintf(path, sizeof(path), "/dev/loop%u", nr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info))
		error = errno;
	if (fd >= 0)
		close(fd);
	/* It has ended meanwhile. */
	if (error == ENXIO || error == ENOENT)
		return 0;
	if (error)
		return fail(l, error, "cannot tell what %s serves: %s", path,
			    strerror(error));
	if (info.lo_device != file->st_dev || info.lo_inode != file->st_ino ||
	    (!disk->writable && info.lo_flags & LO_FLAGS_READ_ONLY))
		return 0;
	return fail(l, EBUSY, "%s is in use already, by %s", disk->target,
		    path);
}

static int check_loops(struct lodge *l, const struct lodge_disk *disk,
		       const struct stat *file)
{
	char path[64];
	unsigned int i;
	int rc = 0;

	for (i = 0; i < LOOP_MOST && !rc; i++) {
		snprintf(path, sizeof(path),
			 "/sys/block/loop%u/loop/backing_file", i);
		if (!access(path, F_OK))
			rc = check_loop(l, disk, file, i);
	}
	return rc;
}

/* ---- loop devices ------------------------------------------------------- */

/* Others may be quicker to take the free one. */
static int try_loop(int control, const struct loop_config *config,
		    struct block *b)
{
	int nr = ioctl(control, LOOP_CTL_GET_FREE);

	if (nr < 0)
		return -errno;
	snprintf(b->loop, sizeof(b->loop), "/dev/loop%d", nr);
	b->device = open(b->loop, O_RDWR | O_CLOEXEC);
	if (b->device < 0)
		return -errno;
	if (!ioctl(b->device, LOOP_CONFIGURE, config))
		return 0;
	nr = -errno;
	close(b->device);
	b->device = -1;
	return nr;
}

static int make_loop(const struct lodge_disk *disk, int file, struct block *b)
{
	/* Not cached twice: what the guest has written is the file's. */
	struct loop_config config = {
		.fd = (uint32_t)file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO |
				 (disk->writable ? 0 : LO_FLAGS_READ_ONLY),
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int rc = -EBUSY, tries;

	if (control < 0)
		return -errno;
	strncpy((char *)config.info.lo_file_name, disk->target,
		LO_NAME_SIZE - 1);
	for (tries = 0; tries < LOOP_TRIES && rc == -EBUSY; tries++)
		rc = try_loop(control, &config, b);
	close(control);
	return rc;
}

static int open_loop(struct lodge *l, const struct lodge_disk *disk, int file,
		     struct block *b)
{
	int rc = make_loop(disk, file, b);

	if (!rc)
		return 0;
	rc = fail(l, -rc, "cannot make a loop device for %s: %s", disk->target,
		  strerror(-rc));
	hint(l, "is the module loop loaded?");
	return rc;
}

/* ---- both --------------------------------------------------------------- */

/* O_EXCL: what is mounted, or part of another device, is not given away. */
static int open_target(const struct lodge_disk *disk, const struct stat *st)
{
	int flags = disk->writable ? O_RDWR : O_RDONLY;

	if (S_ISBLK(st->st_mode) && disk->writable)
		flags |= O_EXCL;
	return open(disk->target, flags | O_CLOEXEC);
}

/*
 * Until the store or a loop device tells of this use of the disk. The device
 * manager locks disks for moments.
 */
static int lock(struct lodge *l, const struct lodge_disk *disk, int fd)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	int how = (disk->writable ? LOCK_EX : LOCK_SH) | LOCK_NB, waited;

	for (waited = 0; flock(fd, how); waited += STEP_MS) {
		if (errno != EWOULDBLOCK)
			return refuse(l, disk);
		if (waited >= LOCK_MS)
			return fail(l, EBUSY,
				    "%s is being given to another "
				    "guest, or to this one twice",
				    disk->target);
		nanosleep(&step, NULL);
	}
	return 0;
}

static int open_locked(struct lodge *l, const struct lodge_disk *disk,
		       const struct stat *st, struct block *b)
{
	bool is_file = S_ISREG(st->st_mode);
	int rc = is_file ? check_loops(l, disk, st) : 0, fd;

	if (rc)
		return rc;
	fd = open_target(disk, st);
	if (fd < 0)
		return refuse(l, disk);
	if (is_file) {
		rc = open_loop(l, disk, fd, b);
		close(fd);
	} else {
		b->device = fd;
	}
	return rc;
}

static int find_number(struct lodge *l, const struct lodge_disk *disk,
		       struct block *b)
{
	struct stat st;

	if (fstat(b->device, &st))
		return refuse(l, disk);
	b->major = major(st.st_rdev);
	b->minor = minor(st.st_rdev);
	return 0;
}

int block_open(struct lodge *l, const struct lodge_disk *disk, struct block *b)
{
	struct stat st;
	int rc;

	*b = BLOCK_NONE;
	if (stat(disk->target, &st))
		return refuse(l, disk);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fail(l, ENOTBLK,
			    "%s is neither a file nor a block "
			    "device",
			    disk->target);
	/* Of its own: a loop device keeps the other one open. */
	b->lock = open(disk->target,
		       (disk->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (b->lock < 0 || fstat(b->lock, &st))
		return refuse(l, disk);
	rc = lock(l, disk, b->lock);
	if (!rc)
		rc = open_locked(l, disk, &st, b);
	return rc ? rc : find_number(l, disk, b);
}

void block_close(struct block *b)
{
	if (b->device >= 0)
		close(b->device);
	if (b->lock >= 0)
		close(b->lock);
	*b = BLOCK_NONE;
}
