/* SPDX-License-Identifier: MIT */
/*
 * test_consoled_guest.c - a console from its ring to its readers and its log
 *
 * With real terminals and sockets; the hypervisor is in this file: a page, and
 * a channel that counts; so is the clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest.h"
#include "ring.h"
#include "say.h"

#define DOMID 5
#define PORT  11
#define LIMIT (64UL << 10)

static char dir[] = "/tmp/test_consoled_guest.XXXXXX";
static struct xencons_interface *page;
static unsigned int notified, unmasked, said;
static uint64_t clock_ms = 1000;
static uint32_t bound_to;
static bool refused;
static struct guest guest;
static char *log_path;

/* ---- what the sources under test call ----------------------------------- */

uint64_t now_ms(void)
{
	return clock_ms;
}

void say(const char *format, ...)
{
	said++;
}

void say_more(const char *format, ...)
{
}

void die(const char *format, ...)
{
	abort();
}

int page_map(struct console_page *p, unsigned int domid, uint64_t frame)
{
	assert_int_equal(domid, DOMID);
	p->ring = page;
	return 0;
}

void page_unmap(struct console_page *p)
{
	p->ring = NULL;
}

int channel_bind(struct channel *c, unsigned int domid, uint32_t port)
{
	if (refused)
		return -EINVAL;
	bound_to = port;
	c->port = 1;
	return 0;
}

void channel_close(struct channel *c)
{
	c->port = -1;
}

void channel_unmask(const struct channel *c)
{
	unmasked++;
}

void channel_notify(const struct channel *c)
{
	notified++;
}

/* ---- the guest's side, the readers' side -------------------------------- */

/* As much as there is room for; the rest is for later. */
static size_t guest_writes(const char *text, size_t nr)
{
	size_t i;

	for (i = 0; i < nr &&
		    page->out_prod - page->out_cons < sizeof(page->out); i++)
		page->out[MASK_XENCONS_IDX(page->out_prod++, page->out)] =
			text[i];
	return i;
}

static void event(void)
{
	guest.channel.came(&guest.channel);
}

/* What has come is told of, and time goes by. */
static void pass(unsigned int ms)
{
	loop_wait(0);
	clock_ms += ms;
}

/* Until the daemon would sleep until something comes. */
static void run(void)
{
	int ms;

	do {
		ms = guests_round();
		pass(ms < 0 ? 0 : (unsigned int)ms);
	} while (ms >= 0);
}

static void says(const char *text)
{
	assert_int_equal(guest_writes(text, strlen(text)), strlen(text));
	event();
	run();
}

static int connect_reader(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/%u", dir, DOMID);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	loop_wait(0);
	return fd;
}

