/* SPDX-License-Identifier: MIT */
/*
 * sock.h - clients on a socket
 */
#ifndef XS_SOCK_H
#define XS_SOCK_H

#include <stdbool.h>
#include <stdint.h>

struct conn;

int sock_prepare(int fd);
struct conn *sock_adopt(uint32_t id, int fd, int stream_fd, bool readonly);

#endif
