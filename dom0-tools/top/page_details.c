/* SPDX-License-Identifier: MIT */
/*
 * page_details.c - all that is known of one domain
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "graph.h"
#include "rows.h"
#include "ui.h"

#define BAR_COL	  10
#define BAR_COLS  22
#define TEXT_COL  34
#define LEAST_GRAPH 3		/* rows, its title among them */

static void size_text(char *out, size_t size, uint64_t kib)
{
	if (kib == LODGE_UNKNOWN)
		snprintf(out, size, "no limit");
	else
		column_size_text(out, size, (double)kib * 1024);
}

/* ---- bars --------------------------------------------------------------- */

static int draw_cpu(const struct top_domain *d, struct screen *s, int row)
{
	const struct top_rates *r = &d->rates;
	unsigned int vcpus = d->now->info.online_vcpus;
	double share = vcpus ? r->cpu_percent / (100.0 * vcpus) : 0;

	screen_put(s, row, 0, LOOK_PLAIN, "CPU");
	graph_bar(s, row, BAR_COL, BAR_COLS, share, graph_look(share));
	screen_print(s, row, TEXT_COL, LOOK_PLAIN,
		     "%.1f%% of %u vCPUs, waits %.1f%% (%s)", r->cpu_percent,
		     vcpus, r->wait_percent,
		     r->wait_counted ? "counted" : "seen");
	return row + 1;
}

static int draw_memory(const struct top_domain *d, struct screen *s, int row)
{
	uint64_t most = top_max_memory(d->now), has = d->now->info.memory_kib;
	char a[16], b[16], c[16];
	int col;

	size_text(a, sizeof(a), has);
	size_text(b, sizeof(b), most);
	screen_put(s, row, 0, LOOK_PLAIN, "Memory");
	if (most != LODGE_UNKNOWN && most)
		graph_bar(s, row, BAR_COL, BAR_COLS,
			  (double)has / (double)most, LOOK_CYAN);
	col = screen_print(s, row, TEXT_COL, LOOK_PLAIN, "%s of %s", a, b);
	if (d->now->target_kib == LODGE_UNKNOWN)
		return row + 1;
	size_text(c, sizeof(c), d->now->target_kib);
	screen_print(s, row, col, LOOK_PLAIN, "; balloon asked for %s", c);
	return row + 1;
}

static int draw_usage(struct screen *s, int row, const char *name,
		      const char *what, const struct lodge_usage *u)
{
	double share = column_share(u);

	screen_put(s, row, 0, LOOK_PLAIN, name);
	if (!isnan(share))
		graph_bar(s, row, BAR_COL, BAR_COLS, share, graph_look(share));
	if (u->used == LODGE_UNKNOWN)
		screen_print(s, row, TEXT_COL, LOOK_DIM, "%s: unknown", what);
	else if (!u->limit)
		screen_print(s, row, TEXT_COL, LOOK_PLAIN, "%llu %s, no limit",
			     (unsigned long long)u->used, what);
	else
		screen_print(s, row, TEXT_COL, LOOK_PLAIN, "%llu of %llu %s",
			     (unsigned long long)u->used,
			     (unsigned long long)u->limit, what);
	return row + 1;
}

static int draw_limits(const struct top_domain *d, struct screen *s, int row)
{
	static const char *const names[LODGE_STORE_LIMITS] = {
		[LODGE_STORE_NODES] = "nodes",
		[LODGE_STORE_WATCHES] = "watches",
		[LODGE_STORE_TRANSACTIONS] = "transactions",
		[LODGE_STORE_OUTSTANDING] = "outstanding answers",
		[LODGE_STORE_MEMORY] = "bytes",
	};
	int i;

	row = draw_usage(s, row, "Grants", "frames", &d->now->grant_frames);
	if (d->now->store[0].used == LODGE_UNKNOWN) {
		screen_put(s, row, 0, LOOK_PLAIN, "Store");
		screen_put(s, row, TEXT_COL, LOOK_DIM,
			   "unknown: this xenstored does not tell");
		return row + 1;
	}
	for (i = 0; i < LODGE_STORE_LIMITS; i++)
		row = draw_usage(s, row, i ? "" : "Store", names[i],
				 &d->now->store[i]);
	return row;
}

/* ---- graphs ------------------------------------------------------------- */

struct graph {
	const char *name;
	enum top_graph graph;
	unsigned int look;
	bool bytes;
};

