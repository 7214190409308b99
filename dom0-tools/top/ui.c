/* SPDX-License-Identifier: MIT */
/*
 * ui.c - what keys do
 */
#include "ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define LEAST_S 0.1
#define MOST_S	3600.0

void ui_begin(struct ui *u, const struct top_shown *shown, double delay_s)
{
	*u = (struct ui){
		.shown = *shown,
		.delay_s = delay_s,
		.sort = COL_CPU,
	};
}

__attribute__((format(printf, 3, 4))) static void
say(struct ui *u, bool bad, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(u->message, sizeof(u->message), format, ap);
	va_end(ap);
	u->bad = bad;
}

/* ---- the selected one --------------------------------------------------- */

static void select_domain(struct ui_domain *to, const struct top_domain *d)
{
	to->some = true;
	to->domid = d->now->info.domid;
	memcpy(to->uuid, d->now->info.uuid, sizeof(to->uuid));
}

/* By so many domains, as far as there are. */
static void move(struct ui *u, const struct top_model *m, long by)
{
	size_t nr, *order = ui_order(u, m, &nr);
	long i;

	if (!order || !nr) {
		free(order);
		return;
	}
	for (i = 0; i < (long)nr && !ui_is(&u->selected, &m->domains[order[i]]);
	     i++)
		;
	i = i == (long)nr ? 0 : i + by;
	i = i < 0 ? 0 : i >= (long)nr ? (long)nr - 1 : i;
	select_domain(&u->selected, &m->domains[order[i]]);
	free(order);
}

/* The selected one's lines are among those that are shown. */
static void scroll(struct ui *u, const struct top_model *m, size_t rows)
{
	size_t nr, first = 0, last, i;
	struct line *lines = ui_lines(u, m, &nr);
	bool found = false;

	for (i = last = 0; lines && i < nr; i++) {
		if (!ui_is(&u->selected, &m->domains[lines[i].domain]))
			continue;
		if (!found)
			first = i;
		found = true;
		last = i;
	}
	free(lines);
	/* Of one with more lines than there are rows, the first ones. */
	if (last >= u->first_line + rows)
		u->first_line = last - rows + 1;
	if (first < u->first_line)
		u->first_line = first;
	if (u->first_line + rows > nr)
		u->first_line = nr > rows ? nr - rows : 0;
}

void ui_settle(struct ui *u, const struct top_model *m, int rows)
{
	int list = ui_list_rows(rows);

	if (u->page == PAGE_DETAILS && !ui_find(m, &u->selected)) {
		u->page = PAGE_LIST;
		say(u, true, "domain %u has gone", u->selected.domid);
	}
	if (!ui_find(m, &u->selected)) {
		u->selected.some = false;
		move(u, m, 0);
	}
	scroll(u, m, list > 0 ? (size_t)list : 1);
}

/* ---- questions ---------------------------------------------------------- */

static void ask(struct ui *u, enum ui_question question)
{
	u->asked = question;
	u->input[0] = '\0';
}

/* What needs a yes; of Dom0 nothing is wanted that ends its own work. */
static void want(struct ui *u, const struct top_model *m, enum ui_action action)
{
	const struct top_domain *d = ui_find(m, &u->selected);

	if (!d)
		return;
	if (!d->now->info.domid) {
		say(u, true, "not of Dom0, which this runs in");
		return;
	}
	if (action == ACT_PAUSE && d->now->info.flags & LODGE_PAUSED)
		action = ACT_UNPAUSE;
	u->wanted = action;
	u->meant = u->selected;
	ask(u, ASK_CONFIRM);
}

static enum ui_action confirm(struct ui *u, const struct top_model *m,
			      uint32_t key)
{
	u->asked = ASK_NOTHING;
	if (key != 'y' && key != 'Y') {
		say(u, false, "nothing was done");
		return ACT_NOTHING;
	}
	if (ui_find(m, &u->meant))
		return u->wanted;
	say(u, true, "domain %u has gone", u->meant.domid);
	return ACT_NOTHING;
}

static enum ui_action set_delay(struct ui *u)
{
	char *end;
	double seconds = strtod(u->input, &end);

	if (end != u->input && !*end && seconds >= LEAST_S &&
	    seconds <= MOST_S)
		u->delay_s = seconds;
	else
		say(u, true, "\"%s\" is no number of seconds from 0.1 to 3600",
		    u->input);
	return ACT_NOTHING;
}

static void drop_character(char *text)
{
	size_t length = strlen(text);

	while (length && (text[length - 1] & 0xc0) == 0x80)
		length--;
	if (length)
		text[length - 1] = '\0';
}

