/* SPDX-License-Identifier: MIT */
/*
 * liblodge.h - guests, for programs of Dom0: what the tool `lodge` is made of
 *
 * Nothing in here prints or exits. What is wrong with a configuration is told
 * by findings; whatever else fails gives a negative errno, and lodge_error()
 * says more. A handle is for one thread at a time.
 */
#ifndef LIBLODGE_H
#define LIBLODGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "liblodge_config.h"
#include "liblodge_host.h"

/* ---- the host ----------------------------------------------------------- */

struct lodge;

/* What failed, and why: a chain that ends with the first cause. */
struct lodge_error {
	const char *what;	/* "cannot pause domain 5" */
	int code;		/* a positive errno; 0: none applies */
	const char *hint;	/* what to do; NULL: nothing is known */
	const struct lodge_error *cause;	/* NULL: the end */
};

/**
 * lodge_open() - a handle for what runs on this host
 * @out: the handle, to be given to lodge_close(); NULL if -ENOMEM
 *
 * Hypervisor and store are spoken to when something is asked of them.
 *
 * Return: 0; -ENOMEM.
 */
int lodge_open(struct lodge **out);
void lodge_close(struct lodge *l);

/* Of the call that failed last; it lives until the next call. */
const struct lodge_error *lodge_error(const struct lodge *l);

/*
 * All of that in one line: the cause first, what it led to in brackets, a
 * hint; to be free()d. NULL: there is no memory.
 */
char *lodge_error_text(const struct lodge *l);

enum lodge_domain_flags {
	LODGE_RUNNING	= 1 << 0,
	LODGE_BLOCKED	= 1 << 1,
	LODGE_PAUSED	= 1 << 2,
	LODGE_SHUTDOWN	= 1 << 3,
	LODGE_DYING	= 1 << 4,
	LODGE_HARDWARE	= 1 << 5,	/* no PV guest */
};

#define LODGE_REASON_CRASH 3

struct lodge_domain {
	unsigned int domid;
	char *name;		/* NULL: it has none; of one that is being
				   made, which it will have */
	uint8_t uuid[16];
	unsigned int flags;	/* enum lodge_domain_flags */
	unsigned int shutdown_reason;	/* of <xen/sched.h>; LODGE_SHUTDOWN */
	uint64_t memory_kib;	/* has now */
	uint64_t max_memory_kib;	/* may have */
	uint64_t outstanding_kib;	/* claimed, not yet taken */
	uint64_t cpu_time_ns;
	unsigned int online_vcpus, max_vcpu_id;
	unsigned int cpupool;
	uint32_t ssidref;	/* of its security label */
	bool abandoned;		/* half made or half ended: lodge_finish() */
};

/**
 * lodge_domains() - all domains, by domid
 * @list: an array, to be given to lodge_domains_free()
 * @nr:   its length
 *
 * Return: 0; -errno: the hypervisor or the store does not answer; -ENOMEM.
 */
int lodge_domains(struct lodge *l, struct lodge_domain **list, size_t *nr);
void lodge_domains_free(struct lodge_domain *list, size_t nr);

/**
 * lodge_domain_find() - which domain is meant?
 * @who:   a name, or a domid in digits
 * @domid: the answer
 *
 * Return: 0; -ESRCH there is none; -errno as lodge_domains().
 */
int lodge_domain_find(struct lodge *l, const char *who, unsigned int *domid);

/* @name to be free()d. 0; -ESRCH no such domain, or it has none; -errno */
int lodge_domain_name(struct lodge *l, unsigned int domid, char **name);
/* The same of a CPU pool; *name is NULL if it has none. 0; -errno */
int lodge_cpupool_name(struct lodge *l, unsigned int pool, char **name);

/* How a guest was made; strings are NULL, and sizes 0, if nobody knows. */
struct lodge_details {
	char *kernel, *ramdisk, *cmdline;
	uint64_t max_kib, target_kib, video_kib;
	uint8_t available[LODGE_MAX_VCPUS / 8];	/* vCPUs that it may use */
};

/* To be given to lodge_details_free(). 0; -errno */
int lodge_domain_details(struct lodge *l, unsigned int domid,
			 struct lodge_details *d);