static const struct graph graphs[] = {
	{"CPU", TOP_CPU, LOOK_GREEN, false},
	{"steal: waits for a CPU", TOP_WAIT, LOOK_YELLOW, false},
	{"disks", TOP_DISK, LOOK_CYAN, true},
	{"networks", TOP_NET, LOOK_BLUE, true},
};

static void draw_one(const struct graph *g, const struct top_domain *d,
		     struct screen *s, const struct place *p)
{
	struct place below = {p->row + 1, p->col, p->rows - 1, p->cols};
	const struct top_history *h = &d->history[g->graph];
	double most = top_history_most(h, (unsigned int)p->cols), now = 0;
	char value[16], top[16];

	top_history_at(h, 0, &now);
	if (g->bytes) {
		most = graph_round_bytes(most);
		column_size_text(value, sizeof(value), now);
		column_size_text(top, sizeof(top), most);
	} else {
		most = 100 * ceil(most <= 100 ? 1 : most / 100);
		snprintf(value, sizeof(value), "%.0f%%", now);
		snprintf(top, sizeof(top), "%.0f%%", most);
	}
	screen_print(s, p->row, p->col, LOOK_BOLD, "%s %s%s", g->name, value,
		     g->bytes ? "/s" : "");
	screen_print(s, p->row, p->col + p->cols - (int)strlen(top), LOOK_DIM,
		     "%s", top);
	graph_history(s, &below, h, most, g->look);
}

/* Two beside each other, twice; or as many as there is room for. */
static int draw_graphs(const struct top_domain *d, struct screen *s, int row,
		       int rows)
{
	int across = s->cols >= 40 ? 2 : 1, down = 4 / across, i;
	struct place p = {.cols = (s->cols - (across - 1) * 2) / across};

	while (down && rows / down < LEAST_GRAPH)
		down--;
	if (!down)
		return row;
	p.rows = rows / down;
	for (i = 0; i < across * down; i++) {
		p.row = row + i / across * p.rows;
		p.col = i % across * (p.cols + 2);
		draw_one(&graphs[i], d, s, &p);
	}
	return row + down * p.rows;
}

/* ---- devices ------------------------------------------------------------ */

static int draw_devices(const struct top_domain *d, struct screen *s, int row,
			int end)
{
	const struct lodge_sample_domain *now = d->now;
	char text[ROW_MOST];
	size_t i;

	if (row < end) {
		row_vcpus(text, sizeof(text), now);
		screen_put(s, row++, 0, LOOK_PLAIN, text);
	}
	for (i = 0; i < now->nr_vifs && row < end; i++) {
		row_vif(text, sizeof(text), &now->vifs[i]);
		screen_put(s, row++, 0, LOOK_PLAIN, text);
	}
	for (i = 0; i < now->nr_vbds && row < end; i++) {
		row_vbd(text, sizeof(text), &now->vbds[i]);
		screen_put(s, row++, 0, LOOK_PLAIN, text);
	}
	return row;
}

static int draw_title(const struct top_model *m, const struct top_domain *d,
		      struct screen *s)
{
	char state[8];
	int col;

	column_text(state, sizeof(state), COL_STATE, m, d);
	screen_shade(s, 0, 0, LOOK_REVERSE);
	col = screen_put(s, 0, 0, LOOK_REVERSE | LOOK_BOLD, column_name(d));
	col = screen_print(s, 0, col, LOOK_REVERSE, "  domain %u  %s  %s",
			   d->now->info.domid, state,
			   d->now->info.flags & LODGE_HARDWARE ? "hvm" : "pv");
	screen_print(s, 0, col + 2, LOOK_REVERSE, "%s",
		     cli_uuid_text(d->now->info.uuid));
	return 1;
}

void page_details(const struct ui *u, const struct top_model *m,
		  struct screen *s)
{
	const struct top_domain *d = ui_find(m, &u->selected);
	int row, end = s->rows - 1, devices;

	if (!d)
		return;
	row = draw_title(m, d, s);
	row = draw_cpu(d, s, row);
	row = draw_memory(d, s, row);
	row = draw_limits(d, s, row);
	/* Devices have what graphs leave, at least four rows if they need. */
	devices = 1 + (int)(d->now->nr_vifs + d->now->nr_vbds);
	if (devices > 4)
		devices = 4;
	row = draw_graphs(d, s, row, end - row - devices);
	draw_devices(d, s, row, end);
}
