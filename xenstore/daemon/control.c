/* SPDX-License-Identifier: MIT */
/*
 * control.c - CONTROL: the administrator's commands
 *
 * A command is one row of commands[]: name, usage, function. It writes its
 * answer into r->out, or leaves it empty for "OK". The commands of Debian's
 * daemon have its syntax and its form of answer.
 */
#include "control.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"
#include "journal.h"
#include "log.h"
#include "loop.h"
#include "store.h"
#include "txn.h"
#include "util.h"
#include "wire.h"

#define MAX_ARGS 8

struct call {
	struct req *r;
	const char *arg[MAX_ARGS];	/* behind the command's name */
	unsigned int nr;
	char out[XENSTORE_PAYLOAD_MAX];
	size_t len;
};

struct command {
	const char *name;
	const char *usage;
	int (*run)(struct call *c);
	bool changes;		/* not on the read-only socket */
};

#define UPDATE_LIMIT_S 60u

static char update_binary[256];
static uint32_t update_limit_s;
static bool update_wanted;

static void say(struct call *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct call *c, const char *fmt, ...)
{
	size_t room = sizeof(c->out) - c->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(c->out + c->len, room, fmt, ap);
	va_end(ap);
	c->len += MIN((size_t)n, room - 1);
}

static int run_check(struct call *c)
{
	if (c->nr)
		return EINVAL;
	return store_check() ? 0 : EIO;
}

static int run_log(struct call *c)
{
	if (c->nr != 1)
		return EINVAL;
	if (!strcmp(c->arg[0], "on"))
		log_tracing = true;
	else if (!strcmp(c->arg[0], "off"))
		log_tracing = false;
	else if (!log_set_level(c->arg[0]))
		return EINVAL;
	return 0;
}

static int run_logfile(struct call *c)
{
	if (c->nr != 1 || c->arg[0][0] != '/')
		return EINVAL;
	return log_open(c->arg[0]);
}

static int run_print(struct call *c)
{
	if (c->nr != 1)
		return EINVAL;
	log_info("control: %s", c->arg[0]);
	return 0;
}

static int run_memreport(struct call *c)
{
	struct mallinfo2 mi = mallinfo2();
	struct domain *d;
	int cursor = 0;

	if (c->nr)
		return EINVAL;
	say(c, "allocated: %zu bytes, mapped: %zu bytes\n", mi.uordblks,
	    mi.hblkhd);
	while ((d = domain_next(&cursor)))
		say(c, "dom%u: %ld nodes, %ld bytes\n", d->id.domid,
		    d->nodes, d->bytes);
	return 0;
}

static int show_quota(struct call *c)
{
	unsigned int i;

	say(c, "Quota settings:\n");
	for (i = 0; i < LIMIT_NR; i++)
		say(c, "%-17s: %8u %s\n", limit_name((enum limit)i),
		    limit_global((enum limit)i), limit_help((enum limit)i));
	return 0;
}

static int show_domain_quota(struct call *c, const struct domain *d)
{
	unsigned int i;
	long used;

	say(c, "Domain %u:\n", d->id.domid);
	for (i = 0; i < LIMIT_NR; i++) {
		used = limit_usage(d, (enum limit)i);
		if (used >= 0)
			say(c, "%-16s: %8ld\n", limit_name((enum limit)i),
			    used);
	}
	return 0;
}

static int set_quota(struct call *c, struct domain *d, const char *name,
		     const char *text)
{
	int limit = limit_by_name(name);
	uint32_t value;

	if (c->r->c->readonly)
		return EROFS;
	if (limit < 0 || !parse_u32(text, LIMIT_DEFAULT - 1, &value))
		return EINVAL;
	if (!journal_ready(ITEM_ROOM))
		return ENOSPC;
	limit_set(d, (enum limit)limit, value);
	journal_limit(d ? d->id.domid : DOMID_LIMIT, (unsigned int)limit,
		      value);
	log_info("limit %s of %s%u set to %u", name, d ? "dom" : "all ",
		 d ? d->id.domid : 0u, value);
	return 0;
}

static int parse_domain(const char *s, struct domain **d)
{
	uint32_t domid;

	if (!parse_u32(s, DOMID_LIMIT - 1, &domid))
		return EINVAL;
	*d = domain_lookup((uint16_t)domid);
	return *d ? 0 : ENOENT;
}

static int run_quota(struct call *c)
{
	struct domain *d = NULL;
	int rc;

	if (!c->nr)
		return show_quota(c);
	if (c->nr == 3 && !strcmp(c->arg[0], "set"))
		return set_quota(c, NULL, c->arg[1], c->arg[2]);
	if (c->nr == 4 && !strcmp(c->arg[0], "set")) {
		rc = parse_domain(c->arg[1], &d);
		return rc ? rc : set_quota(c, d, c->arg[2], c->arg[3]);
	}
	if (c->nr != 1)
		return EINVAL;
	rc = parse_domain(c->arg[0], &d);
	return rc ? rc : show_domain_quota(c, d);
}

/*
 * For programs: without arguments the numbers of all domains, from the one
 * that the argument "from" names; with a number, a line for each limit:
 * name, use (-1: it is one per item), limit (0: none).
 */
