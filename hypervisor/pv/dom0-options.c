/* SPDX-License-Identifier: MIT */
/*
 * dom0-options.c - what the command line says of Dom0
 *
 * Spellings and meanings are those of Xen's document on its command line, for
 * dom0_mem=, dom0_max_vcpus= and ucode=. Set once, by the parser; then read by
 * the builder.
 */
#include "dom0.h"

#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

#define MIB		(1UL << 20)

/* Tools know this number as "no limit": it is the one that Xen gives. */
#define NO_LIMIT_PAGES	UINT32_MAX

/* What stays for the hypervisor when "dom0_mem=" gives no size. */
#define RESERVE_MIN	(16 * MIB)
#define RESERVE_MAX	(128 * MIB)
/* What must stay in any case: the frame list while Dom0 is built, and more. */
#define RESERVE_LEAST(all) (RESERVE_MIN + (all) / 128)

struct amount {
	bool given, minus;		/* minus: so much less than all */
	uint64_t bytes;
	unsigned int percent;		/* of all, on top of it */
};

static struct amount mem_size, mem_min, mem_max;
static uint32_t vcpus_min, vcpus_max;
static bool vcpus_exact;
static int ucode_module;

/* "[-]SIZE", "[-]N%" or "[-]SIZE+N%". Returns where it ends; NULL: wrong. */
static const char *__init parse_amount(const char *s, struct amount *a)
{
	uint64_t number;
	const char *end;

	memset(a, 0, sizeof(*a));
	a->minus = *s == '-';
	s += a->minus;
	a->bytes = parse_size(s, &end);
	if (end != s && *end == '+') {
		s = end + 1;
		parse_size(s, &end);
		if (*end != '%')
			return NULL;
	} else if (*end == '%') {
		a->bytes = 0;
	}
	if (end == s)
		return NULL;
	if (*end == '%') {
		number = strtoull(s, NULL, 0);
		if (number >= 100)
			return NULL;
		a->percent = (unsigned int)number;
		end++;
	}
	a->given = a->bytes || a->percent;
	return a->given && a->bytes != UINT64_MAX ? end : NULL;
}

/* "dom0_mem=" with a list of SIZE, min:SIZE and max:SIZE. */
static int __init parse_dom0_mem(const char *s)
{
	struct amount size = mem_size, least = mem_min, most = mem_max, *to;

	for (;;) {
		to = &size;
		if (!strncmp(s, "min:", 4))
			to = &least;
		else if (!strncmp(s, "max:", 4))
			to = &most;
		s = parse_amount(to == &size ? s : s + 4, to);
		if (!s || (*s && *s != ','))
			return -EINVAL;
		if (!*s)
			break;
		s++;
	}
	mem_size = size;
	mem_min = least;
	mem_max = most;
	return 0;
}
PARAM_FN("dom0_mem", parse_dom0_mem,
	 "Dom0's memory: size, min:size, max:size (also the most that it may "
	 "ever have; else no limit); a size may be -size (so much less than "
	 "all) or N%");

/* "N", "MIN-MAX", "MIN-" or "-MAX". */
static int __init parse_dom0_max_vcpus(const char *s)
{
	uint64_t low, high = MAX_VCPUS;
	char *end;

	low = strtoull(s, &end, 0);
	if (end == s)
		low = *s == '-' && s[1] ? 1 : 0;
	if (!low || (*end && *end != '-'))
		return -EINVAL;
	if (*end && end[1]) {
		s = end + 1;
		high = strtoull(s, &end, 0);
		if (end == s || *end || high < low)
			return -EINVAL;
		vcpus_exact = false;
	} else {
		vcpus_exact = !*end;
	}
	vcpus_min = (uint32_t)min(low, (uint64_t)MAX_VCPUS);
	vcpus_max = (uint32_t)min(high, (uint64_t)MAX_VCPUS);
	return 0;
}
PARAM_FN("dom0_max_vcpus", parse_dom0_max_vcpus,
	 "Dom0's vCPUs: number, or min-max around the number of CPUs, which is "
	 "the default");

/* A module's number, from the end if negative; "scan" changes nothing for us,
 * who load no microcode. */
