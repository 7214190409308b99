/* SPDX-License-Identifier: MIT */
/*
 * private.h - grant tables, and what the files of grant/ call of each other
 *
 * Two sides. The granter's table says what may be done with its frames; each
 * entry that is in use has an active entry of ours beside it. The mapper keeps
 * a track of what it has mapped, by handle.
 *
 *   shared entry           active entry               track (of the mapper)
 *   permit_access --pin--> nr_read, nr_write > 0  <-- handle, domain, ref
 *   reading, writing       frame referenced
 *       ^------------unpin-------'
 *
 * While an entry is pinned its domain, frame and range are those of the active
 * entry, whatever the guest writes into the shared one. In version 2 the marks
 * are in status frames of their own (v2.c).
 *
 * A transitive grant (version 2) has no frame: it says that its user may copy
 * by the grant of a third domain, as if it were the granter. Each use pins
 * both, one after the other.
 *
 * Locks. [g] gt->lock (LOCK_GRANT) of the granter: its size and active
 * entries. One at a time. [k] the track: a handle's state changes by compare
 * and exchange; free handles are in a list per vCPU that only that vCPU takes
 * from, and anybody may put back to. [t] gt->lock of the mapper: new handles.
 */
#ifndef LODGE_GRANT_PRIVATE_H
#define LODGE_GRANT_PRIVATE_H

#include <lodge/domain.h>
#include <lodge/grant.h>
#include <lodge/guest.h>
#include <lodge/spinlock.h>
#include <xen/grant_table.h>

/* What an entry names. */
struct grant_what {
	uint64_t gfn;
	uint16_t start, length;	/* bytes of it that copies may touch */
	bool transitive;	/* no frame, but: */
	domid_t domid;
	grant_ref_t ref;
};

/* What we remember of a grant in use. */
struct grant_active {
	struct page *pg;	/* [g] referenced; writable while nr_write;
				 * NULL: transitive */
	struct grant_what what;	/* [g] as the granter wrote it */
	uint32_t nr_read;	/* [g] read-only uses */
	uint32_t nr_write;	/* [g] */
	domid_t domid;		/* [g] who uses it */
};

struct grant_table;

/* One layout of the entries that a guest shares with us. */
struct grant_format {
	unsigned int version;
	unsigned int refs_per_frame;
	/*
	 * Marks the entry as read (and written) if it permits that to @domid;
	 * *flags are those that did. 0; GNTST_general_error: it does not.
	 */
	int (*mark)(struct grant_table *gt, grant_ref_t ref, domid_t domid,
		    bool write, uint16_t *flags);
	/* Takes the marks off: writing alone, or both. */
	void (*unmark)(struct grant_table *gt, grant_ref_t ref, bool all);
	/* What a marked entry with these flags names. */
	void (*read)(struct grant_table *gt, grant_ref_t ref, uint16_t flags,
		     struct grant_what *what);
	/* Of entries that are not in use. */
	void (*exchange)(struct grant_table *gt, grant_ref_t a, grant_ref_t b);
	/* The word of flags and domain, and the frame, of an entry. */
	uint32_t *(*header)(struct grant_table *gt, grant_ref_t ref);
	uint64_t (*frame)(struct grant_table *gt, grant_ref_t ref);
	void (*set_frame)(struct grant_table *gt, grant_ref_t ref,
			  uint64_t frame);
	unsigned int frame_bits;	/* of the numbers that fit */
};
extern const struct grant_format grant_format_v1, grant_format_v2;

/* flags and domid of an entry of either version, as one word */
union grant_header {
	struct {
		uint16_t flags;
		domid_t domid;
	};
	uint32_t word;
};

/* Of the larger number of entries that a frame can have. */
#define GRANT_MAX_REFS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define GRANT_STATUS_PER_FRAME	 (PAGE_SIZE / sizeof(grant_status_t))

/* State of a handle: bits of track.state. */
#define TRACK_HOST	0x01	/* mapped in page tables */
#define TRACK_DEVICE	0x02	/* for devices */
#define TRACK_HOST_BUSY	0x04	/* that mapping is being undone */
#define TRACK_DEVICE_BUSY 0x08
#define TRACK_ANY	0x0f	/* none of these: free */

struct track {
	struct domain *granter;	/* referenced */
	grant_ref_t ref;
	uint32_t next;		/* [k] in a free list: handle + 1, 0: end */
	uint32_t flags;		/* GNTMAP_ as it was mapped */
	uint16_t home;		/* [I] vCPU in whose list it is when free */
	uint16_t state;		/* [k] */
};
#define TRACKS_PER_CHUNK (PAGE_SIZE / sizeof(struct track))

