/* SPDX-License-Identifier: MIT */
/*
 * console.c - printk() and the way of a message to the serial port
 *
 * A message goes into the log ring, and from there to the serial port in the
 * same call: nothing is lost when the machine stops. Until the command line is
 * known it stays in the ring; console_start() sends what has gathered.
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
#include <lodge/x86.h>

#define PREFIX		"(lodge) "
#define MAX_MESSAGE	400
#define SIDE_SIZE	512

static spinlock_t output_lock = SPINLOCK_INIT(LOCK_CONSOLE);

static bool line_open;		/* the log's last line has no end yet */
static bool guest_line_open;	/* the same on the serial port, Dom0's */
static bool console_started;	/* the serial port may be used */
static uint32_t serial_pos;	/* position in the log of the port */
static bool console_broken;	/* panic: nobody else runs, no locks */

/* [C]; updates are atomic, as an NMI may come between any two steps. */
static struct {
	uint32_t depth;
	uint32_t used;
	char buf[SIDE_SIZE];
} side[NR_CPUS];

/* ---- levels ---- */

enum { LEVEL_NONE = -1, LEVEL_ERR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG,
       LEVEL_ALL };

static int log_level = DEBUG_BUILD ? LEVEL_DEBUG : LEVEL_INFO;
static int guest_level = DEBUG_BUILD ? LEVEL_ALL : LEVEL_WARN;

static int parse_level(const char *s, int *level)
{
	static const char *const names[] = {
		"none", "error", "warning", "info", "debug", "all",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i]))
			continue;
		*level = (int)i - 1;
		return 0;
	}
	return -EINVAL;
}

static int parse_loglvl(const char *s)
{
	return parse_level(s, &log_level);
}
PARAM_FN("loglvl", parse_loglvl,
	 "messages shown: none, error, warning, info, debug, all");

static int parse_guest_loglvl(const char *s)
{
	return parse_level(s, &guest_level);
}
PARAM_FN("guest_loglvl", parse_guest_loglvl,
	 "messages about guests: none, error: off; warning, info, debug: some "
	 "in a time; all");

/* Guests cannot flood the log: so many messages in so many TSC cycles. */
#define BURST		10
#define BURST_CYCLES	(1UL << 33)

static bool guest_message_allowed(void)
{
	static uint64_t window;		/* [a] where the burst began */
	static uint32_t in_window;	/* [a] */
	uint64_t now = rdtsc(), start = READ_ONCE(window);

	if (guest_level < LEVEL_WARN)
		return false;
	if (guest_level == LEVEL_ALL)
		return true;
	if (now - start > BURST_CYCLES &&
	    atomic_cmpxchg(&window, &start, now))
		atomic_store(&in_window, 0U);
	return atomic_fetch_add(&in_window, 1U) < BURST;
}

/* Takes the level off the front of *fmt. */
static bool message_allowed(const char **fmt)
{
	char level;

	if ((*fmt)[0] != '\001')
		return true;
	level = (*fmt)[1];
	*fmt += 2;
	if (level == 'g')
		return guest_message_allowed();
	return level - '0' <= log_level;
}

/* ---- output; the lock is held ---- */

static void serial_write(const char *s, size_t len)
{
	for (; len; len--, s++) {
		if (*s == '\n')
			serial_putc('\r');
		serial_putc(*s);
	}
}

/* Sends what of the log the port has not had. */
static void serial_catch_up(void)
{
	char part[64];
	size_t n;

	if (!console_started)
		return;
	while ((n = ring_copy(part, sizeof(part), &serial_pos)) != 0) {
		if (guest_line_open)
			serial_write("\n", 1);
		guest_line_open = false;
		serial_write(part, n);
	}
}

/* One message, of any number of lines; each gets the prefix. */
static void log_text(const char *s, size_t len)
{
	const char *end = s + len, *nl;

	while (s < end) {
		if (!line_open)
			ring_append(PREFIX, sizeof(PREFIX) - 1);
		for (nl = s; nl < end && *nl != '\n'; nl++)
			;
		line_open = nl == end;
		if (!line_open)
			nl++;
		ring_append(s, (size_t)(nl - s));
		s = nl;
	}
	serial_catch_up();
}

