/* SPDX-License-Identifier: MIT */
/*
 * liblodge_config.h - what a configuration asks for, and what is wrong with it
 */
#ifndef LIBLODGE_CONFIG_H
#define LIBLODGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- findings ----------------------------------------------------------- */

enum lodge_severity {
	LODGE_NOTE,		/* has no effect on this guest */
	LODGE_WARNING,		/* wrong, but the guest can be created */
	LODGE_ERROR,		/* nothing is created */
};

/* One thing that is wrong with a configuration: strings, NULL if not told. */
struct lodge_finding {
	enum lodge_severity severity;
	const char *source;	/* file, or what lodge_source.name said */
	unsigned int line;	/* from 1; 0: the configuration as a whole */
	const char *key;	/* "memory", "disk[1]" */
	const char *problem;	/* completes a sentence that begins with key */
	const char *allowed;	/* what it must be instead */
	const char *hint;	/* what to do */
};

/* "guest.cfg:3: error: memory is "64M", but must be ..."; to be free()d. */
char *lodge_finding_text(const struct lodge_finding *f);

/* ---- configurations ----------------------------------------------------- */

#define LODGE_MAX_VCPUS 512	/* as many as a PV guest may have */
#define LODGE_MAX_CPUS 4096	/* more no host has */

enum lodge_action {
	LODGE_ACTION_DESTROY,
	LODGE_ACTION_RESTART,
	LODGE_ACTION_RENAME_RESTART,
	LODGE_ACTION_PRESERVE,
	LODGE_ACTION_COREDUMP_DESTROY,
	LODGE_ACTION_COREDUMP_RESTART,
	LODGE_ACTION_SOFT_RESET,
};

enum lodge_guest_type { LODGE_PV = 1, LODGE_PVH = 2, LODGE_HVM = 4 };

enum lodge_tsc_mode {
	LODGE_TSC_DEFAULT,
	LODGE_TSC_ALWAYS_EMULATE,
	LODGE_TSC_NATIVE,
};

/* A part of a list of CPUs: CPUs, or nodes and thus their CPUs. */
struct lodge_cpu_range {
	bool all;		/* each there is; first and last are 0 */
	bool exclude;		/* take away, instead of adding */
	bool nodes;
	unsigned int first, last;
};

/* In the order of the list, which counts. */
struct lodge_cpu_list {
	size_t nr;		/* 0: nothing was said */
	const struct lodge_cpu_range *ranges;
};

/* Of all vCPUs if nr is 1, or of each in turn, and none of further ones. */
struct lodge_affinity {
	bool each;
	size_t nr;
	const struct lodge_cpu_list *lists;
};

enum lodge_disk_format {
	LODGE_DISK_RAW,
	LODGE_DISK_QCOW,
	LODGE_DISK_QCOW2,
	LODGE_DISK_QED,
	LODGE_DISK_VHD,
	LODGE_DISK_VHDX,
	LODGE_DISK_VMDK,
	LODGE_DISK_VDI,
	LODGE_DISK_EMPTY,	/* a CD drive without a disc */
};

enum lodge_disk_backend {
	LODGE_BACKEND_ANY,
	LODGE_BACKEND_PHY,
	LODGE_BACKEND_QDISK,
};

/* xl-disk-configuration(5) */
struct lodge_disk {
	const char *target;	/* NULL: a drive that is empty */
	const char *vdev;	/* as it was written */
	unsigned int devid;	/* xen-vbd-interface(7) */
	enum lodge_disk_format format;
	enum lodge_disk_backend backend_type;
	const char *backend;	/* domain; NULL: Dom0 */
	const char *script;	/* NULL: none */
	bool writable, cdrom, direct_io_safe, no_discard, untrusted;
};

/* xl-network-configuration(5) */
struct lodge_vif {
	unsigned int devid;	/* its place in the list, if none was given */
	bool has_devid, has_mac;
	uint8_t mac[6];
	const char *bridge, *gateway_dev, *ifname, *script, *backend;
	const char *ip;
	uint64_t rate_bytes;	/* in each interval; 0: no limit */
	uint32_t rate_interval_us;
	uint32_t mtu;		/* 0: as the bridge's */
	bool untrusted;
};

