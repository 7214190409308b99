/* SPDX-License-Identifier: MIT */
/*
 * page_list.c - all domains, and what is above and below of them
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "rows.h"
#include "ui.h"

#define GRAPH_COLS  8
#define NAME_LEAST  12
#define NAME_MOST   64
#define SMALL_ROWS  12		/* with fewer the head is shorter */
#define TINY_ROWS   7

/* The order of the columns behind the name; COL_ALL is the graph. */
static const enum column_id shown[] = {
	COL_STATE, COL_CPU, COL_ALL, COL_WAIT, COL_MEM_SHARE, COL_SENT_RATE,
	COL_RECEIVED_RATE, COL_READ_RATE, COL_WRITE_RATE, COL_GRANTS,
	COL_STORE, COL_ID, COL_VCPUS, COL_CPU_S, COL_MEM, COL_TARGET, COL_MAX,
	COL_MAX_SHARE, COL_NETS, COL_NET_TX, COL_NET_RX, COL_VBDS, COL_VBD_OO,
	COL_VBD_READS, COL_VBD_WRITES, COL_VBD_RSECT, COL_VBD_WSECT, COL_SSID,
};
#define NR_SHOWN (sizeof(shown) / sizeof(shown[0]))

int ui_head_rows(int rows)
{
	return rows >= SMALL_ROWS ? 3 : rows >= TINY_ROWS ? 1 : 0;
}

/* One row has the titles, the last one what is asked or told. */
int ui_list_rows(int rows)
{
	int left = rows - ui_head_rows(rows) - 2;

	return left > 0 ? left : 1;
}

/* ---- the head ----------------------------------------------------------- */

static void count_states(const struct top_model *m, unsigned int *counts,
			 size_t nr)
{
	static const char letters[] = "rbpcds";
	size_t i, k;
	char text[8];

	for (i = 0; i < m->nr; i++) {
		column_text(text, sizeof(text), COL_STATE, m, &m->domains[i]);
		for (k = 0; k < nr; k++)
			counts[k] += !!strchr(text, letters[k]);
	}
}

static void draw_states(const struct top_model *m, struct screen *s, int row)
{
	static const char *const names[] = {"running", "blocked", "paused",
					    "crashed", "dying", "shutdown"};
	unsigned int counts[6] = {0};
	int col, i;

	count_states(m, counts, 6);
	col = screen_print(s, row, 0, LOOK_PLAIN, "%zu domains:", m->nr);
	for (i = 0; i < 6; i++)
		col = screen_print(s, row, col,
				   counts[i] ? i == 3 ? LOOK_RED : LOOK_PLAIN
					     : LOOK_DIM,
				   "%s %u %s", i ? "," : "", counts[i],
				   names[i]);
}

static void draw_host(const struct top_model *m, struct screen *s, int row)
{
	const struct lodge_sample *host = m->sample;
	char total[16], unused[16];
	double cpu = 0, used;
	size_t i;
	int col;

	for (i = 0; i < m->nr; i++)
		cpu += m->domains[i].rates.cpu_percent;
	cpu /= 100.0 * (host->nr_cpus ? host->nr_cpus : 1);
	used = host->total_kib ? 1 - (double)host->free_kib /
					     (double)host->total_kib : 0;
	column_size_text(total, sizeof(total),
			 (double)host->total_kib * 1024);
	column_size_text(unused, sizeof(unused),
			 (double)host->free_kib * 1024);
	screen_put(s, row, 0, LOOK_PLAIN, "CPU");
	graph_bar(s, row, 4, 14, cpu, graph_look(cpu));
	col = screen_print(s, row, 19, LOOK_PLAIN, "%3.0f%% of %u @ %uMHz",
			   100 * cpu, host->nr_cpus, host->cpu_khz / 1000);
	col = col < 41 ? 41 : col + 1;
	screen_put(s, row, col, LOOK_PLAIN, "Mem");
	graph_bar(s, row, col + 4, 14, used, LOOK_CYAN);
	screen_print(s, row, col + 19, LOOK_PLAIN, "%s of %s free", unused,
		     total);
}

static void draw_head(const struct ui *u, const struct top_model *m,
		      struct screen *s)
{
	int rows = ui_head_rows(s->rows), col;

	if (rows < 1)
		return;
	col = screen_put(s, 0, 0, LOOK_BOLD | LOOK_CYAN, "lodge top");
	screen_print(s, 0, col + 2, LOOK_PLAIN, "%s", u->title);
	screen_print(s, 0, s->cols - (int)strlen(u->clock), LOOK_PLAIN, "%s",
		     u->clock);
	if (rows < 3)
		return;
	draw_states(m, s, 1);
	draw_host(m, s, 2);
}

/* ---- columns ------------------------------------------------------------ */

static int name_width(const struct ui *u, const struct top_model *m,
		      const struct screen *s)
{
	int most = NAME_LEAST, length;
	size_t i;

	if (!u->shown.full_names)
		return s->cols < 40 ? 8 : NAME_LEAST;
	for (i = 0; i < m->nr; i++) {
		length = (int)strlen(column_name(&m->domains[i]));
		if (length > most)
			most = length;
	}
	return most > NAME_MOST ? NAME_MOST : most;
}

