/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - a sample as OpenMetrics text
 *
 * A table has a row for each family of metrics: whose they are, and where the
 * number is. What nobody tells is not there.
 */
#include "metrics.h"

#include <string.h>

#include "cli.h"
#include "model.h"
#include "text.h"

#define NAME_MOST 512	/* bytes of a name: the store's limit is beyond it */

enum owner { HOST, DOMAIN, VCPU, VIF, VBD, STORE };
enum kind { GAUGE, COUNTER };
enum scale { PLAIN, KIB, SECTORS, NANOSECONDS };

struct family {
	const char *name;	/* without "lodge_" and "_total" */
	const char *unit;	/* NULL: none; else the name ends with it */
	const char *help;
	enum owner owner;
	enum kind kind;
	enum scale scale;
	size_t offset;		/* of a uint64_t */
};

#define OF_HOST(member)	  HOST, GAUGE, KIB, \
	offsetof(struct lodge_sample, member)
#define OF_DOMAIN(member) offsetof(struct lodge_sample_domain, member)
#define OF_VCPU(member)	  VCPU, COUNTER, NANOSECONDS, \
	offsetof(struct lodge_sample_vcpu, member)
#define OF_VIF(member)	  VIF, COUNTER, PLAIN, \
	offsetof(struct lodge_sample_vif, member)
#define OF_VBD(scale, member) VBD, COUNTER, scale, \
	offsetof(struct lodge_sample_vbd, member)
#define OF_STORE(member)  STORE, GAUGE, PLAIN, \
	offsetof(struct lodge_usage, member)

static const struct family families[] = {
	{"host_memory_bytes", "bytes", "Memory of the host.",
	 OF_HOST(total_kib)},
	{"host_memory_free_bytes", "bytes", "Memory that nobody has.",
	 OF_HOST(free_kib)},
	{"domain_cpu_seconds", "seconds", "Time that its vCPUs ran.", DOMAIN,
	 COUNTER, NANOSECONDS, OF_DOMAIN(info.cpu_time_ns)},
	{"domain_memory_bytes", "bytes", "Memory that it has.", DOMAIN, GAUGE,
	 KIB, OF_DOMAIN(info.memory_kib)},
	{"domain_memory_max_bytes", "bytes", "Memory that it may have.",
	 DOMAIN, GAUGE, KIB, OF_DOMAIN(info.max_memory_kib)},
	{"domain_memory_target_bytes", "bytes",
	 "Memory that its balloon driver is asked to leave it.", DOMAIN, GAUGE,
	 KIB, OF_DOMAIN(target_kib)},
	{"domain_grant_frames", NULL, "Frames of its grant table.", DOMAIN,
	 GAUGE, PLAIN, OF_DOMAIN(grant_frames.used)},
	{"domain_grant_frames_limit", NULL, "The most that it may have.",
	 DOMAIN, GAUGE, PLAIN, OF_DOMAIN(grant_frames.limit)},
	{"domain_store_used", NULL, "What it uses of xenstored.",
	 OF_STORE(used)},
	{"domain_store_limit", NULL, "The most that it may use; 0: no limit.",
	 OF_STORE(limit)},
	{"vcpu_seconds", "seconds", "Time that it ran.",
	 OF_VCPU(cpu_time_ns)},
	{"vcpu_wait_seconds", "seconds",
	 "Time that it was ready to run, but without a CPU.",
	 OF_VCPU(waited_ns)},
	{"vif_receive_bytes", "bytes", "What the guest received.",
	 OF_VIF(tx_bytes)},
	{"vif_receive_packets", NULL, "What the guest received.",
	 OF_VIF(tx_packets)},
	{"vif_receive_errors", NULL, "Packets for the guest, wrong.",
	 OF_VIF(tx_errors)},
	{"vif_receive_drops", NULL, "Packets for the guest, dropped.",
	 OF_VIF(tx_drops)},
	{"vif_transmit_bytes", "bytes", "What the guest sent.",
	 OF_VIF(rx_bytes)},
	{"vif_transmit_packets", NULL, "What the guest sent.",
	 OF_VIF(rx_packets)},
	{"vif_transmit_errors", NULL, "Packets of the guest, wrong.",
	 OF_VIF(rx_errors)},
	{"vif_transmit_drops", NULL, "Packets of the guest, dropped.",
	 OF_VIF(rx_drops)},
	{"vbd_reads", NULL, "Requests to read.", OF_VBD(PLAIN, reads)},
	{"vbd_writes", NULL, "Requests to write.", OF_VBD(PLAIN, writes)},
	{"vbd_read_bytes", "bytes", "What was read.",
	 OF_VBD(SECTORS, read_sectors)},
	{"vbd_written_bytes", "bytes", "What was written.",
	 OF_VBD(SECTORS, write_sectors)},
	{"vbd_out_of_requests", NULL,
	 "How often the back end had to wait for free requests.",
	 OF_VBD(PLAIN, out_of_requests)},
};

/* ---- one line ----------------------------------------------------------- */

/* As a label's value; a newline is none of what text_next() gives. */
static void write_name(FILE *out, const char *name)
{
	char clean[NAME_MOST], *p;

	text_clean(clean, sizeof(clean), name ? name : "", 0);
	for (p = clean; *p; p++) {
		if (*p == '"' || *p == '\\')
			fputc('\\', out);
		fputc(*p, out);
	}
}

