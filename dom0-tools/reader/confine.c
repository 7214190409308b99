/* SPDX-License-Identifier: MIT */
/*
 * confine.c - give up what a reader of hostile bytes does not need
 *
 * Afterwards there are pread() of descriptor 0, anonymous memory without the
 * right to run it, up to a limit, and the end; any other system call ends the
 * process. Below that it has the limits and the identity of nobody, for a
 * kernel of the host whose filter would fail.
 */
#include "reader.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY 65534

/* The result, the file, what liblzma remembers of what it has unpacked. */
#define MEMORY_BYTES (UINT64_C(1) << 30)

static const struct {
	__rlimit_resource_t what;
	rlim_t most;
} limits[] = {
	{RLIMIT_AS, MEMORY_BYTES},
	{RLIMIT_CPU, READER_CPU_S},
	{RLIMIT_CORE, 0},
	{RLIMIT_FSIZE, 0},
	{RLIMIT_MEMLOCK, 0},
	{RLIMIT_MSGQUEUE, 0},
	{RLIMIT_NOFILE, 0},
	{RLIMIT_NPROC, 0},
	{RLIMIT_SIGPENDING, 0},
};

/* Lower ones are kept. Of CPU time the soft limit is the one that tells. */
static int set_limits(void)
{
	struct rlimit l;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (getrlimit(limits[i].what, &l))
			return errno;
		if (l.rlim_cur > limits[i].most)
			l.rlim_cur = limits[i].most;
		if (l.rlim_max > limits[i].most + 1)
			l.rlim_max = limits[i].most + 1;
		if (limits[i].what != RLIMIT_CPU)
			l.rlim_max = l.rlim_cur;
		if (setrlimit(limits[i].what, &l))
			return errno;
	}
	return 0;
}

/* Who is not root has little to give up, and no way to. */
static int set_identity(void)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return errno;
	return 0;
}

static int add_rules(scmp_filter_ctx filter)
{
	static const int plain[] = {
		SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk),
		SCMP_SYS(madvise), SCMP_SYS(exit_group),
	};
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < sizeof(plain) / sizeof(plain[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i], 0);
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				      SCMP_SYS(pread64), 1,
				      SCMP_A0(SCMP_CMP_EQ, READER_IMAGE));
	if (!rc)
		rc = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
			SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
				MAP_ANONYMOUS));
	return -rc;
}

static int set_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (!filter)
		return ENOMEM;
	error = add_rules(filter);
	if (!error)
		error = -seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int confine(void)
{
	int error = set_limits();

	if (!error)
		error = set_identity();
	if (!error && (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
		       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		error = errno;
	return error ? error : set_filter();
}
