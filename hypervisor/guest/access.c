/* SPDX-License-Identifier: MIT */
/*
 * access.c - the only way to a guest's memory
 *
 * Virtual addresses are those of current; which kind of guest it is decides
 * how they are reached. Frames of any domain go by gfn_get_page().
 *
 * Locks: none. A copy may fault and take as long as its length: callers bound
 * it, and hold no lock that an exception handler of the guest layer takes.
 */
#include <lodge/guest.h>

#include <lodge/lib.h>

/**
 * copy_from_guest() - read current's memory
 * @dst: where to
 * @src: guest virtual address
 * @len: bytes
 *
 * Return: bytes not copied; 0: all were.
 */
size_t copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
	return current->domain->ops->copy_from(dst, src.va, len);
}

/**
 * copy_to_guest() - write current's memory
 * @dst: guest virtual address
 * @src: what
 * @len: bytes
 *
 * Return: bytes not copied; 0: all were.
 */
size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
	return current->domain->ops->copy_to(dst.va, src, len);
}

/**
 * copy_to_guest_kernel() - write current's memory as its kernel sees it
 * @dst: virtual address that the guest's kernel registered
 * @src: what
 * @len: bytes
 *
 * Return: bytes not copied; 0: all were.
 */
size_t copy_to_guest_kernel(guest_ptr_t dst, const void *src, size_t len)
{
	return current->domain->ops->copy_to_kernel(dst.va, src, len);
}

/**
 * guest_ptr_ok() - can it be an address of current's at all?
 * @p:   guest virtual address
 * @len: bytes from there
 *
 * For addresses that are kept and used later, each time anew.
 *
 * Return: false: in the hypervisor's slots, or not canonical.
 */
bool guest_ptr_ok(guest_ptr_t p, size_t len)
{
	return current->domain->ops->address_ok(p.va, len);
}

/**
 * clear_guest() - write zeroes to current's memory
 * @dst: guest virtual address
 * @len: bytes
 *
 * Return: bytes not cleared; 0: all were.
 */
size_t clear_guest(guest_ptr_t dst, size_t len)
{
	static const char zeroes[256];
	size_t done, n, left;

	for (done = 0; done < len; done += n) {
		n = min(len - done, sizeof(zeroes));
		left = copy_to_guest(guest_ptr_add(dst, done), zeroes, n);
		if (left)
			return len - done - n + left;
	}
	return 0;
}

/**
 * gfn_get_page() - the frame behind a guest's frame number
 * @d:      whose
 * @gfn:    as the guest names it
 * @access: GFN_WRITE also takes a writable type reference
 * @rc:     written on error: -EINVAL no such frame, -EPERM not @d's own, or
 *          of a type that excludes the access
 *
 * Return: the page, referenced; NULL on error. gfn_put_page() releases it.
 */
struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc)
{
	return d->ops->gfn_get_page(d, gfn, access, rc);
}

/**
 * gfn_put_page() - release what gfn_get_page() took
 * @pg:     the page
 * @access: the same as then
 */
void gfn_put_page(struct page *pg, enum gfn_access access)
{
	/* Writable references are released at once: nothing to preempt. */
	if (access == GFN_WRITE)
		page_put_type(pg);
	page_put(pg);
}
