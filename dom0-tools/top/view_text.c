/* SPDX-License-Identifier: MIT */
/*
 * view_text.c - a look at the domains in the text of xentop -b
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "columns.h"
#include "rows.h"
#include "text.h"
#include "view.h"

#define NAME_MOST 512

/* A look, and how it is shown. */
struct text {
	FILE *out;
	const struct top_model *m;
	const struct top_shown *shown;
	int name_width;
};

static int letters(const char *text)
{
	int nr;

	for (nr = 0; *text; nr++)
		(void)text_next(&text);
	return nr;
}

/* Where names are in full, as wide as the longest one. */
static int name_width(const struct top_model *m, const struct top_shown *shown)
{
	int most = columns[COL_NAME].width, nr;
	char clean[NAME_MOST];
	size_t i;

	for (i = 0; shown->full_names && i < m->nr; i++) {
		text_clean(clean, sizeof(clean), column_name(&m->domains[i]),
			   0);
		nr = letters(clean);
		if (nr > most)
			most = nr;
	}
	return most;
}

static void titles(const struct text *t)
{
	int i;

	for (i = 0; i < COL_XENTOP; i++)
		fprintf(t->out, "%s%*s", i ? " " : "",
			i ? columns[i].width : t->name_width,
			columns[i].title);
	fputc('\n', t->out);
}

/* Right-aligned and cut by characters, which may be several bytes each. */
static void name(const struct text *t, const struct top_domain *d)
{
	char clean[NAME_MOST], one[4];
	const char *p = clean;
	int nr;

	text_clean(clean, sizeof(clean), column_name(d), 0);
	for (nr = letters(clean); nr < t->name_width; nr++)
		fputc(' ', t->out);
	for (nr = 0; *p && nr < t->name_width; nr++)
		fwrite(one, 1, text_put(one, text_next(&p)), t->out);
}

static void domain(const struct text *t, const struct top_domain *d)
{
	char text[32];
	int i;

	name(t, d);
	for (i = COL_STATE; i < COL_XENTOP; i++) {
		column_text(text, sizeof(text), (enum column_id)i, t->m, d);
		fprintf(t->out, " %*s", columns[i].width, text);
	}
	fputc('\n', t->out);
}

static void rows(const struct text *t, const struct lodge_sample_domain *d)
{
	const struct top_shown *shown = t->shown;
	FILE *out = t->out;
	char text[ROW_MOST];
	size_t i;

	if (shown->vcpus) {
		row_vcpus(text, sizeof(text), d);
		fprintf(out, "%s\n", text);
	}
	for (i = 0; shown->vifs && i < d->nr_vifs; i++) {
		row_vif(text, sizeof(text), &d->vifs[i]);
		fprintf(out, "%s\n", text);
	}
	for (i = 0; shown->vbds && i < d->nr_vbds; i++) {
		row_vbd(text, sizeof(text), &d->vbds[i]);
		fprintf(out, "%s\n", text);
	}
}

/* By name, as xentop has them. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct text *t = arg;
	const struct top_domain *x = *(const struct top_domain *const *)a;
	const struct top_domain *y = *(const struct top_domain *const *)b;
	unsigned int p = x->now->info.domid, q = y->now->info.domid;

	if (t->shown->dom0_first && (!p || !q))
		return p ? 1 : q ? -1 : 0;
	return column_compare(COL_NAME, t->m, x, y);
}

int view_text(FILE *out, const struct top_model *m,
	      const struct top_shown *shown)
{
	const struct top_domain **order = calloc(m->nr + 1, sizeof(*order));
	struct text t = {out, m, shown, name_width(m, shown)};
	size_t i;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < m->nr; i++)
		order[i] = &m->domains[i];
	qsort_r(order, m->nr, sizeof(*order), compare, &t);
	for (i = 0; i < m->nr; i++) {
		if (!i || shown->repeat_titles)
			titles(&t);
		domain(&t, order[i]);
		rows(&t, order[i]->now);
	}
	free(order);
	return 0;
}
