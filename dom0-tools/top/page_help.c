/* SPDX-License-Identifier: MIT */
/*
 * page_help.c - the keys; and the row at the bottom of all pages
 */
#include <stdio.h>

#include "text.h"
#include "ui.h"

static const struct {
	const char *key, *text;
} keys[] = {
	{"arrows", "choose a domain; show further columns"},
	{"Enter", "all that is known of it, with its history"},
	{"Esc, Q", "back; the end"},
	{"/", "only names with this text in them"},
	{"S, I", "sort by the next column; the other way round"},
	{"D", "how often to look; space: now"},
	{"V", "each vCPU"},
	{"N", "each network"},
	{"X, B", "each disk"},
	{"R", "titles before each domain"},
	{"F, Z", "names in full; Dom0 first"},
	{"P", "pause the domain, or let it go on"},
	{"O", "ask it to shut down"},
	{"C", "its console; ^] comes back"},
	{"", ""},
	{"STATE", "dying, shutdown, blocked, crashed, paused, running"},
	{"WAIT%", "ready to run, but without a CPU, in percent of one;"},
	{"", "  counted for Dom0, for others seen when it was looked"},
	{"GRANT%", "frames of its grant table, of those it may have"},
	{"STORE%", "of the limit of xenstored that is nearest"},
};

void page_help(struct screen *s)
{
	int i, nr = (int)(sizeof(keys) / sizeof(keys[0]));

	screen_shade(s, 0, 0, LOOK_REVERSE);
	screen_put(s, 0, 0, LOOK_REVERSE | LOOK_BOLD, "lodge top: keys");
	for (i = 0; i < nr && i + 1 < s->rows - 1; i++) {
		screen_put(s, i + 1, 1, LOOK_BOLD, keys[i].key);
		screen_put(s, i + 1, 10, LOOK_PLAIN, keys[i].text);
	}
}

/* ---- the last row -------------------------------------------------------- */

static void draw_confirm(const struct ui *u, const struct top_model *m,
			 struct screen *s, int row)
{
	static const char *const verbs[] = {
		[ACT_PAUSE] = "pause",
		[ACT_UNPAUSE] = "let go on",
		[ACT_SHUTDOWN] = "shut down",
		[ACT_CONSOLE] = "open the console of",
	};
	const struct top_domain *d = ui_find(m, &u->meant);
	char name[64];

	text_clean(name, sizeof(name), d ? column_name(d) : "", 0);
	screen_print(s, row, 0, LOOK_BOLD | LOOK_YELLOW, "%s %s (domain %u)?"
		     " y/n", verbs[u->wanted], name, u->meant.domid);
}

static void draw_hints(const struct ui *u, struct screen *s, int row)
{
	int col;

	if (u->page == PAGE_HELP) {
		screen_put(s, row, 0, LOOK_DIM, "Esc: back");
		return;
	}
	if (u->page == PAGE_DETAILS) {
		screen_put(s, row, 0, LOOK_DIM,
			   "Esc: back  ?: help  P: pause  O: shut down  "
			   "C: console");
		return;
	}
	col = screen_print(s, row, 0, LOOK_DIM,
			   "Q: end  ?: help  Enter: details  /: filter  "
			   "S: sort (%s%s)", columns[u->sort].title,
			   u->reversed ? ", reversed" : "");
	if (*u->filter)
		screen_print(s, row, col + 2, LOOK_YELLOW, "only \"%s\"",
			     u->filter);
	else
		screen_print(s, row, col + 2, LOOK_DIM, "every %gs",
			     u->delay_s);
}

static void draw_bottom(const struct ui *u, const struct top_model *m,
			struct screen *s)
{
	int row = s->rows - 1;

	screen_put(s, row, 0, LOOK_PLAIN, "");
	if (u->asked == ASK_CONFIRM)
		draw_confirm(u, m, s, row);
	else if (u->asked == ASK_FILTER)
		screen_print(s, row, 0, LOOK_BOLD, "only names with: %s_",
			     u->input);
	else if (u->asked == ASK_DELAY)
		screen_print(s, row, 0, LOOK_BOLD, "seconds between looks: %s_",
			     u->input);
	else if (*u->message)
		screen_put(s, row, 0, u->bad ? LOOK_RED | LOOK_BOLD
					     : LOOK_BOLD, u->message);
	else
		draw_hints(u, s, row);
}

void ui_draw(const struct ui *u, const struct top_model *m, struct screen *s)
{
	static void (*const pages[])(const struct ui *u,
				     const struct top_model *m,
				     struct screen *s) = {
		[PAGE_LIST] = page_list,
		[PAGE_DETAILS] = page_details,
	};

	if (u->page == PAGE_HELP)
		page_help(s);
	else
		pages[u->page](u, m, s);
	draw_bottom(u, m, s);
}