static int open_tty(void)
{
	int fd = open(guest.audience.tty_name, O_RDWR | O_NOCTTY | O_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void assert_reads(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char got[256] = "";
	size_t all = 0;
	ssize_t n;

	/* What was written to a terminal comes a moment later, or in parts. */
	do {
		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(fd, got + all, sizeof(got) - 1 - all);
		assert_true(n > 0);
		all += (size_t)n;
	} while (all < strlen(text));
	assert_string_equal(got, text);
	assert_int_equal(read(fd, got, 1), -1);
	assert_int_equal(errno, EAGAIN);
}

static const struct console_nodes *nodes_of(uint32_t port)
{
	static char name[] = "g";
	static struct console_nodes n = {.limit = LIMIT, .name = name};

	n.port = port;
	return &n;
}

static int setup(void **state)
{
	static struct log_style style = {.dir = dir};

	notified = unmasked = said = 0;
	refused = false;
	page = calloc(1, sizeof(*page));
	guest = (struct guest){.domid = DOMID};
	guest_options.socket_dir = dir;
	guest_options.log = &style;
	guest_options.patient = false;
	unlink(log_path);
	return !page || guest_connect(&guest, nodes_of(PORT));
}

static int teardown(void **state)
{
	guest_disconnect(&guest);
	free(page);
	return 0;
}

/* ---- tests -------------------------------------------------------------- */

static void both_kinds_of_readers_get_all(void **state)
{
	int first, second, tty = open_tty();

	says("boot\n");
	first = connect_reader();
	assert_reads(first, "boot\n");
	says("login: ");
	assert_reads(first, "login: ");
	/* Nobody is told twice by socket. */
	second = connect_reader();
	says("$ ");
	assert_reads(first, "$ ");
	assert_reads(second, "$ ");
	assert_reads(tty, "boot\nlogin: $ ");
	assert_int_equal(bound_to, PORT);
	assert_true(notified >= 3 && unmasked == 3);
	close(first);
	close(second);
	close(tty);
}

/* What was there before the daemon came is read without an event. */
static void goes_on_after_a_restart(void **state)
{
	int reader;

	guest_disconnect(&guest);
	guest_writes("meanwhile", 9);
	assert_int_equal(guest_connect(&guest, nodes_of(PORT)), 0);
	run();
	reader = connect_reader();
	assert_reads(reader, "meanwhile");
	close(reader);
}

static void typing_goes_to_the_guest(void **state)
{
	int reader, tty = open_tty();

	run();
	reader = connect_reader();
	assert_int_equal(write(reader, "ls", 2), 2);
	loop_wait(100);
	assert_int_equal(write(tty, "\n", 1), 1);
	loop_wait(100);
	assert_int_equal(page->in_prod, 3);
	assert_memory_equal(page->in, "ls\n", 3);
	close(reader);
	close(tty);
}

/* What the guest has no room for stays with whoever typed it. */
static void a_guest_that_does_not_read(void **state)
{
	char text[RING_IN_BYTES];
	int reader;

	memset(text, 'x', sizeof(text));
	run();
	reader = connect_reader();
	assert_int_equal(write(reader, text, sizeof(text)), sizeof(text));
	assert_int_equal(write(reader, "rest", 4), 4);
	loop_wait(100);
	loop_wait(0);
	assert_int_equal(page->in_prod, sizeof(text));
	assert_int_equal(guest.audience.typing, false);
	page->in_cons += 10;
	event();
	run();
	loop_wait(100);
	assert_int_equal(page->in_prod, sizeof(text) + 4);
	close(reader);
}

/* @from: the number of the first byte. Returns how many bytes were right. */
static size_t read_numbers(int fd, size_t from)
{
	char got[4096];
	size_t all = 0;
	ssize_t n, i;

	while ((n = read(fd, got, sizeof(got))) > 0) {
		for (i = 0; i < n; i++)
			assert_int_equal(got[i], 'a' + (from + all + i) % 23);
		all += (size_t)n;
	}
	return all;
}

static size_t write_numbers(size_t from, size_t nr)
{
	char text[RING_OUT_BYTES];
	size_t i;

	if (nr > sizeof(text))
		nr = sizeof(text);
	for (i = 0; i < nr; i++)
		text[i] = (char)('a' + (from + i) % 23);
	return guest_writes(text, nr);
}

/* One that is slow, but reads, is waited for: the guest is. */
static void a_slow_reader_loses_nothing(void **state)
{
	size_t written = 0, got = 0, most = 40 * LIMIT;
	int reader = connect_reader();

	while (got < most) {
		written += write_numbers(written, most - written);
		event();
		pass(guests_round() ? 1 : 0);
		if (guest.held || written == most)
			got += read_numbers(reader, got);
	}
	assert_int_equal(got, most);
	assert_int_equal(said, 0);
	close(reader);
}

/* One that does not read stops nobody, and is told what it missed. */
static void a_stopped_reader_is_told(void **state)
{
	int reader = connect_reader();
	unsigned long long dropped;
	static char got[8 << 20];
	size_t written = 0, nr = 0;
	uint64_t begin = clock_ms;
	char *notice, *rest;
	ssize_t n;

	while (written < (2UL << 20)) {
		written += write_numbers(written, RING_OUT_BYTES);
		event();
		pass(guests_round() ? 1 : 0);
		assert_true(clock_ms - begin < 60000);
	}
	run();
	while ((n = read(reader, got + nr, sizeof(got) - 1 - nr)) > 0) {
		nr += (size_t)n;
		loop_wait(0);
	}
	got[nr] = '\0';
	notice = strstr(got, "\r\n[lodge-consoled: ");
	assert_non_null(notice);
	assert_int_equal(sscanf(notice, "\r\n[lodge-consoled: %llu bytes "
				"dropped]", &dropped), 1);
	rest = strchr(notice, ']') + 3;
	assert_int_equal((size_t)(notice - got) + dropped +
			 (nr - (size_t)(rest - got)), written);
	assert_int_equal(*rest, 'a' + (written - (nr - (size_t)(rest - got))) %
			 23);
	close(reader);
}

/* With "keep" the guest waits, and nothing is lost. */
static void patience(void **state)
{
	size_t written = 0, i;

	guest.audience.patient = true;
	for (i = 0; i < 1000; i++) {
		written += write_numbers(written, RING_OUT_BYTES);
		event();
		guests_round();
	}
	clock_ms += 1200;
	guests_round();
	guests_round();
	assert_true(guest.held || guest.queued);
	/* The terminal has a buffer, too. */
	assert_true(written <= 4 * LIMIT);
	assert_true(guest.audience.tty.pos >= guest.audience.buffer.start);
}

static void a_flood_of_events_takes_its_turns(void **state)
{
	unsigned int i, before;

	run();
	clock_ms++;
	before = unmasked;
	for (i = 1; i <= 10000; i++) {
		event();
		guests_round();
		if (i % 1000 == 0)
			clock_ms++;
	}
	/* One is answered in a millisecond. */
	assert_int_equal(unmasked - before, 10);
	run();
	assert_false(guest.held);
}

static void a_damaged_ring_harms_nobody(void **state)
{
	int reader = connect_reader();
	unsigned int i;

	for (i = 0; i < 10; i++) {
		page->out_prod = page->out_cons + 0x10000 * (i + 1);
		page->in_prod = page->in_cons - 1;
		event();
		run();
	}
	assert_int_equal(said, 1);
	assert_int_equal(page->out_cons, 0);
	assert_int_equal(guest.audience.typing, false);
	page->out_prod = page->out_cons;
	page->in_prod = page->in_cons;
	says("mended");
	assert_reads(reader, "mended");
	assert_int_equal(guest.audience.typing, true);
	close(reader);
}

static void the_log_comes_first(void **state)
{
	char got[64] = "";
	int fd;

	says("one\n");
	guest_writes("two\n", 4);
	guest_disconnect(&guest);
	fd = open(log_path, O_RDONLY);
	assert_int_equal(read(fd, got, sizeof(got) - 1), 8);
	assert_string_equal(got, "one\ntwo\n");
	close(fd);
}

static void another_port(void **state)
{
	int reader = connect_reader();

	guest_writes("before", 6);
	assert_int_equal(guest_connect(&guest, nodes_of(PORT + 1)), 0);
	assert_int_equal(bound_to, PORT + 1);
	says(" after");
	assert_reads(reader, "before after");
	/* One that cannot be had: said once, tried again by whoever likes. */
	refused = true;
	assert_int_equal(guest_connect(&guest, nodes_of(PORT)), -EINVAL);
	assert_int_equal(guest_connect(&guest, nodes_of(PORT)), -EINVAL);
	assert_int_equal(said, 1);
	refused = false;
	assert_int_equal(guest_connect(&guest, nodes_of(PORT)), 0);
	close(reader);
}

static void too_many_readers(void **state)
{
	int fds[AUDIENCE_MOST + 1], i;
	char c;

	for (i = 0; i <= AUDIENCE_MOST; i++)
		fds[i] = connect_reader();
	assert_int_equal(guest.audience.nr_sockets, AUDIENCE_MOST);
	assert_int_equal(read(fds[AUDIENCE_MOST], &c, 1), 0);
	for (i = 0; i <= AUDIENCE_MOST; i++)
		close(fds[i]);
	for (i = 0; i < AUDIENCE_MOST && guest.audience.nr_sockets; i++)
		loop_wait(100);
	assert_int_equal(guest.audience.nr_sockets, 0);
}

static int begin(void **state)
{
	loop_init();
	return !mkdtemp(dir) || asprintf(&log_path, "%s/guest-g.log", dir) < 0;
}

static int finish(void **state)
{
	unlink(log_path);
	free(log_path);
	return rmdir(dir);
}

#define WITH_GUEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_GUEST(both_kinds_of_readers_get_all),
		WITH_GUEST(goes_on_after_a_restart),
		WITH_GUEST(typing_goes_to_the_guest),
		WITH_GUEST(a_guest_that_does_not_read),
		WITH_GUEST(a_slow_reader_loses_nothing),
		WITH_GUEST(a_stopped_reader_is_told),
		WITH_GUEST(patience),
		WITH_GUEST(a_flood_of_events_takes_its_turns),
		WITH_GUEST(a_damaged_ring_harms_nobody),
		WITH_GUEST(the_log_comes_first),
		WITH_GUEST(another_port),
		WITH_GUEST(too_many_readers),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
