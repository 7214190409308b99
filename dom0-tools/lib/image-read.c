/* SPDX-License-Identifier: MIT */
/*
 * image-read.c - a guest's kernel and RAM disk, with the library's errors
 */
#include "host.h"
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int image_read(struct lodge *l, struct image **out, const char *path,
	       uint64_t memory_bytes)
{
	struct image_refusal why;

	if (!image_load(out, path, memory_bytes, &why))
		return 0;
	fail(l, why.code, "the kernel \"%s\" %s", path, why.words);
	hint(l, why.hint);
	return -why.code;
}

static const char ramdisk[] = "RAM disk";

static int read_failed(struct lodge *l, const char *what, const char *path,
		       int code)
{
	return fail(l, code, "the %s \"%s\" cannot be read: %s", what, path,
		    strerror(code));
}

static int copy(struct lodge *l, int fd, const char *what, const char *path,
		uint64_t offset, char *to, size_t bytes)
{
	ssize_t n;

	while (bytes) {
		n = pread(fd, to, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return read_failed(l, what, path, errno);
		if (!n)
			return fail(l, ENODATA, "the %s \"%s\" became "
				    "shorter while it was read", what, path);
		to += n;
		offset += (uint64_t)n;
		bytes -= (size_t)n;
	}
	return 0;
}

int image_copy(struct lodge *l, const struct image *img, const char *path,
	       uint64_t at, void *to, size_t bytes)
{
	return copy(l, img->fd, "kernel", path, at, to, bytes);
}

static int check_ramdisk(struct lodge *l, struct image_ramdisk *r,
			 const char *path, uint64_t most)
{
	struct stat st;

	if (fstat(r->fd, &st))
		return read_failed(l, ramdisk, path, errno);
	if (!S_ISREG(st.st_mode))
		return fail(l, EINVAL, "the RAM disk \"%s\" is no regular file",
			    path);
	if (!st.st_size)
		return fail(l, ENODATA, "the RAM disk \"%s\" is empty", path);
	if ((uint64_t)st.st_size > most)
		return fail(l, EFBIG, "the RAM disk \"%s\" has %llu bytes, but "
			    "there is room for %llu", path,
			    (unsigned long long)st.st_size,
			    (unsigned long long)most);
	r->bytes = (uint64_t)st.st_size;
	return 0;
}

int image_ramdisk_open(struct lodge *l, struct image_ramdisk *r,
		       const char *path, uint64_t most)
{
	struct image_ramdisk opened;
	int rc;

	opened.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (opened.fd < 0)
		return read_failed(l, ramdisk, path, errno);
	rc = check_ramdisk(l, &opened, path, most);
	if (rc)
		close(opened.fd);
	else
		*r = opened;
	return rc;
}

int image_ramdisk_copy(struct lodge *l, const struct image_ramdisk *r,
		       const char *path, uint64_t offset, void *to,
		       size_t bytes)
{
	return copy(l, r->fd, ramdisk, path, offset, to, bytes);
}

void image_ramdisk_close(struct image_ramdisk *r)
{
	close(r->fd);
}
