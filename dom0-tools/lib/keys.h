/* SPDX-License-Identifier: MIT */
/*
 * keys.h - a row for each key, and the kinds of values that rows have
 */
#ifndef LODGE_KEYS_H
#define LODGE_KEYS_H

#include "config.h"

struct cfg_key;

/* kinds.c: what they read goes where the row says; false: a finding */
typedef bool cfg_key_read(const struct cfg_at *at, const struct cfg_key *key,
			  const struct cfg_value *v);
cfg_key_read key_u64, key_uint, key_bool, key_string, key_path,
	key_choice, key_uuid, key_affinity, key_name, key_offset, key_type,
	key_builder, key_root, key_extra, key_tsc_mode, key_disks, key_vifs,
	key_channels;

struct cfg_key {
	const char *name;
	cfg_key_read *read;
	size_t member;		/* of struct lodge_domain_config */
	const void *param;	/* range or choices */
	unsigned int guests;	/* that it has an effect on; 0: all */
	const char *lacking;	/* what is not there */
	const char *hint;
};

#endif
