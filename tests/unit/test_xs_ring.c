/* SPDX-License-Identifier: MIT */
/*
 * test_xs_ring.c - no wake-up is lost between the daemon and a ring's guest
 *
 * A guest does not tell of all that it does: Linux tells of requests only if
 * it finds the ones before them taken, and of responses taken only if it finds
 * the ring full. So whatever it does while the daemon moves an index must be
 * found by the daemon itself. Here the guest acts from within the functions
 * that the daemon calls in the middle of that; afterwards the daemon must have
 * been told, or its client must be queued for another turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "loop.h"
#include "ring.h"
#include "xen.h"

#define SIZE XENSTORE_RING_SIZE

static struct xenstore_domain_interface page;
static struct stream_hdr hdr;
static struct stream stream = { .hdr = &hdr };
static struct domain dom;
static struct conn client;
static uint8_t in[STREAM_IN_SIZE];
static uint32_t in_done;
static bool queued;		/* the client has another turn */
static bool daemon_told;	/* the guest sent an event */
static unsigned int guest_told;
static void (*meanwhile)(void);	/* what the guest does, once */
static char dir[] = "/tmp/xs-ring-XXXXXX";

struct conn_list conns = TAILQ_HEAD_INITIALIZER(conns);

/* --- the guest --- */

/* As Linux does: of requests behind others that wait no word is said. */
static void guest_requests(uint32_t n)
{
	uint32_t prod = page.req_prod;

	page.req_prod = prod + n;
	if (prod == page.req_cons)
		daemon_told = true;
}

static void guest_takes(uint32_t n)
{
	uint32_t cons = page.rsp_cons;

	page.rsp_cons = cons + n;
	if (page.rsp_prod - cons >= SIZE)
		daemon_told = true;
}

static void one_more_request(void)
{
	guest_requests(20);
}

static void takes_all(void)
{
	guest_takes(page.rsp_prod - page.rsp_cons);
}

static void act(void)
{
	void (*fn)(void) = meanwhile;

	meanwhile = NULL;
	if (fn)
		fn();
}

/* --- what ring.c calls --- */

size_t stream_in_space(const struct stream *s, uint8_t **where)
{
	*where = in;
	return STREAM_IN_SIZE - (s->hdr->in_fill - in_done);
}

void stream_in_filled(struct stream *s, size_t len)
{
	s->hdr->in_fill += (uint32_t)len;
	act();
}

int stream_copy_owed(const struct stream *s, void *to, size_t len)
{
	assert_true(len <= s->out_end - s->sent);
	memset(to, 0, len);
	act();
	return 0;
}

uint64_t stream_extend(const struct stream *s, uint32_t pos)
{
	return s->hdr->out_near + (pos - (uint32_t)s->hdr->out_near);
}

void stream_rewind(struct stream *s)
{
	(void)s;
}

int stream_format(int fd, uint32_t in_start, uint32_t out_start)
{
	(void)fd;
	hdr = (struct stream_hdr){ .in_fill = in_start, .out_near = out_start };
	stream.sent = stream.out_end = out_start;
	in_done = in_start;
	return 0;
}

struct stream *stream_open(int fd)
{
	stream.fd = fd;
	return &stream;
}

void stream_close(struct stream *s)
{
	close(s->fd);
}

struct conn *conn_new(uint32_t id, struct domain *d)
{
	client = (struct conn){ .id = id, .dom = d };
	return &client;
}

int conn_attach(struct conn *c, const struct transport *tp, struct stream *st)
{
	c->tp = tp;
	c->st = st;
	return 0;
}

uint32_t conn_next_id(void)
{
	return 2;
}

void conn_reset(struct conn *c)
{
	(void)c;
}

void conn_commit(struct conn *c, uint32_t done)
{
	(void)c;
	(void)done;
}

void conn_flush(struct conn *c)
{
	(void)c;
}

void conn_kill(struct conn *c, int why, const char *reason)
{
	(void)c;
	(void)why;
	fail_msg("killed: %s", reason);
}

void loop_queue(struct conn *c)
{
	assert_ptr_equal(c, &client);
	queued = true;
}

void loop_add(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
}

void journal_conn(bool open, uint32_t conn, uint32_t domid, bool readonly)
{
	(void)open;
	(void)conn;
	(void)domid;
	(void)readonly;
}

void domain_scan(void)
{
}

int xen_open(void)
{
	return 0;
}

int xen_event_fd(void)
{
	return -1;
}

int xen_pending(void)
{
	return -1;
}

bool xen_is_domain_virq(int port)
{
	(void)port;
	return false;
}