void lodge_details_free(struct lodge_details *d);

/* 0; -ESRCH there is no such domain; -errno */
int lodge_domain_pause(struct lodge *l, unsigned int domid);
int lodge_domain_unpause(struct lodge *l, unsigned int domid);

/* What is told of long work: by whoever does it, in its thread. */
struct lodge_task {
	/* @done of @total, in bytes; false: it is to be ended */
	bool (*progress)(void *arg, const char *what, uint64_t done,
			 uint64_t total);
	void *arg;
};

/**
 * lodge_domain_create() - a guest that waits: lodge_domain_unpause() starts it
 * @config: without errors; its files are read
 * @task:   is told how far it is; NULL: nobody is
 * @domid:  written on success
 *
 * Memory is claimed before it is taken. A failure leaves nothing behind.
 *
 * Return: 0; -EEXIST another domain has the name or the UUID, or is about to
 *         have it, or another interface that of a vif; -ENOENT there is no such CPU pool;
 *         -ENOMEM the host has not enough memory; -ENOEXEC the kernel is none
 *         that can be started; -EINVAL the guest's memory is too small for
 *         its start, or its vCPUs are to run on no CPU of this host;
 *         -EOPNOTSUPP the configuration has what cannot be created; -ENOTBLK
 *         a disk is neither file nor block device; -EBUSY it is in use;
 *         -ENODEV Dom0 has no such bridge, or no driver for a device; -EIO,
 *         -ETIMEDOUT a back end does not take a device up; -ECANCELED;
 *         -errno.
 */
int lodge_domain_create(struct lodge *l,
			const struct lodge_domain_config *config,
			const struct lodge_task *task, unsigned int *domid);

/**
 * lodge_domain_destroy() - the end of a domain, at once
 *
 * If it is just being started again, that is given up.
 *
 * Return: 0; -ESRCH; -EINVAL it is Dom0; -EOPNOTSUPP it has devices that a
 *         script has set up; -ETIMEDOUT it is gone, but one of its back ends
 *         has not let go of it; -errno.
 */
int lodge_domain_destroy(struct lodge *l, unsigned int domid);

/**
 * lodge_finish() - end what processes were killed over
 * @name: of a guest; NULL: all
 * @nr:   how many there were
 *
 * Whoever creates or destroys a guest leaves its traces in the store until it
 * is done: a guest that a process which is gone has half made, or half ended,
 * is ended. lodge_domain_create() begins with this.
 *
 * Return: 0; as lodge_domain_destroy().
 */
int lodge_finish(struct lodge *l, const char *name, size_t *nr);

/* ---- the end of guests -------------------------------------------------- */

/* Locked by lodge-supervisor while it is at work. */
#define LODGE_SUPERVISOR_PID "/run/lodge-supervisor/pid"

/* Is it? */
bool lodge_supervised(void);

/* How lodge_attend() acts, and whom it tells. */
struct lodge_attendance {
	/* A line of what was done, or could not be. */
	void (*told)(void *arg, const char *text);
	void *arg;
	/* Who ends so soon is started again so often in a row; 0: no limit */
	unsigned int quick_s, most_quick;
};

/**
 * lodge_attend() - do with all guests that have ended what they asked for
 * @again_ms: when it is to be called again though nothing has happened;
 *            negative: not before something has
 *
 * Guests whose configuration is not kept, as those of other tools, are left
 * alone. Only one process may do this at a time; if it is killed over it the
 * next one goes on. While lodge_halt() is at work nothing is done.
 *
 * Return: 0, also if something has failed, which was told; -errno the
 *         hypervisor or the store does not answer; -ENOMEM.
 */
int lodge_attend(struct lodge *l, const struct lodge_attendance *how,
		 int *again_ms);

/* How lodge_halt() acts, and whom it tells. */
struct lodge_halting {
	void (*told)(void *arg, const char *text);
	void *arg;
	/* Then those that are left are destroyed; 0: never */
	unsigned int limit_s;
	bool all;		/* also those that other tools have made */
};

