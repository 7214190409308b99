/* SPDX-License-Identifier: MIT */
/*
 * graph.c - bars and histories on a screen
 *
 * A column of a cell is eight steps high where the terminal has Unicode's
 * blocks, and three where it has ASCII.
 */
#include "graph.h"

#define STEPS 8

static uint32_t block(const struct screen *s, int step)
{
	static const char ascii[] = " ...:::##";

	if (!s->unicode)
		return (uint32_t)ascii[step];
	return step ? 0x2580u + (uint32_t)step : ' ';
}

unsigned int graph_look(double share)
{
	if (share >= 0.95)
		return LOOK_RED | LOOK_BOLD;
	return share >= 0.8 ? LOOK_YELLOW : LOOK_GREEN;
}

void graph_bar(struct screen *s, int row, int col, int cols, double share,
	       unsigned int look)
{
	int full, i;

	if (cols < 3)
		return;
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	full = (int)(share * (cols - 2) + 0.5);
	screen_set(s, row, col, LOOK_PLAIN, '[');
	for (i = 0; i < full; i++)
		screen_set(s, row, col + 1 + i, look, s->unicode ? 0x25a0
							     : '|');
	screen_set(s, row, col + cols - 1, LOOK_PLAIN, ']');
}

/* A column of @height steps, from the bottom on. */
static void draw_column(struct screen *s, const struct place *p, int col,
			int height, unsigned int look)
{
	int row, step;

	for (row = p->rows - 1; row >= 0 && height > 0; row--) {
		step = height < STEPS ? height : STEPS;
		screen_set(s, p->row + row, p->col + col, look, block(s, step));
		height -= step;
	}
}

void graph_history(struct screen *s, const struct place *p,
		   const struct top_history *h, double most, unsigned int look)
{
	int top = p->rows * STEPS, height, age;
	double value;

	for (age = 0; age < p->cols; age++) {
		if (!top_history_at(h, (unsigned int)age, &value))
			break;
		value = most > 0 ? value / most : 0;
		value = value > 1 ? 1 : value;
		height = (int)(value * top + 0.5);
		/* Something is not nothing. */
		if (value > 0 && !height)
			height = 1;
		draw_column(s, p, p->cols - 1 - age, height, look);
	}
}

static double round_up(double value)
{
	static const double steps[] = {1, 2, 5, 10};
	double ten = 1;
	int i;

	while (value > 10 * ten)
		ten *= 10;
	for (i = 0; i < 3 && steps[i] * ten < value; i++)
		;
	return steps[i] * ten;
}

double graph_round_bytes(double bytes)
{
	double unit = 1024;

	while (bytes > 1000 * unit)
		unit *= 1024;
	return round_up(bytes / unit) * unit;
}
