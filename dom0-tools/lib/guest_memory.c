/* SPDX-License-Identifier: MIT */
/*
 * guest_memory.c - a guest's first memory: taken from the host, and written
 *
 * Pages come 2 MiB at a time where the host has such pieces, and by the page
 * where it has none.
 */
#include "guest_memory.h"

#include "host.h"
#include "task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/memory.h>
#include <xenforeignmemory.h>

#define LARGE_ORDER	9
#define LARGE_PAGES	(1UL << LARGE_ORDER)
#define BATCH		1024	/* extents, or pages mapped, at once */
#define PAGE_SIZE	4096UL
#define PAGE_SHIFT	12
#define MIB_PAGES	256

/* ---- from the host ------------------------------------------------------ */

static int claim(struct guest_memory *m, uint64_t nr)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr,
		.domid = (domid_t)m->domid,
	};

	return (int)hv_memory_op(m->l, XENMEM_claim_pages, &r, sizeof(r));
}

static int claim_all(struct guest_memory *m)
{
	struct lodge_host_info host;
	uint64_t wanted, free;
	int rc;

	rc = claim(m, m->nr);
	if (rc != -ENOMEM || lodge_host(m->l, &host))
		return rc;
	wanted = m->nr / MIB_PAGES;
	free = (host.free_kib - host.outstanding_kib) / 1024;
	fail(m->l, ENOMEM, "the guest needs %lu MiB, %lu MiB more than are "
	     "free", wanted, wanted > free ? wanted - free : 1);
	hint(m->l, "end a guest, or take memory from one: mem-set");
	return -ENOMEM;
}

/*
 * @nr extents for the pages from @pfn on. How many there were; or -errno.
 * @list is for the call, of @nr entries at least.
 */
static long take(struct guest_memory *m, uint64_t pfn, uint64_t nr,
		 unsigned int order, xen_pfn_t *list)
{
	struct xen_memory_reservation r = {
		.nr_extents = nr,
		.extent_order = order,
		.domid = (domid_t)m->domid,
	};
	uint64_t i, page;
	long taken;

	for (i = 0; i < nr; i++)
		list[i] = pfn + (i << order);
	set_xen_guest_handle_raw(r.extent_start, list);
	taken = hv_memory_op(m->l, XENMEM_populate_physmap, &r, sizeof(r));
	if (taken < 0)
		return taken;
	if ((uint64_t)taken > nr)
		return fail(m->l, EPROTO, "the hypervisor gave more memory "
			    "than it was asked for");
	for (i = 0; i < (uint64_t)taken; i++)
		for (page = 0; page < 1UL << order; page++)
			m->mfns[pfn + (i << order) + page] = list[i] + page;
	return taken;
}

/* Pages from @pfn on, in the size that the host still has. */
static int64_t take_some(struct guest_memory *m, uint64_t pfn, bool *large,
			 xen_pfn_t *list)
{
	uint64_t left = m->nr - pfn, nr = left / LARGE_PAGES;
	long taken;

	if (*large && nr) {
		taken = take(m, pfn, nr < BATCH ? nr : BATCH, LARGE_ORDER,
			     list);
		if (taken)
			return taken < 0 ? taken : taken << LARGE_ORDER;
		*large = false;
	}
	taken = take(m, pfn, left < BATCH ? left : BATCH, 0, list);
	return taken ? taken : fail(m->l, ENOMEM,
				    "the host's memory has come to an end");
}

static int take_all(struct guest_memory *m, xen_pfn_t *list,
		    const struct lodge_task *task)
{
	bool large = true;
	uint64_t pfn = 0;
	int64_t taken;

	while (pfn < m->nr) {
		taken = take_some(m, pfn, &large, list);
		if (taken < 0)
			return (int)taken;
		pfn += (uint64_t)taken;
		if (task_goes_on(m->l, task, "memory", pfn * PAGE_SIZE,
				 m->nr * PAGE_SIZE))
			return -ECANCELED;
	}
	return 0;
}

int guest_memory_populate(struct guest_memory *m, struct lodge *l,
			  unsigned int domid, uint64_t nr,
			  const struct lodge_task *task)
{
	xen_pfn_t *list;
	int rc;

	*m = (struct guest_memory){.l = l, .domid = domid, .nr = nr};
	m->mfns = calloc(nr, sizeof(*m->mfns));
	if (!m->mfns)
		return fail(l, ENOMEM, "there is no memory");
	list = hv_alloc(l, BATCH * sizeof(*list));
	rc = list ? claim_all(m) : -lodge_error(l)->code;
	if (!rc) {
		rc = take_all(m, list, task);
		if (!rc)
			rc = claim(m, 0);
	}
	hv_free(l, list);
	if (rc)
		guest_memory_free(m);
	return rc;
}

void guest_memory_free(struct guest_memory *m)
{
	free(m->mfns);
	m->mfns = NULL;
}

/* ---- writing ------------------------------------------------------------ */

void *guest_memory_map(const struct guest_memory *m, uint64_t pfn, size_t nr)
{
	int *errors = calloc(nr, sizeof(*errors)), error = ENOMEM;
	void *at = NULL;
	size_t i;

	if (errors && !hv_open_memory(m->l)) {
		at = xenforeignmemory_map(m->l->memory, m->domid,
					  PROT_READ | PROT_WRITE, nr,
					  m->mfns + pfn, errors);
		error = errno;
	}
	for (i = 0; at && i < nr; i++)
		if (errors[i]) {
			error = -errors[i];
			guest_memory_unmap(m, at, nr);
			at = NULL;
		}
	free(errors);
	if (!at)
		fail(m->l, error, "the guest's memory cannot be mapped: %s",
		     strerror(error));
	return at;
}

void guest_memory_unmap(const struct guest_memory *m, void *at, size_t nr)
{
	xenforeignmemory_unmap(m->l->memory, at, nr);
}

/* One mapping; @offset: of @address in what is filled */
static int fill_piece(const struct guest_memory *m, uint64_t address,
		      size_t bytes, guest_memory_filler fill, void *arg,
		      uint64_t offset)
{
	size_t skip = address % PAGE_SIZE;
	size_t nr = (skip + bytes + PAGE_SIZE - 1) / PAGE_SIZE;
	char *at = guest_memory_map(m, address >> PAGE_SHIFT, nr);
	int rc;

	if (!at)
		return -lodge_error(m->l)->code;
	rc = fill(arg, offset, at + skip, bytes);
	guest_memory_unmap(m, at, nr);
	return rc;
}

int guest_memory_fill(const struct guest_memory *m, uint64_t address,
		      uint64_t bytes, guest_memory_filler fill, void *arg)
{
	uint64_t done = 0, piece;
	int rc = 0;

	while (done < bytes && !rc) {
		piece = BATCH * PAGE_SIZE - (address + done) % PAGE_SIZE;
		if (piece > bytes - done)
			piece = bytes - done;
		rc = fill_piece(m, address + done, piece, fill, arg, done);
		done += piece;
	}
	return rc;
}

static int copy(void *arg, uint64_t offset, void *to, size_t bytes)
{
	const char *source = arg;

	if (source)
		memcpy(to, source + offset, bytes);
	else
		memset(to, 0, bytes);
	return 0;
}

int guest_memory_write(const struct guest_memory *m, uint64_t address,
		       const void *source, uint64_t bytes)
{
	return guest_memory_fill(m, address, bytes, copy, (void *)source);
}