/**
 * lodge_halt() - have all guests shut down, and destroy them
 *
 * Nothing is started again, whatever they are configured to. A guest that is
 * paused goes on, to shut down; one that never ran, or has ended, is destroyed.
 *
 * Return: 0, also if one could not be destroyed, which was told; -errno.
 */
int lodge_halt(struct lodge *l, const struct lodge_halting *how);

/* The settings that a guest is made again from, to be free()d. 0; -ESRCH;
 * -ENOENT none are kept; -errno */
int lodge_domain_kept_config(struct lodge *l, unsigned int domid, char **text);
/* Others, from its next start on. The same */
int lodge_domain_keep_config(struct lodge *l, unsigned int domid,
			     const struct lodge_domain_config *config);

/*
 * A guest that has ended, and is about to be started again, is not. 0; -ESRCH
 * there is none of that name; -errno
 */
int lodge_domain_give_up(struct lodge *l, const char *name);

/* Nobody acts at the end of this domain. 0; -ESRCH; -errno */
int lodge_domain_leave(struct lodge *l, unsigned int domid);

/* ---- changing a guest --------------------------------------------------- */

/**
 * lodge_domain_ask_shutdown() - ask a guest to end itself
 * @reboot: and to be started again
 *
 * The guest's kernel does it when it likes to, if it does.
 *
 * Return: 0; -ESRCH; -EINVAL it is Dom0; -EOPNOTSUPP the guest's kernel does
 *         not listen; -errno.
 */
int lodge_domain_ask_shutdown(struct lodge *l, unsigned int domid, bool reboot);

/* Until a domain has shut down, or is gone. 0; -errno */
int lodge_domain_wait_shutdown(struct lodge *l, unsigned int domid);

/*
 * Until a guest has ended for good: as long as it is started again it has not.
 * 0; -ESRCH; -errno
 */
int lodge_domain_wait_end(struct lodge *l, unsigned int domid);

/* Press a magic system request key of the guest's. 0; -ESRCH; -errno */
int lodge_domain_sysrq(struct lodge *l, unsigned int domid, char key);

/* 0; -ESRCH; -EINVAL @name is none; -EEXIST another one has it; -errno */
int lodge_domain_rename(struct lodge *l, unsigned int domid, const char *name);

/**
 * lodge_domain_set_max_memory() - how much memory a guest may have
 *
 * Return: 0; -ESRCH; -EINVAL less than it is asked to have; -errno.
 */
int lodge_domain_set_max_memory(struct lodge *l, unsigned int domid,
				uint64_t kib);

/**
 * lodge_domain_set_memory() - how much memory a guest is to have
 *
 * Its balloon driver gives back or takes memory until it has it.
 *
 * Return: 0; -ESRCH; -EINVAL more than it may have, or nothing; -errno.
 */
int lodge_domain_set_memory(struct lodge *l, unsigned int domid, uint64_t kib);

/**
 * lodge_domain_set_vcpus() - how many vCPUs a guest is to use
 *
 * Its kernel takes them on- and offline.
 *
 * Return: 0; -ESRCH; -EINVAL it has not so many, or 0; -errno.
 */
int lodge_domain_set_vcpus(struct lodge *l, unsigned int domid,
			   unsigned int nr);

/* ---- devices of a guest ------------------------------------------------- */

/**
 * lodge_disk_attach() - give a guest another disk, while it runs
 *
 * Return: 0; -ESRCH; -EEXIST it has that one already; -EINVAL it is Dom0;
 *         -EBUSY it is being made or ended; of the disk as
 *         lodge_domain_create(), and then nothing is left of it.
 */
int lodge_disk_attach(struct lodge *l, unsigned int domid,
		      const struct lodge_disk *disk);

/* The same of a network interface; one without a number gets the next. */
int lodge_vif_attach(struct lodge *l, unsigned int domid,
		     const struct lodge_vif *vif);

/**
 * lodge_device_detach() - take a disk or a network away from a guest
 * @force: do not ask the guest, which may lose what it has not written
 *
 * Return: 0; -ESRCH; -ENOENT it has no such device; -EOPNOTSUPP a script has
 *         set it up; -ETIMEDOUT the guest does not let go of it; -errno.
 */
int lodge_device_detach(struct lodge *l, unsigned int domid,
			enum lodge_device_kind kind, unsigned int devid,
			bool force);

