/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - the domains on a terminal, and a person at its keys
 *
 * ncurses knows terminals: it gets whole screens and sends what has changed.
 * While something is done to a guest the terminal is what it was before.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <ncursesw/ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "cli.h"
#include "ui.h"

#define MOST_COLS 1024		/* of a row that is sent at once */

struct terminal {
	struct lodge *l;
	const struct settings *settings;
	struct ui ui;
	struct top_model model;
	bool colours, unicode;
	uint64_t next_ns;	/* when to look again */
	unsigned long looks;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- a screen, to ncurses ------------------------------------------------ */

static attr_t attributes(const struct terminal *t, unsigned int look)
{
	attr_t a = A_NORMAL;

	if (look & LOOK_BOLD)
		a |= A_BOLD;
	if (look & LOOK_REVERSE)
		a |= A_REVERSE;
	if (look & LOOK_DIM)
		a |= A_DIM;
	if (t->colours)
		a |= (attr_t)COLOR_PAIR((look & LOOK_COLOURS) >> 4);
	return a;
}

/* From @col on as far as the look is the same; returns where that ends. */
static int send_run(const struct terminal *t, const struct screen *s, int row,
		    int col)
{
	const struct cell *cells = &s->cells[row * s->cols];
	wchar_t text[MOST_COLS];
	int nr = 0, end;

	for (end = col; end < s->cols && end - col < MOST_COLS &&
			cells[end].look == cells[col].look; end++)
		if (cells[end].c)
			text[nr++] = (wchar_t)cells[end].c;
	attrset(attributes(t, cells[col].look));
	/* At the very end the cursor cannot go on, which is no error here. */
	(void)mvaddnwstr(row, col, text, nr);
	return end;
}

static void show(struct terminal *t)
{
	struct screen s;
	int row, col;

	if (!t->model.sample || screen_make(&s, LINES, COLS, t->unicode))
		return;
	ui_draw(&t->ui, &t->model, &s);
	erase();
	for (row = 0; row < s.rows; row++)
		for (col = 0; col < s.cols;)
			col = send_run(t, &s, row, col);
	screen_free(&s);
	refresh();
}

/* ---- start and end ------------------------------------------------------- */

static void begin_colours(struct terminal *t)
{
	static const short colours[] = {
		COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_CYAN, COLOR_BLUE};
	short i;

	t->colours = !t->settings->mono && !getenv("NO_COLOR") && has_colors();
	if (!t->colours)
		return;
	start_color();
	use_default_colors();
	for (i = 0; i < 5; i++)
		init_pair((short)(i + 1), colours[i], -1);
}

/* False, and it was said why not. */
static bool begin(struct terminal *t)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fputs("lodge: this is no terminal; -b prints text, --json "
		      "JSON\n", stderr);
		return false;
	}
	set_escdelay(25);
	if (!newterm(NULL, stdout, stdin)) {
		fprintf(stderr, "lodge: the terminal \"%s\" is not known here; "
			"-b prints text\n", getenv("TERM") ? getenv("TERM")
							   : "");
		return false;
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout(0);
	t->unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	begin_colours(t);
	return true;
}

/* ---- looking ------------------------------------------------------------- */

/* What is wrong is told where hints are; what was seen before stays. */
static void tell_error(struct terminal *t)
{
	const struct lodge_error *e = lodge_error(t->l);

	while (e->cause)
		e = e->cause;
	snprintf(t->ui.message, sizeof(t->ui.message), "%s", e->what);
	t->ui.bad = true;
}

/* A store that was started anew wants a new handle. */
static void open_again(struct terminal *t)
{
	struct lodge *l;

	if (lodge_open(&l))
		return;
	lodge_close(t->l);
	t->l = l;
}

static void look(struct terminal *t)
{
	struct lodge_sample *s;
	time_t now = time(NULL);
	struct tm tm;

	t->looks++;
	t->next_ns = now_ns() + (uint64_t)(t->ui.delay_s * 1e9);
	if (localtime_r(&now, &tm))
		strftime(t->ui.clock, sizeof(t->ui.clock), "%H:%M:%S", &tm);
	if (lodge_sample_take(t->l, &s)) {
		tell_error(t);
		open_again(t);
		return;
	}
	if (top_model_update(&t->model, s))
		lodge_sample_free(s);
}

static void name_host(struct terminal *t)
{
	struct lodge_host_info info = {0};

	if (!lodge_host(t->l, &info))
		snprintf(t->ui.title, sizeof(t->ui.title), "Xen %u.%u%s",
			 info.major, info.minor, info.extra);
}

/* ---- what is done to guests ---------------------------------------------- */

