/* SPDX-License-Identifier: MIT */
/*
 * background.h - one service of a kind, in the background
 *
 * background_enter(), then all that may fail, then background_ready(): whoever
 * started the service waits so long, and learns whether it is at work.
 */
#ifndef SERVICE_BACKGROUND_H
#define SERVICE_BACKGROUND_H

/**
 * pid_file_write() - be the only one, until this process ends
 *
 * The lock is of the kind that goes with this process, not with a child that it
 * has just made when it is killed; others can ask for it without taking it.
 * Does not return if another one has it: die().
 */
void pid_file_write(const char *path);

/* Returns in the child. The parent leaves when that is ready, or has failed. */
void background_enter(void);

/* Leave the terminal, say what is to be said to syslog, and tell the parent.
 * Nothing, if background_enter() was not called. */
void background_ready(void);

#endif
