/* SPDX-License-Identifier: MIT */
/*
 * printf.c - formatted print into a buffer
 *
 * Conversions as lib.h lists them. An unknown one is printed as it stands, so
 * that a mistake shows.
 */
#include <lodge/lib.h>
#include <lodge/symbols.h>

/* Where output goes; what does not fit is counted only. */
struct out {
	char *buf;
	size_t size, len;
};

struct spec {
	bool zero, left, plus, space, alt, upper, negative;
	int width, precision;		/* precision -1: not given */
	unsigned int base;
};

static void put_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put_char(o, c);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	size_t max = sp->precision < 0 ? (size_t)-1 : (size_t)sp->precision;
	size_t n, i;
	int pad;

	if (!s)
		s = "(null)";
	n = strnlen(s, max);
	pad = sp->width - (int)n;
	if (!sp->left)
		put_pad(o, ' ', pad);
	for (i = 0; i < n; i++)
		put_char(o, s[i]);
	if (sp->left)
		put_pad(o, ' ', pad);
}

static const char *number_prefix(const struct spec *sp, uint64_t val)
{
	if (sp->negative)
		return "-";
	if (sp->plus)
		return "+";
	if (sp->space)
		return " ";
	if (!sp->alt || !val || sp->base != 16)
		return "";
	return sp->upper ? "0X" : "0x";
}

static void put_number(struct out *o, const struct spec *sp, uint64_t val)
{
	const char *digits = sp->upper ? "0123456789ABCDEF" :
					 "0123456789abcdef";
	const char *prefix = number_prefix(sp, val);
	char tmp[24];
	int n = 0, zeros, pad;

	for (; val; val /= sp->base)
		tmp[n++] = digits[val % sp->base];
	zeros = (sp->precision < 0 ? 1 : sp->precision) - n;
	if (sp->alt && sp->base == 8 && zeros < 1)
		zeros = 1;
	pad = sp->width - n - (int)strlen(prefix) - max(zeros, 0);
	if (sp->zero && !sp->left && sp->precision < 0 && pad > 0) {
		zeros = max(zeros, 0) + pad;
		pad = 0;
	}
	if (!sp->left)
		put_pad(o, ' ', pad);
	while (*prefix)
		put_char(o, *prefix++);
	put_pad(o, '0', zeros);
	while (n)
		put_char(o, tmp[--n]);
	if (sp->left)
		put_pad(o, ' ', pad);
}

/* symbol+0x12/0x34, or the bare address if it is not in our text. */
static void put_symbol(struct out *o, const struct spec *sp, unsigned long addr)
{
	struct spec hex = { .base = 16, .alt = true, .precision = -1 };
	unsigned long offset, size;
	const char *name = symbols_lookup(addr, &offset, &size);

	if (!name) {
		put_number(o, &hex, addr);
		return;
	}
	hex.precision = 1;
	put_string(o, sp, name);
	put_char(o, '+');
	put_number(o, &hex, offset);
	put_char(o, '/');
	put_number(o, &hex, size);
}

static const char *parse_flags(const char *f, struct spec *sp)
{
	for (;; f++) {
		if (*f == '0')
			sp->zero = true;
		else if (*f == '-')
			sp->left = true;
		else if (*f == '+')
			sp->plus = true;
		else if (*f == ' ')
			sp->space = true;
		else if (*f == '#')
			sp->alt = true;
		else
			return f;
	}
}

/* A width or precision is never larger than this. */
#define MAX_FIELD 4096

