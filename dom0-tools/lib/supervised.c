/* SPDX-License-Identifier: MIT */
/*
 * supervised.c - does anybody act at the end of guests, and of this one?
 */
#include "guest_store.h"
#include "host.h"
#include "record.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Who looks takes no lock, so that it is in nobody's way. */
bool lodge_supervised(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(LODGE_SUPERVISOR_PID, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool yes;

	if (fd < 0)
		return false;
	yes = !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return yes;
}

struct leaving {
	struct lodge *l;
	unsigned int domid;
};

static int put_left(struct store_change *t, void *arg)
{
	const struct leaving *e = arg;
	int rc = guest_store_check(e->l, t, e->domid);

	return rc ? rc : record_leave(t, e->domid, "by its owner");
}

int lodge_domain_leave(struct lodge *l, unsigned int domid)
{
	struct leaving e = {l, domid};

	return store_change(l, put_left, &e)
		       ? fail_because(l, "cannot leave domain %u alone", domid)
		       : 0;
}
