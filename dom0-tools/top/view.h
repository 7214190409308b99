/* SPDX-License-Identifier: MIT */
/*
 * view.h - a model as text for programs: columns, or JSON
 */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include <stdio.h>

#include "model.h"

/* What is shown beside the domains themselves, and how. */
struct top_shown {
	bool vcpus, vifs, vbds;
	bool repeat_titles, full_names, dom0_first;
};

/* ---- view_json.c ---- */
/* One look, as one line. 0; -ENOMEM */
int view_json(FILE *out, const struct top_model *m);

/* ---- view_text.c ---- */
/* One look, in the text of xentop -b. 0; -ENOMEM */
int view_text(FILE *out, const struct top_model *m,
	      const struct top_shown *shown);

#endif
