/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - the table of event-channel operations
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>

static long status_of(struct domain *d, const struct evtchn *chn,
		      struct evtchn_status *op)
{
	op->vcpu = chn->vcpu;
	switch (chn->state) {
	case EVTCHN_UNBOUND:
		op->status = EVTCHNSTAT_unbound;
		op->u.unbound.dom = chn->unbound_dom;
		break;
	case EVTCHN_INTERDOMAIN:
		op->status = EVTCHNSTAT_interdomain;
		op->u.interdomain.dom = chn->remote_dom->domid;
		op->u.interdomain.port = chn->remote_port;
		break;
	case EVTCHN_PIRQ:
		op->status = EVTCHNSTAT_pirq;
		op->u.pirq = chn->pirq;
		break;
	case EVTCHN_VIRQ:
		op->status = EVTCHNSTAT_virq;
		op->u.virq = chn->virq;
		break;
	case EVTCHN_IPI:
		op->status = EVTCHNSTAT_ipi;
		break;
	default:
		op->status = EVTCHNSTAT_closed;
		break;
	}
	return 0;
}

/**
 * evtchn_status() - EVTCHNOP_status
 * @v:   the caller
 * @arg: struct evtchn_status
 *
 * Context: no locks held; takes LOCK_EVTCHN of the named domain.
 * Return: 0; -ESRCH no such domain; -EPERM not the caller's; -EINVAL no such
 *         port.
 */
long evtchn_status(struct vcpu *v, void *arg)
{
	struct evtchn_status *op = arg;
	const struct evtchn *chn;
	struct domain *d;
	long rc;

	rc = domain_get_for(v->domain, op->dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->evtchn->lock);
	chn = evtchn_lookup(d, op->port);
	rc = chn ? status_of(d, chn, op) : -EINVAL;
	spin_unlock(&d->evtchn->lock);
	domain_put(d);
	return rc;
}

static const struct op operations[] = {
	OP(EVTCHNOP_bind_interdomain, evtchn_bind_interdomain, struct evtchn_bind_interdomain, OP_INOUT),
	OP(EVTCHNOP_bind_virq, evtchn_bind_virq, struct evtchn_bind_virq, OP_INOUT),
	OP(EVTCHNOP_bind_pirq, evtchn_bind_pirq, struct evtchn_bind_pirq, OP_INOUT),
	OP(EVTCHNOP_close, evtchn_close, struct evtchn_close, OP_IN),
	OP_RAWFN(EVTCHNOP_send, evtchn_send, 0),
	OP(EVTCHNOP_status, evtchn_status, struct evtchn_status, OP_INOUT),
	OP(EVTCHNOP_alloc_unbound, evtchn_alloc_unbound, struct evtchn_alloc_unbound, OP_INOUT),
	OP(EVTCHNOP_bind_ipi, evtchn_bind_ipi, struct evtchn_bind_ipi, OP_INOUT),
	OP(EVTCHNOP_bind_vcpu, evtchn_bind_vcpu, struct evtchn_bind_vcpu, OP_IN),
	OP(EVTCHNOP_unmask, evtchn_unmask, struct evtchn_unmask, OP_IN),
	OP(EVTCHNOP_reset, evtchn_reset, struct evtchn_reset, OP_IN),
	OP(EVTCHNOP_init_control, evtchn_init_control, struct evtchn_init_control, OP_INOUT),
	OP(EVTCHNOP_expand_array, evtchn_expand_array, struct evtchn_expand_array, OP_IN),
	OP(EVTCHNOP_set_priority, evtchn_set_priority, struct evtchn_set_priority, OP_IN),
	OP(EVTCHNOP_reset_cont, evtchn_reset_cont, struct evtchn_reset, OP_IN),
};

static const struct op_table evtchn_op_table = {
	.name = "event_channel_op",
	.ops = operations,
	.nr_ops = ARRAY_SIZE(operations),
	.unknown = ENOSYS,
};

/**
 * hypercall_event_channel_op() - HYPERVISOR_event_channel_op(cmd, args)
 * @v: the caller
 * @a: EVTCHNOP_, guest pointer to its structure
 *
 * Return: as the operation; -ENOSYS no such operation.
 */
long hypercall_event_channel_op(struct vcpu *v, const struct call_args *a)
{
	return op_dispatch(v, (unsigned int)a->arg0, GUEST_PTR(a->arg1), 0,
			   &evtchn_op_table);
}

/**
 * hypercall_event_channel_op_compat() - the form with the number in memory
 * @v: the caller
 * @a: guest pointer to struct evtchn_op
 *
 * Only what that structure had members for when it was superseded.
 *
 * Return: as the operation; -ENOSYS no such operation; -EFAULT.
 */
long hypercall_event_channel_op_compat(struct vcpu *v,
				       const struct call_args *a)
{
	guest_ptr_t arg = GUEST_PTR(a->arg0);
	uint32_t cmd;

	if (copy_from_guest(&cmd, arg, sizeof(cmd)))
		return -EFAULT;
	if (cmd > EVTCHNOP_unmask)
		return -ENOSYS;
	return op_dispatch(v, cmd,
			   guest_ptr_add(arg, offsetof(struct evtchn_op, u)), 0,
			   &evtchn_op_table);
}