static int run_limits(struct call *c)
{
	struct domain *d;
	int cursor = 0, rc;
	unsigned int i;
	uint32_t from;
	long used;

	if (c->nr == 2 && !strcmp(c->arg[0], "from") &&
	    parse_u32(c->arg[1], DOMID_LIMIT - 1, &from))
		cursor = (int)from;
	else if (c->nr == 1) {
		rc = parse_domain(c->arg[0], &d);
		if (rc)
			return rc;
		for (i = 0; i < LIMIT_NR; i++) {
			used = limit_usage(d, (enum limit)i);
			say(c, "%s %ld %u\n", limit_name((enum limit)i),
			    used, limit_of(d, (enum limit)i));
		}
		return 0;
	} else if (c->nr) {
		return EINVAL;
	}
	while (c->len < sizeof(c->out) - 16 && (d = domain_next(&cursor)))
		say(c, "%u\n", d->id.domid);
	return 0;
}

static int run_status(struct call *c)
{
	unsigned int nr = 0, txns = 0, watches = 0;
	struct domain *d;
	struct conn *k;
	int cursor = 0;

	if (c->nr)
		return EINVAL;
	TAILQ_FOREACH(k, &conns, link)
		nr++;
	while ((d = domain_next(&cursor))) {
		txns += d->txns;
		watches += d->watches;
	}
	say(c, "pid: %d\nclients: %u\ntransactions: %u\nwatches: %u\n"
	    "log level: %s\ntrace: %s\njournal record: %llu\n", getpid(), nr,
	    txns, watches, log_level_name(), log_tracing ? "on" : "off",
	    (unsigned long long)journal_seq() - 1);
	return 0;
}

/* --- live update --- */

static bool any_transaction(void)
{
	struct domain *d;
	int cursor = 0;

	while ((d = domain_next(&cursor)))
		if (d->txns)
			return true;
	return false;
}

static int update_file(struct call *c, const char *path)
{
	if (strlen(path) >= sizeof(update_binary) || access(path, X_OK))
		return say(c, "cannot execute %s", path), 0;
	strcpy(update_binary, path);
	return 0;
}

/* The options behind "-s". */
static bool update_options(const struct call *c, bool *force)
{
	unsigned int i;

	update_limit_s = UPDATE_LIMIT_S;
	*force = false;
	for (i = 1; i < c->nr; i++) {
		if (!strcmp(c->arg[i], "-F"))
			*force = true;
		else if (strcmp(c->arg[i], "-t") || ++i == c->nr ||
			 !parse_u32(c->arg[i], 100000, &update_limit_s) ||
			 !update_limit_s)
			return false;
	}
	return true;
}

/*
 * Everything that must survive is recorded at any moment, so the update itself
 * is: stop, and let the keeper start the new binary. Only transactions would
 * notice, which is why "-s" without "-F" waits for none to be open.
 */
static int run_live_update(struct call *c)
{
	bool force;

	if (c->nr == 2 && !strcmp(c->arg[0], "-f"))
		return update_file(c, c->arg[1]);
	if (c->nr == 1 && !strcmp(c->arg[0], "-a")) {
		update_binary[0] = '\0';
		return 0;
	}
	if (!c->nr || strcmp(c->arg[0], "-s") || !update_options(c, &force))
		return EINVAL;
	if (!update_binary[0])
		return say(c, "no binary was named"), 0;
	if (any_transaction() && !force)
		return say(c, "BUSY"), 0;
	update_wanted = true;
	loop_stop();
	return 0;
}

/**
 * control_update_wanted() - did the loop end for a live update?
 * @binary:  to which
 * @limit_s: how long it may take until it serves
 */
bool control_update_wanted(const char **binary, uint32_t *limit_s)
{
	*binary = update_binary;
	*limit_s = update_limit_s;
	return update_wanted;
}

static int run_help(struct call *c);

static const struct command commands[] = {
	{ "check", "", run_check, false },
	{ "help", "", run_help, false },
	{ "limits", "[<domid>|from <domid>]", run_limits, false },
	{ "live-update", "-f <file>|-a|-s [-t <sec>] [-F]",
	  run_live_update, true },
	{ "log", "on|off|error|warn|info|debug", run_log, true },
	{ "logfile", "<file>", run_logfile, true },
	{ "memreport", "", run_memreport, false },
	{ "print", "<string>", run_print, true },
	{ "quota", "[set [<domid>] <name> <val>|<domid>]", run_quota, false },
	{ "status", "", run_status, false },
};

static int run_help(struct call *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		say(c, "%s\t%s\n", commands[i].name, commands[i].usage);
	return 0;
}

int do_control(struct req *r)
{
	const char *s[MAX_ARGS + 1];
	unsigned int n = req_strings(r, s, MAX_ARGS + 1);
	struct call *c = arena_alloc(r->mem, sizeof(*c));
	size_t i;
	int rc;

	if (!n)
		return EINVAL;
	c->r = r;
	c->nr = n - 1;
	c->len = 0;
	memcpy(c->arg, s + 1, c->nr * sizeof(*s));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(s[0], commands[i].name))
			continue;
		if (commands[i].changes && r->c->readonly)
			return EROFS;
		rc = commands[i].run(c);
		if (!rc && c->len) {
			c->out[c->len] = '\0';
			req_reply(r, c->out, c->len + 1);
		}
		return rc;
	}
	return EINVAL;
}
