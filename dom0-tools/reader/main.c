/* SPDX-License-Identifier: MIT */
/*
 * main.c - the reader of kernels: started by image.c, with two descriptors
 *
 * All that it gets from others is set up before it confines itself, and not a
 * byte of the file is looked at before.
 */
#include "reader.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The caller sees that it was told nothing. */
#define CANNOT_START 1

static bool set_up(struct reader *r)
{
	struct stat st;
	void *result;

	result = mmap(NULL, RESULT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		      READER_RESULT, 0);
	if (result == MAP_FAILED || fstat(READER_IMAGE, &st))
		return false;
	close(READER_RESULT);
	r->claims = result;
	r->data = (uint8_t *)result + CLAIMS_BYTES;
	r->room = IMAGE_BYTES_MOST;
	r->fd = READER_IMAGE;
	r->file_bytes = (uint64_t)st.st_size;
	return true;
}

int main(void)
{
	struct reader r = {0};
	bool good = false;
	int error;

	if (!set_up(&r))
		return CANNOT_START;
	error = confine();
	if (error)
		refuse(&r, PROBLEM_CONFINE, (uint64_t)error, 0);
	else
		good = read_kernel(&r);
	r.claims->magic = CLAIMS_MAGIC;
	r.claims->state = good ? CLAIM_READ : CLAIM_REFUSED;
	_exit(0);
}
