/* SPDX-License-Identifier: MIT */
/*
 * columns.h - what is shown of a domain, a row of a table for each column
 */
#ifndef TOP_COLUMNS_H
#define TOP_COLUMNS_H

#include "model.h"

/* In the order of xentop, and then what it has not. */
enum column_id {
	COL_NAME, COL_STATE, COL_CPU_S, COL_CPU, COL_MEM, COL_MEM_SHARE,
	COL_MAX, COL_MAX_SHARE, COL_VCPUS, COL_NETS, COL_NET_TX, COL_NET_RX,
	COL_VBDS, COL_VBD_OO, COL_VBD_READS, COL_VBD_WRITES, COL_VBD_RSECT,
	COL_VBD_WSECT, COL_SSID,
	COL_XENTOP,		/* how many those are */
	COL_ID = COL_XENTOP, COL_WAIT, COL_SENT_RATE, COL_RECEIVED_RATE,
	COL_READ_RATE, COL_WRITE_RATE, COL_TARGET, COL_GRANTS, COL_STORE,
	COL_ALL,
};

enum column_kind {
	KIND_NAME,
	KIND_STATE,
	KIND_NUMBER,
	KIND_PERCENT,		/* one digit behind the point */
	KIND_SIZE,		/* bytes: "1.2M" */
};

struct column {
	const char *title;
	int width;
	enum column_kind kind;
	const char *none;	/* instead of a number that nobody knows */
	/* Not a number: nobody knows. NULL: it has none. */
	double (*value)(const struct top_model *m, const struct top_domain *d);
};

extern const struct column columns[COL_ALL];

/* "1.2M", by 1024; at most 6 characters */
void column_size_text(char *out, size_t size, double bytes);

/* What a column shows of a domain, but for its name, which goes elsewhere. */
void column_text(char *out, size_t size, enum column_id id,
		 const struct top_model *m, const struct top_domain *d);

/* The name, or "" if it has none; not fit to be shown. */
const char *column_name(const struct top_domain *d);

/*
 * How domains are in order by a column: names from A on, in either case, numbers from the
 * largest on, what is unknown last, and what is equal by domid.
 */
int column_compare(enum column_id id, const struct top_model *m,
		   const struct top_domain *a, const struct top_domain *b);

/* The largest share of any of its limits of the store; not a number: unknown */
double column_store_share(const struct lodge_sample_domain *d);
/* Of 1; not a number: there is no limit, or it is unknown */
double column_share(const struct lodge_usage *u);

#endif
