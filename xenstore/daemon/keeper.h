/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - two processes that each hold what must not be closed, and each
 * replace the other
 *
 * The keeper accepts clients, the daemon serves them. Listening sockets,
 * clients' sockets and their streams are open in both, so the death of one
 * closes nothing. Whoever is left starts the other anew and hands it all of
 * them, over a socket pair whose messages keep their borders:
 *
 *	keeper --fork, exec "--daemon"-->  daemon	at the start, and when
 *							the daemon died
 *	daemon --spawn "--keeper"------->  keeper	when the keeper died
 *
 *	either to the other, first        later: keeper     later: daemon
 *	LISTEN id + both listeners        CONN a new client DROP id
 *	CONN id + socket, stream                            READY it serves
 *	SYNC that was all                                   EXEC path: start
 *	                                                    this binary next
 *
 * A lock on the state directory's lock file is held through a descriptor that
 * both inherit, so nobody else starts there while one of them lives.
 */
#ifndef XS_KEEPER_H
#define XS_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEPER_FD 3		/* the pair, in the process that was started */
#define KEEPER_LOCK_FD 4
#define KEEPER_HOPELESS 3	/* exit status: do not try again */
#define KEEPER_UNABLE 4		/* ... unless clients were served before */

enum keeper_op {
	KEEPER_LISTEN = 1,
	KEEPER_CONN,
	KEEPER_SYNC,
	KEEPER_DROP,
	KEEPER_READY,
	KEEPER_EXEC,
};

struct keeper_msg {
	uint32_t op;
	uint32_t id;		/* of a client; LISTEN: of the next one;
				   EXEC: seconds until it must serve */
	uint32_t readonly;
	char path[256];		/* EXEC */
};

struct options {
	const char *run_dir;
	const char *state_dir;
	const char *pid_file;
	bool foreground;
	bool domains;
};

int keeper_send(int fd, const struct keeper_msg *m, const int *fds, int flags);
int keeper_receive(int fd, struct keeper_msg *m, int fds[2], int flags);

int keeper_main(const struct options *o, char **argv, bool replacement);

/* The daemon's side. */
void keeper_attach(char **argv);
void keeper_drop(uint32_t id);
void keeper_ready(void);
void keeper_exec(const char *path, uint32_t limit_s);

/* For the service manager and for people. */
void manager_ready(void);
void manager_main_pid(pid_t pid);
void manager_write_pid(const char *path, pid_t pid);

#endif
