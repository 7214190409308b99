/* SPDX-License-Identifier: MIT */
/*
 * test_event.c - event channels: bindings, delivery, physical interrupts
 *
 * Domain 0 (two vCPUs) may do everything; domains 1 and 2 are guests. All
 * calls go through the hypercall's table.
 */
#include "fake/machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <lodge/atomic.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include "../../hypervisor/event/private.h"

#define NR_DOMAINS	3
#define NR_VCPUS	2
#define NR_GSIS		24

static struct domain doms[NR_DOMAINS];
static struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
static struct vcpu *vcpu_pointers[NR_DOMAINS][NR_VCPUS];
static unsigned int kicked[NR_DOMAINS][NR_VCPUS];
struct domain *dom0 = &doms[0];

/* ---- what lies below and beside events ---- */
static void kick(struct vcpu *v)
{
	atomic_add_return(&kicked[v->domain->domid][v->id], 1);
}

static const struct guest_ops guest_ops = { .event_kick = kick };
static unsigned int nr_unblocked, nr_woken;

void vcpu_unblock(struct vcpu *v)
{
	atomic_add_return(&nr_unblocked, 1);
}

void vcpu_wake(struct vcpu *v)
{
	atomic_add_return(&nr_woken, 1);
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
	assert_int_equal(key, 'e');
}

bool domain_try_get(struct domain *d)
{
	atomic_add_return(&d->refs, 1);
	return true;
}

void domain_put(struct domain *d)
{
	assert_true(atomic_sub_return(&d->refs, 1) > 0);
}

struct domain *domain_get(struct domain *self, domid_t domid)
{
	struct domain *d = domid == DOMID_SELF ? self : NULL;

	if (domid < NR_DOMAINS)
		d = &doms[domid];
	if (!d || domain_is_dying(d) || !d->evtchn)
		return NULL;
	atomic_add_return(&d->refs, 1);
	return d;
}

static struct {
	struct domain *d;
	unsigned int pirq, cpu, nr_eois;
	bool shareable;
} irqs[64];
static int bind_result;
void (*irq_guest_notify)(struct domain *d, unsigned int pirq);

unsigned int irq_nr_gsis(void)
{
	return NR_GSIS;
}

int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int pirq,
		   bool shareable)
{
	if (bind_result)
		return bind_result;
	assert_null(irqs[irq].d);
	irqs[irq].d = d;
	irqs[irq].pirq = pirq;
	irqs[irq].shareable = shareable;
	return 0;
}

void irq_unbind_guest(unsigned int irq, struct domain *d)
{
	assert_ptr_equal(irqs[irq].d, d);
	irqs[irq].d = NULL;
}

void irq_guest_eoi(unsigned int irq, struct domain *d)
{
	irqs[irq].nr_eois++;
}

bool irq_needs_eoi(unsigned int irq)
{
	return irq >= 16 && irq < NR_GSIS;
}

void irq_set_affinity(unsigned int irq, unsigned int cpu)
{
	irqs[irq].cpu = cpu;
}

static unsigned long eoi_frame[PAGE_SIZE / sizeof(long)] __aligned(4096);
static struct page eoi_page;
static unsigned int eoi_refs;

struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc)
{
	assert_int_equal(access, GFN_WRITE);
	if (gfn_x(gfn) != 77) {
		*rc = -EPERM;
		return NULL;
	}
	eoi_refs++;
	return &eoi_page;
}

void gfn_put_page(struct page *pg, enum gfn_access access)
{
	eoi_refs--;
}

void *page_to_virt(const struct page *pg)
{
	return eoi_frame;
}