static void write_domain_labels(FILE *out, const struct lodge_sample_domain *d)
{
	fprintf(out, "domid=\"%u\",name=\"", d->info.domid);
	write_name(out, d->info.name);
	fputc('"', out);
}

static void write_value(FILE *out, enum scale scale, uint64_t value)
{
	unsigned long long v = value;

	switch (scale) {
	case PLAIN:
		fprintf(out, " %llu\n", v);
		break;
	case KIB:
		fprintf(out, " %llu\n", v * 1024);
		break;
	case SECTORS:
		fprintf(out, " %llu\n", v * 512);
		break;
	case NANOSECONDS:
		fprintf(out, " %llu.%09llu\n", v / 1000000000,
			v % 1000000000);
		break;
	}
}

/* @label: of what the domain has, NULL: of itself; its value is @number */
static void write_sample(FILE *out, const struct family *f,
			 const struct lodge_sample_domain *d,
			 const char *label, unsigned int number,
			 const void *base)
{
	uint64_t value;

	memcpy(&value, (const char *)base + f->offset, sizeof(value));
	if (value == LODGE_UNKNOWN ||
	    (f->scale == KIB && value >= TOP_NO_LIMIT_KIB))
		return;
	fprintf(out, "lodge_%s%s{", f->name,
		f->kind == COUNTER ? "_total" : "");
	write_domain_labels(out, d);
	if (f->owner == STORE)
		fprintf(out, ",resource=\"%s\"",
			lodge_store_limit_names[number]);
	else if (label)
		fprintf(out, ",%s=\"%u\"", label, number);
	fputc('}', out);
	write_value(out, f->scale, value);
}

/* ---- families ----------------------------------------------------------- */

static void write_of_domain(FILE *out, const struct family *f,
			    const struct lodge_sample_domain *d)
{
	size_t i;

	if (f->owner == DOMAIN)
		write_sample(out, f, d, NULL, 0, d);
	for (i = 0; f->owner == VCPU && i < d->nr_vcpus; i++)
		write_sample(out, f, d, "vcpu", d->vcpus[i].id, &d->vcpus[i]);
	for (i = 0; f->owner == VIF && i < d->nr_vifs; i++)
		write_sample(out, f, d, "vif", d->vifs[i].id, &d->vifs[i]);
	for (i = 0; f->owner == VBD && i < d->nr_vbds; i++)
		write_sample(out, f, d, "vbd", d->vbds[i].id, &d->vbds[i]);
	for (i = 0; f->owner == STORE && i < LODGE_STORE_LIMITS; i++)
		write_sample(out, f, d, "resource", (unsigned int)i,
			     &d->store[i]);
}

static void write_head(FILE *out, const char *name, const char *type,
		       const char *unit, const char *help)
{
	fprintf(out, "# TYPE lodge_%s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT lodge_%s %s\n", name, unit);
	fprintf(out, "# HELP lodge_%s %s\n", name, help);
}

static void write_family(FILE *out, const struct family *f,
			 const struct lodge_sample *s)
{
	uint64_t value;
	size_t i;

	write_head(out, f->name, f->kind == COUNTER ? "counter" : "gauge",
		   f->unit, f->help);
	if (f->owner == HOST) {
		memcpy(&value, (const char *)s + f->offset, sizeof(value));
		fprintf(out, "lodge_%s", f->name);
		write_value(out, f->scale, value);
	}
	for (i = 0; f->owner != HOST && i < s->nr_domains; i++)
		write_of_domain(out, f, &s->domains[i]);
}

static void write_info(FILE *out, const struct lodge_sample_domain *d)
{
	fputs("lodge_domain_info{", out);
	write_domain_labels(out, d);
	fprintf(out, ",uuid=\"%s\",type=\"%s\"} 1\n",
		cli_uuid_text(d->info.uuid),
		d->info.flags & LODGE_HARDWARE ? "hvm" : "pv");
}

static void write_states(FILE *out, const struct lodge_sample_domain *d)
{
	size_t i;

	for (i = 0; i < CLI_STATES; i++) {
		fputs("lodge_domain_state{", out);
		write_domain_labels(out, d);
		fprintf(out, ",lodge_domain_state=\"%s\"} %u\n",
			cli_states[i].name,
			!!(d->info.flags & cli_states[i].flag));
	}
}

static void write_vcpus(FILE *out, const struct lodge_sample_domain *d)
{
	fputs("lodge_domain_vcpus{", out);
	write_domain_labels(out, d);
	fprintf(out, "} %u\n", d->info.online_vcpus);
}

void metrics_write(FILE *out, const struct lodge_sample *s)
{
	static const struct {
		const char *name, *type, *help;
		void (*write)(FILE *out, const struct lodge_sample_domain *d);
	} others[] = {
		{"domain", "info", "A domain that there is.", write_info},
		{"domain_state", "stateset", "Its states.", write_states},
		{"domain_vcpus", "gauge", "vCPUs that are online.",
		 write_vcpus},
	};
	size_t i, k;

	write_head(out, "host_cpus", "gauge", NULL, "CPUs that are online.");
	fprintf(out, "lodge_host_cpus %u\n", s->nr_cpus);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		write_head(out, others[i].name, others[i].type, NULL,
			   others[i].help);
		for (k = 0; k < s->nr_domains; k++)
			others[i].write(out, &s->domains[k]);
	}
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		write_family(out, &families[i], s);
	fputs("# EOF\n", out);
}
