/* SPDX-License-Identifier: MIT */
/*
 * end.c - what is done when a guest has ended: the decision alone
 */
#include "end.h"

#include <stddef.h>
#include <xen/sched.h>
#include <xen/xen.h>

/* By reason: where its configuration says what is done. */
static const struct {
	const char *words;
	size_t member;		/* 0: nothing is done */
} ends[] = {
	[SHUTDOWN_poweroff] = {"has shut down",
		offsetof(struct lodge_domain_config, on_poweroff)},
	[SHUTDOWN_reboot] = {"reboots",
		offsetof(struct lodge_domain_config, on_reboot)},
	[SHUTDOWN_suspend] = {"is suspended", 0},
	[SHUTDOWN_crash] = {"has crashed",
		offsetof(struct lodge_domain_config, on_crash)},
	[SHUTDOWN_watchdog] = {"was ended by its watchdog",
		offsetof(struct lodge_domain_config, on_watchdog)},
	[SHUTDOWN_soft_reset] = {"asks for a soft reset, which it has not",
		offsetof(struct lodge_domain_config, on_crash)},
};

#define NR_ENDS (sizeof(ends) / sizeof(ends[0]))

static bool starts_again(enum lodge_action action)
{
	return action == LODGE_ACTION_RESTART ||
	       action == LODGE_ACTION_RENAME_RESTART ||
	       action == LODGE_ACTION_COREDUMP_RESTART;
}

static enum lodge_action configured(const struct lodge_domain_config *config,
				    unsigned int reason)
{
	size_t member = reason < NR_ENDS ? ends[reason].member
					 : ends[SHUTDOWN_crash].member;

	return *(const enum lodge_action *)(const void *)
		((const char *)config + member);
}

struct end_decision end_decide(const struct lodge_domain_config *config,
			       const struct guest_end *end,
			       unsigned int quick_s, unsigned int most)
{
	struct end_decision d = {.none = end->reason == SHUTDOWN_suspend};

	if (d.none)
		return d;
	d.action = configured(config, end->reason);
	if (!starts_again(d.action) || end->life_s >= quick_s)
		return d;
	d.quick = end->quick < most ? end->quick + 1 : most;
	d.too_often = end->quick >= most;
	if (d.too_often)
		d.action = LODGE_ACTION_PRESERVE;
	return d;
}

const char *end_words(unsigned int reason)
{
	return reason < NR_ENDS ? ends[reason].words
				: "has ended for an unknown reason";
}
