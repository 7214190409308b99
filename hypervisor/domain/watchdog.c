/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c - SCHEDOP_watchdog: a domain that hangs is ended
 *
 *   FREE --timeout, id 0--> ARMED --timeout--> ARMED
 *   FREE <--timeout 0------- ARMED --expires--> the domain shuts down
 *
 * <xen/sched.h>: the guest gets a number, from 1 on, and sets the timeout anew
 * before it is over.
 *
 * Locks: d->lock guards which are in use.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <xen/sched.h>

static void expired(void *arg)
{
	struct domain *d = arg;

	printk(LOG_ERR "%s: its watchdog expired\n", d->name);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

static void arm(struct domain *d, unsigned int i, uint32_t timeout_s)
{
	timer_migrate(&d->watchdogs[i], smp_processor_id());
	timer_set(&d->watchdogs[i], system_time_ns() +
				    (uint64_t)timeout_s * NS_PER_SEC);
}

static int start_new(struct domain *d, uint32_t timeout_s)
{
	unsigned int i;

	if (!timeout_s)
		return -EINVAL;
	for (i = 0; i < MAX_WATCHDOGS; i++) {
		if (d->watchdogs_used & BIT(i))
			continue;
		d->watchdogs_used |= BIT(i);
		arm(d, i, timeout_s);
		return (int)i + 1;
	}
	return -ENOSPC;
}

static int change(struct domain *d, unsigned int i, uint32_t timeout_s)
{
	if (i >= MAX_WATCHDOGS || !(d->watchdogs_used & BIT(i)))
		return -EINVAL;
	if (timeout_s) {
		arm(d, i, timeout_s);
		return 0;
	}
	timer_stop(&d->watchdogs[i]);
	d->watchdogs_used &= ~BIT(i);
	return 0;
}

/**
 * domain_watchdog() - start, set anew or stop a watchdog
 * @d:         whose
 * @id:        0: a new one; else its number
 * @timeout_s: seconds; 0: stop it
 *
 * Context: takes d->lock.
 * Return: 0, or the number of a new one; -EINVAL: no such watchdog, or a new
 *         one without a timeout; -ENOSPC: all are in use.
 */
int domain_watchdog(struct domain *d, uint32_t id, uint32_t timeout_s)
{
	int rc;

	spin_lock(&d->lock);
	rc = id ? change(d, id - 1, timeout_s) : start_new(d, timeout_s);
	spin_unlock(&d->lock);
	return rc;
}

void domain_watchdogs_init(struct domain *d)
{
	unsigned int i;

	for (i = 0; i < MAX_WATCHDOGS; i++)
		timer_init(&d->watchdogs[i], expired, d, smp_processor_id());
}

/* None of them runs any more, or ever again. */
void domain_watchdogs_kill(struct domain *d)
{
	unsigned int i;

	for (i = 0; i < MAX_WATCHDOGS; i++)
		timer_kill(&d->watchdogs[i]);
}