/* Messages of NMIs that came while this CPU was in here. */
static void log_side(unsigned int cpu)
{
	uint32_t n = atomic_load(&side[cpu].used);
	uint32_t done = 0, end;

	while (n) {
		end = min(n, (uint32_t)SIDE_SIZE);
		log_text(side[cpu].buf + done, end - done);
		done = end;
		if (atomic_cmpxchg(&side[cpu].used, &n, 0U))
			return;
	}
}

static void side_append(unsigned int cpu, const char *s, uint32_t len)
{
	uint32_t at = atomic_fetch_add(&side[cpu].used, len);

	if (at > SIDE_SIZE - 1)
		return;
	memcpy(side[cpu].buf + at, s, min(len, SIDE_SIZE - at));
}

static void enter(unsigned int cpu)
{
	(void)atomic_fetch_add(&side[cpu].depth, 1U);
	spin_lock(&output_lock);
}

static void leave(unsigned int cpu)
{
	log_side(cpu);
	spin_unlock(&output_lock);
	(void)atomic_sub_return(&side[cpu].depth, 1U);
}

unsigned long console_lock(void)
{
	unsigned long flags = irq_save();

	enter(smp_processor_id());
	return flags;
}

void console_unlock(unsigned long flags)
{
	unsigned int cpu = smp_processor_id();

	leave(cpu);
	/* An NMI may have come after its CPU's buffer had been looked at. */
	while (atomic_load(&side[cpu].used)) {
		enter(cpu);
		leave(cpu);
	}
	irq_restore(flags);
}

static void log_message(const char *s, size_t len)
{
	unsigned int cpu = smp_processor_id();
	unsigned long flags;

	if (console_broken) {
		log_text(s, len);
	} else if (atomic_load(&side[cpu].depth)) {
		side_append(cpu, s, (uint32_t)len);
	} else {
		flags = console_lock();
		log_text(s, len);
		console_unlock(flags);
	}
}

/**
 * printk() - write a message to the log and the serial port
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

	if (!message_allowed(&fmt))
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
 * console_early_init() - messages go to the log from here on
 *
 * Context: boot CPU, first of all.
 */
void console_early_init(void)
{
	console_started = false;
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
	console_started = true;
	serial_catch_up();
	console_unlock(flags);
}

/**
 * console_guest_write() - Dom0's output, to the serial port as it is
 * @buf: the bytes
 * @len: how many
 *
 * Context: any but NMI. About 90 us a byte at 115200 baud: callers give
 * pieces of bounded size.
 */
void console_guest_write(const char *buf, size_t len)
{
	unsigned long flags;

	if (!len)
		return;
	flags = console_lock();
	serial_write(buf, len);
	guest_line_open = buf[len - 1] != '\n';
	console_unlock(flags);
}

/**
 * console_force_unlock() - the console belongs to this CPU alone
 *
 * If the serial port has not been started, it is now, so that a panic at the
 * very beginning is seen.
 *
 * Context: panic, the other CPUs stopped.
 */
void console_force_unlock(void)
{
	console_broken = true;
	spin_force_unlock(&output_lock);
	if (console_started)
		return;
	serial_start();
	console_started = true;
}

/**
 * console_dump_tail() - last lines of the log, to the serial port
 * @lines: how many at most
 *
 * Lines that the port has had already are not repeated.
 *
 * Context: panic.
 */
void console_dump_tail(unsigned int lines)
{
	uint32_t tail = ring_tail(lines);

	if ((int32_t)(tail - serial_pos) > 0)
		serial_pos = tail;
	serial_catch_up();
}

/**
 * console_flush() - all messages so far have been handed to the serial port
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
	serial_catch_up();
	console_unlock(flags);
}
