/* SPDX-License-Identifier: MIT */
/*
 * parse.c - the grammar of xl.cfg(5): text to settings
 *
 *	settings: { setting (newline | ";") }
 *	setting:  NAME ("=" | "+=") value
 *	value:    STRING | NUMBER | "[" [ value { "," value } [","] ] "]"
 *
 * Comments go from # to the end of the line; within a list, lines end where
 * they like. Strings are in either kind of quotes, end on their line and have
 * C's escapes. After an error the rest of the line is passed over, so that one
 * mistake hides no other.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#define DEEPEST	    8	/* lists in lists */
#define MOST_OF_ESCAPE 4	/* bytes that one character is written with */
#define MOST_ERRORS 50	/* whoever made more has given the wrong file */

struct parser {
	struct cfg_at at;	/* line: where @p is */
	const char *p, *end;
};

static int peek(const struct parser *ps)
{
	return ps->p < ps->end ? (unsigned char)*ps->p : -1;
}

static bool take(struct parser *ps, int c)
{
	if (peek(ps) != c)
		return false;
	if (c == '\n')
		ps->at.line++;
	ps->p++;
	return true;
}

static void skip_comment(struct parser *ps)
{
	while (peek(ps) != -1 && peek(ps) != '\n')
		ps->p++;
}

/* A carriage return before a newline is what other systems end lines with. */
static bool at_crlf(const struct parser *ps)
{
	return peek(ps) == '\r' && ps->end - ps->p > 1 && ps->p[1] == '\n';
}

static void skip_blanks(struct parser *ps, bool newlines)
{
	for (;;) {
		if (peek(ps) == '#')
			skip_comment(ps);
		else if (at_crlf(ps))
			ps->p++;
		else if (!take(ps, ' ') && !take(ps, '\t') &&
			 !(newlines && take(ps, '\n')))
			return;
	}
}

/* What stands there, for a message. */
static const char *found(const struct parser *ps)
{
	const char *from = ps->p, *to = from;

	if (from == ps->end)
		return "the end of the text";
	if (*from == '\n' || at_crlf(ps))
		return "the end of the line";
	while (to < ps->end && isgraph((unsigned char)*to) &&
	       !strchr("=;,[]#", *to))
		to++;
	if (to == from)
		to++;
	return quoted(&ps->at, arena_strndup(&ps->at.config->arena, from,
					     (size_t)(to - from)));
}

static void expected(struct parser *ps, const char *what)
{
	finding(&ps->at, LODGE_ERROR, "expected %s, found %s", what,
		found(ps));
}

static bool is_name_char(int c)
{
	return c == '_' || (c != -1 && isalnum(c));
}

static const char *parse_name(struct parser *ps)
{
	const char *from = ps->p;

	if (!is_name_char(peek(ps)) || isdigit(peek(ps)))
		return NULL;
	while (is_name_char(peek(ps)))
		ps->p++;
	return arena_strndup(&ps->at.config->arena, from,
			     (size_t)(ps->p - from));
}

static int digit_value(int c, int base)
{
	int value = isdigit(c) ? c - '0' : isxdigit(c) ? (c | 32) - 'a' + 10 : 99;

	return value < base ? value : -1;
}

/* Up to @most digits; -1: none */
static int parse_digits(struct parser *ps, int base, int most)
{
	int value = -1, digit;

	for (; most > 0 && peek(ps) != -1; most--, ps->p++) {
		digit = digit_value(peek(ps), base);
		if (digit < 0)
			break;
		value = (value < 0 ? 0 : value) * base + digit;
	}
	return value;
}

/* Behind the backslash. The character; -1: there is no such */
static int parse_escape(struct parser *ps)
{
	static const char letters[] = "abfnrtv\\'\"", codes[] = "\a\b\f\n\r\t\v\\'\"";
	const char *letter;
	int value;

	if (take(ps, 'x'))
		return parse_digits(ps, 16, 2);
	value = parse_digits(ps, 8, 3);
	if (value >= 0 || peek(ps) == -1)
		return value < 256 ? value : -1;
	letter = strchr(letters, peek(ps));
	if (!letter)
		return -1;
	ps->p++;
	return (unsigned char)codes[letter - letters];
}

/* One character of a string; -1: a finding */
static int parse_char(struct parser *ps)
{
	int c = peek(ps);

	if (c == -1 || c == '\n') {
		finding(&ps->at, LODGE_ERROR,
			"a string has no closing quote on its line");
		return -1;
	}
	ps->p++;
	if (c != '\\')
		return c;
	c = parse_escape(ps);
	if (c <= 0) {
		finding(&ps->at, LODGE_ERROR,
			"a backslash in a string begins no known escape")
			->f.hint = "write \\\\ for a backslash";
		return -1;
	}
	return c;
}

/* At least as long as the string is, escapes and all. */
static size_t string_length(const struct parser *ps, int quote)
{
	const char *p = ps->p;

	while (p < ps->end && *p != quote && *p != '\n')
		p += *p == '\\' && ps->end - p > 1 ? 2 : 1;
	return (size_t)(p - ps->p);
}

