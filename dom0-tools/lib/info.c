/* SPDX-License-Identifier: MIT */
/*
 * info.c - the machine, the hypervisor and its log
 */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/memory.h>
#include <xen/version.h>

#define PAGE_SHIFT   12
#define LOG_FIRST    (64 << 10)	/* as large as the log mostly is */
#define LOG_MOST     (64 << 20)

/* ---- the machine --------------------------------------------------------- */

const char *scheduler_name(unsigned int id)
{
	static const char *const names[] = {
		[XEN_SCHEDULER_CREDIT] = "credit",
		[XEN_SCHEDULER_CREDIT2] = "credit2",
		[XEN_SCHEDULER_ARINC653] = "arinc653",
		[XEN_SCHEDULER_RTDS] = "rtds",
		[XEN_SCHEDULER_NULL] = "null",
	};

	return id < sizeof(names) / sizeof(names[0]) && names[id] ? names[id]
								   : "unknown";
}

/* As xl has them. */
static void name_capabilities(uint32_t capabilities, char *text, size_t size)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} names[] = {
		{XEN_SYSCTL_PHYSCAP_pv, "pv"},
		{XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
		{XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_directio,
		 "hvm_directio"},
		{XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_directio,
		 "pv_directio"},
		{XEN_SYSCTL_PHYSCAP_hap, "hap"},
		{XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
		{XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share"},
		{XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace"},
		{XEN_SYSCTL_PHYSCAP_vpmu, "vpmu"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
	};
	size_t n;

	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if ((capabilities & names[n].bits) == names[n].bits)
			snprintf(text + strlen(text),
				 size - strlen(text), "%s%s",
				 *text ? " " : "", names[n].name);
}

static int get_machine(struct lodge *l, struct lodge_host_info *info)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
	const struct xen_sysctl_physinfo *p = &op.u.physinfo;
	int rc = hv_sysctl(l, &op);

	info->threads_per_core = p->threads_per_core;
	info->cores_per_socket = p->cores_per_socket;
	info->nr_cpus = p->nr_cpus;
	info->max_cpus = p->max_cpu_id + 1;
	info->nr_nodes = p->nr_nodes;
	info->cpu_khz = p->cpu_khz;
	memcpy(info->hw_cap, p->hw_cap, sizeof(info->hw_cap));
	name_capabilities(p->capabilities, info->virt_caps,
			  sizeof(info->virt_caps));
	info->total_kib = p->total_pages << (PAGE_SHIFT - 10);
	info->free_kib = p->free_pages << (PAGE_SHIFT - 10);
	info->outstanding_kib = p->outstanding_pages << (PAGE_SHIFT - 10);
	return rc;
}

/* Pages shared between guests; 0 if there is no such thing. */
static uint64_t get_pages(struct lodge *l, unsigned int cmd)
{
	long pages = hv_memory_op(l, cmd, NULL, 0);

	return pages > 0 ? (uint64_t)pages << (PAGE_SHIFT - 10) : 0;
}

static int get_free_cpus(struct lodge *l, struct lodge_host_info *info)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_cpupool_op,
		.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO,
		.u.cpupool_op.cpumap.nr_bits = info->max_cpus,
	};
	size_t bytes = (info->max_cpus + 7) / 8, i;
	uint8_t *map = hv_alloc(l, bytes);
	int rc;

	if (!map)
		return -lodge_error(l)->code;
	set_xen_guest_handle_raw(op.u.cpupool_op.cpumap.bitmap, map);
	rc = hv_sysctl(l, &op);
	for (i = 0; i < bytes; i++)
		info->free_cpus += (unsigned int)__builtin_popcount(map[i]);
	hv_free(l, map);
	return rc;
}

/* One string of the version call, shortened if we have less room. */
static int get_string(struct lodge *l, unsigned int cmd, size_t size,
		      char *text, size_t room)
{
	char *whole = calloc(1, size + 1);
	int rc;

	if (!whole)
		return fail(l, ENOMEM, "there is no memory");
	rc = hv_version(l, cmd, whole, size);
	if (rc >= 0)
		snprintf(text, room, "%s", whole);
	free(whole);
	return rc < 0 ? rc : 0;
}

static int get_compile_info(struct lodge *l, struct lodge_host_info *info)
{
	xen_compile_info_t c = {{0}, {0}, {0}, {0}};
	int rc = hv_version(l, XENVER_compile_info, &c, sizeof(c));

	if (rc < 0)
		return rc;
	snprintf(info->compiler, sizeof(info->compiler), "%.*s",
		 (int)sizeof(c.compiler) - 1, c.compiler);
	snprintf(info->compiled_by, sizeof(info->compiled_by), "%.*s",
		 (int)sizeof(c.compile_by) - 1, c.compile_by);
	snprintf(info->compile_domain, sizeof(info->compile_domain), "%.*s",
		 (int)sizeof(c.compile_domain) - 1, c.compile_domain);
	snprintf(info->compile_date, sizeof(info->compile_date), "%.*s",
		 (int)sizeof(c.compile_date) - 1, c.compile_date);
	return 0;
}

/* Not all hypervisors have one: then it stays empty. */
static void get_build_id(struct lodge *l, struct lodge_host_info *info)
{
	struct {
		xen_build_id_t head;
		unsigned char bytes[(sizeof(info->build_id) - 1) / 2];
	} id = {.head.len = sizeof(id.bytes)};
	int length = hv_version(l, XENVER_build_id, &id, sizeof(id)), i;

	for (i = 0; i < length && i < (int)sizeof(id.bytes); i++)
		snprintf(info->build_id + 2 * i, 3, "%02x", id.head.buf[i]);
}

static int get_version(struct lodge *l, struct lodge_host_info *info)
{
	xen_platform_parameters_t pp = {0};
	int rc = hv_version(l, XENVER_version, NULL, 0);

	if (rc < 0)
		return rc;
	info->major = (unsigned int)rc >> 16;
	info->minor = (unsigned int)rc & 0xffff;
	rc = hv_version(l, XENVER_pagesize, NULL, 0);
	if (rc < 0)
		return rc;
	info->page_size = (unsigned int)rc;
	rc = hv_version(l, XENVER_platform_parameters, &pp, sizeof(pp));
	info->virt_start = pp.virt_start;
	return rc < 0 ? rc : 0;
}

static int get_scheduler(struct lodge *l, struct lodge_host_info *info)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_sched_id};
	int rc = hv_sysctl(l, &op);

	info->scheduler = scheduler_name(op.u.sched_id.sched_id);
	return rc;
}

