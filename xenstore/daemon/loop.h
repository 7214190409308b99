/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the event loop, and whose turn it is
 */
#ifndef XS_LOOP_H
#define XS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct conn;

/* Something with a file descriptor that the loop waits for. */
struct source {
	void (*ready)(struct source *s, uint32_t events);
	int fd;
};

void loop_init(void);
void loop_add(struct source *s, uint32_t events);
void loop_change(struct source *s, uint32_t events);
void loop_remove(struct source *s);
void loop_queue(struct conn *c);
void loop_hold(struct conn *c);
void loop_forget(struct conn *c);
void loop_run(void);
void loop_stop(void);

#endif
