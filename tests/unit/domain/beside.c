/* SPDX-License-Identifier: MIT */
/*
 * beside.c - host tests: what lies beside a domain's life
 */
#include "beside.h"

#include <setjmp.h>
#include <string.h>

#include <lodge/atomic.h>
#include <lodge/boot.h>
#include <lodge/console.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/irq.h>
#include <lodge/lib.h>
#include <lodge/smp.h>
#include <lodge/work.h>
#include "../../../hypervisor/domain/private.h"
#include "../../../hypervisor/mm/private.h"

int nr_in_pools, nr_scheduled, nr_timers;
unsigned int passes_wanted;
void (*during_memory)(struct domain *d);
char machine_end;
bool opt_noreboot;

/* ---- scheduler ---- */
static int pool0;

void sched_domain_init(struct domain *d)
{
	/* From here on who changes the pool looks at the vCPUs. */
	assert_non_null(d->vcpus);
	d->sched.pool = (void *)&pool0;
	nr_in_pools++;
}

void sched_domain_destroy(struct domain *d)
{
	assert_non_null(d->sched.pool);
	d->sched.pool = NULL;
	nr_in_pools--;
}

int sched_vcpu_init(struct vcpu *v)
{
	v->sched.weight = 1;
	nr_scheduled++;
	return 0;
}

void sched_vcpu_destroy(struct vcpu *v)
{
	assert_ptr_not_equal(v, current);
	if (v->sched.weight)
		nr_scheduled--;
	v->sched.weight = 0;
}

void vcpu_sleep_nosync(struct vcpu *v)
{
}

void vcpu_sleep_sync(struct vcpu *v)
{
	assert_true(v->pause_flags);
}

void vcpu_wake(struct vcpu *v)
{
}

void vcpu_unblock(struct vcpu *v)
{
}

/* ---- time ---- */
uint64_t system_time_ns(void)
{
	return 1000;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg,
		unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = (uint16_t)cpu};
	nr_timers++;
}

void timer_set(struct timer *t, uint64_t expires_ns)
{
	assert_non_null(t->fn);
	t->rank = !t->killed;
}

void timer_stop(struct timer *t)
{
	t->rank = 0;
}

void timer_kill(struct timer *t)
{
	if (t->fn && !t->killed)
		nr_timers--;
	t->killed = true;
	t->rank = 0;
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
	t->cpu = (uint16_t)cpu;
}

void timer_fire(struct timer *t)
{
	assert_int_equal(t->rank, 1);
	t->rank = 0;
	t->fn(t->arg);
}

static void never(void *arg)
{
	fail();
}

void vcpu_timers_init(struct vcpu *v)
{
	timer_init(&v->singleshot, never, v, 0);
}

void vcpu_timers_kill(struct vcpu *v)
{
	timer_kill(&v->singleshot);
}

void domain_update_wallclock(struct domain *d)
{
}

void domain_time_init(void)
{
}

void domain_console_init(void)
{
}

void domain_nmi_init(void)
{
}

/* ---- processor and machine ---- */
struct fpu *fpu_alloc(void)
{
	return kzalloc(16);
}

void fpu_free(struct fpu *f)
{
	kfree(f);
}

void show_registers(const struct cpu_user_regs *regs)
{
}

void smp_call(const cpumask_t *mask, void (*fn)(void *), void *arg, bool wait)
{
	fn(arg);
}

static jmp_buf *ended;

static void __noreturn end_machine(char how)
{
	machine_end = how;
	assert_non_null(ended);
	longjmp(*ended, 1);
}

void machine_halt(void)
{
	end_machine('h');
}

void machine_restart(void)
{
	end_machine('r');
}

void until_machine_ends(void (*fn)(void *), void *arg)
{
	jmp_buf here;

	machine_end = 0;
	ended = &here;
	if (!setjmp(here))
		fn(arg);
	ended = NULL;
}

void debug_key_register(char key, const char *what, void (*fn)(void))
{
}

void work_register(enum work w, void (*fn)(void))
{
}

void work_raise(enum work w)
{
}

void work_off(void)
{
	/* Frames are freed before the domains that they were of. */
	deferred_free_run();
	domain_free_run();
	deferred_free_run();
}

/* The C library may have none. */
size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = len < size ? len : size - 1;

	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}

/* ---- interrupts of devices: there are none ---- */
void (*irq_guest_notify)(struct domain *d, unsigned int pirq);

unsigned int irq_nr_gsis(void)
{
	return 24;
}

int irq_bind_guest(unsigned int irq, struct domain *d, unsigned int pirq,
		   bool shareable)
{
	return -EBUSY;
}

void irq_unbind_guest(unsigned int irq, struct domain *d)
{
	fail();
}

void irq_guest_eoi(unsigned int irq, struct domain *d)
{
	fail();
}

bool irq_needs_eoi(unsigned int irq)
{
	return false;
}

void irq_set_affinity(unsigned int irq, unsigned int cpu)
{
	fail();
}

void domain_pirqs_free(struct domain *d)
{
	assert_true(domain_is_dying(d));
}

void domain_memmap_free(struct domain *d)
{
	kfree(d->memmap);
	d->memmap = NULL;
}

/* ---- a kind of guest ---- */
static int ops_domain_init(struct domain *d)
{
	d->pv = kzalloc(16);
	return d->pv ? 0 : -ENOMEM;
}

static void ops_domain_destroy(struct domain *d)
{
	kfree(d->pv);
	d->pv = NULL;
}

static int ops_vcpu_init(struct vcpu *v)
{
	v->pv = kzalloc(16);
	return v->pv ? 0 : -ENOMEM;
}

static void ops_vcpu_destroy(struct vcpu *v)
{
	kfree(v->pv);
	v->pv = NULL;
}

static int another_pass(void)
{
	if (!passes_wanted)
		return 0;
	passes_wanted--;
	return -ERESTART;
}

static int ops_vcpu_relinquish(struct vcpu *v)
{
	assert_int_equal(v->sched.weight, 0);
	return another_pass();
}

static int ops_relinquish_memory(struct domain *d)
{
	struct page *pg, *last = NULL;

	if (during_memory)
		during_memory(d);
	while (!list_empty(&d->pages)) {
		pg = list_first_entry(&d->pages, struct page, link);
		if (pg == last || !page_get(pg, d))
			break;
		last = pg;
		list_del(&pg->link);
		list_add_tail(&pg->link, &d->pages);
		page_put_alloc_ref(pg);
		page_put(pg);
	}
	return another_pass();
}

static void ops_event_kick(struct vcpu *v)
{
}

static bool ops_has_pending(const struct vcpu *v)
{
	return false;
}

const struct guest_ops test_ops = {
	.name = "test",
	.domain_init = ops_domain_init,
	.domain_destroy = ops_domain_destroy,
	.vcpu_init = ops_vcpu_init,
	.vcpu_destroy = ops_vcpu_destroy,
	.vcpu_relinquish = ops_vcpu_relinquish,
	.relinquish_memory = ops_relinquish_memory,
	.event_kick = ops_event_kick,
	.has_pending = ops_has_pending,
};

struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc)
{
	struct page *pg = page_get_mfn(MFN(gfn_x(gfn)), d);

	*rc = -EINVAL;
	if (!pg || access == GFN_READ)
		return pg;
	if (!page_get_type(pg, PT_WRITABLE, false))
		return pg;
	page_put(pg);
	return NULL;
}

void gfn_put_page(struct page *pg, enum gfn_access access)
{
	if (access == GFN_WRITE)
		page_put_type(pg);
	page_put(pg);
}
