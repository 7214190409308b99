/* SPDX-License-Identifier: MIT */
/*
 * guests.h - the guests that there are
 */
#ifndef CONSOLED_GUESTS_H
#define CONSOLED_GUESTS_H

/* Ends the program if there is no store. Guests are served from now on. */
void guests_start(void);
/* Tries those again whose console could not be had; ms until it is worth it
 * once more, or -1. */
int guests_retry(void);
/* Logs that somebody else has moved away. */
void guests_reopen_logs(void);
/* Nobody serves them any more, which the store says. */
void guests_stop(void);

#endif