/* A process of its own: it changes the terminal, and what signals do. */
static void act_console(struct terminal *t)
{
	struct lodge *l;
	pid_t child;

	endwin();
	printf("console of domain %u; ^] comes back\r\n", t->ui.meant.domid);
	fflush(stdout);
	child = fork();
	if (!child) {
		l = cli_open();
		exit(l ? cli_console(l, t->ui.meant.domid,
				     LODGE_CONSOLE_DEFAULT, 0)
		       : CLI_FAILED);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	clearok(stdscr, TRUE);
}

static void act(struct terminal *t, enum ui_action action)
{
	unsigned int domid = t->ui.meant.domid;
	int rc = 0;

	switch (action) {
	case ACT_PAUSE:
		rc = lodge_domain_pause(t->l, domid);
		break;
	case ACT_UNPAUSE:
		rc = lodge_domain_unpause(t->l, domid);
		break;
	case ACT_SHUTDOWN:
		rc = lodge_domain_ask_shutdown(t->l, domid, false);
		break;
	case ACT_CONSOLE:
		act_console(t);
		break;
	default:
		return;
	}
	t->next_ns = 0;
	if (rc)
		tell_error(t);
	else if (action == ACT_SHUTDOWN)
		snprintf(t->ui.message, sizeof(t->ui.message),
			 "domain %u was asked to shut down", domid);
}

/* ---- keys ---------------------------------------------------------------- */

/* Those that ncurses has numbers for; 0: none that means anything here. */
static uint32_t special(wint_t key)
{
	static const struct {
		wint_t theirs;
		uint32_t ours;
	} keys[] = {
		{KEY_UP, UI_UP}, {KEY_DOWN, UI_DOWN}, {KEY_LEFT, UI_LEFT},
		{KEY_RIGHT, UI_RIGHT}, {KEY_PPAGE, UI_PAGE_UP},
		{KEY_NPAGE, UI_PAGE_DOWN}, {KEY_HOME, UI_HOME},
		{KEY_END, UI_END}, {KEY_ENTER, UI_ENTER},
		{KEY_BACKSPACE, UI_BACKSPACE},
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].theirs == key)
			return keys[i].ours;
	return 0;
}

static uint32_t plain(wint_t key)
{
	if (key == '\n' || key == '\r')
		return UI_ENTER;
	if (key == 0x7f || key == '\b')
		return UI_BACKSPACE;
	return (uint32_t)key;
}

/* All that were pressed. False: it is to end. */
static bool take_keys(struct terminal *t)
{
	enum ui_action action;
	wint_t key;
	int kind;

	while ((kind = get_wch(&key)) != ERR) {
		uint32_t ours = kind == KEY_CODE_YES ? special(key)
						     : plain(key);

		if (!ours || !t->model.sample)
			continue;
		action = ui_key(&t->ui, &t->model, LINES, ours);
		if (action == ACT_QUIT)
			return false;
		if (action == ACT_LOOK)
			t->next_ns = 0;
		act(t, action);
		ui_settle(&t->ui, &t->model, LINES);
	}
	return true;
}

/* Until there is a key, another size, or time to look. */
static bool wait_keys(const struct terminal *t)
{
	struct pollfd p = {STDIN_FILENO, POLLIN, 0};
	uint64_t now = now_ns();
	uint64_t left = t->next_ns > now ? t->next_ns - now : 0;

	/* A terminal that has gone ends it. */
	return poll(&p, 1, (int)((left + 999999) / 1000000)) <= 0 ||
	       !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static bool is_over(const struct terminal *t)
{
	return t->settings->looks && t->looks >= t->settings->looks;
}

static void run(struct terminal *t)
{
	bool goes_on = true;

	while (goes_on) {
		if (now_ns() >= t->next_ns) {
			if (is_over(t))
				break;
			look(t);
			if (t->model.sample)
				ui_settle(&t->ui, &t->model, LINES);
		}
		show(t);
		goes_on = wait_keys(t) && take_keys(t);
	}
}

/* What is wrong from the start is told where it can be read. */
static int first_look(struct terminal *t)
{
	struct lodge_sample *s;

	if (lodge_sample_take(t->l, &s))
		return cli_failed(t->l);
	lodge_sample_free(s);
	return CLI_DONE;
}

int terminal_run(const struct settings *s)
{
	struct terminal t = {.l = cli_open(), .settings = s};
	int status;

	if (!t.l)
		return CLI_FAILED;
	ui_begin(&t.ui, &s->shown, s->delay_s);
	status = first_look(&t);
	if (!status) {
		name_host(&t);
		status = begin(&t) ? CLI_DONE : CLI_FAILED;
	}
	if (!status) {
		run(&t);
		endwin();
	}
	top_model_free(&t.model);
	lodge_close(t.l);
	return status;
}
