/* SPDX-License-Identifier: MIT */
/*
 * findings.c - what is wrong with a configuration, as values and as text
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much of somebody's text as a message repeats. */
#define SHOWN_MOST 60

static struct cfg_finding *add(const struct cfg_at *at,
			       enum lodge_severity severity,
			       const char *format, va_list ap)
{
	struct lodge_config *config = at->config;
	struct cfg_finding *f = arena_alloc(&config->arena, sizeof(*f));

	f->f.severity = severity;
	f->f.source = at->source;
	f->f.line = at->line;
	f->f.key = at->key;
	f->f.problem = arena_vprintf(&config->arena, format, ap);
	*config->last_finding = f;
	config->last_finding = &f->next;
	config->nr_findings++;
	if (severity == LODGE_ERROR)
		config->errors = true;
	return f;
}

struct cfg_finding *finding(const struct cfg_at *at,
			    enum lodge_severity severity, const char *problem,
			    ...)
{
	struct cfg_finding *f;
	va_list ap;

	va_start(ap, problem);
	f = add(at, severity, problem, ap);
	va_end(ap);
	return f;
}

void must_be(const struct cfg_at *at, const char *allowed,
	     const char *problem, ...)
{
	va_list ap;

	va_start(ap, problem);
	add(at, LODGE_ERROR, problem, ap)->f.allowed = allowed;
	va_end(ap);
}

/* Bytes of the character at @p, in UTF-8; 0: none that can be shown */
static size_t character_length(const unsigned char *p)
{
	size_t length, i;

	if (*p < 0x80)
		return *p >= ' ' && *p != 0x7f;
	if (*p < 0xc2 || *p > 0xf4)
		return 0;
	length = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	for (i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than need be, surrogates, beyond the last one. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

const char *quoted(const struct cfg_at *at, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	char shown[SHOWN_MOST + 4];
	size_t length = 0, n;

	for (; *p && length < SHOWN_MOST; p += n ? n : 1) {
		n = character_length(p);
		if (n)
			memcpy(shown + length, p, n);
		else
			shown[length] = '?';
		length += n ? n : 1;
	}
	shown[length] = '\0';
	return arena_printf(&at->config->arena, "\"%s%s\"", shown,
			    *p ? "..." : "");
}

/* Sources are in order already: the findings of one are neighbours. */
static bool later(const struct lodge_finding *a, const struct lodge_finding *b)
{
	return !strcmp(a->source, b->source) && a->line > b->line;
}

/* Insertion, which keeps the order of what was found in one place. */
static void sort(struct lodge_finding *list, size_t nr)
{
	struct lodge_finding moved;
	size_t i, j;

	for (i = 1; i < nr; i++) {
		moved = list[i];
		for (j = i; j > 0 && later(&list[j - 1], &moved); j--)
			list[j] = list[j - 1];
		list[j] = moved;
	}
}

void findings_finish(struct lodge_config *config)
{
	struct lodge_finding *list;
	struct cfg_finding *f;
	size_t i = 0;

	list = arena_alloc(&config->arena,
			   (config->nr_findings + 1) * sizeof(*list));
	for (f = config->findings; f; f = f->next)
		list[i++] = f->f;
	sort(list, i);
	config->sorted = list;
}

const struct lodge_finding *
lodge_config_findings(const struct lodge_config *config, size_t *nr)
{
	*nr = config->nr_findings;
	return config->sorted;
}

static const char *const severity_names[] = {
	[LODGE_NOTE] = "note",
	[LODGE_WARNING] = "warning",
	[LODGE_ERROR] = "error",
};

char *lodge_finding_text(const struct lodge_finding *f)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s:", f->source);
	if (f->line)
		fprintf(out, "%u:", f->line);
	fprintf(out, " %s: ", severity_names[f->severity]);
	if (f->key)
		fprintf(out, "%s ", f->key);
	fputs(f->problem, out);
	if (f->allowed)
		fprintf(out, ", but must be %s", f->allowed);
	if (f->hint)
		fprintf(out, "; %s", f->hint);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
