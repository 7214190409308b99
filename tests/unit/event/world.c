/* SPDX-License-Identifier: MIT */
/*
 * world.c - three domains, interrupts and guest frames for the event tests
 */
#define _GNU_SOURCE
#include "world.h"

#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lodge/atomic.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/hypercall.h>
#include <lodge/irq.h>
#include <lodge/percpu.h>
#include <lodge/smp.h>

struct domain doms[NR_DOMAINS];
struct vcpu vcpus[NR_DOMAINS][NR_VCPUS];
static struct vcpu *vcpu_pointers[NR_DOMAINS][NR_VCPUS];
unsigned int kicked[NR_DOMAINS][NR_VCPUS];
struct domain *dom0 = &doms[0];

/* ---- what lies below and beside events ---- */
static void kick(struct vcpu *v)
{
	atomic_add_return(&kicked[v->domain->domid][v->id], 1);
}

static const struct guest_ops guest_ops = { .event_kick = kick };
unsigned int nr_unblocked, nr_woken;

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

struct fake_irq irqs[NR_IRQS];
int bind_result;
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

/*
 * A CPU is a thread, and takes an interrupt when it has them on. The barrier
 * is what the interrupt is on a real one: whoever turned them off before has
 * said so, whoever does later sees what was written before.
 */
void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg, bool wait)
{
	unsigned int cpu;

	assert_true(irqs_enabled() && wait);
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	for_each_cpu(cpu, mask)
		while (cpu != fake_cpu_id &&
		       __atomic_load_n(&fake_x86[cpu].irqs_off,
				       __ATOMIC_SEQ_CST))
			usleep(1);
	fn(arg);
}

#define pages (&frame_table[FIRST_FRAME])
uint8_t (*const frames)[PAGE_SIZE] =
	(void *)(DIRECTMAP_BASE + ((unsigned long)FIRST_FRAME << PAGE_SHIFT));
int frame_refs[NR_FRAMES];

static void map_at(const void *where, size_t bytes)
{
	void *p = (void *)((unsigned long)where & PAGE_MASK);

	if (mmap(p, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != p)
		abort();
}

/* Before main(): where page_to_virt() looks for the frames. */
__attribute__((constructor)) static void map_frames_and_pages(void)
{
	map_at(frames, NR_FRAMES * PAGE_SIZE);
	map_at(pages, NR_FRAMES * sizeof(*pages));
}

struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc)
{
	uint64_t n = gfn_x(gfn) - FIRST_FRAME;

	assert_int_equal(access, GFN_WRITE);
	if (n >= NR_FRAMES) {
		*rc = -EPERM;
		return NULL;
	}
	atomic_add_return(&frame_refs[n], 1);
	return &pages[n];
}

void gfn_put_page(struct page *pg, enum gfn_access access)
{
	assert_true(atomic_sub_return(&frame_refs[pg - pages], 1) >= 0);
}

struct page *virt_to_page(const void *virt)
{
	return &pages[((const uint8_t *)virt - frames[0]) / PAGE_SIZE];
}

mfn_t page_to_mfn(const struct page *pg)
{
	return MFN((uint64_t)(pg - pages));
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

int setup(void **state)
{
	unsigned int id;

	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
		0);
	memset(frames, 0, NR_FRAMES * PAGE_SIZE);
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

void domain_end(struct domain *d)
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
int teardown(void **state)
{
	unsigned int id, i;

	for (id = 0; id < NR_DOMAINS; id++) {
		assert_int_equal(doms[id].refs, 1);
		domain_end(&doms[id]);
	}
	for (i = 0; i < ARRAY_SIZE(irqs); i++)
		assert_null(irqs[i].d);
	for (i = 0; i < NR_FRAMES; i++)
		assert_int_equal(frame_refs[i], 0);
	assert_true(irqs_enabled());
	return 0;
}

/* ---- calls ---- */
long call(unsigned int dom, unsigned int cmd, void *arg)
{
	const struct call_args a = { .arg0 = cmd, .arg1 = (uint64_t)arg };

	return hypercall_event_channel_op(&vcpus[dom][0], &a);
}

evtchn_port_t unbound(unsigned int dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF,
					   .remote_dom = remote };

	assert_int_equal(call(dom, EVTCHNOP_alloc_unbound, &op), 0);
	return op.port;
}

long bind_inter(unsigned int dom, domid_t remote, evtchn_port_t port,
		       evtchn_port_t *local)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote,
					      .remote_port = port };
	long rc = call(dom, EVTCHNOP_bind_interdomain, &op);

	if (local)
		*local = op.local_port;
	return rc;
}

long send_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_send op = { port };

	return call(dom, EVTCHNOP_send, &op);
}

long close_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_close op = { port };

	return call(dom, EVTCHNOP_close, &op);
}

long unmask_on(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_unmask op = { port };

	return call(dom, EVTCHNOP_unmask, &op);
}

long bind_virq(unsigned int dom, uint32_t virq, uint32_t vcpu,
		      evtchn_port_t *port)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	long rc = call(dom, EVTCHNOP_bind_virq, &op);

	if (port)
		*port = op.port;
	return rc;
}

long bind_pirq(uint32_t pirq, uint32_t flags, evtchn_port_t *port)
{
	struct evtchn_bind_pirq op = { .pirq = pirq, .flags = flags };
	long rc = call(0, EVTCHNOP_bind_pirq, &op);

	if (port)
		*port = op.port;
	return rc;
}

long bind_vcpu(unsigned int dom, evtchn_port_t port, uint32_t vcpu)
{
	struct evtchn_bind_vcpu op = { port, vcpu };

	return call(dom, EVTCHNOP_bind_vcpu, &op);
}

struct evtchn_status status_of(unsigned int dom, evtchn_port_t port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	assert_int_equal(call(dom, EVTCHNOP_status, &op), 0);
	return op;
}

bool pending(unsigned int dom, evtchn_port_t port)
{
	return test_bit(port, doms[dom].shared_info->evtchn_pending);
}

/* What the guest's handler does. */
void guest_consume(unsigned int dom, unsigned int vcpu)
{
	struct vcpu_info *info = vcpus[dom][vcpu].info;

	info->evtchn_upcall_pending = 0;
	info->evtchn_pending_sel = 0;
	memset(doms[dom].shared_info->evtchn_pending, 0,
	       sizeof(doms[dom].shared_info->evtchn_pending));
}