/* xen-pv-channel(7) */
struct lodge_channel {
	const char *name, *backend;
	const char *socket;	/* path; NULL: a pseudo terminal */
};

/* A configuration without errors; what was not set has its default. */
struct lodge_domain_config {
	const char *name;
	bool has_uuid;
	uint8_t uuid[16];
	unsigned int vcpus;	/* online at the start */
	unsigned int max_vcpus;
	struct lodge_affinity hard, soft;
	const char *pool;
	unsigned int weight, cap;	/* 0: the scheduler's default */
	uint64_t memory_mib, max_memory_mib;
	enum lodge_action on_poweroff, on_reboot, on_watchdog, on_crash;
	const char *kernel, *ramdisk;
	const char *cmdline;	/* NULL: none */
	unsigned int max_grant_frames, max_maptrack_frames;
	unsigned int max_grant_version, max_event_channels;	/* 0: default */
	enum lodge_tsc_mode tsc_mode;
	int64_t rtc_offset_s;
	bool local_time, no_migrate, driver_domain, host_e820;
	size_t nr_disks, nr_vifs, nr_channels;
	const struct lodge_disk *disks;
	const struct lodge_vif *vifs;
	const struct lodge_channel *channels;
	/* All of the above as settings again, kept to make the guest anew of;
	   NULL: nothing is kept, and nobody acts at its end. */
	const char *text;
};

/* Text in xl.cfg(5)'s grammar; what comes later overrides. */
struct lodge_source {
	const char *name;	/* for findings: a path, "command line" */
	const char *text;	/* NULL: read the file of that name */
	size_t length;
};

/* xlcpupool.cfg(5) */
struct lodge_cpupool_config {
	const char *name;
	const char *scheduler;	/* NULL: that of the first pool */
	struct lodge_cpu_list cpus;	/* nr 0: the first that is free */
};

struct lodge_config;

enum lodge_device_kind { LODGE_VBD, LODGE_VIF };

/**
 * lodge_config_read() - read a guest's configuration
 * @out:     the result, to be given to lodge_config_free()
 * @sources: the file, then overrides
 * @nr:      how many
 *
 * A configuration that is wrong is read to its end, so that all of what is
 * wrong is found. Files that it names are not looked at.
 *
 * Return: 0, also if there are findings; -ENOMEM.
 */
int lodge_config_read(struct lodge_config **out,
		      const struct lodge_source *sources, size_t nr);

/**
 * lodge_config_read_device() - read one device, of a guest that there is
 * @spec: as an element of "disk" or "vif"; by lodge_config_domain() it is the
 *        first, and there is nothing else
 *
 * Return: 0, also if there are findings; -ENOMEM.
 */
int lodge_config_read_device(struct lodge_config **out,
			     enum lodge_device_kind kind, const char *spec);

/**
 * lodge_config_read_cpus() - read lists of CPUs, for lodge_domain_pin()
 * @hard: "0-3,^2"; "-": nothing is said
 * @soft: likewise; both are of all vCPUs
 *
 * Return: 0, also if there are findings; -ENOMEM.
 */
int lodge_config_read_cpus(struct lodge_config **out, const char *hard,
			   const char *soft);

/* The same as lodge_config_read(), of a CPU pool: xlcpupool.cfg(5) */
int lodge_config_read_cpupool(struct lodge_config **out,
			      const struct lodge_source *sources, size_t nr);
/* NULL: there are errors. */
const struct lodge_cpupool_config *
lodge_config_cpupool(const struct lodge_config *config);

/**
 * lodge_config_check_files() - are the files there that a configuration names?
 * @config: read; what is wrong is added to its findings
 *
 * Return: 0; -ENOMEM.
 */
int lodge_config_check_files(struct lodge_config *config);

void lodge_config_free(struct lodge_config *config);

/* In the order of source and line. */
const struct lodge_finding *
lodge_config_findings(const struct lodge_config *config, size_t *nr);

/* NULL: there are errors. */
const struct lodge_domain_config *
lodge_config_domain(const struct lodge_config *config);

#endif