/* Numbers are -1, and strings NULL, where nobody has written any. */
struct lodge_device {
	unsigned int devid, backend_domid;
	char *backend;		/* its path in the store */
	int state;		/* the guest's, of <xen/io/xenbus.h> */
	int event_channel, ring_ref, tx_ring_ref, rx_ring_ref;
	char *vdev, *target, *mode;	/* of a disk */
	char *mac, *bridge;	/* of a network */
};

/* 0; -ENOMEM; -errno. One domain that is gone has none. */
int lodge_devices(struct lodge *l, unsigned int domid,
		  enum lodge_device_kind kind, struct lodge_device **list,
		  size_t *nr);
void lodge_devices_free(struct lodge_device *list, size_t nr);

#define LODGE_ALL_VCPUS (~0U)

/**
 * lodge_domain_pin() - on which CPUs vCPUs may run, and on which they should
 * @vcpu:   one, or LODGE_ALL_VCPUS
 * @config: by lodge_config_read_cpus(): its hard and soft affinity
 * @force:  also of one that its guest's kernel has pinned for a while
 *
 * Return: 0; -ESRCH; -EINVAL it has no such vCPU, or the host no such CPU;
 *         -errno.
 */
int lodge_domain_pin(struct lodge *l, unsigned int domid, unsigned int vcpu,
		     const struct lodge_domain_config *config, bool force);

enum lodge_trigger {
	LODGE_TRIGGER_NMI,
	LODGE_TRIGGER_RESET,
	LODGE_TRIGGER_INIT,
	LODGE_TRIGGER_POWER,
	LODGE_TRIGGER_SLEEP,
};

/**
 * lodge_domain_trigger() - press a button of a guest's machine
 *
 * Return: 0; -ESRCH; -EOPNOTSUPP a PV guest has nothing but an NMI; -EINVAL
 *         it has no such vCPU; -errno.
 */
int lodge_domain_trigger(struct lodge *l, unsigned int domid,
			 enum lodge_trigger trigger, unsigned int vcpu);

/* Since when a domain is there, in seconds. 0; -ESRCH nobody knows; -errno */
int lodge_domain_uptime(struct lodge *l, unsigned int domid,
			uint64_t *seconds);

/* ---- consoles ----------------------------------------------------------- */

/* Where lodge-consoled has a socket for each guest, called by its domid. */
#define LODGE_CONSOLE_SOCKETS "/run/lodge-consoled"

enum lodge_console_type {
	LODGE_CONSOLE_DEFAULT,	/* the serial port of an HVM guest, else PV */
	LODGE_CONSOLE_PV,
	LODGE_CONSOLE_SERIAL,
};

struct lodge_console;

/**
 * lodge_console_open() - be told when a guest's console can be reached
 * @out:    to be given to lodge_console_close(), before @l is closed; NULL if
 *          it failed
 * @number: from 0
 *
 * Return: 0, also if nobody serves it yet; -ENOMEM; -errno.
 */
int lodge_console_open(struct lodge *l, struct lodge_console **out,
		       unsigned int domid, enum lodge_console_type type,
		       unsigned int number);
void lodge_console_close(struct lodge_console *c);

/* A descriptor that can be read when it is worth asking one of those below. */
int lodge_console_events(const struct lodge_console *c);

/**
 * lodge_console_attach() - a guest's console, if it can be reached now
 * @fd: a descriptor, the caller's: what is read the guest has written, and
 *      what is written it reads. It does not block.
 *
 * Takes what there is at lodge_console_events(). A console that ends (at the
 * end of what can be read, or EIO) may be served again: then attach again.
 *
 * Return: 0; -EAGAIN nobody serves it now: there is no error to be told;
 *         -ESRCH the domain has gone; -EACCES the guest itself could have
 *         said what to open; -errno.
 */
int lodge_console_attach(struct lodge_console *c, int *fd);

/*
 * Has the guest shut down, so that it writes nothing more? What it wrote last
 * may still come. 1; 0; -ESRCH the domain has gone; -errno.
 */
int lodge_console_has_shut_down(struct lodge_console *c);

#endif