/* ---- set-up ---- */
static void domain_setup(unsigned int id)
{
	struct domain *d = &doms[id];
	unsigned int i;

	memset(d, 0, sizeof(*d));
	memset(kicked[id], 0, sizeof(kicked[id]));
	d->domid = (domid_t)id;
	d->refs = 1;
	d->state = DOM_ALIVE;
	d->privileged = id == 0;
	d->ops = &guest_ops;
	d->max_vcpus = NR_VCPUS;
	d->vcpus = vcpu_pointers[id];
	d->shared_info = calloc(1, PAGE_SIZE);
	for (i = 0; i < NR_VCPUS; i++) {
		struct vcpu *v = &vcpus[id][i];

		memset(v, 0, sizeof(*v));
		v->id = i;
		v->domain = d;
		v->info = &d->shared_info->vcpu_info[i];
		v->sched.cpu = (uint16_t)(10 + i);
		assert_int_equal(evtchn_vcpu_init(v), 0);
		d->vcpus[i] = v;
	}
	assert_int_equal(evtchn_domain_init(d), 0);
}

static int setup(void **state)
{
	unsigned int id;

	memset(irqs, 0, sizeof(irqs));
	memset(fake_x86, 0, sizeof(fake_x86));
	nr_unblocked = nr_woken = 0;
	bind_result = 0;
	fake_preempt = false;
	fake_nr_continued = 0;
	evtchn_init();
	for (id = 0; id < NR_DOMAINS; id++)
		domain_setup(id);
	return 0;
}

static void domain_end(struct domain *d)
{
	unsigned int i;

	if (!d->evtchn)
		return;
	evtchn_domain_destroy(d);
	for (i = 0; i < NR_VCPUS; i++)
		evtchn_vcpu_destroy(d->vcpus[i]);
	free(d->shared_info);
}

/* ASan finds what is not freed; references are counted here. */
static int teardown(void **state)
{
	unsigned int id, i;

	for (id = 0; id < NR_DOMAINS; id++) {
		assert_int_equal(doms[id].refs, 1);
		domain_end(&doms[id]);
	}
	for (i = 0; i < ARRAY_SIZE(irqs); i++)
		assert_null(irqs[i].d);
	assert_int_equal(eoi_refs, 0);
	assert_true(irqs_enabled());
	return 0;
}

/* ---- calls ---- */
static long call(unsigned int dom, unsigned int cmd, void *arg)
{
	const uint64_t a[6] = { cmd, (uint64_t)arg };

	return hypercall_event_channel_op(&vcpus[dom][0], a);
}

static evtchn_port_t unbound(unsigned int dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF,
					   .remote_dom = remote };

	assert_int_equal(call(dom, EVTCHNOP_alloc_unbound, &op), 0);
	return op.port;
}

static long bind_inter(unsigned int dom, domid_t remote, evtchn_port_t port,
		       evtchn_port_t *local)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote,
					      .remote_port = port };
	long rc = call(dom, EVTCHNOP_bind_interdomain, &op);

	if (local)
		*local = op.local_port;
	return rc;
}

static long send_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_send op = { port };

	return call(dom, EVTCHNOP_send, &op);
}

static long close_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_close op = { port };

	return call(dom, EVTCHNOP_close, &op);
}

static long unmask_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_unmask op = { port };

	return call(dom, EVTCHNOP_unmask, &op);
}

static long bind_virq(unsigned int dom, uint32_t virq, uint32_t vcpu,
		      evtchn_port_t *port)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	long rc = call(dom, EVTCHNOP_bind_virq, &op);

	if (port)
		*port = op.port;
	return rc;
}

static long bind_pirq(uint32_t pirq, uint32_t flags, evtchn_port_t *port)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = flags };
	long rc = call(0, EVTCHNOP_bind_pirq, &op);

	if (port)
		*port = op.port;
	return rc;
}

static long bind_vcpu(unsigned int dom, evtchn_port_t port, uint32_t vcpu)
{
	struct evtchn_bind_vcpu op = { port, vcpu };

	return call(dom, EVTCHNOP_bind_vcpu, &op);
}

static struct evtchn_status status_of(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	assert_int_equal(call(dom, EVTCHNOP_status, &op), 0);
	return op;
}

static bool pending(unsigned int dom, evtchn_port_t port)
{
	return test_bit(port, doms[dom].shared_info->evtchn_pending);
}

