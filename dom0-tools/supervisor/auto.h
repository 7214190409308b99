/* SPDX-License-Identifier: MIT */
/*
 * auto.h - the guests that are started when the host is
 */
#ifndef SUPERVISOR_AUTO_H
#define SUPERVISOR_AUTO_H

/*
 * Each file of a directory, by name, is a configuration; who runs already is
 * passed over, and one that cannot be started keeps no other from it. The
 * number of those that failed; -1: there was nothing to be read.
 */
int start_guests(const char *directory);

#endif
