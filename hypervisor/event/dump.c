/* SPDX-License-Identifier: MIT */
/*
 * dump.c - debug key 'e': every port that is in use
 */
#include "private.h"

#include <lodge/console.h>

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

static void dump_domain(struct domain *d)
{
	const struct evtchn_ops *ops = d->evtchn->ops;
	evtchn_port_t port;

	printk("%s: event channels, %s\n", d->name, ops->name);
	spin_lock(&d->evtchn->lock);
	for (port = 1; port < ops->nr_ports; port++) {
		const struct evtchn *chn = evtchn_lookup(d, port);

		if (!chn || chn->state == EVTCHN_FREE)
			continue;
		printk("  %4u vcpu %u %c%c ", port, chn->vcpu,
		       ops->is_pending(d, chn) ? 'p' : '-',
		       ops->is_masked(d, chn) ? 'm' : '-');
		dump_binding(chn);
		printk("\n");
	}
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
