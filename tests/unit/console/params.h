/* SPDX-License-Identifier: MIT */
/*
 * params.h - included before console/'s sources: their options can be set
 *
 * The linker script that collects the rows is not used here; each row
 * registers itself.
 */
#ifndef TEST_CONSOLE_PARAMS_H
#define TEST_CONSOLE_PARAMS_H

#include <lodge/cmdline.h>

void fake_param_add(const struct param *p);

#undef PARAM_ROW
#define PARAM_ROW(id, pname, phelp, pkind, psize, pvar)                       \
	static const struct param param_##id = { pname, phelp, pkind, psize,  \
						 pvar };                      \
	static void __attribute__((constructor)) add_##id(void)               \
	{                                                                     \
		fake_param_add(&param_##id);                                  \
	}                                                                     \
	static void add_##id(void)

#endif
