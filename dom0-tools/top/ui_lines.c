/* SPDX-License-Identifier: MIT */
/*
 * ui_lines.c - which domains are shown, in which order, in which lines
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "ui.h"

bool ui_is(const struct ui_domain *d, const struct top_domain *of)
{
	const struct lodge_domain *info = &of->now->info;

	return d->some && d->domid == info->domid &&
	       !memcmp(d->uuid, info->uuid, sizeof(d->uuid));
}

const struct top_domain *ui_find(const struct top_model *m,
				 const struct ui_domain *d)
{
	size_t i;

	for (i = 0; i < m->nr; i++)
		if (ui_is(d, &m->domains[i]))
			return &m->domains[i];
	return NULL;
}

/* The filter is part of the name, as it is shown, in either case. */
static bool is_shown(const struct ui *u, const struct top_domain *d)
{
	char name[256];

	if (!*u->filter)
		return true;
	text_clean(name, sizeof(name), column_name(d), 0);
	return strcasestr(name, u->filter);
}

struct ordering {
	const struct ui *u;
	const struct top_model *m;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct ordering *o = arg;
	const struct top_domain *x = &o->m->domains[*(const size_t *)a];
	const struct top_domain *y = &o->m->domains[*(const size_t *)b];
	unsigned int p = x->now->info.domid, q = y->now->info.domid;
	int order;

	if (o->u->shown.dom0_first && (!p || !q))
		return p ? 1 : q ? -1 : 0;
	order = column_compare(o->u->sort, o->m, x, y);
	return o->u->reversed ? -order : order;
}

size_t *ui_order(const struct ui *u, const struct top_model *m, size_t *nr)
{
	size_t *order = calloc(m->nr + 1, sizeof(*order)), i;
	struct ordering o = {u, m};

	*nr = 0;
	if (!order)
		return NULL;
	for (i = 0; i < m->nr; i++)
		if (is_shown(u, &m->domains[i]))
			order[(*nr)++] = i;
	qsort_r(order, *nr, sizeof(*order), compare, &o);
	return order;
}

/* How many lines one domain has at most. */
static size_t lines_of(const struct top_domain *d)
{
	return 3 + d->now->nr_vifs + d->now->nr_vbds;
}

static struct line *add(struct line *end, enum line_kind kind, size_t domain,
			size_t number)
{
	*end = (struct line){kind, domain, number};
	return end + 1;
}

static struct line *add_domain(const struct ui *u, const struct top_domain *d,
			       size_t domain, bool titles, struct line *end)
{
	size_t i;

	if (titles)
		end = add(end, LINE_TITLES, domain, 0);
	end = add(end, LINE_DOMAIN, domain, 0);
	if (u->shown.vcpus)
		end = add(end, LINE_VCPUS, domain, 0);
	for (i = 0; u->shown.vifs && i < d->now->nr_vifs; i++)
		end = add(end, LINE_VIF, domain, i);
	for (i = 0; u->shown.vbds && i < d->now->nr_vbds; i++)
		end = add(end, LINE_VBD, domain, i);
	return end;
}

struct line *ui_lines(const struct ui *u, const struct top_model *m,
		      size_t *nr)
{
	size_t nr_domains, most = 1, i, *order = ui_order(u, m, &nr_domains);
	struct line *lines, *end;

	*nr = 0;
	if (!order)
		return NULL;
	for (i = 0; i < nr_domains; i++)
		most += lines_of(&m->domains[order[i]]);
	lines = end = calloc(most, sizeof(*lines));
	for (i = 0; lines && i < nr_domains; i++)
		end = add_domain(u, &m->domains[order[i]], order[i],
				 u->shown.repeat_titles && i, end);
	free(order);
	*nr = lines ? (size_t)(end - lines) : 0;
	return lines;
}
