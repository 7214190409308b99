/* SPDX-License-Identifier: MIT */
/*
 * graph.h - bars and histories on a screen
 */
#ifndef TOP_GRAPH_H
#define TOP_GRAPH_H

#include "model.h"
#include "screen.h"

struct place {
	int row, col, rows, cols;
};

/* How much of something is used, in a look. */
void graph_bar(struct screen *s, int row, int col, int cols, double share,
	       unsigned int look);

/* The look of a share of what there is: it warns from 80 % on. */
unsigned int graph_look(double share);

/**
 * graph_history() - the newest points, one in each column, the newest right
 * @p:    its place; of one row, or more
 * @most: what the height stands for; larger ones are cut
 */
void graph_history(struct screen *s, const struct place *p,
		   const struct top_history *h, double most, unsigned int look);

/*
 * The next larger of 1, 2, 5, 10, ... 1000 KiB, MiB, ...: what a height can
 * stand for.
 */
double graph_round_bytes(double bytes);

#endif
