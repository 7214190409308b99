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

static void titles(FILE *out, const struct top_shown *shown)
{
	int i;

	for (i = 0; i < COL_XENTOP; i++)
		fprintf(out, "%s%*s", i ? " " : "", columns[i].width,
			columns[i].title);
	fputc('\n', out);
}

/* Right-aligned and cut by characters, which may be several bytes each. */
static void name(FILE *out, const struct top_domain *d,
		 const struct top_shown *shown)
{
	int width = columns[COL_NAME].width, nr = 0;
	char clean[NAME_MOST], one[4];
	const char *p;

	text_clean(clean, sizeof(clean), column_name(d), 0);
	for (p = clean; *p; nr++)
		(void)text_next(&p);
	for (; nr < width; nr++)
		fputc(' ', out);
	for (p = clean, nr = 0; *p && (nr < width || shown->full_names); nr++)
		fwrite(one, 1, text_put(one, text_next(&p)), out);
}

static void domain(FILE *out, const struct top_model *m,
		   const struct top_domain *d, const struct top_shown *shown)
{
	char text[32];
	int i;

	name(out, d, shown);
	for (i = COL_STATE; i < COL_XENTOP; i++) {
		column_text(text, sizeof(text), (enum column_id)i, m, d);
		fprintf(out, " %*s", columns[i].width, text);
	}
	fputc('\n', out);
}

static void rows(FILE *out, const struct lodge_sample_domain *d,
		 const struct top_shown *shown)
{
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

struct ordering {
	const struct top_model *m;
	const struct top_shown *shown;
};

/* By name, as xentop has them. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct ordering *o = arg;
	const struct top_domain *x = *(const struct top_domain *const *)a;
	const struct top_domain *y = *(const struct top_domain *const *)b;
	unsigned int p = x->now->info.domid, q = y->now->info.domid;

	if (o->shown->dom0_first && (!p || !q))
		return p ? 1 : q ? -1 : 0;
	return column_compare(COL_NAME, o->m, x, y);
}

int view_text(FILE *out, const struct top_model *m,
	      const struct top_shown *shown)
{
	const struct top_domain **order = calloc(m->nr + 1, sizeof(*order));
	struct ordering o = {m, shown};
	size_t i;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < m->nr; i++)
		order[i] = &m->domains[i];
	qsort_r(order, m->nr, sizeof(*order), compare, &o);
	for (i = 0; i < m->nr; i++) {
		if (!i || shown->repeat_titles)
			titles(out, shown);
		domain(out, m, order[i], shown);
		rows(out, order[i]->now, shown);
	}
	free(order);
	return 0;
}
