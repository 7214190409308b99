/* SPDX-License-Identifier: MIT */
/*
 * columns.c - what is shown of a domain, a row of a table for each column
 */
#include "columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- values ------------------------------------------------------------- */

#define VALUE(name, expression)                                            \
	static double name(const struct top_model *m,                      \
			   const struct top_domain *d)                     \
	{                                                                  \
		const struct lodge_sample_domain *now = d->now;            \
									   \
		(void)m;                                                   \
		(void)now;                                                 \
		return (double)(expression);                               \
	}

static double known(uint64_t value)
{
	return value == LODGE_UNKNOWN ? NAN : (double)value;
}

static double of_host(const struct top_model *m, double kib)
{
	return 100 * kib / (double)m->sample->total_kib;
}

double column_share(const struct lodge_usage *u)
{
	if (u->used == LODGE_UNKNOWN || u->limit == LODGE_UNKNOWN || !u->limit)
		return NAN;
	return (double)u->used / (double)u->limit;
}

double column_store_share(const struct lodge_sample_domain *d)
{
	double most = NAN, share;
	size_t i;

	for (i = 0; i < LODGE_STORE_LIMITS; i++) {
		share = column_share(&d->store[i]);
		if (isnan(most) || share > most)
			most = share;
	}
	return most;
}

VALUE(cpu_s, now->info.cpu_time_ns / 1000000000)
VALUE(cpu, d->rates.cpu_percent)
VALUE(wait, d->history[TOP_WAIT].nr ? d->rates.wait_percent : NAN)
VALUE(memory, now->info.memory_kib)
VALUE(memory_share, of_host(m, (double)now->info.memory_kib))
VALUE(max, known(top_max_memory(now)))
VALUE(max_share, of_host(m, known(top_max_memory(now))))
VALUE(vcpus, now->info.online_vcpus)
VALUE(nets, now->nr_vifs)
/* Of Dom0's end, as xentop has them: what the guest has received is TX. */
VALUE(net_tx, top_domain_io(now).received / 1024)
VALUE(net_rx, top_domain_io(now).sent / 1024)
VALUE(vbds, now->nr_vbds)
VALUE(vbd_oo, top_domain_io(now).out_of_requests)
VALUE(vbd_reads, top_domain_io(now).reads)
VALUE(vbd_writes, top_domain_io(now).writes)
VALUE(vbd_rsect, top_domain_io(now).read_sectors)
VALUE(vbd_wsect, top_domain_io(now).write_sectors)
VALUE(ssid, now->info.ssidref)
VALUE(id, now->info.domid)
VALUE(sent_rate, d->rates.sent)
VALUE(received_rate, d->rates.received)
VALUE(read_rate, d->rates.read)
VALUE(write_rate, d->rates.written)
VALUE(target, known(now->target_kib))
VALUE(grants, 100 * column_share(&now->grant_frames))
VALUE(store, 100 * column_store_share(now))

#define NUMBER(title, width, value) {title, width, KIND_NUMBER, "n/a", value}
#define PERCENT(title, width, value) {title, width, KIND_PERCENT, "n/a", value}
#define SIZE(title, width, value) {title, width, KIND_SIZE, "n/a", value}

