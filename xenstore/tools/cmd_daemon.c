/* SPDX-License-Identifier: MIT */
/*
 * cmd_daemon.c - watch, control, limits
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int cmd_watch(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	      int argc, char **argv)
{
	unsigned int nr;
	char **event;
	int i, left;

	(void)t;
	for (i = 0; i < argc; i++)
		if (!xs_watch(h, argv[i], argv[i]))
			fail("unable to add watch on %s: %s", argv[i],
			     strerror(errno));
	for (left = o->count; left; left -= left > 0) {
		event = xs_read_watch(h, &nr);
		if (!event)
			fail("the connection is lost: %s", strerror(errno));
		printf("%s\n", event[XS_WATCH_PATH]);
		fflush(stdout);
		free(event);
	}
	return 0;
}

/* Send a command with its arguments. Return: the answer, allocated. */
static char *command(struct xs_handle *h, int argc, char **argv)
{
	char args[XENSTORE_PAYLOAD_MAX], *answer;
	size_t len = 0, n;
	int i;

	for (i = 1; i < argc; i++) {
		n = strlen(argv[i]) + 1;
		if (len + n > sizeof(args))
			fail("the command is too long");
		memcpy(args + len, argv[i], n);
		len += n;
	}
	answer = xs_control_command(h, argv[0], args, (unsigned int)len);
	if (!answer)
		fail("%s: %s", argv[0], strerror(errno));
	return answer;
}

static void must_ok(struct xs_handle *h, int argc, char **argv)
{
	char *answer = command(h, argc, argv);

	if (strcmp(answer, "OK"))
		fail("%s", answer);
	free(answer);
}

/* live-update [-F] FILE: name the file, then start. */
static int live_update(struct xs_handle *h, int argc, char **argv)
{
	static char verb[] = "live-update", f[] = "-f", s[] = "-s",
		    force[] = "-F";
	bool forced = argc > 2 && !strcmp(argv[1], "-F");
	char *name[] = { verb, f, argv[argc - 1] };
	char *start[] = { verb, s, force };

	if (argc != 2 + forced)
		fail("live-update needs [-F] and a file");
	must_ok(h, 3, name);
	must_ok(h, 2 + forced, start);
	return 0;
}

int cmd_control(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
		int argc, char **argv)
{
	char *answer;

	(void)t;
	(void)o;
	if (!strcmp(argv[0], "live-update") && argc > 1 &&
	    (argv[1][0] == '/' || !strcmp(argv[1], "-F")))
		return live_update(h, argc, argv);
	answer = command(h, argc, argv);
	if (strcmp(answer, "OK"))
		printf("%s%s", answer, *answer && answer[strlen(answer) - 1] !=
		       '\n' ? "\n" : "");
	free(answer);
	return 0;
}

/* --- limits --- */

static void show_limit(struct json *j, const char *domid, const char *name,
		       long used, unsigned long max)
{
	char u[24] = "-", m[24] = "none";

	if (j) {
		json_string(j, name);
		json_object(j, true);
		if (used >= 0) {
			json_string(j, "used");
			json_number(j, used);
		}
		json_string(j, "limit");
		json_number(j, (long)max);
		json_object(j, false);
		return;
	}
	if (used >= 0)
		snprintf(u, sizeof(u), "%ld", used);
	if (max)
		snprintf(m, sizeof(m), "%lu", max);
	printf("%5s  %-18s %10s %10s\n", domid, name, u, m);
}

static void show_domain(struct xs_handle *h, struct json *j, char *domid)
{
	static char verb[] = "limits";
	char *words[] = { verb, domid };
	char *answer = command(h, 2, words), *line, *save;
	char name[32];
	unsigned long max;
	long used;

	if (j) {
		json_string(j, domid);
		json_object(j, true);
	}
	for (line = strtok_r(answer, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%31s %ld %lu", name, &used, &max) == 3)
			show_limit(j, domid, name, used, max);
	if (j)
		json_object(j, false);
	free(answer);
}

/* All domains; the daemon lists as many at a time as fit into a message. */
static void show_all(struct xs_handle *h, struct json *j)
{
	static char verb[] = "limits", from[] = "from";
	char next[24] = "0", *answer, *line, *save;
	char *words[] = { verb, from, next };

	for (;;) {
		answer = command(h, 3, words);
		line = strcmp(answer, "OK") ? strtok_r(answer, "\n", &save) :
					      NULL;
		if (!line) {
			free(answer);
			return;
		}
		for (; line; line = strtok_r(NULL, "\n", &save)) {
			show_domain(h, j, line);
			snprintf(next, sizeof(next), "%ld",
				 strtol(line, NULL, 10) + 1);
		}
		free(answer);
	}
}

int cmd_limits(struct xs_handle *h, xs_transaction_t t, const struct opts *o,
	       int argc, char **argv)
{
	struct json *j = o->json ? json_begin() : NULL;
	int i;

	(void)t;
	if (j)
		json_object(j, true);
	else
		printf("%5s  %-18s %10s %10s\n", "DOMID", "LIMIT", "USED",
		       "MAX");
	for (i = 0; i < argc; i++)
		show_domain(h, j, argv[i]);
	if (!argc)
		show_all(h, j);
	if (!j)
		return 0;
	json_object(j, false);
	return json_end(j);
}