/* What the guest's handler does. */
static void guest_consume(unsigned int dom, unsigned int vcpu)
{
	struct vcpu_info *info = vcpus[dom][vcpu].info;

	info->evtchn_upcall_pending = 0;
	info->evtchn_pending_sel = 0;
	memset(doms[dom].shared_info->evtchn_pending, 0,
	       sizeof(doms[dom].shared_info->evtchn_pending));
}

/* ---- tests ---- */
static void ports_come_lowest_first(void **state)
{
	evtchn_port_t i;

	for (i = 1; i <= 100; i++)
		assert_int_equal(unbound(1, 2), i);
	assert_int_equal(close_on(1, 40), 0);
	assert_int_equal(close_on(1, 20), 0);
	assert_int_equal(unbound(1, 2), 20);
	assert_int_equal(unbound(1, 2), 40);
	assert_int_equal(unbound(1, 2), 101);
}

static void ports_run_out(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	evtchn_port_t i;

	for (i = 1; i < EVTCHN_2L_NR_CHANNELS; i++)
		assert_int_equal(unbound(1, 0), i);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, NULL), -ENOSPC);
	assert_int_equal(close_on(1, 4095), 0);
	assert_int_equal(unbound(1, 0), 4095);
}

static void alloc_for_others_is_for_dom0(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = 2, .remote_dom = DOMID_SELF };

	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_alloc_unbound, &op), 0);
	/* Who asked may bind it. */
	assert_int_equal(bind_inter(1, 2, op.port, NULL), -EINVAL);
	assert_int_equal(bind_inter(0, 2, op.port, NULL), 0);
	op.dom = 9;
	assert_int_equal(call(0, EVTCHNOP_alloc_unbound, &op), -ESRCH);
	op.dom = 1;	/* its own number is as good as SELF */
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), 0);
}

static void interdomain_both_ways(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct evtchn_status st;

	assert_int_equal(send_on(1, p1), 0);	/* nobody there yet */
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	/* It starts pending, so nothing sent before is lost. */
	assert_true(pending(2, p2));
	assert_int_equal(kicked[2][0], 1);
	st = status_of(2, p2);
	assert_int_equal(st.status, EVTCHNSTAT_interdomain);
	assert_int_equal(st.u.interdomain.dom, 1);
	assert_int_equal(st.u.interdomain.port, p1);

	guest_consume(2, 0);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(2, p2));
	assert_false(pending(1, p1));
	assert_int_equal(vcpus[2][0].info->evtchn_upcall_pending, 1);
	assert_int_equal(vcpus[2][0].info->evtchn_pending_sel, 1);
	assert_int_equal(send_on(2, p2), 0);
	assert_true(pending(1, p1));
	assert_int_equal(kicked[1][0], 1);
	assert_int_equal(bind_inter(2, 1, p1, NULL), -EINVAL);
}

static void edges_are_sent_once(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(kicked[2][0], 1);
	send_on(1, p1);
	send_on(1, p1);
	assert_int_equal(kicked[2][0], 1);
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(kicked[2][0], 2);
	assert_int_equal(nr_unblocked, 2);
}

static void closing_leaves_the_peer_unbound(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2, p3;
	struct evtchn_status st;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(close_on(2, p2), 0);
	assert_false(pending(2, p2));
	assert_int_equal(status_of(2, p2).status, EVTCHNSTAT_closed);
	st = status_of(1, p1);
	assert_int_equal(st.status, EVTCHNSTAT_unbound);
	assert_int_equal(st.u.unbound.dom, 2);
	assert_int_equal(send_on(1, p1), 0);
	/* It can be bound again, from either side's point of view. */
	assert_int_equal(bind_inter(2, 1, p1, &p3), 0);
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(status_of(2, p3).status, EVTCHNSTAT_unbound);
	assert_int_equal(close_on(1, p1), -EINVAL);
}

static void loopback(void **state)
{
	evtchn_port_t p1 = unbound(1, DOMID_SELF), p2;

	assert_int_equal(bind_inter(1, DOMID_SELF, p1, &p2), 0);
	assert_int_not_equal(p1, p2);
	guest_consume(1, 0);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(1, p2));
	assert_false(pending(1, p1));
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(status_of(1, p2).status, EVTCHNSTAT_unbound);
}