static const char *too_long(const struct parser *ps)
{
	finding(&ps->at, LODGE_ERROR, "a string is longer than %d bytes",
		LONGEST_STRING);
	return NULL;
}

/* Within quotes of the kind @quote; NULL: a finding */
static const char *parse_string(struct parser *ps, int quote)
{
	size_t length = string_length(ps, quote);
	char *text;
	int c;

	if (length > MOST_OF_ESCAPE * LONGEST_STRING)
		return too_long(ps);
	text = arena_alloc(&ps->at.config->arena, length + 1);
	length = 0;
	while (!take(ps, quote)) {
		c = parse_char(ps);
		if (c < 0)
			return NULL;
		text[length++] = (char)c;
	}
	return length > LONGEST_STRING ? too_long(ps) : text;
}

static struct cfg_value *new_value(struct parser *ps, enum cfg_kind kind)
{
	struct cfg_value *v = arena_alloc(&ps->at.config->arena, sizeof(*v));

	v->kind = kind;
	v->line = ps->at.line;
	return v;
}

static struct cfg_value *parse_value(struct parser *ps, unsigned int depth);

static bool parse_elements(struct parser *ps, struct cfg_value **last,
			   unsigned int depth)
{
	for (;;) {
		skip_blanks(ps, true);
		if (take(ps, ']'))
			return true;
		*last = parse_value(ps, depth);
		if (!*last)
			return false;
		last = &(*last)->next;
		skip_blanks(ps, true);
		if (take(ps, ']'))
			return true;
		if (!take(ps, ',')) {
			expected(ps, "\",\" or \"]\" in a list");
			return false;
		}
	}
}

static struct cfg_value *parse_list(struct parser *ps, unsigned int depth)
{
	struct cfg_value *list = new_value(ps, CFG_LIST);

	if (depth == DEEPEST) {
		finding(&ps->at, LODGE_ERROR,
			"lists are nested deeper than %d", DEEPEST);
		return NULL;
	}
	return parse_elements(ps, &list->first, depth + 1) ? list : NULL;
}

/* NULL: a finding */
static struct cfg_value *parse_value(struct parser *ps, unsigned int depth)
{
	struct cfg_value *v;
	const char *from;
	int quote = peek(ps);

	if (take(ps, '['))
		return parse_list(ps, depth);
	if (quote == '"' || quote == '\'') {
		v = new_value(ps, CFG_STRING);
		ps->p++;
		v->text = parse_string(ps, quote);
		return v->text ? v : NULL;
	}
	if (quote == -1 || !isdigit(quote)) {
		expected(ps, "a number, a string in quotes or a list");
		return NULL;
	}
	v = new_value(ps, CFG_NUMBER);
	from = ps->p;
	while (is_name_char(peek(ps)))
		ps->p++;
	v->text = arena_strndup(&ps->at.config->arena, from,
				(size_t)(ps->p - from));
	return v;
}

static void add_setting(struct parser *ps, unsigned int line, const char *key,
			bool append, struct cfg_value *v)
{
	struct lodge_config *config = ps->at.config;
	struct cfg_setting *s = arena_alloc(&config->arena, sizeof(*s));

	s->source = ps->at.source;
	s->line = line;
	s->key = key;
	s->append = append;
	s->value = v;
	*config->last_setting = s;
	config->last_setting = &s->next;
	config->nr_settings++;
}

/* False: a finding */
static bool parse_setting(struct parser *ps)
{
	unsigned int line = ps->at.line;
	const char *key = parse_name(ps);
	struct cfg_value *v;
	bool append;

	if (!key) {
		expected(ps, "the name of a key");
		return false;
	}
	skip_blanks(ps, false);
	append = take(ps, '+');
	if (!take(ps, '=')) {
		expected(ps, arena_printf(&ps->at.config->arena,
					  "\"=\" behind %s", quoted(&ps->at, key)));
		return false;
	}
	skip_blanks(ps, false);
	v = parse_value(ps, 0);
	if (!v)
		return false;
	skip_blanks(ps, false);
	if (peek(ps) != -1 && peek(ps) != ';' && peek(ps) != '\n') {
		expected(ps, "the end of the line or \";\"");
		return false;
	}
	add_setting(ps, line, key, append, v);
	return true;
}

void parse_settings(struct lodge_config *config, const char *source,
		    const char *text, size_t length)
{
	struct parser ps = {
		.at = {.config = config, .source = source, .line = 1},
		.p = text,
		.end = text + length,
	};
	unsigned int errors = 0;

	if (memchr(text, 0, length)) {
		ps.at.line = 0;
		finding(&ps.at, LODGE_ERROR,
			"is no text: it contains a zero byte");
		return;
	}
	while (errors < MOST_ERRORS) {
		skip_blanks(&ps, true);
		if (take(&ps, ';'))
			continue;
		if (peek(&ps) == -1)
			return;
		if (config->nr_settings == MOST_SETTINGS) {
			finding(&ps.at, LODGE_ERROR,
				"there are more than %d settings",
				MOST_SETTINGS);
			return;
		}
		if (!parse_setting(&ps)) {
			skip_comment(&ps);
			errors++;
		}
	}
}