static int get_strings(struct lodge *l, struct lodge_host_info *info)
{
	const struct {
		unsigned int cmd;
		size_t size;
		char *text;
		size_t room;
	} strings[] = {
		{XENVER_extraversion, sizeof(xen_extraversion_t), info->extra,
		 sizeof(info->extra)},
		{XENVER_capabilities, sizeof(xen_capabilities_info_t),
		 info->xen_caps, sizeof(info->xen_caps)},
		{XENVER_changeset, sizeof(xen_changeset_info_t),
		 info->changeset, sizeof(info->changeset)},
		{XENVER_commandline, sizeof(xen_commandline_t),
		 info->command_line, sizeof(info->command_line)},
	};
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]) && !rc; i++)
		rc = get_string(l, strings[i].cmd, strings[i].size,
				strings[i].text, strings[i].room);
	return rc;
}

int lodge_host(struct lodge *l, struct lodge_host_info *info)
{
	int rc;

	memset(info, 0, sizeof(*info));
	get_build_id(l, info);
	info->sharing_freed_kib =
		get_pages(l, XENMEM_get_sharing_freed_pages);
	info->sharing_used_kib =
		get_pages(l, XENMEM_get_sharing_shared_pages);
	rc = get_machine(l, info);
	if (!rc)
		rc = get_free_cpus(l, info);
	if (!rc)
		rc = get_version(l, info);
	if (!rc)
		rc = get_compile_info(l, info);
	if (!rc)
		rc = get_strings(l, info);
	if (!rc)
		rc = get_scheduler(l, info);
	return rc ? fail_because(l, "cannot learn about this host") : 0;
}

/* ---- the log ------------------------------------------------------------- */

/* Bytes read into @buffer, or -errno and an error. */
static long read_ring(struct lodge *l, char *buffer, uint32_t size, bool clear)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
	struct xen_sysctl_readconsole *r = &op.u.readconsole;
	int rc;

	r->clear = clear;
	r->count = size;
	set_xen_guest_handle_raw(r->buffer, buffer);
	rc = hv_sysctl(l, &op);
	if (rc)
		return rc;
	return r->count < size ? r->count : size;
}

/* A full buffer may not be all: tried again with one twice as large. */
static int read_whole_ring(struct lodge *l, char **text, bool clear)
{
	uint32_t size = LOG_FIRST;
	char *buffer;
	long n;

	for (;; size *= 2) {
		buffer = hv_alloc(l, size);
		if (!buffer)
			return -lodge_error(l)->code;
		n = read_ring(l, buffer, size, false);
		if (n < (long)size || size >= LOG_MOST)
			break;
		hv_free(l, buffer);
	}
	if (n >= 0 && clear)
		n = read_ring(l, buffer, size, true);
	if (n >= 0) {
		*text = strndup(buffer, (size_t)n);
		if (!*text)
			n = fail(l, ENOMEM, "there is no memory");
	}
	hv_free(l, buffer);
	return n < 0 ? (int)n : 0;
}

int lodge_console_ring(struct lodge *l, char **text, bool clear)
{
	*text = NULL;
	return read_whole_ring(l, text, clear)
		       ? fail_because(l, "cannot read the hypervisor's log")
		       : 0;
}

int lodge_debug_keys(struct lodge *l, const char *keys)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys};
	size_t length = strlen(keys);
	char *buffer = hv_alloc(l, length + 1);
	int rc;

	if (!buffer)
		return -lodge_error(l)->code;
	memcpy(buffer, keys, length);
	set_xen_guest_handle_raw(op.u.debug_keys.keys, buffer);
	op.u.debug_keys.nr_keys = (uint32_t)length;
	rc = hv_sysctl(l, &op);
	hv_free(l, buffer);
	return rc ? fail_because(l, "cannot press debug keys") : 0;
}