static void bad_ports_are_refused(void **state)
{
	static const evtchn_port_t bad[] = { 0, 5, 31, 32, 4095, 4096, ~0u };
	struct evtchn_status st = { .dom = DOMID_SELF };
	unsigned int i;

	assert_int_equal(status_of(1, 0).status, EVTCHNSTAT_closed);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(send_on(1, bad[i]), -EINVAL);
		assert_int_equal(close_on(1, bad[i]), -EINVAL);
		assert_int_equal(unmask_on(1, bad[i]),
				 bad[i] < 32 ? 0 : -EINVAL);
		assert_int_equal(bind_vcpu(1, bad[i], 0), -EINVAL);
		assert_int_equal(bind_inter(2, 1, bad[i], NULL), -EINVAL);
		assert_int_equal(evtchn_port_pending(&doms[1], bad[i]),
				 -EINVAL);
	}
	st.port = 4096;
	assert_int_equal(call(1, EVTCHNOP_status, &st), -EINVAL);
	st.dom = 2;
	st.port = 1;
	assert_int_equal(call(1, EVTCHNOP_status, &st), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_status, &st), 0);
	assert_int_equal(bind_inter(1, 17, 1, NULL), -ESRCH);
}

static void bad_pointers_are_refused(void **state)
{
	assert_int_equal(call(1, EVTCHNOP_send, NULL), -EFAULT);
	assert_int_equal(call(1, EVTCHNOP_init_control, NULL), -ENOSYS);
	assert_int_equal(call(1, EVTCHNOP_set_priority, NULL), -ENOSYS);
	assert_int_equal(call(1, EVTCHNOP_reset_cont, NULL), -EFAULT);
	assert_int_equal(call(1, 99, NULL), -ENOSYS);
}

static void old_form_of_the_call(void **state)
{
	struct evtchn_op op = { .cmd = EVTCHNOP_alloc_unbound };
	uint64_t a[6] = { (uint64_t)&op };

	op.u.alloc_unbound.dom = DOMID_SELF;
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], a),
			 0);
	assert_int_equal(op.u.alloc_unbound.port, 1);
	op.cmd = EVTCHNOP_reset;	/* it had no member for this */
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], a),
			 -ENOSYS);
	a[0] = 0;
	assert_int_equal(hypercall_event_channel_op_compat(&vcpus[1][0], a),
			 -EFAULT);
}

static void ipis_stay_on_their_vcpu(void **state)
{
	struct evtchn_bind_ipi op = { .vcpu = 1 };

	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), 0);
	assert_int_equal(send_on(1, op.port), 0);
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(kicked[1][0], 0);
	assert_int_equal(bind_vcpu(1, op.port, 0), -EINVAL);
	assert_int_equal(status_of(1, op.port).status, EVTCHNSTAT_ipi);
	assert_int_equal(status_of(1, op.port).vcpu, 1);
	op.vcpu = NR_VCPUS;
	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), -ENOENT);
}

static void virqs_of_a_vcpu(void **state)
{
	evtchn_port_t p0, p1;

	assert_int_equal(bind_virq(1, VIRQ_TIMER, 0, &p0), 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &p1), 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, NULL), -EEXIST);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 2, NULL), -ENOENT);
	assert_int_equal(bind_virq(1, NR_VIRQS, 0, NULL), -EINVAL);
	assert_int_equal(bind_virq(1, ~0u, 0, NULL), -EINVAL);
	evtchn_send_virq(&vcpus[1][1], VIRQ_TIMER);
	assert_true(pending(1, p1));
	assert_false(pending(1, p0));
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(send_on(1, p0), -EINVAL);
	assert_int_equal(bind_vcpu(1, p1, 0), -EINVAL);
	/* Closed: not sent any more, and may be bound anew. */
	assert_int_equal(close_on(1, p1), 0);
	evtchn_send_virq(&vcpus[1][1], VIRQ_TIMER);
	assert_false(pending(1, p1));
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1, &p1), 0);
}