static int width_of(enum column_id id)
{
	return id == COL_ALL ? GRAPH_COLS : columns[id].width;
}

/*
 * Calls for each column that is shown, with its place; one that is cut off by
 * the edge is not shown.
 */
struct drawing {
	const struct ui *u;
	const struct top_model *m;
	struct screen *s;
	int row, name_cols;
	const struct top_domain *d;	/* NULL: the titles */
};

static unsigned int look_of(const struct drawing *w, enum column_id id)
{
	double value = columns[id].value ? columns[id].value(w->m, w->d) : 0;

	if (w->d->now->info.flags & LODGE_PAUSED && id == COL_STATE)
		return LOOK_YELLOW;
	if (id == COL_GRANTS || id == COL_STORE)
		return isnan(value) || value < 80 ? LOOK_PLAIN
						  : graph_look(value / 100);
	if (id == COL_CPU && value >= 1)
		return LOOK_BOLD;
	if (id == COL_WAIT && value >= 20)
		return LOOK_YELLOW;
	return LOOK_PLAIN;
}

static void draw_graph(const struct drawing *w, int col)
{
	struct place p = {w->row, col, 1, GRAPH_COLS};
	double all = 100.0 * w->d->now->info.online_vcpus;

	graph_history(w->s, &p, &w->d->history[TOP_CPU], all, LOOK_GREEN);
}

static void draw_cell(const struct drawing *w, enum column_id id, int col)
{
	int width = width_of(id);
	char text[32];

	if (!w->d) {
		screen_print(w->s, w->row, col,
			     LOOK_REVERSE | (id == w->u->sort ? LOOK_BOLD : 0),
			     "%*s", width,
			     id == COL_ALL ? "CPU" : columns[id].title);
		return;
	}
	if (id == COL_ALL) {
		draw_graph(w, col);
		return;
	}
	column_text(text, sizeof(text), id, w->m, w->d);
	screen_print(w->s, w->row, col, look_of(w, id), "%*s", width, text);
}

static void draw_name(const struct drawing *w)
{
	if (w->d) {
		screen_put_before(w->s, w->row, 0, w->name_cols, LOOK_PLAIN,
				  column_name(w->d));
		return;
	}
	screen_shade(w->s, w->row, 0, LOOK_REVERSE);
	screen_put(w->s, w->row, 0,
		   LOOK_REVERSE | (w->u->sort == COL_NAME ? LOOK_BOLD : 0),
		   "NAME");
}

static void draw_columns(const struct drawing *w)
{
	int col = w->name_cols + 1, width;
	size_t i;

	draw_name(w);
	for (i = w->u->first_column; i < NR_SHOWN; i++) {
		width = width_of(shown[i]);
		if (col + width > w->s->cols)
			break;
		draw_cell(w, shown[i], col);
		col += width + 1;
	}
}

/* ---- lines -------------------------------------------------------------- */

static void draw_line(struct drawing *w, const struct line *line)
{
	const struct top_domain *d = &w->m->domains[line->domain];
	char text[ROW_MOST];

	w->d = line->kind == LINE_TITLES ? NULL : d;
	switch (line->kind) {
	case LINE_TITLES:
	case LINE_DOMAIN:
		draw_columns(w);
		return;
	case LINE_VCPUS:
		row_vcpus(text, sizeof(text), d->now);
		break;
	case LINE_VIF:
		row_vif(text, sizeof(text), &d->now->vifs[line->number]);
		break;
	case LINE_VBD:
		row_vbd(text, sizeof(text), &d->now->vbds[line->number]);
		break;
	}
	screen_put(w->s, w->row, 1, LOOK_DIM, text);
}

static void mark_selected(const struct ui *u, const struct top_model *m,
			  const struct line *line, struct screen *s, int row)
{
	struct cell *cell = &s->cells[row * s->cols];
	int col;

	if (line->kind != LINE_DOMAIN ||
	    !ui_is(&u->selected, &m->domains[line->domain]))
		return;
	/* What has a colour, as a graph has, would be read the other way. */
	for (col = 0; col < s->cols; col++, cell++)
		if (!(cell->look & LOOK_COLOURS))
			cell->look |= LOOK_REVERSE;
}

static void draw_lines(const struct ui *u, const struct top_model *m,
		       struct screen *s)
{
	int first = ui_head_rows(s->rows) + 1, rows = ui_list_rows(s->rows), i;
	struct drawing w = {.u = u, .m = m, .s = s, .row = first - 1};
	struct line *lines;
	size_t nr;

	w.name_cols = name_width(u, m, s);
	draw_columns(&w);
	lines = ui_lines(u, m, &nr);
	for (i = 0; lines && i < rows && u->first_line + (size_t)i < nr; i++) {
		const struct line *line = &lines[u->first_line + (size_t)i];

		w.row = first + i;
		/* The last row is not the list's. */
		if (w.row >= s->rows - 1)
			break;
		draw_line(&w, line);
		mark_selected(u, m, line, s, w.row);
	}
	free(lines);
}

void page_list(const struct ui *u, const struct top_model *m, struct screen *s)
{
	draw_head(u, m, s);
	draw_lines(u, m, s);
}
