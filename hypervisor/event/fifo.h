/* SPDX-License-Identifier: MIT */
/*
 * fifo.h - what a domain and a vCPU have under the FIFO ABI
 *
 * Both are found through pointers that are [s] (private.h).
 */
#ifndef LODGE_EVENT_FIFO_H
#define LODGE_EVENT_FIFO_H

#include "private.h"

#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(event_word_t))
#define MAX_WORD_PAGES	(EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

struct evtchn_fifo {
	unsigned int nr_pages;			/* [e] */
	/* [a] pages of the guest, each with a writable reference */
	event_word_t *words[MAX_WORD_PAGES];
};

struct fifo_queue {
	spinlock_t lock;			/* LOCK_EVTQUEUE */
	evtchn_port_t tail;			/* [q] put on last; 0: never */
};

struct fifo_vcpu {
	/* [I] in a page of the guest, with a writable reference */
	struct evtchn_fifo_control_block *control;
	struct page *page;			/* [I] */
	struct fifo_queue queues[EVTCHN_FIFO_MAX_QUEUES];
};

#endif