static void global_virqs_move(void **state)
{
	evtchn_port_t p, other;

	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 1, NULL), -EINVAL);
	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0, &p), 0);
	assert_int_equal(bind_vcpu(0, p, 1), 0);
	evtchn_send_global_virq(VIRQ_CONSOLE);
	assert_true(pending(0, p));
	assert_int_equal(kicked[0][1], 1);
	assert_int_equal(kicked[0][0], 0);
	assert_int_equal(close_on(0, p), 0);
	assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0, &other), 0);
	evtchn_send_global_virq(VIRQ_DOM_EXC);	/* nobody bound it */
}

static void ports_notify_where_they_are_told(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_vcpu(1, p1, 1), 0);
	assert_int_equal(bind_vcpu(1, p1, 2), -ENOENT);
	assert_int_equal(status_of(1, p1).vcpu, 1);
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(send_on(2, p2), 0);
	assert_int_equal(kicked[1][1], 1);
	assert_int_equal(kicked[1][0], 0);
	/* The next user of the port begins at vCPU 0. */
	assert_int_equal(close_on(1, p1), 0);
	assert_int_equal(unbound(1, 2), p1);
	assert_int_equal(status_of(1, p1).vcpu, 0);
}

static void masked_ports_wait(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	kicked[2][0] = 0;
	set_bit(p2, doms[2].shared_info->evtchn_mask);
	assert_int_equal(send_on(1, p1), 0);
	assert_true(pending(2, p2));
	assert_int_equal(kicked[2][0], 0);
	assert_int_equal(evtchn_port_pending(&doms[2], p2), 1);
	assert_int_equal(unmask_on(2, p2), 0);
	assert_int_equal(kicked[2][0], 1);
	assert_int_equal(vcpus[2][0].info->evtchn_pending_sel, 1);
	assert_false(test_bit(p2, doms[2].shared_info->evtchn_mask));
	/* Not masked: unmasking is no second event. */
	vcpus[2][0].info->evtchn_upcall_pending = 0;
	vcpus[2][0].info->evtchn_pending_sel = 0;
	assert_int_equal(unmask_on(2, p2), 0);
	assert_int_equal(kicked[2][0], 1);
}

static void selector_follows_the_port(void **state)
{
	struct evtchn_bind_ipi op = { .vcpu = 0 };
	unsigned int i;

	for (i = 1; i < 200; i++)
		unbound(1, 2);
	assert_int_equal(call(1, EVTCHNOP_bind_ipi, &op), 0);
	assert_int_equal(op.port, 200);
	send_on(1, op.port);
	assert_int_equal(vcpus[1][0].info->evtchn_pending_sel, BIT(200 / 64));
	assert_int_equal(doms[1].shared_info->evtchn_pending[200 / 64],
			 BIT(200 % 64));
}

static void upcall_needs_pending_and_unmasked(void **state)
{
	struct vcpu *v = &vcpus[1][0];

	assert_false(evtchn_upcall_pending(v));
	v->info->evtchn_upcall_pending = 1;
	assert_true(evtchn_upcall_pending(v));
	v->info->evtchn_upcall_mask = 1;
	assert_false(evtchn_upcall_pending(v));
}

static void pollers_wake(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct vcpu *v = &vcpus[2][1];

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	set_bit(p2, doms[2].shared_info->evtchn_mask);
	v->pause_flags = BIT(VPF_POLL);
	v->poll_port = p2 + 1;
	send_on(1, p1);
	assert_int_equal(nr_woken, 0);
	v->poll_port = p2;
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(nr_woken, 1);
	assert_int_equal(v->pause_flags, 0);
	v->pause_flags = BIT(VPF_POLL) | BIT(VPF_PAUSED);
	v->poll_port = 0;
	guest_consume(2, 0);
	send_on(1, p1);
	assert_int_equal(nr_woken, 2);
	assert_int_equal(v->pause_flags, BIT(VPF_PAUSED));
}