struct grant_table {
	struct domain *d;		/* [I] */
	spinlock_t lock;
	const struct grant_format *fmt;	/* [g] */
	unsigned int max_version;	/* [I] */
	unsigned int nr_frames;		/* [g] grows only */
	unsigned int max_frames;	/* [I] */
	void **shared;			/* [g] frames, max_frames pointers */
	struct grant_active **active;	/* [g] per frame */
	unsigned int nr_used;		/* [g] active entries in use */
	unsigned int nr_status;		/* [g] grows only; of version 2 */
	grant_status_t **status;	/* [g] frames, for max_frames */
	bool ended;			/* dying: the frames are not shown */

	struct track **tracks;		/* [a] chunks, max_chunks pointers */
	unsigned int nr_chunks;		/* [t] grows only; [a] to readers */
	unsigned int max_chunks;	/* [I] */
	uint32_t *free_tracks;		/* [k] per vCPU: handle + 1, 0: none */
	grant_handle_t next_release;	/* teardown: handles below are free */
};

/* ---- table.c ---- */
/* Lock held. 0; -EINVAL above the limit; -ENOMEM: it is as it was */
int grant_table_grow(struct grant_table *gt, unsigned int nr_frames);
/* Lock held: the status frames that the entries need. 0; -ENOMEM */
int grant_status_grow(struct grant_table *gt);
static inline unsigned int grant_nr_refs(const struct grant_table *gt)
{
	return gt->nr_frames * gt->fmt->refs_per_frame;
}
/* The domain that an argument names; NULL and *status: GNTST_bad_domain,
 * GNTST_permission_denied. */
struct domain *grant_target(struct domain *caller, domid_t domid,
			    int16_t *status);

/* ---- active.c ---- */
/* Lock held; @ref is in range. */
struct grant_active *grant_active_entry(struct grant_table *gt,
					grant_ref_t ref);
bool grant_active_used(const struct grant_active *act);
/* What a use needs: copies do with part of a page, or a transitive grant. */
enum grant_extent { GRANT_PART, GRANT_WHOLE };
/*
 * Uses a grant for @user. GNTST_okay and its active entry, whose frame and
 * "what" stay as they are while it is pinned; else its status, and nothing has
 * changed. No locks held.
 */
int grant_pin(struct domain *granter, grant_ref_t ref, struct domain *user,
	      bool write, enum grant_extent extent,
	      const struct grant_active **act);
void grant_unpin(struct domain *granter, grant_ref_t ref, bool write);
/* What gfn_get_page() found wrong: no such frame, or not one to use so. */
int grant_page_status(int rc);
/* Does @user use that frame by any grant of @granter? */
bool grant_used_by(struct domain *granter, const struct page *pg,
		   const struct domain *user);
/* Of a grant that is pinned by the caller, and so stays as it is. */
struct page *grant_pinned_page(struct domain *granter, grant_ref_t ref);

/* ---- track.c ---- */
/* A handle that belongs to nobody else; NULL: none left. Current's. */
struct track *track_alloc(struct vcpu *v, grant_handle_t *handle);
/* Its state is 0 and it is not in use: back to where it came from. */
void track_free(struct grant_table *gt, struct track *t,
		grant_handle_t handle);
/* NULL: no such handle has ever been given out. */
struct track *track_lookup(struct grant_table *gt, grant_handle_t handle);
/* @from to @to, if all of @from is set. False: it is not. */
bool track_claim(struct track *t, unsigned int from, unsigned int to);
/* Takes bits away; true: none is left, the handle is the caller's to free. */
bool track_release(struct track *t, unsigned int bits);
void tracks_destroy(struct grant_table *gt);

/* ---- operations ---- */
long grant_setup_table(struct vcpu *v, void *arg);
long grant_query_size(struct vcpu *v, void *arg);
long grant_get_version(struct vcpu *v, void *arg);
long grant_set_version(struct vcpu *v, void *arg);
long grant_get_status_frames(struct vcpu *v, void *arg);
void grant_map_one(struct vcpu *v, void *arg);
void grant_map_undo(struct vcpu *v, void *arg);
void grant_copy_one(struct vcpu *v, void *arg);
void grant_swap_one(struct vcpu *v, void *arg);
void grant_transfer_one(struct vcpu *v, void *arg);
long grant_cache_flush(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		       unsigned long count);
long grant_unmap(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		 unsigned long count);

/* ---- dump.c ---- */
void grant_dump(void);

/* A use of a handle's grant ends, its TLB entries are gone. */
void grant_map_end(struct grant_table *gt, struct track *t,
		   grant_handle_t handle, unsigned int busy);

#endif
