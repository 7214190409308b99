/* SPDX-License-Identifier: MIT */
/*
 * console.c - printk() and the way of a message to those who show it
 *
 * A message goes into the log ring, and from there to the serial port and the
 * screen in the same call: nothing is lost when the machine stops. Until one of
 * them is started it stays in the ring; then it is sent what has gathered.
 *
 * Locks: output_lock, interrupts off. A message from an NMI, or from a fault
 * inside printk(), may find its own CPU holding the lock or queued for it:
 * per-CPU depth tells. Such a message goes into that CPU's side buffer, and
 * whoever was interrupted logs it when he is done.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/percpu.h>
#include <lodge/spinlock.h>
#include <lodge/work.h>
#include <lodge/x86.h>

#define PREFIX		"(lodge) "
#define MAX_MESSAGE	400
#define SIDE_SIZE	512

static spinlock_t output_lock = SPINLOCK_INIT(LOCK_CONSOLE);

static bool line_open;		/* the log's last line has no end yet */
static bool guest_line_open;	/* the same where it is shown, Dom0's */
static bool guest_line_logged;	/* the same in the log, Dom0's */
static bool console_broken;	/* panic: nobody else runs, no locks */

/* Who shows the log, and Dom0's output. */
static struct sink {
	void (*write)(const char *s, size_t len);
	bool (*running)(void);
	uint32_t pos;		/* position in the log */
} sinks[] = {
	{ serial_write, serial_running, 0 },
	{ vga_write, vga_running, 0 },
};
#define for_each_sink(s) for (s = sinks; s < sinks + ARRAY_SIZE(sinks); s++)

static bool console_to_ring;
PARAM_BOOL("console_to_ring", console_to_ring,
	   "what Dom0 writes to the console goes into the log, too");

static bool want_vga = true;
void (*console_log_hook)(void);

/* [C]; updates are atomic, as an NMI may come between any two steps. */
struct side {
	uint32_t depth;
	uint32_t used;
	char buf[SIDE_SIZE];
};
static DEFINE_PER_CPU(struct side, side);

/* ---- output; the lock is held ---- */

static void write_all(const char *text, size_t len)
{
	struct sink *s;

	for_each_sink(s)
		if (s->running())
			s->write(text, len);
}

/* Sends what of the log it has not had. */
static void sink_catch_up(struct sink *s)
{
	char part[64];
	size_t n;

	while ((n = ring_copy(part, sizeof(part), &s->pos)) != 0)
		s->write(part, n);
}

static void catch_up(void)
{
	struct sink *s;

	if (guest_line_open)
		write_all("\n", 1);
	guest_line_open = false;
	for_each_sink(s)
		if (s->running())
			sink_catch_up(s);
}

static void begin_line(void)
{
	char stamp[40];

	if (guest_line_logged) {
		ring_append("\n", 1);
		guest_line_open = guest_line_logged = false;
	}
	ring_append(PREFIX, sizeof(PREFIX) - 1);
	if (!console_broken)
		ring_append(stamp, stamp_line(stamp, sizeof(stamp)));
}

/* One message, of any number of lines; each gets the prefix. */
static void log_text(const char *s, size_t len)
{
	const char *end = s + len, *nl;

	while (s < end) {
		if (!line_open)
			begin_line();
		for (nl = s; nl < end && *nl != '\n'; nl++)
			;
		line_open = nl == end;
		if (!line_open)
			nl++;
		ring_append(s, (size_t)(nl - s));
		s = nl;
	}
	catch_up();
	if (console_log_hook && !console_broken)
		work_raise(WORK_LOG);
}

/* Messages of NMIs that came while this CPU was in here. */
static void log_side(void)
{
	uint32_t n = atomic_load(&this_cpu(side).used);
	uint32_t done = 0, end;

	while (n) {
		end = min(n, (uint32_t)SIDE_SIZE);
		log_text(this_cpu(side).buf + done, end - done);
		done = end;
		if (atomic_cmpxchg(&this_cpu(side).used, &n, 0U))
			return;
	}
}

static void side_append(const char *s, uint32_t len)
{
	uint32_t at = atomic_fetch_add(&this_cpu(side).used, len);

	if (at > SIDE_SIZE - 1)
		return;
	memcpy(this_cpu(side).buf + at, s, min(len, SIDE_SIZE - at));
}

static void enter(void)
{
	(void)atomic_fetch_add(&this_cpu(side).depth, 1U);
	spin_lock(&output_lock);
}

static void leave(void)
{
	log_side();
	spin_unlock(&output_lock);
	(void)atomic_sub_return(&this_cpu(side).depth, 1U);
}

unsigned long console_lock(void)
{
	unsigned long flags = irq_save();

	enter();
	return flags;
}

