/* SPDX-License-Identifier: MIT */
/*
 * protect.c - what keeps us from using a guest's pages by mistake
 *
 * SMEP: we do not execute a page that user mode can reach, and all pages of a
 * PV guest are such. SMAP: we do not touch one, either, but for the few
 * instructions between STAC and CLAC (USER_BEGIN, USER_END), which are put in
 * place here. RFLAGS.AC of a guest is its own: it is cleared on the way in, and
 * loaded with its other flags on the way out.
 *
 * Guests do not see these features (domain/cpuid.c).
 */
#include "private.h"

#include <lodge/alternative.h>
#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

extern const struct alternative alternatives_start[], alternatives_end[];

static bool opt_smep = true;
PARAM_BOOL("smep", opt_smep, "never execute a guest's page, if the CPU can "
	   "prevent it");

static bool opt_smap = true;
PARAM_BOOL("smap", opt_smap, "never touch a guest's page by mistake, if the "
	   "CPU can prevent it");

/* "no", "no-this", "this=no": nothing is asked for. */
static bool __init asks_for_nothing(const char *item)
{
	const char *value = strchr(item, '=');

	return !strncmp(item, "no-", 3) || !strcmp(item, "default") ||
	       parse_bool(value ? value + 1 : item) == 0;
}

/* Do all items of a list, separated by commas? */
static bool __init all_ask_for_nothing(const char *list)
{
	char item[32];
	size_t n;

	for (;;) {
		for (n = 0; list[n] && list[n] != ','; n++)
			if (n < sizeof(item) - 1)
				item[n] = list[n];
		item[min(n, sizeof(item) - 1)] = '\0';
		if (!asks_for_nothing(item))
			return false;
		if (!list[n])
			return true;
		list += n + 1;
	}
}

static int __init parse_xpti(const char *value)
{
	if (!all_ask_for_nothing(value))
		printk(LOG_WARN "xpti=%s: page-table isolation is not "
		       "supported; it stays off\n", value);
	return 0;
}
PARAM_FN("xpti", parse_xpti, "page-table isolation: only no, as there is "
	 "none; more is refused with a warning");

static int __init parse_spec_ctrl(const char *value)
{
	if (!all_ask_for_nothing(value))
		printk(LOG_WARN "spec-ctrl=%s: mitigations of speculation are "
		       "not supported; they stay off\n", value);
	return 0;
}
PARAM_FN("spec-ctrl", parse_spec_ctrl, "mitigations of speculation: only no, "
	 "as there are none; more is refused with a warning");

/**
 * protect_init() - decide what is used, and patch the code for it
 *
 * Context: boot CPU, IRQs off, after cpu_detect_features() and mm_init(),
 * before any CPU calls protect_cr4().
 */
void __init protect_init(void)
{
	unsigned long features = 0;
	unsigned int patched;

	cpu_features.smep &= opt_smep;
	cpu_features.smap &= opt_smap;
	if (cpu_features.smap)
		features |= BIT(ALT_SMAP);
	patched = alternatives_apply(alternatives_start, alternatives_end,
				     features);
	(void)cpuid_count(0, 0);	/* serializes */
	printk(LOG_INFO "CPU: SMEP %s, SMAP %s (%u instructions patched)\n",
	       cpu_features.smep ? "on" : "off",
	       cpu_features.smap ? "on" : "off", patched);
}

/**
 * protect_cr4() - what each CPU adds to its CR4
 *
 * Return: the bits.
 */
unsigned long protect_cr4(void)
{
	return (cpu_features.smep ? X86_CR4_SMEP : 0) |
	       (cpu_features.smap ? X86_CR4_SMAP : 0);
}

/* 0: read; 1: faulted. The page is one that guests can read. */
static unsigned int __init read_without_stac(void)
{
	unsigned int faulted = 0;
	uint64_t val;

	__asm__ volatile("1: movq (%2), %0\n\t"
			 "jmp 3f\n"
			 "2: incl %1\n"
			 "3:\n"
			 ".pushsection .ex_table, \"a\"\n"
			 ".balign 4\n"
			 ".long 1b - ., 2b - .\n"
			 ".popsection"
			 : "=&r"(val), "+r"(faulted)
			 : "r"(RO_M2P_BASE)
			 : "memory", "cc");
	return faulted;
}

static unsigned int __init read_with_stac(void)
{
	unsigned int faulted = 0;
	uint64_t val;

	__asm__ volatile(USER_BEGIN
			 "1: movq (%2), %0\n\t"
			 "jmp 3f\n"
			 "2: incl %1\n"
			 "3:\n\t"
			 USER_END
			 ".pushsection .ex_table, \"a\"\n"
			 ".balign 4\n"
			 ".long 1b - ., 2b - .\n"
			 ".popsection"
			 : "=&r"(val), "+r"(faulted)
			 : "r"(RO_M2P_BASE)
			 : "memory", "cc");
	return faulted;
}

/**
 * protect_self_test() - debug build: does SMAP bite, and only where it should?
 *
 * The machine-to-physical table is the page of ours that guests can read.
 *
 * Context: boot CPU, after cpu_init_this(). Panics if it does not.
 */
void __init protect_self_test(void)
{
	if (!DEBUG_BUILD || !cpu_features.smap)
		return;
	if (read_with_stac())
		panic("SMAP stops an access between STAC and CLAC");
	if (!read_without_stac())
		panic("SMAP does not stop an access without STAC");
	printk("SMAP self-test: an access without STAC is stopped\n");
}