/* It polls for one port, but may be interrupted by any. */
static void an_upcall_ends_a_poll(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;
	struct vcpu *v = &vcpus[2][0];

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	guest_consume(2, 0);
	v->info->evtchn_upcall_mask = 1;
	v->pause_flags = BIT(VPF_POLL);
	v->poll_port = p2 + 1;
	send_on(1, p1);
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(v->pause_flags, BIT(VPF_POLL));
	guest_consume(2, 0);
	v->info->evtchn_upcall_mask = 0;
	send_on(1, p1);
	assert_int_equal(v->pause_flags, 0);
	assert_int_equal(nr_woken, 1);
}

static void moved_info_is_rescanned(void **state)
{
	static struct vcpu_info elsewhere;
	evtchn_port_t p1 = unbound(1, 2), p2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	memset(&elsewhere, 0, sizeof(elsewhere));
	vcpus[2][0].info = &elsewhere;
	evtchn_vcpu_info_moved(&vcpus[2][0]);
	assert_int_equal(elsewhere.evtchn_pending_sel, ~0UL);
	assert_int_equal(elsewhere.evtchn_upcall_pending, 1);
	assert_int_equal(kicked[2][0], 2);
}

static void reset_closes_all(void **state)
{
	struct evtchn_reset op = { .dom = 2 };
	evtchn_port_t p1 = unbound(1, 2), p2, i;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 1, NULL), 0);
	assert_int_equal(call(1, EVTCHNOP_reset, &op), -EPERM);
	op.dom = 1;
	assert_int_equal(call(1, EVTCHNOP_reset, &op), 0);
	assert_int_equal(status_of(2, p2).status, EVTCHNSTAT_unbound);
	op.dom = 2;
	assert_int_equal(call(0, EVTCHNOP_reset_cont, &op), -EBUSY);
	assert_int_equal(call(1, EVTCHNOP_reset_cont, &op), -EPERM);
	assert_int_equal(call(0, EVTCHNOP_reset, &op), 0);
	for (i = 1; i < 32; i++)
		assert_int_equal(status_of(2, i).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 1, &p2), 0);
	assert_int_equal(p2, 1);
}

static void reset_can_be_interrupted(void **state)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	unsigned int calls = 0;
	evtchn_port_t i;
	long rc;

	for (i = 0; i < 1000; i++)
		unbound(1, 2);
	fake_preempt = true;
	do {
		rc = call(1, EVTCHNOP_reset, &op);
		calls++;
	} while (rc == HYPERCALL_CONTINUED);
	assert_int_equal(rc, 0);
	assert_int_equal(fake_nr_continued, calls - 1);
	assert_true(calls > 10);
	for (i = 1; i <= 1000; i++)
		assert_int_equal(status_of(1, i).status, EVTCHNSTAT_closed);
}

static void dead_domain_leaves_unbound_peers(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2, p0 = unbound(0, 2), q2;

	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_inter(2, 0, p0, &q2), 0);
	doms[2].state = DOM_DYING;
	domain_end(&doms[2]);
	assert_int_equal(status_of(1, p1).status, EVTCHNSTAT_unbound);
	assert_int_equal(send_on(0, p0), 0);
	assert_int_equal(bind_inter(1, 2, 1, NULL), -ESRCH);
}

static void no_memory_changes_nothing(void **state)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF };
	unsigned int i;

	for (i = 1; i < PORTS_PER_CHUNK; i++)
		unbound(1, 2);
	fake_heap_fail_after(0);
	assert_int_equal(call(1, EVTCHNOP_alloc_unbound, &op), -ENOSPC);
	assert_int_equal(pirq_map(&doms[1], 3, 3, false), -ENOSPC);
	fake_heap_fail_never();
	assert_int_equal(unbound(1, 2), PORTS_PER_CHUNK);
}

