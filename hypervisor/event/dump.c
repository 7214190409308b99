/* SPDX-License-Identifier: MIT */
/*
 * dump.c - debug key 'e': the ports that are in use
 */
#include "private.h"

#include <lodge/console.h>

/* A guest may have 131072, and the serial port is slow. */
#define MAX_SHOWN 256

static void dump_binding(const struct evtchn *chn)
{
	switch (chn->state) {
	case EVTCHN_UNBOUND:
		printk("unbound, offered to d%u", chn->unbound_dom);
		break;
	case EVTCHN_INTERDOMAIN:
		printk("to %s port %u", chn->remote_dom->name,
		       chn->remote_port);
		break;
	case EVTCHN_PIRQ:
		printk("pirq %u", chn->pirq);
		break;
	case EVTCHN_VIRQ:
		printk("virq %u", chn->virq);
		break;
	default:
		printk("ipi");
		break;
	}
}

static void dump_port(const struct domain *d, struct evtchn *chn)
{
	const struct evtchn_ops *ops = d->evtchn->ops;
	unsigned long flags = spin_lock_irqsave(&chn->lock);
	bool pending = ops->is_pending(d, chn), masked = ops->is_masked(d, chn);

	spin_unlock_irqrestore(&chn->lock, flags);
	printk("  %4u vcpu %u prio %2u %c%c ", chn->port, chn->vcpu,
	       chn->priority, pending ? 'p' : '-', masked ? 'm' : '-');
	dump_binding(chn);
	printk("\n");
}

static void dump_domain(struct domain *d)
{
	evtchn_port_t port = 0;
	unsigned int n = 0;

	spin_lock(&d->evtchn->lock);
	printk("%s: event channels, %s\n", d->name, d->evtchn->ops->name);
	while ((port = evtchn_next_used(d, port + 1)) != 0)
		if (++n <= MAX_SHOWN)
			dump_port(d, evtchn_lookup(d, port));
	if (n > MAX_SHOWN)
		printk("  and %u more\n", n - MAX_SHOWN);
	spin_unlock(&d->evtchn->lock);
}

void evtchn_dump(void)
{
	unsigned int id;

	for (id = 0; id < DOMID_FIRST_RESERVED; id++) {
		struct domain *d = domain_get(NULL, (domid_t)id);

		if (!d)
			continue;
		dump_domain(d);
		domain_put(d);
	}
}
