/* SPDX-License-Identifier: MIT */
/*
 * end.h - what is done when a guest has ended: the decision alone
 */
#ifndef LODGE_END_H
#define LODGE_END_H

#include "liblodge.h"

#include <stdbool.h>
#include <stdint.h>

/* How a guest has ended. */
struct guest_end {
	unsigned int reason;	/* of <xen/sched.h> */
	uint64_t life_s;	/* how long it was there */
	unsigned int quick;	/* in a row, those before it that ended soon */
};

struct end_decision {
	bool none;		/* somebody else's: as it is being saved */
	enum lodge_action action;
	bool too_often;		/* therefore nothing is started again */
	unsigned int quick;	/* as above, of the next one */
};

/**
 * end_decide() - what is done with a guest that has shut down
 * @quick_s: who ends before that has ended soon; 0: nobody has
 * @most:    so many in a row are started again
 *
 * Where the configuration says nothing of the reason, as of one that later
 * versions of the hypervisor may know, the guest has failed: as on_crash. A PV
 * guest has no soft reset.
 */
struct end_decision end_decide(const struct lodge_domain_config *config,
			       const struct guest_end *end,
			       unsigned int quick_s, unsigned int most);

/* "has shut down", "has crashed" */
const char *end_words(unsigned int reason);

#endif
