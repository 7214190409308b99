/* SPDX-License-Identifier: MIT */
/*
 * logfile.h - a file that grows up to a limit, then another one
 */
#ifndef CONSOLED_LOGFILE_H
#define CONSOLED_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How logs are written: the same for all of a kind. */
struct log_style {
	const char *dir;
	uint64_t most_bytes;	/* of one file; 0: no limit */
	unsigned int keep;	/* older files: NAME.1 is the youngest */
	bool stamps;		/* the time in front of each line */
	bool plain;		/* a dot for each escape */
};

struct log_file {
	const struct log_style *style;
	char *path;		/* NULL: there is none */
	int fd;			/* -1: it cannot be opened; that was said */
	bool failing;		/* that it cannot be written was said */
	uint64_t size;
	bool in_line;		/* the last byte was no end of a line */
};

/* "guest-NAME.log", or "guest-.DOMID.log" for a name that could be no file's.
 * To be free()d; NULL: there is no memory. */
char *log_guest_name(const char *name, unsigned int domid);

/* Begins to write at the end of DIR/@name; what fails is said, once. */
void log_open(struct log_file *f, const struct log_style *style,
	      const char *name);
/* All of it goes to the file, or a sentence to the administrator. */
void log_write(struct log_file *f, const char *text, size_t nr);
/* The file may have been moved away by somebody else. */
void log_reopen(struct log_file *f);
void log_close(struct log_file *f);

#endif
