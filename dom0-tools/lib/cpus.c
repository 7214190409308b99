/* SPDX-License-Identifier: MIT */
/*
 * cpus.c - lists of CPUs: "0-3,^2", "all,^node:1", "nodes:0-1"
 *
 * Which CPUs there are, and of which node, is known when a guest is created.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#define CPU_MOST 65535

static const char allowed[] =
	"a list like \"0-3,^2\", \"all,^5\" or \"nodes:0-1,^node:1\"";

static bool skip_word(const char **p, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*p, word, length))
		return false;
	*p += length;
	return true;
}

static bool parse_cpu(const char **p, unsigned int *cpu)
{
	unsigned long n = 0;
	const char *from = *p;

	for (; isdigit((unsigned char)**p) && n <= CPU_MOST; (*p)++)
		n = n * 10 + (unsigned long)(**p - '0');
	*cpu = (unsigned int)n;
	return *p != from && n <= CPU_MOST;
}

static bool parse_range(const char **p, struct lodge_cpu_range *r)
{
	*r = (struct lodge_cpu_range){0};
	r->exclude = skip_word(p, "^");
	if (skip_word(p, "all")) {
		r->all = true;
		return !r->exclude;
	}
	r->nodes = skip_word(p, "nodes:") || skip_word(p, "node:");
	/* "nodes:^1" is understood by xl, too. */
	r->exclude |= r->nodes && skip_word(p, "^");
	if (!parse_cpu(p, &r->first))
		return false;
	r->last = r->first;
	return !skip_word(p, "-") ||
	       (parse_cpu(p, &r->last) && r->last >= r->first);
}

static size_t count_commas(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

static bool parse_ranges(const char *p, struct lodge_cpu_range *ranges,
			 size_t *nr)
{
	for (*nr = 0;; (*nr)++) {
		skip_word(&p, " ");
		if (!parse_range(&p, &ranges[*nr]))
			return false;
		skip_word(&p, " ");
		if (!*p) {
			(*nr)++;
			return true;
		}
		if (!skip_word(&p, ","))
			return false;
	}
}

bool read_cpu_list(const struct cfg_at *at, const char *text,
		   struct lodge_cpu_list *list)
{
	struct lodge_cpu_range *ranges;

	ranges = arena_alloc(&at->config->arena,
			     (count_commas(text) + 1) * sizeof(*ranges));
	list->ranges = ranges;
	if (parse_ranges(text, ranges, &list->nr))
		return true;
	must_be(at, allowed, "is %s", quoted(at, text));
	return false;
}

bool read_affinity(const struct cfg_at *at, const struct cfg_value *v,
		   struct lodge_affinity *affinity)
{
	struct lodge_cpu_list *lists;
	const char **texts = (const char *[]){v->text};
	size_t nr = 1, i;
	bool good = true;

	affinity->each = v->kind == CFG_LIST;
	if (affinity->each) {
		texts = value_strings(at, v, &nr);
		if (!texts)
			return false;
	}
	lists = arena_alloc(&at->config->arena, nr * sizeof(*lists));
	for (i = 0; i < nr; i++)
		good &= read_cpu_list(at, texts[i], &lists[i]);
	affinity->lists = lists;
	affinity->nr = nr;
	return good;
}