static void pirq_numbers(void **state)
{
	struct domain *d = &doms[0];

	assert_int_equal(pirq_to_irq(d, 9), -1);
	assert_int_equal(pirq_map(d, 9, 9, false), 0);
	assert_int_equal(pirq_map(d, 9, 9, false), 0);
	assert_int_equal(pirq_map(d, 9, 10, false), -EEXIST);
	assert_int_equal(pirq_map(d, 10, 9, false), -EEXIST);
	assert_int_equal(pirq_map(d, NR_PIRQS, 11, false), -EINVAL);
	assert_int_equal(pirq_map(d, 12, 30, true), -EINVAL);
	assert_int_equal(pirq_find_free(d, 1, true), NR_GSIS);
	assert_int_equal(pirq_map(d, NR_GSIS + 1, 30, true), 0);
	assert_int_equal(pirq_find_free(d, 1, true), NR_GSIS);
	assert_int_equal(pirq_find_free(d, 2, true), NR_GSIS + 2);
	assert_int_equal(pirq_find_free(d, NR_PIRQS, true), -ENOSPC);
	assert_int_equal(irq_to_pirq(d, 30), NR_GSIS + 1);
	assert_int_equal(irq_to_pirq(d, 31), -1);
	assert_int_equal(pirq_unmap(d, 9), 0);
	assert_int_equal(pirq_unmap(d, 9), -EINVAL);
	assert_int_equal(pirq_unmap(d, ~0u), -EINVAL);
	assert_int_equal(pirq_to_irq(d, ~0u), -1);
}

static void pirqs_are_delivered(void **state)
{
	evtchn_port_t p;

	assert_int_equal(bind_pirq(17, 0, NULL), -EPERM);
	assert_int_equal(bind_pirq(NR_GSIS, 0, NULL), -EINVAL);
	assert_int_equal(bind_pirq(NR_PIRQS, 0, NULL), -EINVAL);
	assert_int_equal(pirq_map(&doms[0], 17, 17, false), 0);
	assert_int_equal(bind_pirq(17, BIND_PIRQ__WILL_SHARE, &p), 0);
	assert_int_equal(bind_pirq(17, 0, NULL), -EEXIST);
	assert_true(irqs[17].shareable);
	assert_int_equal(irqs[17].cpu, 10);
	irq_guest_notify(&doms[0], 17);
	assert_true(pending(0, p));
	assert_int_equal(kicked[0][0], 1);
	assert_int_equal(bind_vcpu(0, p, 1), 0);
	assert_int_equal(irqs[17].cpu, 11);
	assert_int_equal(pirq_eoi(&doms[0], 17), 0);
	assert_int_equal(irqs[17].nr_eois, 1);
	assert_int_equal(pirq_eoi(&doms[0], 18), -EINVAL);
	assert_true(pirq_needs_eoi(&doms[0], 17));
	assert_int_equal(send_on(0, p), -EINVAL);
	assert_int_equal(close_on(0, p), 0);
	assert_null(irqs[17].d);
	guest_consume(0, 0);
	irq_guest_notify(&doms[0], 17);
	assert_false(pending(0, p));
	/* Unmapped under an open port: silent, closable, no unbind twice. */
	assert_int_equal(bind_pirq(17, 0, &p), 0);
	assert_int_equal(pirq_unmap(&doms[0], 17), 0);
	assert_null(irqs[17].d);
	assert_int_equal(close_on(0, p), 0);
}

static void refused_irq_leaves_no_port(void **state)
{
	evtchn_port_t p;

	assert_int_equal(pirq_map(&doms[0], 5, 5, false), 0);
	bind_result = -EBUSY;
	assert_int_equal(bind_pirq(5, 0, NULL), -EBUSY);
	bind_result = 0;
	assert_int_equal(status_of(0, 1).status, EVTCHNSTAT_closed);
	assert_int_equal(bind_pirq(5, 0, &p), 0);
	assert_int_equal(p, 1);
}