static int __init parse_ucode(const char *s)
{
	bool minus = *s == '-';
	uint64_t number;
	char *end;

	if (!strcmp(s, "scan"))
		return 0;
	number = strtoull(s + minus, &end, 0);
	if (end == s + minus || *end || !number || number > BOOT_MAX_MODULES)
		return -EINVAL;
	ucode_module = minus ? -(int)number : (int)number;
	return 0;
}
PARAM_FN("ucode", parse_ucode,
	 "the module with microcode, from the end if negative: is left out, as "
	 "microcode is not loaded; scan is accepted");

static uint64_t __init bytes_of(const struct amount *a, uint64_t all)
{
	uint64_t bytes = a->bytes + all / 100 * a->percent;

	if (bytes < a->bytes)
		bytes = UINT64_MAX;
	if (!a->minus)
		return bytes;
	return all > bytes ? all - bytes : 0;
}

static uint64_t __init default_bytes(uint64_t all)
{
	uint64_t reserve = min(max(all / 16, RESERVE_MIN), RESERVE_MAX);

	return all > reserve ? all - reserve : 0;
}

/**
 * dom0_wanted_pages() - how much memory Dom0 shall begin with
 * @free_pages: what there is
 *
 * Return: pages; never more than can be had, which is said if it was asked for.
 */
uint64_t __init dom0_wanted_pages(uint64_t free_pages)
{
	uint64_t all = free_pages * PAGE_SIZE, want, least, most;

	least = RESERVE_LEAST(all);
	most = all > least ? all - least : 0;
	want = mem_size.given ? bytes_of(&mem_size, all) : default_bytes(all);
	if (mem_min.given)
		want = max(want, bytes_of(&mem_min, all));
	if (mem_max.given)
		want = min(want, bytes_of(&mem_max, all));
	if (want > most) {
		printk(LOG_WARN "dom0_mem= asks for %lu MiB, Dom0 gets %lu: "
		       "there is no more\n", (unsigned long)(want / MIB),
		       (unsigned long)(most / MIB));
		want = most;
	}
	return want / PAGE_SIZE;
}

/**
 * dom0_limit_pages() - how much memory Dom0 may ever have
 * @pages:      what it begins with
 * @free_pages: as for dom0_wanted_pages()
 *
 * Return: pages, not fewer than @pages; without "max:" as many as there are.
 */
uint64_t __init dom0_limit_pages(uint64_t pages, uint64_t free_pages)
{
	if (!mem_max.given)
		return NO_LIMIT_PAGES;
	return max(bytes_of(&mem_max, free_pages * PAGE_SIZE) / PAGE_SIZE,
		   pages);
}

/**
 * dom0_wanted_vcpus() - how many vCPUs Dom0 shall have
 * @cpus: online
 *
 * Return: from 1 to MAX_VCPUS.
 */
unsigned int __init dom0_wanted_vcpus(unsigned int cpus)
{
	if (!vcpus_min)
		return min(cpus, (unsigned int)MAX_VCPUS);
	if (vcpus_exact)
		return vcpus_min;
	return min(max(cpus, (unsigned int)vcpus_min),
		   (unsigned int)vcpus_max);
}

/**
 * dom0_initrd_module() - which module is the initrd
 * @bi: the modules; the first one is the kernel
 *
 * The first that "ucode=" does not name; others are named in a warning.
 *
 * Return: its number; 0: there is none.
 */
unsigned int __init dom0_initrd_module(const struct boot_info *bi)
{
	int ucode = ucode_module < 0 ? (int)bi->nr_modules + ucode_module :
				       ucode_module;
	unsigned int i, initrd = 0;

	for (i = 1; i < bi->nr_modules; i++) {
		if ((int)i == ucode)
			printk(LOG_INFO "module %u is microcode, which is not "
			       "loaded\n", i);
		else if (!initrd)
			initrd = i;
		else
			printk(LOG_WARN "module %u \"%s\" is not used: the "
			       "kernel and its initrd are there already\n", i,
			       bi->modules[i].cmdline);
	}
	return initrd;
}