static const char *parse_field(const char *f, int *val, va_list *ap)
{
	int n = 0;

	if (*f == '*') {
		n = va_arg(*ap, int);
		*val = min(n, MAX_FIELD);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		n = min(n * 10 + (*f - '0'), MAX_FIELD);
	*val = n;
	return f;
}

/* Bytes of the argument: -2 hh, -1 h, 0 int, 1 long (all others). */
static const char *parse_length(const char *f, int *length)
{
	*length = 0;
	for (;; f++) {
		if (*f == 'h')
			(*length)--;
		else if (*f == 'l' || *f == 'z')
			*length = 1;
		else
			return f;
	}
}

static int64_t fetch_signed(int length, va_list *ap)
{
	if (length > 0)
		return va_arg(*ap, long);
	if (length == -1)
		return (short)va_arg(*ap, int);
	if (length <= -2)
		return (signed char)va_arg(*ap, int);
	return va_arg(*ap, int);
}

static uint64_t fetch_unsigned(int length, va_list *ap)
{
	if (length > 0)
		return va_arg(*ap, unsigned long);
	if (length == -1)
		return (unsigned short)va_arg(*ap, unsigned int);
	if (length <= -2)
		return (unsigned char)va_arg(*ap, unsigned int);
	return va_arg(*ap, unsigned int);
}

static void put_signed(struct out *o, struct spec *sp, int64_t val)
{
	sp->base = 10;
	sp->negative = val < 0;
	put_number(o, sp, val < 0 ? -(uint64_t)val : (uint64_t)val);
}

static void put_unsigned(struct out *o, struct spec *sp, unsigned int base,
			 uint64_t val)
{
	sp->base = base;
	sp->plus = sp->space = false;
	put_number(o, sp, val);
}

static const char *put_pointer(struct out *o, struct spec *sp, const char *f,
			       unsigned long val)
{
	if (*f == 'B') {
		put_symbol(o, sp, val);
		return f + 1;
	}
	sp->alt = true;
	put_unsigned(o, sp, 16, val);
	return f;
}

/* One conversion; @f is behind the percent sign. Returns what follows it. */
static const char *convert(struct out *o, const char *f, va_list *ap)
{
	struct spec sp = { .precision = -1 };
	struct spec plain = { .precision = -1 };
	const char *start = f;
	char one[2] = { 0, 0 };
	int length;

	f = parse_flags(f, &sp);
	f = parse_field(f, &sp.width, ap);
	if (sp.width < 0) {
		sp.left = true;
		sp.width = -max(sp.width, -MAX_FIELD);
	}
	if (*f == '.')
		f = parse_field(f + 1, &sp.precision, ap);
	f = parse_length(f, &length);

	switch (*f++) {
	case 'd':
	case 'i':
		put_signed(o, &sp, fetch_signed(length, ap));
		return f;
	case 'u':
		put_unsigned(o, &sp, 10, fetch_unsigned(length, ap));
		return f;
	case 'o':
		put_unsigned(o, &sp, 8, fetch_unsigned(length, ap));
		return f;
	case 'X':
		sp.upper = true;
		put_unsigned(o, &sp, 16, fetch_unsigned(length, ap));
		return f;
	case 'x':
		put_unsigned(o, &sp, 16, fetch_unsigned(length, ap));
		return f;
	case 'p':
		return put_pointer(o, &sp, f,
				   (unsigned long)va_arg(*ap, void *));
	case 's':
		put_string(o, &sp, va_arg(*ap, const char *));
		return f;
	case 'c':
		one[0] = (char)va_arg(*ap, int);
		sp.precision = -1;
		if (one[0])
			put_string(o, &sp, one);
		else
			put_char(o, '\0');
		return f;
	case '%':
		put_char(o, '%');
		return f;
	}
	put_string(o, &plain, "%");
	return start;
}

/**
 * vsnprintf() - format into a buffer
 * @buf:  the buffer; always terminated if @size is not 0
 * @size: in bytes
 * @fmt:  conversions as in lib.h
 * @ap:   the values
 *
 * Context: any.
 * Return: length of the whole text; it was cut if that is @size or more.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { .buf = buf, .size = size };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%')
			put_char(&o, *fmt++);
		else
			fmt = convert(&o, fmt + 1, &args);
	}
	va_end(args);
	if (size)
		buf[min(o.len, size - 1)] = '\0';
	return (int)o.len;
}

/**
 * snprintf() - format into a buffer
 * @buf:  as vsnprintf()
 * @size: as vsnprintf()
 * @fmt:  as vsnprintf()
 *
 * Context: any.
 * Return: as vsnprintf().
 */
int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