const struct column columns[COL_ALL] = {
	[COL_NAME] = {"NAME", 10, KIND_NAME, "", NULL},
	[COL_STATE] = {"STATE", 6, KIND_STATE, "", NULL},
	[COL_CPU_S] = NUMBER("CPU(sec)", 10, cpu_s),
	[COL_CPU] = PERCENT("CPU(%)", 6, cpu),
	[COL_MEM] = NUMBER("MEM(k)", 10, memory),
	[COL_MEM_SHARE] = PERCENT("MEM(%)", 6, memory_share),
	[COL_MAX] = {"MAXMEM(k)", 10, KIND_NUMBER, "no limit", max},
	[COL_MAX_SHARE] = PERCENT("MAXMEM(%)", 9, max_share),
	[COL_VCPUS] = NUMBER("VCPUS", 5, vcpus),
	[COL_NETS] = NUMBER("NETS", 4, nets),
	[COL_NET_TX] = NUMBER("NETTX(k)", 8, net_tx),
	[COL_NET_RX] = NUMBER("NETRX(k)", 8, net_rx),
	[COL_VBDS] = NUMBER("VBDS", 4, vbds),
	[COL_VBD_OO] = NUMBER("VBD_OO", 8, vbd_oo),
	[COL_VBD_READS] = NUMBER("VBD_RD", 8, vbd_reads),
	[COL_VBD_WRITES] = NUMBER("VBD_WR", 8, vbd_writes),
	[COL_VBD_RSECT] = NUMBER("VBD_RSECT", 10, vbd_rsect),
	[COL_VBD_WSECT] = NUMBER("VBD_WSECT", 10, vbd_wsect),
	[COL_SSID] = NUMBER("SSID", 4, ssid),
	[COL_ID] = NUMBER("ID", 5, id),
	[COL_WAIT] = PERCENT("WAIT%", 5, wait),
	[COL_SENT_RATE] = SIZE("SENT/s", 7, sent_rate),
	[COL_RECEIVED_RATE] = SIZE("RECV/s", 7, received_rate),
	[COL_READ_RATE] = SIZE("DSKRD/s", 7, read_rate),
	[COL_WRITE_RATE] = SIZE("DSKWR/s", 7, write_rate),
	[COL_TARGET] = NUMBER("TARGET(k)", 10, target),
	[COL_GRANTS] = PERCENT("GRANT%", 6, grants),
	[COL_STORE] = PERCENT("STORE%", 6, store),
};

/* ---- texts -------------------------------------------------------------- */

void column_size_text(char *out, size_t size, double bytes)
{
	static const char units[] = "BKMGTPE";
	const char *unit = units;

	while (bytes >= 999.5 && unit[1]) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, size, unit == units || bytes >= 99.95 ? "%.0f%c"
							    : "%.1f%c",
		 bytes, *unit);
}

const char *column_name(const struct top_domain *d)
{
	return d->now->info.name ? d->now->info.name : "";
}

static void state_text(char *out, size_t size, const struct lodge_domain *d)
{
	bool down = d->flags & LODGE_SHUTDOWN;
	bool crashed = down && d->shutdown_reason == LODGE_REASON_CRASH;

	snprintf(out, size, "%c%c%c%c%c%c", d->flags & LODGE_DYING ? 'd' : '-',
		 down && !crashed ? 's' : '-',
		 d->flags & LODGE_BLOCKED ? 'b' : '-', crashed ? 'c' : '-',
		 d->flags & LODGE_PAUSED ? 'p' : '-',
		 d->flags & LODGE_RUNNING ? 'r' : '-');
}

void column_text(char *out, size_t size, enum column_id id,
		 const struct top_model *m, const struct top_domain *d)
{
	const struct column *c = &columns[id];
	double value = c->value ? c->value(m, d) : 0;

	if (c->kind == KIND_STATE)
		state_text(out, size, &d->now->info);
	else if (isnan(value))
		snprintf(out, size, "%s", c->none);
	else if (c->kind == KIND_PERCENT)
		snprintf(out, size, "%.1f", value);
	else if (c->kind == KIND_SIZE)
		column_size_text(out, size, value);
	else
		snprintf(out, size, "%.0f", value);
}

/* ---- order -------------------------------------------------------------- */

static int compare_state(const struct top_domain *a, const struct top_domain *b)
{
	char x[8], y[8];

	state_text(x, sizeof(x), &a->now->info);
	state_text(y, sizeof(y), &b->now->info);
	return strcmp(y, x);
}

static int compare_value(const struct column *c, const struct top_model *m,
			 const struct top_domain *a, const struct top_domain *b)
{
	double x = c->value(m, a), y = c->value(m, b);

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return x > y ? -1 : x < y;
}

int column_compare(enum column_id id, const struct top_model *m,
		   const struct top_domain *a, const struct top_domain *b)
{
	const struct column *c = &columns[id];
	int order;

	if (c->kind == KIND_NAME)
		order = strcasecmp(column_name(a), column_name(b));
	else if (c->kind == KIND_STATE)
		order = compare_state(a, b);
	else
		order = compare_value(c, m, a, b);
	if (order)
		return order;
	return a->now->info.domid < b->now->info.domid ? -1 : 1;
}
