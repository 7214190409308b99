/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - who is behind a pseudo terminal
 */
#ifndef LODGE_TERMINAL_H
#define LODGE_TERMINAL_H

#include <stdbool.h>

/**
 * terminal_has_server() - does a daemon for consoles have its other end?
 * @path: "/dev/pts/3"
 *
 * A number is soon used again: without a server it may be a person's.
 */
bool terminal_has_server(const char *path);

#endif
