/* SPDX-License-Identifier: MIT */
/*
 * input.c - what is typed on the serial port: for Dom0, or debug keys
 *
 * Ctrl-A ("conswitch=") three times in a row switches. Dom0's bytes wait in a queue until its
 * console_io call takes them; when it is full more are dropped, as by any
 * UART. Debug keys are answered from WORK_KEYS, not from the interrupt.
 *
 * Locks: the console's for both queues.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/work.h>

#define SWITCH_COUNT	3
#define QUEUE_SIZE	1024U
#define KEY_QUEUE_SIZE	16U
#define FIRST_KEY	' '
#define NR_KEYS		('~' - FIRST_KEY + 1)

struct queue {
	char *buf;
	uint32_t size;		/* a power of two */
	uint32_t head, tail;	/* taken from head */
};

static char guest_buf[QUEUE_SIZE], key_buf[KEY_QUEUE_SIZE];
static struct queue guest_queue = { guest_buf, QUEUE_SIZE, 0, 0 };
static struct queue key_queue = { key_buf, KEY_QUEUE_SIZE, 0, 0 };
static bool input_to_keys;
static unsigned int switch_seen;	/* switch characters held back */
static char switch_char = '\001';	/* Ctrl-A */

static int parse_conswitch(const char *s)
{
	if (*s < 'a' || *s > 'z' || (s[1] && strcmp(s + 1, "x")))
		return -EINVAL;
	switch_char = *s & 0x1f;
	input_to_keys = s[1] == 'x';
	return 0;
}
PARAM_FN("conswitch", parse_conswitch,
	 "letter: Ctrl with it three times switches serial input; x behind it: "
	 "input begins with the debug keys, not Dom0");

void (*console_input_hook)(void);

/* [I] after boot */
static struct {
	const char *what;
	void (*fn)(void);
} keys[NR_KEYS];

static bool queue_put(struct queue *q, char c)
{
	if (q->tail - q->head == q->size)
		return false;
	q->buf[q->tail++ & (q->size - 1)] = c;
	return true;
}

static size_t queue_take(struct queue *q, char *buf, size_t len)
{
	size_t n;

	for (n = 0; n < len && q->head != q->tail; n++)
		buf[n] = q->buf[q->head++ & (q->size - 1)];
	return n;
}

struct received {
	bool guest, key, switched, to_keys;
};

/* A byte for whoever has the input now. */
static void deliver(struct received *r, char c)
{
	if (!input_to_keys)
		r->guest |= queue_put(&guest_queue, c);
	else if (c != switch_char)
		r->key |= queue_put(&key_queue, c);
}

/*
 * Switch characters are held back until it is clear what they are: the
 * sequence (nobody gets them) or part of the input.
 */
static void receive_char(struct received *r, char c)
{
	if (c != switch_char) {
		for (; switch_seen; switch_seen--)
			deliver(r, switch_char);
		deliver(r, c);
		return;
	}
	if (++switch_seen < SWITCH_COUNT)
		return;
	switch_seen = 0;
	input_to_keys = !input_to_keys;
	r->switched = true;
}

/* Takes all that the port has; the lock is held. */
static void receive_locked(struct received *r)
{
	int c;

	while ((c = serial_getc()) >= 0)
		receive_char(r, (char)c);
	r->to_keys = input_to_keys;
}

/**
 * console_receive() - take what the serial port has received
 *
 * Context: IRQs off; no lock above LOCK_CONSOLE held.
 */
void console_receive(void)
{
	struct received r = { 0 };
	unsigned long flags;

	flags = console_lock();
	receive_locked(&r);
	console_unlock(flags);
	if (r.switched)
		printk("serial input goes to %s (three times Ctrl-%c "
		       "switches)\n",
		       r.to_keys ? "the debug keys: h lists them" : "Dom0",
		       switch_char | 0x40);
	if (r.key)
		work_raise(WORK_KEYS);
	if (r.guest && console_input_hook)
		console_input_hook();
}

/**
 * console_enable_irq() - let the serial port interrupt when it receives
 *
 * Context: at boot; any but NMI.
 * Return: the ISA interrupt of the port; -1: there is no port.
 */
int console_enable_irq(void)
{
	unsigned long flags = console_lock();
	int irq = serial_enable_rx_irq();

	console_unlock(flags);
	return irq;
}

/**
 * console_guest_read() - take input that was typed for Dom0
 * @buf: where to
 * @len: size of @buf in bytes
 *
 * Context: any but NMI.
 * Return: number of bytes taken; 0: there is none.
 */
size_t console_guest_read(char *buf, size_t len)
{
	unsigned long flags = console_lock();
	size_t n = queue_take(&guest_queue, buf, len);

	console_unlock(flags);
	return n;
}

/* ---- debug keys ---- */

/**
 * debug_key_register() - a subsystem answers a key
 * @key:  a printable character, not taken yet
 * @what: one line for the list
 * @fn:   called with interrupts on and no locks held
 *
 * Context: at boot.
 */
void debug_key_register(char key, const char *what, void (*fn)(void))
{
	unsigned int i = (unsigned int)(key - FIRST_KEY);

	BUG_ON(i >= NR_KEYS || keys[i].fn);
	keys[i].what = what;
	keys[i].fn = fn;
}

/**
 * debug_key() - answer one key
 * @key: any character; one that nobody answers is named in a message
 *
 * Context: IRQs on, no locks held.
 */
void debug_key(char key)
{
	unsigned int i = (unsigned int)(key - FIRST_KEY);

	if (i < NR_KEYS && keys[i].fn)
		keys[i].fn();
	else if (i < NR_KEYS)
		printk("no debug key '%c'; h lists them\n", key);
}

static void list_keys(void)
{
	unsigned int i;

	printk("debug keys:\n");
	for (i = 0; i < NR_KEYS; i++)
		if (keys[i].fn)
			printk(" %c  %s\n", (char)(FIRST_KEY + i),
			       keys[i].what);
}

static void keys_work(void)
{
	unsigned long flags;
	size_t n;
	char c;

	for (;;) {
		flags = console_lock();
		n = queue_take(&key_queue, &c, 1);
		console_unlock(flags);
		if (!n)
			return;
		debug_key(c);
	}
}

/* There is text that nobody has been told of. */
static void log_work(void)
{
	if (console_log_hook)
		console_log_hook();
}

/**
 * debug_keys_init() - the keys that need no other subsystem
 *
 * Context: at boot.
 */
void debug_keys_init(void)
{
	work_register(WORK_KEYS, keys_work);
	work_register(WORK_LOG, log_work);
	levels_init();
	debug_key_register('h', "list the debug keys", list_keys);
}