static void add_character(char *text, uint32_t key)
{
	size_t length = strlen(text);

	if (key < 0x20 || key == 0x7f || key >= UI_UP ||
	    length + 5 > UI_INPUT)
		return;
	length += text_put(text + length, key);
	text[length] = '\0';
}

/* A line of text; Enter ends it, Esc leaves all as it was. */
static enum ui_action edit(struct ui *u, uint32_t key)
{
	enum ui_question asked = u->asked;

	switch (key) {
	case UI_ESCAPE:
		u->asked = ASK_NOTHING;
		return ACT_NOTHING;
	case UI_ENTER:
		u->asked = ASK_NOTHING;
		if (asked == ASK_DELAY)
			return set_delay(u);
		memcpy(u->filter, u->input, sizeof(u->filter));
		return ACT_NOTHING;
	case UI_BACKSPACE:
		drop_character(u->input);
		return ACT_NOTHING;
	default:
		add_character(u->input, key);
		return ACT_NOTHING;
	}
}

/* ---- keys --------------------------------------------------------------- */

static void sort_next(struct ui *u)
{
	u->sort = (enum column_id)((u->sort + 1) % COL_ALL);
}

static enum ui_action leave(struct ui *u)
{
	switch (u->page) {
	case PAGE_HELP:
		u->page = u->behind;
		break;
	case PAGE_DETAILS:
		u->page = PAGE_LIST;
		break;
	case PAGE_LIST:
		/* What was looked for is forgotten first. */
		if (!*u->filter)
			return ACT_QUIT;
		u->filter[0] = '\0';
		break;
	}
	return ACT_NOTHING;
}

static void help(struct ui *u)
{
	if (u->page == PAGE_HELP)
		return;
	u->behind = u->page;
	u->page = PAGE_HELP;
}

static void details(struct ui *u, const struct top_model *m)
{
	if (u->page == PAGE_LIST && ui_find(m, &u->selected))
		u->page = PAGE_DETAILS;
}

static void toggle(bool *what)
{
	*what = !*what;
}

static bool move_key(struct ui *u, const struct top_model *m, int rows,
		     uint32_t key)
{
	long page = ui_list_rows(rows) > 1 ? ui_list_rows(rows) - 1 : 1;
	const struct {
		uint32_t key;
		long by;
	} moves[] = {
		{UI_UP, -1}, {UI_DOWN, 1}, {UI_PAGE_UP, -page},
		{UI_PAGE_DOWN, page}, {UI_HOME, -(long)m->nr},
		{UI_END, (long)m->nr},
	};
	size_t i;

	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].key == key) {
			move(u, m, moves[i].by);
			return true;
		}
	return false;
}

/* Letters of either case are the same key, as those of xentop. */
static enum ui_action command(struct ui *u, const struct top_model *m,
			      uint32_t key)
{
	switch (key >= 'A' && key <= 'Z' ? key + 'a' - 'A' : key) {
	case 'q': case UI_ESCAPE: return leave(u);
	case '?': case 'h': help(u); break;
	case UI_ENTER: details(u, m); break;
	case 'n': toggle(&u->shown.vifs); break;
	case 'x': case 'b': toggle(&u->shown.vbds); break;
	case 'v': toggle(&u->shown.vcpus); break;
	case 'r': toggle(&u->shown.repeat_titles); break;
	case 'f': toggle(&u->shown.full_names); break;
	case 'z': toggle(&u->shown.dom0_first); break;
	case 's': sort_next(u); break;
	case 'i': toggle(&u->reversed); break;
	case 'd': ask(u, ASK_DELAY); break;
	case '/': ask(u, ASK_FILTER); break;
	case 'p': want(u, m, ACT_PAUSE); break;
	case 'o': want(u, m, ACT_SHUTDOWN); break;
	case 'c': want(u, m, ACT_CONSOLE); break;
	case ' ': return ACT_LOOK;
	case UI_LEFT: u->first_column -= !!u->first_column; break;
	case UI_RIGHT: u->first_column += u->first_column + 1 < COL_ALL; break;
	default: break;
	}
	return ACT_NOTHING;
}

enum ui_action ui_key(struct ui *u, const struct top_model *m, int rows,
		      uint32_t key)
{
	u->message[0] = '\0';
	if (u->asked == ASK_CONFIRM)
		return confirm(u, m, key);
	if (u->asked)
		return edit(u, key);
	if (u->page != PAGE_HELP && move_key(u, m, rows, key))
		return ACT_NOTHING;
	return command(u, m, key);
}
