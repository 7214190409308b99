/* SPDX-License-Identifier: MIT */
/*
 * cmd_show.c - ls, list, read, exists
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool.h"

#define PERMS_COLUMN 60		/* dots lead to here */
#define CUT_MARK "\\...\""
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* One ls: how it prints, and to where. */
struct listing {
	struct xs_handle *h;
	xs_transaction_t t;
	const struct opts *o;
	struct json *json;
	int width;		/* of a line less CUT_MARK; 0: no end */
};

static int terminal_width(const struct opts *o)
{
	struct winsize ws;

	if (o->full)
		return 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col > 10)
		return ws.ws_col - (int)strlen(CUT_MARK);
	return 81 - (int)strlen(CUT_MARK);
}

static void show_perms(struct listing *l, const char *path, int column,
		       bool cut)
{
	struct xs_permissions *p;
	char text[1024];
	unsigned int nr;

	p = xs_get_permissions(l->h, l->t, path, &nr);
	if (!p) {
		fprintf(stderr, "%s: could not get permissions for %s\n",
			tool_name, path);
		return;
	}
	text_perms(text, sizeof(text), p, nr);
	free(p);
	if (!cut)
		putchar(' ');
	if (!l->o->full)
		for (column++; column < PERMS_COLUMN; column++)
			putchar(column & 1 ? '.' : ' ');
	printf("  (%s)", text);
}

/*
 * One line: name, value, permissions. If the value has too many bytes for the
 * line, the line is cut behind its first ones, or even in the name. (That the
 * bytes decide, not what they look like, is what users of these tools know.)
 */
static void show_node(struct listing *l, const char *path, const char *name,
		      int depth)
{
	unsigned int len = 0;
	char *value = xs_read(l->h, l->t, path, &len), *text;
	const char *shown = l->o->full ? path : name;
	int size = (int)strlen(shown), column, room;
	bool cut;

	if (!value) {
		printf("%*s%s:\n", l->o->full ? 0 : depth, "", shown);
		return;
	}
	text = text_escape(value, len);
	free(value);
	room = l->width - depth - size - (int)strlen(" = \"");
	if (l->width && room < 0) {
		size = MAX(size + room, 0);
		room = 0;
	}
	cut = l->width && (int)len > room;
	column = printf("%*s%.*s = \"", l->o->full ? 0 : depth, "",
			size, shown);
	column += printf("%.*s%s", cut ? room : (int)strlen(text), text,
			 cut ? CUT_MARK : "\"");
	free(text);
	if (l->o->perms)
		show_perms(l, path, column, cut);
	putchar('\n');
}

static int show_below(struct listing *l, const char *path, int depth)
{
	unsigned int nr, i;
	char **names = xs_directory(l->h, l->t, path, &nr), *child;

	if (!names && (errno == ENOENT || errno == EACCES) && depth)
		return 0;	/* gone meanwhile, or not for us */
	if (!names) {
		fprintf(stderr, "%s: xs_directory (%s): %s\n", tool_name, path,
			strerror(errno));
		return 1;
	}
	for (i = 0; i < nr; i++) {
		child = text_join(path, names[i]);
		show_node(l, child, names[i], depth);
		show_below(l, child, depth + 1);
		free(child);
	}
	free(names);
	return 0;
}

static void json_node(struct listing *l, const char *path);

static void json_children(struct listing *l, const char *path)
{
	unsigned int nr, i;
	char **names = xs_directory(l->h, l->t, path, &nr), *child;

	json_string(l->json, "children");
	json_object(l->json, true);
	for (i = 0; names && i < nr; i++) {
		child = text_join(path, names[i]);
		json_string(l->json, names[i]);
		json_node(l, child);
		free(child);
	}
	json_object(l->json, false);
	free(names);
}

/* {"value": "...", "permissions": [...], "children": {...}} */
static void json_node(struct listing *l, const char *path)
{
	struct xs_permissions *p;
	unsigned int len = 0, nr = 0, i;
	char *value = xs_read(l->h, l->t, path, &len), *text;
	char one[32];

	json_object(l->json, true);
	if (value) {
		text = text_escape(value, len);
		json_string(l->json, "value");
		json_string(l->json, text);
		free(text);
		free(value);
	}
	p = xs_get_permissions(l->h, l->t, path, &nr);
	if (p) {
		json_string(l->json, "permissions");
		json_array(l->json, true);
		for (i = 0; i < nr; i++) {
			text_perms(one, sizeof(one), &p[i], 1);
			json_string(l->json, one);
		}
		json_array(l->json, false);
		free(p);
	}
	json_children(l, path);
	json_object(l->json, false);
}

int cmd_ls(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	   int argc, char **argv)
{
	static char root[] = "/";
	char *only_root[] = { root };
	struct listing l = { h, t, o, NULL, terminal_width(o) };
	int i, rc = 0;
	unsigned int nr;
	char **names;

	if (!argc) {
		argc = 1;
		argv = only_root;
	}
	if (o->json) {
		names = xs_directory(h, t, argv[0], &nr);
		if (!names)
			fail("could not list path %s: %s", argv[0],
			     strerror(errno));
		free(names);
		l.json = json_begin();
		json_node(&l, argv[0]);
		return json_end(l.json);
	}
	for (i = 0; i < argc && !rc; i++)
		rc = show_below(&l, argv[i], 0);
	return rc;
}

int cmd_list(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	     int argc, char **argv)
{
	struct json *j = o->json ? json_begin() : NULL;
	unsigned int nr, k;
	char **names;
	int i;

	if (j)
		json_object(j, true);
	for (i = 0; i < argc; i++) {
		names = xs_directory(h, t, argv[i], &nr);
		if (!names)
			fail("could not list path %s", argv[i]);
		if (j) {
			json_string(j, argv[i]);
			json_array(j, true);
		}
		for (k = 0; k < nr; k++) {
			if (j)
				json_string(j, names[k]);
			else if (o->prefix)
				printf("%s/%s\n", argv[i], names[k]);
			else
				printf("%s\n", names[k]);
		}
		if (j)
			json_array(j, false);
		free(names);
	}
	if (!j)
		return 0;
	json_object(j, false);
	return json_end(j);
}

static void show_value(const struct opts *o, struct json *j, const char *path,
		       const char *value, unsigned int len)
{
	char *text;

	if (!j && o->prefix)
		printf("%s: ", path);
	if (!j && o->raw) {
		fwrite(value, 1, len, stdout);
		return;
	}
	text = text_escape(value, len);
	if (j) {
		json_string(j, path);
		json_string(j, text);
	} else {
		printf("%s\n", text);
	}
	free(text);
}

int cmd_read(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	     int argc, char **argv)
{
	struct json *j = o->json ? json_begin() : NULL;
	unsigned int len;
	char *value;
	int i;

	if (j)
		json_object(j, true);
	for (i = 0; i < argc; i++) {
		value = xs_read(h, t, argv[i], &len);
		if (!value)
			fail("couldn't read path %s", argv[i]);
		show_value(o, j, argv[i], value, len);
		free(value);
	}
	if (!j)
		return 0;
	json_object(j, false);
	return json_end(j);
}

int cmd_exists(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	       int argc, char **argv)
{
	char *value;
	int i;

	(void)o;
	for (i = 0; i < argc; i++) {
		value = xs_read(h, t, argv[i], NULL);
		if (!value)
			return 1;
		free(value);
	}
	return 0;
}
