/* SPDX-License-Identifier: MIT */
/*
 * ui.h - what a person sees of a model, and does with keys
 *
 *   LIST --Enter--> DETAILS       ?: HELP, from both; Esc or q: back, and from
 *   LIST <---Esc--- DETAILS       the list to the end
 *
 * While something is asked (struct ui.asked) all keys are its answer. Nothing
 * in here knows a terminal: a key changes a struct ui, and a struct ui and a
 * model make a screen.
 */
#ifndef TOP_UI_H
#define TOP_UI_H

#include "columns.h"
#include "screen.h"
#include "view.h"

enum ui_page { PAGE_LIST, PAGE_DETAILS, PAGE_HELP };

/* What the caller is to do; a person has confirmed it. */
enum ui_action {
	ACT_NOTHING,
	ACT_QUIT,
	ACT_LOOK,		/* take a sample now */
	ACT_PAUSE,
	ACT_UNPAUSE,
	ACT_SHUTDOWN,
	ACT_CONSOLE,
};

enum ui_question { ASK_NOTHING, ASK_FILTER, ASK_DELAY, ASK_CONFIRM };

/* Keys that are no characters. */
enum {
	UI_ESCAPE = 0x1b,
	UI_UP = 0x110000, UI_DOWN, UI_LEFT, UI_RIGHT, UI_PAGE_UP, UI_PAGE_DOWN,
	UI_HOME, UI_END, UI_ENTER, UI_BACKSPACE,
};

#define UI_INPUT 48

/* Which domain: another one of its number is not meant. */
struct ui_domain {
	bool some;
	unsigned int domid;
	uint8_t uuid[16];
};

struct ui {
	struct top_shown shown;
	double delay_s;
	char title[64];		/* "Xen 4.17" */
	char clock[16];		/* "12:30:00" */
	enum ui_page page, behind;	/* behind the help */
	enum column_id sort;
	bool reversed;
	struct ui_domain selected;
	size_t first_line;	/* of the list: the topmost that is shown */
	unsigned int first_column;	/* how many are left out */
	char filter[UI_INPUT];
	enum ui_question asked;
	char input[UI_INPUT];
	enum ui_action wanted;	/* to be confirmed */
	struct ui_domain meant;	/* whom it concerns */
	char message[160];	/* "": none */
	bool bad;		/* it tells of a failure */
};

void ui_begin(struct ui *u, const struct top_shown *shown, double delay_s);

/**
 * ui_key() - a key was pressed
 * @rows: of the screen: what a page is
 *
 * Return: what is to be done, to u->meant.
 */
enum ui_action ui_key(struct ui *u, const struct top_model *m, int rows,
		      uint32_t key);

/* After a look, a key or another size: what is selected is seen. */
void ui_settle(struct ui *u, const struct top_model *m, int rows);

void ui_draw(const struct ui *u, const struct top_model *m, struct screen *s);

/* ---- what the parts of it call of each other ----------------------------- */

/* The domains that are shown, in their order: indices to be free()d, or NULL */
size_t *ui_order(const struct ui *u, const struct top_model *m, size_t *nr);
/* NULL: it has gone, or none is. */
const struct top_domain *ui_find(const struct top_model *m,
				 const struct ui_domain *d);
bool ui_is(const struct ui_domain *d, const struct top_domain *of);

/* What is drawn beside the domains; a small screen has less of it. */
int ui_head_rows(int rows);
int ui_list_rows(int rows);

/* A line of the list: a domain, or what follows it. */
enum line_kind { LINE_TITLES, LINE_DOMAIN, LINE_VCPUS, LINE_VIF, LINE_VBD };
struct line {
	enum line_kind kind;
	size_t domain;		/* of the model */
	size_t number;		/* of the vif or vbd, from 0 */
};
/* To be free()d; NULL: there is no memory. */
struct line *ui_lines(const struct ui *u, const struct top_model *m,
		      size_t *nr);

void page_list(const struct ui *u, const struct top_model *m,
	       struct screen *s);
void page_details(const struct ui *u, const struct top_model *m,
		  struct screen *s);
void page_help(struct screen *s);

#endif