void console_unlock(unsigned long flags)
{
	leave();
	/* An NMI may have come after its CPU's buffer had been looked at. */
	while (atomic_load(&this_cpu(side).used)) {
		enter();
		leave();
	}
	irq_restore(flags);
}

static void log_message(const char *s, size_t len)
{
	unsigned long flags;

	if (console_broken) {
		log_text(s, len);
	} else if (atomic_load(&this_cpu(side).depth)) {
		side_append(s, (uint32_t)len);
	} else {
		flags = console_lock();
		log_text(s, len);
		console_unlock(flags);
	}
}

/**
 * printk() - write a message to the log, and to those who show it
 * @fmt: as snprintf(), with a LOG_ level in front or none: then it is always
 *       shown. A message longer than 400 bytes is cut
 *
 * Context: any, NMI included.
 */
void printk(const char *fmt, ...)
{
	char buf[MAX_MESSAGE];
	va_list ap;
	int n;

	if (!level_allows(&fmt))
		return;
	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(buf)) {
		n = sizeof(buf) - 1;
		buf[n - 1] = '\n';
	}
	log_message(buf, (size_t)n);
}

/**
 * console_start() - start the serial port; send what was logged so far
 *
 * Context: boot CPU, after cmdline_parse().
 */
void console_start(void)
{
	unsigned long flags = console_lock();

	serial_start();
	catch_up();
	console_unlock(flags);
}

/**
 * console_memory_init() - the log gets its final size, the screen is found
 *
 * Context: boot CPU, after mm_init().
 */
void console_memory_init(void)
{
	unsigned long flags;

	ring_init();
	if (want_vga)
		vga_start();
	flags = console_lock();
	catch_up();
	console_unlock(flags);
}

/**
 * console_dom0_starts() - the screen is Dom0's from now on ("vga=keep": not)
 *
 * Context: boot CPU, before Dom0 runs.
 */
void console_dom0_starts(void)
{
	unsigned long flags = console_lock();

	vga_give_away();
	console_unlock(flags);
}

/* "console=": a list. One serial port at most: input comes from there, too. */
static int parse_console(const char *s)
{
	bool vga = false, none = false;
	int port = -1;

	for (;;) {
		size_t len = 0;

		while (s[len] && s[len] != ',')
			len++;
		if (len == 3 && !strncmp(s, "vga", 3))
			vga = true;
		else if (len == 4 && !strncmp(s, "none", 4))
			none = true;
		else if (len == 4 && !strncmp(s, "com", 3) &&
			 (s[3] == '1' || s[3] == '2') && port < 0)
			port = s[3] - '1';
		else
			return -EINVAL;
		if (!s[len])
			break;
		s += len + 1;
	}
	if (none && (vga || port >= 0))
		return -EINVAL;
	want_vga = vga;
	serial_choose(port);
	return 0;
}
PARAM_FN("console", parse_console,
	 "where messages go, a list: com1 or com2, vga; or none");

/**
 * console_guest_write() - Dom0's output, as it is
 * @buf: the bytes
 * @len: how many
 *
 * Context: any but NMI. About 90 us a byte at 115200 baud: callers give
 * pieces of bounded size.
 */
void console_guest_write(const char *buf, size_t len)
{
	unsigned long flags;
	struct sink *s;

	if (!len)
		return;
	flags = console_lock();
	write_all(buf, len);
	guest_line_open = buf[len - 1] != '\n';
	if (console_to_ring) {
		/* They have had all that came before, and now this. */
		ring_append(buf, len);
		guest_line_logged = guest_line_open;
		for_each_sink(s)
			if (s->running())
				s->pos = ring_tail(0);
	}
	console_unlock(flags);
}

/**
 * console_force_unlock() - the console belongs to this CPU alone
 *
 * If the serial port has not been started, it is now, so that a panic at the
 * very beginning is seen. A screen that was given to Dom0 is taken back.
 *
 * Context: panic, the other CPUs stopped.
 */
void console_force_unlock(void)
{
	console_broken = true;
	spin_force_unlock(&output_lock);
	serial_start();
	vga_take_back();
}

/**
 * console_dump_tail() - last lines of the log, to all who show it
 * @lines: how many at most
 *
 * Lines that they have had already are not repeated.
 *
 * Context: panic.
 */
void console_dump_tail(unsigned int lines)
{
	uint32_t tail = ring_tail(lines);
	struct sink *s;

	for_each_sink(s)
		if ((int32_t)(tail - s->pos) > 0)
			s->pos = tail;
	catch_up();
}

/**
 * console_flush() - all messages so far have been handed out
 *
 * Output is synchronous, so this only waits for a message that another CPU is
 * just writing.
 *
 * Context: any but NMI.
 */
void console_flush(void)
{
	unsigned long flags;

	if (console_broken)
		return;
	flags = console_lock();
	catch_up();
	console_unlock(flags);
}
