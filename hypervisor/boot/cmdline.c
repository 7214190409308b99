/* SPDX-License-Identifier: MIT */
/*
 * cmdline.c - parse the hypervisor's command line by the table of options
 *
 * The line comes from the boot loader: any bytes, cut by the caller to its
 * buffer. Words are separated by blanks; double quotes keep blanks together.
 * Of an option given twice the later value counts.
 */
#include <lodge/cmdline.h>
#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/lib.h>

#define MAX_WORD 256

/**
 * parse_bool() - parse a truth value
 * @s: yes, on, true, enable, 1; no, off, false, disable, 0
 *
 * Context: any.
 * Return: 1 or 0; -1: neither.
 */
int parse_bool(const char *s)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {
		{ "yes", 1 }, { "on", 1 }, { "true", 1 }, { "enable", 1 },
		{ "1", 1 }, { "no", 0 }, { "off", 0 }, { "false", 0 },
		{ "disable", 0 }, { "0", 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(s, words[i].word))
			return words[i].value;
	return -1;
}

/**
 * parse_size() - parse a number of bytes
 * @s:   a number with suffix B, K, M, G or T; without one it is in KiB
 * @end: set to the first character not used, @s if there is no number
 *
 * Context: any.
 * Return: the number of bytes; the largest number if it does not fit.
 */
uint64_t parse_size(const char *s, const char **end)
{
	static const char suffixes[] = "BKMGT";
	unsigned int shift = 10;
	const char *unit;
	char *stop;
	uint64_t val = strtoull(s, &stop, 0);

	if (stop != s && *stop) {
		unit = strchr(suffixes, *stop >= 'a' ? *stop - 32 : *stop);
		if (unit) {
			shift = 10 * (unsigned int)(unit - suffixes);
			stop++;
		}
	}
	*end = stop;
	return val > UINT64_MAX >> shift ? UINT64_MAX : val << shift;
}

static int set_bool(const struct param *p, const char *value, bool invert)
{
	int b = value ? parse_bool(value) : 1;

	if (b < 0)
		return -EINVAL;
	*(bool *)p->var = (b != 0) != invert;
	return 0;
}

static int set_uint(const struct param *p, const char *value)
{
	char *end;
	uint64_t v = strtoull(value, &end, 0);

	if (end == value || *end)
		return -EINVAL;
	if (p->size < 8 && v >> (8 * p->size))
		return -EINVAL;
	memcpy(p->var, &v, p->size);	/* little-endian */
	return 0;
}

static int set_size(const struct param *p, const char *value)
{
	const char *end;
	uint64_t v = parse_size(value, &end);

	if (end == value || *end || v == UINT64_MAX)
		return -EINVAL;
	*(uint64_t *)p->var = v;
	return 0;
}

static int set_string(const struct param *p, const char *value)
{
	if (strlen(value) >= p->size)
		return -EINVAL;
	strlcpy(p->var, value, p->size);
	return 0;
}

static int set_param(const struct param *p, const char *value, bool invert)
{
	if (p->kind == PARAM_BOOL)
		return set_bool(p, value, invert);
	if (p->kind == PARAM_FN && invert && !value)
		return ((int (*)(const char *))p->var)("no");
	if (invert)
		return -EINVAL;
	if (p->kind == PARAM_FN)
		return ((int (*)(const char *))p->var)(value ? value : "");
	if (!value)
		return -EINVAL;
	if (p->kind == PARAM_UINT)
		return set_uint(p, value);
	if (p->kind == PARAM_SIZE)
		return set_size(p, value);
	return set_string(p, value);
}

static const struct param *find_param(const char *name,
				      const struct param *table,
				      const struct param *end)
{
	for (; table < end; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static void handle_word(char *word, const struct param *table,
			const struct param *end)
{
	char *value = strchr(word, '=');
	const struct param *p;
	bool invert = false;

	if (value)
		*value++ = '\0';
	p = find_param(word, table, end);
	if (!p && !strncmp(word, "no-", 3)) {
		p = find_param(word + 3, table, end);
		invert = p != NULL;
	}
	if (!p)
		printk(LOG_WARN "command line: unknown option \"%s\"\n", word);
	else if (set_param(p, value, invert))
		printk(LOG_WARN "command line: \"%s\" cannot be \"%s\"; "
		       "ignored\n", word, value ? value : "");
}

/* Copies the next word without its quotes. Returns what follows. */
static const char *next_word(const char *s, char *word, bool *cut)
{
	size_t n = 0;
	bool quoted = false;

	*cut = false;
	while (*s == ' ' || *s == '\t')
		s++;
	for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (n < MAX_WORD - 1)
			word[n++] = *s;
		else
			*cut = true;
	}
	word[n] = '\0';
	return s;
}

/**
 * cmdline_parse() - set the options of a command line
 * @line:  the options, without the name of the image
 * @table: first row
 * @end:   behind the last row
 *
 * What is unknown or has an impossible value is named in a warning and
 * changes nothing.
 *
 * Context: at boot, once.
 */
void cmdline_parse(const char *line, const struct param *table,
		   const struct param *end)
{
	char word[MAX_WORD];
	bool cut;

	while (*line) {
		line = next_word(line, word, &cut);
		if (cut)
			printk(LOG_WARN "command line: \"%.32s...\" is too "
			       "long; ignored\n", word);
		else if (word[0])
			handle_word(word, table, end);
	}
}
