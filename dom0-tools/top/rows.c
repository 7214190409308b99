/* SPDX-License-Identifier: MIT */
/*
 * rows.c - what a domain has, a line for each, in the text of xentop
 *
 * RX and TX of a network are those of Dom0's end, as xentop has them.
 */
#include "rows.h"

#include <stdio.h>

void row_vcpus(char *out, size_t size, const struct lodge_sample_domain *d)
{
	int length = snprintf(out, size, "VCPUs(sec): ");
	size_t i;

	for (i = 0; i < d->nr_vcpus && length >= 0 && (size_t)length < size;
	     i++)
		length += snprintf(out + length, size - (size_t)length,
				   " %2u: %10llus", d->vcpus[i].id,
				   (unsigned long long)d->vcpus[i].cpu_time_ns /
					   1000000000);
}

void row_vif(char *out, size_t size, const struct lodge_sample_vif *v)
{
	snprintf(out, size,
		 "Net%u RX: %8llubytes %8llupkts %8lluerr %8lludrop  "
		 "TX: %8llubytes %8llupkts %8lluerr %8lludrop",
		 v->id, (unsigned long long)v->rx_bytes,
		 (unsigned long long)v->rx_packets,
		 (unsigned long long)v->rx_errors,
		 (unsigned long long)v->rx_drops,
		 (unsigned long long)v->tx_bytes,
		 (unsigned long long)v->tx_packets,
		 (unsigned long long)v->tx_errors,
		 (unsigned long long)v->tx_drops);
}

void row_vbd(char *out, size_t size, const struct lodge_sample_vbd *b)
{
	snprintf(out, size,
		 "VBD BlkBack %4u [%2x:%2x]  OO: %8llu   RD: %8llu   "
		 "WR: %8llu   RSECT: %10llu   WSECT: %10llu",
		 b->id, b->id >> 8 & 0xff, b->id & 0xff,
		 (unsigned long long)b->out_of_requests,
		 (unsigned long long)b->reads, (unsigned long long)b->writes,
		 (unsigned long long)b->read_sectors,
		 (unsigned long long)b->write_sectors);
}