void *xen_map_ring(uint16_t domid, uint64_t gfn)
{
	(void)domid;
	(void)gfn;
	return &page;
}

void *xen_map_dom0(uint32_t *port)
{
	(void)port;
	return &page;
}

void xen_unmap_ring(uint16_t domid, void *p)
{
	(void)domid;
	(void)p;
}

int xen_bind(uint16_t domid, uint32_t remote)
{
	(void)domid;
	return (int)remote;
}

void xen_unbind(int port)
{
	(void)port;
}

void xen_notify(int port)
{
	assert_int_equal(port, 7);
	guest_told++;
}

/* --- the tests --- */

static int start(void **state)
{
	(void)state;
	return !mkdtemp(dir) || ring_start(dir);
}

static int finish(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int begin(void **state)
{
	uint32_t start = 0xffffff00;	/* the indices wrap in these tests */

	(void)state;
	memset(&page, 0, sizeof(page));
	page.req_cons = page.req_prod = start;
	page.rsp_cons = page.rsp_prod = start;
	dom.id.domid = 3;
	assert_int_equal(ring_connect(&dom, 1, 7), 0);
	queued = daemon_told = false;
	guest_told = 0;
	meanwhile = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	client.tp->close(&client, 0);
	stream_close(&stream);
	return 0;
}

/* As loop.c does it; the requests that came are carried out at once. */
static void turn(void)
{
	int rc = client.tp->fill(&client);

	assert_true(!rc || rc == EAGAIN);
	in_done = hdr.in_fill;
	if (stream.sent != stream.out_end)
		client.tp->flush(&client);
	client.tp->end_turn(&client);
}

/* Turns until nobody knows of anything to do. */
static void serve(void)
{
	do {
		queued = daemon_told = false;
		turn();
	} while (queued || daemon_told);
}

static void test_idle(void **state)
{
	(void)state;
	guest_requests(100);
	assert_true(daemon_told);
	turn();
	assert_false(queued);
	assert_int_equal(guest_told, 1);
	assert_int_equal(page.req_cons, page.req_prod);
	turn();
	assert_false(queued);
	assert_int_equal(guest_told, 1);
}

/* The rest of a message comes while its beginning is being taken. */
static void test_request_while_taking(void **state)
{
	(void)state;
	guest_requests(16);
	daemon_told = false;
	meanwhile = one_more_request;
	turn();
	assert_false(daemon_told);
	assert_true(queued);
	serve();
	assert_int_equal(page.req_cons, page.req_prod);
	assert_int_equal(hdr.in_fill, page.req_prod);
}

/* There was no room for all requests, and then they were carried out. */
static void test_request_without_room(void **state)
{
	(void)state;
	in_done -= STREAM_IN_SIZE - 30;
	guest_requests(50);
	turn();
	assert_int_equal(page.req_prod - page.req_cons, 20);
	assert_true(queued);
	serve();
	assert_int_equal(page.req_cons, page.req_prod);
}

/* Nor is it asked for turns while there is none. */
static void test_no_room_at_all(void **state)
{
	(void)state;
	in_done -= STREAM_IN_SIZE;
	guest_requests(50);
	assert_int_equal(client.tp->fill(&client), EAGAIN);
	client.tp->end_turn(&client);
	assert_false(queued);
}

/* A response is taken while the ring is being filled up. */
static void test_taken_while_sending(void **state)
{
	(void)state;
	stream.out_end += 100;
	turn();
	stream.out_end += SIZE;
	meanwhile = takes_all;
	turn();
	assert_false(daemon_told);
	assert_true(queued);
	assert_int_equal(stream.out_end - stream.sent, 100);
	serve();
	assert_int_equal(stream.sent, stream.out_end);
}

/* A full ring is waited for: the guest tells. */
static void test_ring_full(void **state)
{
	(void)state;
	stream.out_end += SIZE + 100;
	turn();
	assert_false(queued);
	assert_int_equal(page.rsp_prod - page.rsp_cons, SIZE);
	guest_takes(10);
	assert_true(daemon_told);
	serve();
	assert_int_equal(stream.out_end - stream.sent, 90);
}

/* An index out of range is for the next turn to find, and no reason to wait. */
static void test_index_out_of_range(void **state)
{
	(void)state;
	page.req_prod += SIZE + 1;
	client.tp->end_turn(&client);
	assert_true(queued);
	assert_int_equal(client.tp->fill(&client), ERANGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_idle),
		TEST(test_request_while_taking),
		TEST(test_request_without_room),
		TEST(test_no_room_at_all),
		TEST(test_taken_while_sending),
		TEST(test_ring_full),
		TEST(test_index_out_of_range),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
