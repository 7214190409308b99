/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - the process that holds what a crash of the daemon must not close
 *
 *	keeper --fork, exec--> daemon
 *	   ^                     |
 *	   '---- KEEPER_FD ------'   a socket pair; messages keep their borders
 *
 *	keeper to daemon                 daemon to keeper
 *	CONN id + socket, stream         DROP id
 *	SYNC   all were handed over      READY  serves; tell the service manager
 *	STOP   terminate                 EXEC path: start this binary next
 */
#ifndef XS_KEEPER_H
#define XS_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#define KEEPER_FD 3
#define KEEPER_HOPELESS 3	/* exit status: do not try again */

enum keeper_op {
	KEEPER_CONN = 1,
	KEEPER_SYNC,
	KEEPER_STOP,
	KEEPER_DROP,
	KEEPER_READY,
	KEEPER_EXEC,
};

struct keeper_msg {
	uint32_t op;
	uint32_t id;
	uint32_t readonly;
	char path[256];		/* KEEPER_EXEC */
};

struct options {
	const char *run_dir;
	const char *state_dir;
	const char *pid_file;
	bool foreground;
	bool domains;
};

int keeper_main(const struct options *o, char **argv);

/* The daemon's side. */
void keeper_attach(void);
void keeper_drop(uint32_t id);
void keeper_ready(void);
void keeper_exec(const char *path);

#endif
