/* SPDX-License-Identifier: MIT */
/*
 * audit.h - do the hypervisor's own records agree with each other?
 *
 * One audit looks at everything: what each record says is counted where it is
 * said of, and compared with what stands there. Debug key A starts it
 * (control/audit.c), with all guests stopped; each folder has a part. Nothing
 * is changed, and no lock is held for long.
 *
 * What is under way on another CPU may look wrong for a moment: the first pass
 * is quiet, and only what a later one finds again is told.
 */
#ifndef LODGE_AUDIT_H
#define LODGE_AUDIT_H

#include <lodge/domain.h>
#include <lodge/page.h>

/* What was found of one domain, by its number. */
struct domain_tally {
	uint32_t frames;	/* of its own */
	uint32_t shown;		/* of ours, referenced */
	uint32_t leaving;	/* that wait to be freed */
	uint32_t tracks;	/* handles of others, to its grants */
	uint64_t pins;		/* uses of its grants by handles */
};

struct audit {
	bool quiet;			/* nothing is printed */
	unsigned long errors;
	struct domain_tally *domains;	/* DOMID_FIRST_RESERVED of them */
	uint64_t free_frames;		/* in free lists and caches */
	uint64_t frames;		/* of domains */
	uint64_t grants, ports, vcpus;	/* in use */
	unsigned int nr_domains;
	uint32_t queued[NR_CPUS], weight[NR_CPUS];	/* of vCPUs there */
};

/* References that were found to one frame. */
struct frame_tally {
	uint32_t refs, types;
};

/* Frames from @first on, whose references are being counted. */
struct frame_window {
	struct audit *a;
	struct frame_tally *tally;
	uint64_t first, nr;
};

/* A contradiction: counted, and told unless the pass is quiet. */
void audit_error(struct audit *a, const char *fmt, ...) __printf(2, 3);

/* Somebody has @refs references to a frame, @types of them by its type. */
static inline void audit_count(struct frame_window *w, mfn_t mfn,
			       unsigned int refs, unsigned int types)
{
	uint64_t at = mfn_x(mfn) - w->first;

	if (mfn_x(mfn) < w->first || at >= w->nr)
		return;
	w->tally[at].refs += refs;
	w->tally[at].types += types;
}

/* One that may be written: as gfn_get_page(GFN_WRITE) takes it. */
static inline void audit_count_writable(struct frame_window *w,
					const struct page *pg)
{
	audit_count(w, page_to_mfn(pg), 1, 1);
}

/* mm/: each frame is in one state, domains' lists and free lists are right. */
void mm_audit(struct audit *a);
void mm_audit_domain(struct audit *a, struct domain *d);
/* sched/: where vCPUs are, queues, pools. The second one after all of the
 * first. */
void sched_audit_domain(struct audit *a, struct domain *d);
void sched_audit(struct audit *a);
/* event/: ports and what they are bound to. */
void evtchn_audit_domain(struct audit *a, struct domain *d);
void evtchn_audit_frames(struct frame_window *w, struct domain *d);
/* pv/: references to frames, of PV guests' tables and by their own state; and
 * all that others have counted against what stands in the frame table. */
void pv_audit_frames(struct frame_window *w);
void pv_audit_domain(struct frame_window *w, struct domain *d);
void pv_audit_compare(struct frame_window *w);
/* grant/: handles and entries in use. The second one after all of the first. */
void grant_audit_handles(struct audit *a, struct domain *d);
void grant_audit_domain(struct audit *a, struct domain *d);
void grant_audit_frames(struct frame_window *w, struct domain *d);

#endif
