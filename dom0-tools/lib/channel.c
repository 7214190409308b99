/* SPDX-License-Identifier: MIT */
/*
 * channel.c - one channel of a configuration, by xen-pv-channel(7)
 */
#include "config.h"

#include <string.h>
#include <strings.h>

struct channel_text {
	const char *name, *backend, *connection, *path;
};

static const struct {
	const char *name;
	size_t member;
} params[] = {
	{"name", offsetof(struct channel_text, name)},
	{"backend", offsetof(struct channel_text, backend)},
	{"connection", offsetof(struct channel_text, connection)},
	{"path", offsetof(struct channel_text, path)},
};

static bool set(const struct cfg_at *at, struct channel_text *text,
		const struct spec_param *p)
{
	size_t i;

	for (i = 0; p->name && i < ARRAY_SIZE(params); i++)
		if (!strcmp(p->name, params[i].name)) {
			*(const char **)(void *)((char *)text +
						 params[i].member) = p->value;
			return true;
		}
	must_be(at, "name=, connection=, path= and backend=",
		"has a parameter that is not known: %s",
		quoted(at, p->name ? p->name : p->value));
	return false;
}

static bool check(const struct cfg_at *at, const struct channel_text *t)
{
	bool socket = t->connection && !strcasecmp(t->connection, "socket");

	if (!t->name || !*t->name)
		finding(at, LODGE_ERROR, "has no name");
	else if (!socket &&
		 (!t->connection || strcasecmp(t->connection, "pty")))
		must_be(at, "\"pty\" or \"socket\"", "has the connection %s",
			quoted(at, t->connection ? t->connection : ""));
	else if (socket != (t->path && *t->path))
		finding(at, LODGE_ERROR,
			socket ? "is a socket without a path"
			       : "is a pseudo terminal, which has no path");
	else
		return true;
	return false;
}

bool read_channel(const struct cfg_at *at, const char *spec,
		  struct lodge_channel *c)
{
	struct channel_text text = {0};
	struct spec_param p;
	bool good = true;

	while (spec_next(&at->config->arena, &spec, NULL, &p))
		good &= set(at, &text, &p);
	if (!good || !check(at, &text))
		return false;
	c->name = text.name;
	c->backend = text.backend && *text.backend ? text.backend : NULL;
	c->socket = text.path;
	return true;
}
