/* SPDX-License-Identifier: MIT */
/*
 * fifo - event channels in their FIFO form, on one vCPU
 *
 * How a domain comes to it and back; what is in the words, queues and control
 * block after each step; order and priority; pages and offsets that are
 * refused; and words, links and heads that the guest has spoilt. race.c has
 * two vCPUs.
 */
#include "queue.h"

#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define PRIORITY   EVTCHN_FIFO_PRIORITY_DEFAULT
#define LAST_PORT  (NR_PORTS - 1)
#define MANY	   6000
#define NO_SUCH_MFN 0x7fffffff

TEST(calls_without_it)
{
	void *page = page_alloc();
	long port;

	REQUIRE(shared_info && page && !event_set_up());
	CHECK_EQ(expand_array(virt_to_mfn(page)), RECORDED(-EOPNOTSUPP));
	CHECK_EQ(set_priority(1, 3), RECORDED(-ENOSYS));
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	CHECK_EQ(set_priority(port, 3), RECORDED(-ENOSYS));
	CHECK_EQ(set_priority(port, 16), RECORDED(-ENOSYS));
	CHECK_EQ(event_close(port), 0);
	page_free(page);
}

/* Nothing of this changes the ABI. */
TEST(control_block_wrong)
{
	void *page = page_alloc();
	unsigned long mfn;

	REQUIRE(page && shared_info && !event_set_up());
	mfn = virt_to_mfn(page);
	CHECK_EQ(init_control(mfn, 0, 2), RECORDED(-ENOENT));
	CHECK_EQ(init_control(mfn, 0, 200), RECORDED(-ENOENT));
	CHECK_EQ(init_control(mfn, 0, ~0U), RECORDED(-ENOENT));
	CHECK_EQ(init_control(mfn, 1, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(mfn, 4, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(mfn, PAGE_BYTES - CONTROL_BYTES + 8, 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(init_control(mfn, PAGE_BYTES - 8, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(mfn, PAGE_BYTES, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(mfn, -8U, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(~0UL, 0, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(NO_SUCH_MFN, 0, 0), RECORDED(-EINVAL));
	CHECK_EQ(init_control(mmu_root_mfn, 0, 0), RECORDED(-EINVAL));
	CHECK_EQ(set_priority(1, 3), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_init_control,
					     (void *)0x1000), -EFAULT);
	page_free(page);
}

/* The block may end where its page does; around it nothing is touched. */
TEST(control_block_places)
{
	static const uint32_t places[] = {
		0, 8, 72, 2048, PAGE_BYTES - CONTROL_BYTES,
	};
	const uint8_t *page;
	unsigned int i, k;
	long port;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CHECK(queue_enter(places[i]));
		CHECK_EQ(link_bits, 17);
		port = event_bind_ipi(0);
		CHECK_EQ(event_send(port), 0);
		CHECK_EQ(queue_control(0)->ready, 1U << PRIORITY);
		CHECK_EQ(queue_control(0)->head[PRIORITY], port);
		page = (void *)((unsigned long)queue_control(0) &
				~(PAGE_BYTES - 1));
		for (k = 0; k < PAGE_BYTES; k++)
			if (page[k] &&
			    (k < places[i] || k >= places[i] + CONTROL_BYTES))
				break;
		CHECK_EQ(k, PAGE_BYTES);
		event_unblock();
		CHECK_EQ(queue_count(port), 1);
		CHECK(queue_leave());
	}
}

TEST(once_per_vcpu)
{
	void *page = page_alloc();

	REQUIRE(page && queue_enter(0));
	CHECK_EQ(init_control(virt_to_mfn(page), 0, 0), RECORDED(-EINVAL));
	CHECK(queue_leave());
	/* The page is the guest's again: it can be a page table. */
	page_free(page);
	CHECK(queue_enter(0));
	CHECK(queue_leave());
}

TEST(reset_leads_back)
{
	evtchn_port_t before;
	long port;

	REQUIRE(queue_enter(0));
	before = event_bind_ipi(0);
	CHECK(queue_leave());
	CHECK_EQ(set_priority(before, 3), RECORDED(-ENOSYS));
	port = event_bind_ipi(0);
	CHECK_EQ(port, before);
	event_port_enable(port);
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(event_port_count(port), 1);
	CHECK_EQ(event_close(port), 0);
}

TEST(array_wrong)
{
	REQUIRE(queue_enter(0));
	CHECK_EQ(expand_array(~0UL), RECORDED(-EINVAL));
	CHECK_EQ(expand_array(NO_SUCH_MFN), RECORDED(-EINVAL));
	CHECK_EQ(expand_array(mmu_root_mfn), RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_event_channel_op(EVTCHNOP_expand_array,
					     (void *)0x1000), -EFAULT);
	CHECK(queue_leave());
}

/* 128 pages of words, and not one more. */
TEST(array_full)
{
	unsigned int i = 1;
	void *page = page_alloc();

	REQUIRE(page && queue_enter(0));
	while (i < NR_WORD_PAGES && queue_grow(0))
		i++;
	CHECK_EQ(i, NR_WORD_PAGES);
	CHECK_EQ(expand_array(virt_to_mfn(page)), RECORDED(-ENOSPC));
	CHECK(queue_leave());
}

/* More than the two-level form has; the last ones work as the first. (All
 * 131071 take a hypervisor long that looks for a free one from the start.) */
TEST(many_ports)
{
	unsigned int i;
	long port = 0;

	REQUIRE(queue_enter(0));
	for (i = 0; i < MANY / WORDS_PER_PAGE; i++)
		REQUIRE(queue_grow(0));
	for (i = 1; i <= MANY && port >= 0; i++)
		port = event_bind_ipi(0);
	CHECK_EQ(port, MANY);
	CHECK_EQ(event_send(MANY - 1), 0);
	CHECK_EQ(event_send(MANY), 0);
	CHECK_EQ(*queue_word(MANY - 1), PENDING | LINKED | MANY);
	CHECK_EQ(*queue_word(MANY), PENDING | LINKED);
	event_unblock();
	CHECK_EQ(queue_count(MANY - 1), 1);
	CHECK_EQ(queue_count(MANY), 1);
	CHECK_EQ(event_close(4999), 0);
	CHECK_EQ(event_bind_ipi(0), 4999);
	CHECK(queue_leave());
	CHECK_EQ(event_send(MANY), -EINVAL);
	CHECK_EQ(unmask_call(LAST_PORT + 1), -EINVAL);
}

TEST(ports_wrong)
{
	long port;

	REQUIRE(queue_enter(0));
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	CHECK_EQ(set_priority(port, 16), RECORDED(-EINVAL));
	CHECK_EQ(set_priority(port, ~0U), RECORDED(-EINVAL));
	CHECK_EQ(set_priority(NR_PORTS, 3), RECORDED(-EINVAL));
	CHECK_EQ(set_priority(~0U, 3), RECORDED(-EINVAL));
	CHECK_EQ(set_priority(0, 3), RECORDED(-EACCES));
	CHECK_EQ(event_send(LAST_PORT), RECORDED(-EINVAL));
	CHECK_EQ(event_send(NR_PORTS), RECORDED(-EINVAL));
	CHECK_EQ(event_close(NR_PORTS), RECORDED(-EINVAL));
	CHECK_EQ(unmask_call(NR_PORTS), RECORDED(-EINVAL));
	CHECK_EQ(event_bind_interdomain(DOMID_SELF, LAST_PORT),
		 RECORDED(-EINVAL));
	CHECK(queue_leave());
}

/* Each sent once goes once, in the order of sending. */
TEST(order_of_queue)
{
	long a, b, c;

	REQUIRE(queue_enter(0));
	a = event_bind_ipi(0);
	b = event_bind_ipi(0);
	c = event_bind_ipi(0);
	REQUIRE(a > 0 && b > 0 && c > 0);
	event_send(b);
	event_send(c);
	event_send(b);
	event_send(a);
	CHECK_EQ(*queue_word(b), PENDING | LINKED | (uint32_t)c);
	CHECK_EQ(*queue_word(c), PENDING | LINKED | (uint32_t)a);
	CHECK_EQ(*queue_word(a), PENDING | LINKED);
	CHECK_EQ(queue_control(0)->head[PRIORITY], b);
	CHECK_EQ(this_vcpu()->info->evtchn_upcall_pending, 1);
	queue_forget();
	event_unblock();
	CHECK_EQ(queue_nr_order, 3);
	CHECK_EQ(queue_order[0], b);
	CHECK_EQ(queue_order[1], c);
	CHECK_EQ(queue_order[2], a);
	CHECK_EQ(*queue_word(a) | *queue_word(b) | *queue_word(c), 0);
	/* The last of the old queue is the only one of the next. */
	event_block();
	event_send(a);
	CHECK_EQ(queue_control(0)->head[PRIORITY], a);
	CHECK_EQ(*queue_word(a), PENDING | LINKED);
	event_unblock();
	CHECK_EQ(queue_count(a), 2);
	CHECK(queue_leave());
}

TEST(priorities)
{
	evtchn_port_t port[16];
	unsigned int i;

	REQUIRE(queue_enter(0));
	for (i = 0; i < 16; i++) {
		port[i] = event_bind_ipi(0);
		CHECK_EQ(set_priority(port[i], i), 0);
	}
	for (i = 0; i < 16; i++)
		event_send(port[15 - i]);
	CHECK_EQ(queue_control(0)->ready, 0xffff);
	for (i = 0; i < 16; i++)
		CHECK_EQ(queue_control(0)->head[i], port[i]);
	queue_forget();
	event_unblock();
	CHECK_EQ(queue_nr_order, 16);
	for (i = 0; i < 16; i++)
		CHECK_EQ(queue_order[i], port[i]);
	CHECK(queue_leave());
}

/* It changes queues with its next event, and may have been the old one's
 * end. */
TEST(priority_changes)
{
	long a, b;

	REQUIRE(queue_enter(0));
	a = event_bind_ipi(0);
	b = event_bind_ipi(0);
	event_send(a);
	CHECK_EQ(set_priority(a, 2), 0);
	CHECK_EQ(queue_control(0)->ready, 1U << PRIORITY);
	event_unblock();
	CHECK_EQ(queue_count(a), 1);
	event_block();
	event_send(a);
	CHECK_EQ(queue_control(0)->head[2], a);
	event_send(b);
	/* Not behind a, which was the end of this queue. */
	CHECK_EQ(queue_control(0)->head[PRIORITY], b);
	CHECK_EQ(*queue_word(a), PENDING | LINKED);
	CHECK_EQ(queue_control(0)->ready, 1U << PRIORITY | 1U << 2);
	event_unblock();
	CHECK_EQ(queue_count(a), 2);
	CHECK_EQ(queue_count(b), 1);
	/* The next user of the port begins with the default. */
	CHECK_EQ(event_close(a), 0);
	event_block();
	CHECK_EQ(event_bind_ipi(0), a);
	event_send(a);
	CHECK_EQ(queue_control(0)->head[PRIORITY], a);
	event_unblock();
	CHECK(queue_leave());
}

TEST(mask)
{
	long a, b;

	REQUIRE(queue_enter(0));
	a = event_bind_ipi(0);
	b = event_bind_ipi(0);
	event_unblock();
	queue_mask(a);
	CHECK_EQ(event_send(a), 0);
	CHECK_EQ(*queue_word(a), PENDING | MASKED);
	CHECK_EQ(queue_count(a), 0);
	CHECK_EQ(event_send(b), 0);
	CHECK_EQ(queue_count(b), 1);
	CHECK_EQ(unmask_call(a), 0);
	CHECK_EQ(queue_count(a), 1);
	CHECK_EQ(*queue_word(a), 0);
	/* Nothing pending: no event. */
	queue_mask(a);
	CHECK_EQ(unmask_call(a), 0);
	CHECK_EQ(queue_count(a), 1);
	CHECK_EQ(*queue_word(a), 0);
	/* Masked while it waits in the queue: passed over, then taken. */
	event_block();
	event_send(a);
	queue_mask(a);
	event_unblock();
	CHECK_EQ(queue_count(a), 1);
	CHECK_EQ(*queue_word(a), PENDING | MASKED);
	queue_unmask(a);
	CHECK_EQ(queue_count(a), 2);
	CHECK(queue_leave());
}

/* An end that is bound starts pending, here too. */
TEST(interdomain)
{
	long a, b;

	REQUIRE(queue_enter(0));
	a = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
	b = event_bind_interdomain(DOMID_SELF, a);
	REQUIRE(a > 0 && b > 0);
	CHECK_EQ(*queue_word(b), PENDING | LINKED);
	event_unblock();
	CHECK_EQ(queue_count(b), 1);
	CHECK_EQ(event_send(b), 0);
	CHECK_EQ(queue_count(a), 1);
	CHECK(queue_leave());
}

/* Sent before there is a word for it; and masked from the start. */
TEST(before_the_array)
{
	long port = 0;

	REQUIRE(queue_enter(0));
	while (port >= 0 && port < WORDS_PER_PAGE + 1)
		port = event_bind_ipi(0);
	CHECK_EQ(port, WORDS_PER_PAGE + 1);
	event_unblock();
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(event_send(port - 1), 0);
	CHECK_EQ(queue_count(port), 0);
	/* Its first word is masked, the second is not. */
	CHECK(queue_grow(0));
	CHECK_EQ(queue_count(port), 1);
	CHECK_EQ(queue_count(port - 1), 1);
	CHECK(queue_leave());
}

TEST(before_the_array_masked)
{
	long port = 0;

	REQUIRE(queue_enter(0));
	while (port >= 0 && port < WORDS_PER_PAGE)
		port = event_bind_ipi(0);
	event_unblock();
	CHECK_EQ(event_send(port), 0);
	CHECK(queue_grow(MASKED));
	CHECK_EQ(*queue_word(port), PENDING | MASKED);
	CHECK_EQ(queue_count(port), 0);
	queue_unmask(port);
	CHECK_EQ(queue_count(port), 1);
	CHECK(queue_leave());
}

/* The interface allows to lose what pends while the ABI changes; what comes
 * afterwards is delivered once. */
TEST(pending_from_two_levels)
{
	unsigned long before;
	long port;

	REQUIRE(shared_info && !event_set_up());
	port = event_bind_ipi(0);
	REQUIRE(port > 0);
	CHECK_EQ(event_send(port), 0);	/* masked */
	CHECK(event_port_pending(port));
	REQUIRE(queue_enter(0));
	event_unblock();
	before = queue_count(port);
	CHECK(before <= 1);
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(queue_count(port), before + 1);
	CHECK(queue_leave());
}

/* A port that is closed while it waits is not given out before the guest has
 * taken it off the queue. */
TEST(closed_while_queued)
{
	long a, b, c;

	REQUIRE(queue_enter(0));
	a = event_bind_ipi(0);
	event_send(a);
	CHECK_EQ(event_close(a), 0);
	CHECK_EQ(*queue_word(a), LINKED);
	b = event_bind_ipi(0);
	CHECK(b != a);
	event_send(b);
	event_unblock();
	CHECK_EQ(queue_count(a), 0);
	CHECK_EQ(queue_count(b), 1);
	do
		c = event_bind_ipi(0);
	while (c > 0 && c < a);
	CHECK_EQ(c, a);
	CHECK(queue_leave());
}

static bool poll_for(evtchn_port_t port)
{
	evtchn_port_t ports[1] = {port};
	struct sched_poll poll = {.nr_ports = 1};

	set_xen_guest_handle(poll.ports, ports);
	return !HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
}

TEST(poll_sees_it)
{
	long port;

	REQUIRE(queue_enter(0));
	port = event_bind_ipi(0);
	queue_mask(port);
	event_send(port);
	/* Without a limit: it returns because the port is pending. */
	CHECK(poll_for(port));
	CHECK(queue_leave());
}

/* ---- a guest that spoils its own pages ---- */

static void spoil_words(uint32_t value)
{
	unsigned int i;

	for (i = 0; i < WORDS_PER_PAGE; i++)
		*queue_word(i) = value;
}

/* After all of it the next user of the ABI finds it whole. */
static void check_whole(void)
{
	long port;

	CHECK(queue_leave());
	CHECK(queue_enter(0));
	port = event_bind_ipi(0);
	event_unblock();
	CHECK_EQ(event_send(port), 0);
	CHECK_EQ(queue_count(port), 1);
	CHECK(queue_leave());
}

static void use_all(const evtchn_port_t *ports, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		CHECK_EQ(event_send(ports[i]), 0);
		CHECK_EQ(unmask_call(ports[i]), 0);
		CHECK_EQ(set_priority(ports[i], i % 16), 0);
		CHECK_EQ(event_send(ports[nr - 1 - i]), 0);
	}
}

TEST(words_spoilt)
{
	static const uint32_t values[] = {
		~0U, 0, LINKED, LINKED | 1, LINKED | 0x1ffff, 0x1ffff,
		1U << EVTCHN_FIFO_BUSY, PENDING, PENDING | 0xfffffff,
		MASKED | LINKED | 2, 0x0ffe0000, ~(LINKED | MASKED),
	};
	evtchn_port_t ports[32];
	unsigned int i, k;

	REQUIRE(queue_enter(0));
	for (i = 0; i < 32; i++)
		ports[i] = event_bind_ipi(0);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		spoil_words(values[i]);
		use_all(ports, 32);
		/* The ends of queues, too. */
		for (k = 0; k < 32; k++)
			*queue_word(ports[k]) ^= values[i];
		use_all(ports, 32);
	}
	spoil_words(0);
	this_vcpu()->info->evtchn_upcall_pending = 0;
	check_whole();
}

/* A circle, and a port that follows itself. */
TEST(circles)
{
	evtchn_port_t ports[4];
	unsigned int i;

	REQUIRE(queue_enter(0));
	for (i = 0; i < 4; i++)
		ports[i] = event_bind_ipi(0);
	for (i = 0; i < 4; i++)
		event_send(ports[i]);
	*queue_word(ports[3]) |= ports[0];
	use_all(ports, 4);
	*queue_word(ports[3]) = PENDING | LINKED | ports[3];
	use_all(ports, 4);
	for (i = 0; i < 4; i++)
		CHECK_EQ(event_close(ports[i]), 0);
	spoil_words(0);
	this_vcpu()->info->evtchn_upcall_pending = 0;
	check_whole();
}

TEST(control_block_spoilt)
{
	unsigned int i;
	long port;

	REQUIRE(queue_enter(0));
	port = event_bind_ipi(0);
	for (i = 0; i < CONTROL_BYTES / 4; i++)
		((volatile uint32_t *)queue_control(0))[i] = ~0U;
	CHECK_EQ(event_send(port), 0);
	for (i = 0; i < 16; i++)
		if (i != PRIORITY)
			CHECK_EQ(queue_control(0)->head[i], ~0U);
	this_vcpu()->info->evtchn_upcall_pending = 0;
	check_whole();
}

/* One page for everything: words, and the block that lies among them. */
TEST(one_page_for_all)
{
	void *page = page_alloc();
	evtchn_port_t ports[32];
	unsigned int i, k;

	REQUIRE(page && shared_info && !event_set_up());
	event_block();
	CHECK_EQ(init_control(virt_to_mfn(page), 8, 0), 0);
	CHECK_EQ(expand_array(virt_to_mfn(page)), 0);
	for (i = 0; i < 32; i++)
		ports[i] = event_bind_ipi(0);
	for (k = 0; k < 20; k++)
		for (i = 0; i < 32; i++)
			CHECK_EQ(event_send(ports[i]), 0);
	CHECK_EQ(reset_ports(), 0);
	memset(page, 0, PAGE_BYTES);
	this_vcpu()->info->evtchn_upcall_pending = 0;
	page_free(page);
	CHECK(queue_enter(0));
	check_whole();
}

/* While it is shared the page cannot be a page table; afterwards it can. */
TEST(pages_are_held)
{
	void *page = page_alloc();
	unsigned long mfn;

	REQUIRE(page && queue_enter(0));
	mfn = virt_to_mfn(page);
	CHECK_EQ(expand_array(mfn), 0);
	CHECK_EQ(page_protect(page, false), 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0) < 0);
	CHECK(queue_leave());
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
	CHECK_EQ(page_protect(page, true), 0);
	page_free(page);
}
