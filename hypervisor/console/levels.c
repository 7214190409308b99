/* SPDX-License-Identifier: MIT */
/*
 * levels.c - which messages are shown: levels, and limits on their rate
 *
 * There are messages of the hypervisor's own and messages about guests. Each
 * kind has two thresholds, "lower/upper": up to the lower one all messages are
 * shown, up to the upper one only some in a time, above it none. They are set
 * by the options loglvl and guest_loglvl, and changed by debug keys.
 *
 * Locks: none; thresholds are single words, the rates' counters atomic.
 */
#include "private.h"

#include <lodge/atomic.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

enum { LEVEL_NONE = -1, LEVEL_ERR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG,
       LEVEL_ALL };

static const char *const level_names[] = {
	"none", "error", "warning", "info", "debug", "all",
};

#define BURST		10
#define WINDOW_NS	5000000000UL

struct threshold {
	const char *what;
	int lower, upper;		/* [a] LEVEL_ */
	uint64_t window_ns;		/* [a] when the burst began */
	uint32_t shown, dropped;	/* [a] in it */
};

static struct threshold host = {
	.what = "messages",
	.lower = DEBUG_BUILD ? LEVEL_ALL : LEVEL_INFO,
	.upper = DEBUG_BUILD ? LEVEL_ALL : LEVEL_INFO,
}, guest = {
	.what = "messages about guests",
	.lower = DEBUG_BUILD ? LEVEL_WARN : LEVEL_NONE,
	.upper = DEBUG_BUILD ? LEVEL_ALL : LEVEL_WARN,
};

/* A level at the beginning of @s. Return: what follows; NULL: none there. */
static const char *parse_level(const char *s, int *level)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(level_names); i++) {
		len = strlen(level_names[i]);
		if (strncmp(s, level_names[i], len))
			continue;
		*level = (int)i - 1;
		return s + len;
	}
	return NULL;
}

static int parse_threshold(const char *s, struct threshold *t)
{
	int lower, upper;

	s = parse_level(s, &lower);
	if (!s)
		return -EINVAL;
	upper = lower;
	if (*s == '/')
		s = parse_level(s + 1, &upper);
	if (!s || *s)
		return -EINVAL;
	WRITE_ONCE(t->lower, lower);
	WRITE_ONCE(t->upper, max(lower, upper));
	return 0;
}

static int parse_loglvl(const char *s)
{
	return parse_threshold(s, &host);
}
PARAM_FN("loglvl", parse_loglvl,
	 "messages shown: none, error, warning, info, debug, all; LEVEL/LEVEL: "
	 "up to the second, those above the first only some in a time");

static int parse_guest_loglvl(const char *s)
{
	return parse_threshold(s, &guest);
}
PARAM_FN("guest_loglvl", parse_guest_loglvl,
	 "messages about guests, likewise");

static void tell_dropped(const struct threshold *t, uint32_t nr)
{
	if (nr)
		printk("%u %s were not shown: too many at once\n", nr,
		       t->what);
}

/* Before there is a clock nobody is there to flood us. */
static bool rate_allows(struct threshold *t)
{
	uint64_t start = READ_ONCE(t->window_ns), now = console_now_ns();

	if (!now)
		return true;
	if (now - start > WINDOW_NS &&
	    atomic_cmpxchg(&t->window_ns, &start, now)) {
		atomic_store(&t->shown, 0U);
		tell_dropped(t, atomic_xchg(&t->dropped, 0U));
	}
	if (atomic_fetch_add(&t->shown, 1U) < BURST)
		return true;
	(void)atomic_fetch_add(&t->dropped, 1U);
	return false;
}

static bool threshold_allows(struct threshold *t, int level)
{
	if (level <= READ_ONCE(t->lower))
		return true;
	return level <= READ_ONCE(t->upper) && rate_allows(t);
}

bool level_allows(const char **fmt)
{
	char level;

	if ((*fmt)[0] != '\001')
		return true;
	level = (*fmt)[1];
	*fmt += 2;
	if (level >= 'a')
		return threshold_allows(&guest, level - 'a');
	return threshold_allows(&host, level - '0');
}

/* ---- at run time ---- */

static void tell(const struct threshold *t)
{
	printk("%s shown: %s, some of: %s\n", t->what,
	       level_names[t->lower + 1], level_names[t->upper + 1]);
}

static void change(struct threshold *t, int by)
{
	int lower = t->lower + by;

	lower = max((int)LEVEL_NONE, min((int)LEVEL_ALL, lower));
	WRITE_ONCE(t->lower, lower);
	WRITE_ONCE(t->upper, by < 0 ? lower : max(lower, t->upper));
	tell(t);
}

static void more(void)
{
	change(&host, 1);
}

static void fewer(void)
{
	change(&host, -1);
}

static void more_of_guests(void)
{
	change(&guest, 1);
}

static void fewer_of_guests(void)
{
	change(&guest, -1);
}

void levels_init(void)
{
	debug_key_register('+', "show more messages", more);
	debug_key_register('-', "show fewer messages", fewer);
	debug_key_register('>', "show more messages about guests",
			   more_of_guests);
	debug_key_register('<', "show fewer messages about guests",
			   fewer_of_guests);
}