static void eoi_map_tells_the_guest(void **state)
{
	struct domain *d = &doms[0];
	evtchn_port_t p17, p3;

	memset(eoi_frame, 0xff, sizeof(eoi_frame));
	assert_int_equal(pirq_map(d, 17, 17, false), 0);
	assert_int_equal(pirq_map(d, 3, 3, false), 0);
	assert_int_equal(bind_pirq(17, 0, &p17), 0);
	assert_int_equal(pirq_set_eoi_map(d, GFN(78), false), -EINVAL);
	assert_int_equal(pirq_set_eoi_map(d, GFN(77), true), 0);
	assert_int_equal(pirq_set_eoi_map(d, GFN(77), true), -EBUSY);
	assert_int_equal(eoi_refs, 1);
	assert_true(test_bit(17, eoi_frame));
	assert_false(test_bit(18, eoi_frame));
	assert_int_equal(bind_pirq(3, 0, &p3), 0);
	assert_false(test_bit(3, eoi_frame));	/* an edge */

	/* Version 1: the EOI unmasks the port too. */
	set_bit(p17, d->shared_info->evtchn_mask);
	assert_int_equal(pirq_eoi(d, 17), 0);
	assert_false(test_bit(p17, d->shared_info->evtchn_mask));
	assert_int_equal(close_on(0, p17), 0);
	assert_false(test_bit(17, eoi_frame));
}

static void dump_names_every_kind(void **state)
{
	evtchn_port_t p1 = unbound(1, 2), p2;

	unbound(1, 0);
	assert_int_equal(bind_inter(2, 1, p1, &p2), 0);
	assert_int_equal(bind_virq(2, VIRQ_TIMER, 0, NULL), 0);
	fake_log_clear();
	evtchn_dump();
	assert_non_null(strstr(fake_log, "unbound, offered to d0"));
	assert_non_null(strstr(fake_log, "virq 0"));
	assert_non_null(strstr(fake_log, "to "));
}

/* Two domains bind, send and close without end, in different threads. */
static void *peer(void *arg)
{
	unsigned int dom = (unsigned int)(uintptr_t)arg, i;

	fake_cpu_id = dom;
	for (i = 0; i < 20000; i++) {
		struct evtchn_alloc_unbound op = { .dom = DOMID_SELF,
						   .remote_dom =
							   (domid_t)(3 - dom) };
		evtchn_port_t local;

		if (i % 2)
			call(dom, EVTCHNOP_alloc_unbound, &op);
		else if (!bind_inter(dom, (domid_t)(3 - dom), 1 + i % 5,
				     &local))
			send_on(dom, local);
		send_on(dom, 1 + i % 7);
		if (i % 3 == 0)
			close_on(dom, 1 + i % 7);
	}
	return NULL;
}

static void races_leave_pairs_whole(void **state)
{
	pthread_t t[2];
	evtchn_port_t port;
	unsigned int i;

	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, peer, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (port = 1; port < 200; port++) {
		const struct evtchn *chn = evtchn_lookup(&doms[1], port);
		const struct evtchn *peer_chn;

		if (!chn || chn->state != EVTCHN_INTERDOMAIN)
			continue;
		peer_chn = evtchn_lookup(chn->remote_dom, chn->remote_port);
		assert_int_equal(peer_chn->state, EVTCHN_INTERDOMAIN);
		assert_int_equal(peer_chn->remote_port, port);
		assert_ptr_equal(peer_chn->remote_dom, &doms[1]);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ports_come_lowest_first),
		T(ports_run_out),
		T(alloc_for_others_is_for_dom0),
		T(interdomain_both_ways),
		T(edges_are_sent_once),
		T(closing_leaves_the_peer_unbound),
		T(loopback),
		T(bad_ports_are_refused),
		T(bad_pointers_are_refused),
		T(old_form_of_the_call),
		T(ipis_stay_on_their_vcpu),
		T(virqs_of_a_vcpu),
		T(global_virqs_move),
		T(ports_notify_where_they_are_told),
		T(masked_ports_wait),
		T(selector_follows_the_port),
		T(upcall_needs_pending_and_unmasked),
		T(pollers_wake),
		T(an_upcall_ends_a_poll),
		T(moved_info_is_rescanned),
		T(reset_closes_all),
		T(reset_can_be_interrupted),
		T(dead_domain_leaves_unbound_peers),
		T(no_memory_changes_nothing),
		T(pirq_numbers),
		T(pirqs_are_delivered),
		T(refused_irq_leaves_no_port),
		T(eoi_map_tells_the_guest),
		T(dump_names_every_kind),
		T(races_leave_pairs_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
