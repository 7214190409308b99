/* SPDX-License-Identifier: MIT */
/*
 * config.h - what the files that read a configuration call of each other
 *
 *   text --parse.c--> settings --keys.c--> domain --config.c--> checked
 *                                                 --files.c--> its files too
 *
 * keys.c has a row for each key; values.c reads the plain kinds of values,
 * disk.c, vif.c and channel.c what is written in strings of their own
 * (spec.c), cpus.c lists of CPUs. Each says by finding() what is wrong.
 */
#ifndef LODGE_CONFIG_H
#define LODGE_CONFIG_H

#include "arena.h"
#include "liblodge.h"

#include <sys/types.h>

/* Far above what any guest has: a file that is larger is no configuration, and
 * what is done with each of many must not take for ever. */
#define MOST_SETTINGS	1000
#define MOST_ELEMENTS	1000	/* of a list */
#define LONGEST_STRING	4096

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum cfg_kind { CFG_STRING, CFG_NUMBER, CFG_LIST };

struct cfg_value {
	enum cfg_kind kind;
	unsigned int line;
	const char *text;	/* of a string, or of a number as written */
	struct cfg_value *first;	/* of a list */
	struct cfg_value *next;		/* in a list */
};

/* KEY = VALUE */
struct cfg_setting {
	const char *source;
	unsigned int line;
	const char *key;
	bool append;		/* += */
	struct cfg_value *value;
	struct cfg_setting *next;
};

/* A finding, in a list until all is read. */
struct cfg_finding {
	struct lodge_finding f;
	struct cfg_finding *next;
};

struct lodge_config {
	struct arena arena;
	struct cfg_finding *findings, **last_finding;
	size_t nr_findings;
	struct lodge_finding *sorted;
	struct cfg_setting *settings, **last_setting;
	size_t nr_settings;
	bool errors;
	const char *source;	/* the first one's name */
	unsigned int guest_type;	/* enum lodge_guest_type */
	/* what is put together from several keys */
	const char *root, *extra;
	char *text;		/* of settings_text() */
	struct lodge_domain_config domain;
	struct lodge_cpupool_config pool;
};

/* The place that is being read: where findings belong. */
struct cfg_at {
	struct lodge_config *config;
	const char *source;
	unsigned int line;
	const char *key;
};

/* ---- findings.c --------------------------------------------------------- */
struct cfg_finding *finding(const struct cfg_at *at,
			    enum lodge_severity severity, const char *problem,
			    ...) __attribute__((format(printf, 3, 4)));
/* The same with what is allowed. */
void must_be(const struct cfg_at *at, const char *allowed,
	     const char *problem, ...) __attribute__((format(printf, 3, 4)));
/* Text within quotes, shortened, without control characters. */
const char *quoted(const struct cfg_at *at, const char *text);
/* Sorted, for the caller of the library. */
void findings_finish(struct lodge_config *config);

/* ---- near.c ------------------------------------------------------------- */
/* The candidate that is most like @name; NULL: none is. */
const char *nearest(const char *name,
		    const char *(*candidate)(size_t i, const void *arg),
		    const void *arg);
/* A warning, with the candidate that is most like at->key. */
void unknown_key(const struct cfg_at *at,
		 const char *(*candidate)(size_t i, const void *arg));

/* ---- parse.c ------------------------------------------------------------ */
/* Adds the settings in @text. */
void parse_settings(struct lodge_config *config, const char *source,
		    const char *text, size_t length);

/* ---- settings-text.c ---------------------------------------------------- */
/*
 * What was read by read_settings(), so that the same is read from it; to be
 * free()d. NULL: there is no memory.
 */
char *settings_text(const struct lodge_config *config);

/* ---- config.c ----------------------------------------------------------- */
/* For findings: where @key was set last; NULL: the configuration as a whole */
struct cfg_at at_key(struct lodge_config *config, const char *key);

/* Their settings; what cannot be read is found. */
void read_texts(struct lodge_config *config,
		const struct lodge_source *sources, size_t nr);
/* NULL: there is no memory. Its arena is not entered yet. */
struct lodge_config *new_config(void);

/* ---- keys.c ------------------------------------------------------------- */
void read_settings(struct lodge_config *config);

/* ---- values.c: true, or a finding --------------------------------------- */
struct cfg_range {
	uint64_t least, most;
	const char *unit;	/* "MiB"; NULL: none */
};
struct cfg_choice {
	const char *name;	/* NULL: the end of the array */
	int value;
};
bool parse_number(const char *text, uint64_t *number);
bool parse_uuid(const char *text, uint8_t uuid[16]);
bool is_domain_name(const char *text);
int hex_digit(char c);	/* -1: none */
bool value_number(const struct cfg_at *at, const struct cfg_value *v,
		  const struct cfg_range *range, uint64_t *number);
bool value_bool(const struct cfg_at *at, const struct cfg_value *v,
		bool *result);
bool value_string(const struct cfg_at *at, const struct cfg_value *v,
		  const char **string);
bool value_choice(const struct cfg_at *at, const char *text,
		  const struct cfg_choice *choices, int *result);
/* "\"a\", \"b\" or \"c\"" */
const char *choices_text(const struct cfg_at *at,
			 const struct cfg_choice *choices);
bool value_uuid(const struct cfg_at *at, const char *text, uint8_t uuid[16]);
/* The elements of a list, each a string; NULL: a finding, and *nr is kept. */
const char **value_strings(const struct cfg_at *at, const struct cfg_value *v,
			   size_t *nr);

/* ---- cpus.c ------------------------------------------------------------- */
bool read_cpu_list(const struct cfg_at *at, const char *text,
		   struct lodge_cpu_list *list);
bool read_affinity(const struct cfg_at *at, const struct cfg_value *v,
		   struct lodge_affinity *affinity);

/* ---- spec.c: "key=value,flag,positional" -------------------------------- */
struct spec_param {
	const char *name;	/* NULL: a flag, or positional */
	const char *value;
};
/*
 * The next parameter of *text, which moves behind it; "target=" takes all
 * that is left if @rest says so. False: the end.
 */
bool spec_next(struct arena *a, const char **text, const char *rest,
	       struct spec_param *param);

/* ---- disk.c, vif.c, channel.c ------------------------------------------- */
bool read_disk(const struct cfg_at *at, const char *spec, struct lodge_disk *d);
/* 0: no such name */
unsigned int vdev_number(const char *vdev);
bool read_vif(const struct cfg_at *at, const char *spec, struct lodge_vif *v);
bool read_channel(const struct cfg_at *at, const char *spec,
		  struct lodge_channel *c);

#endif
