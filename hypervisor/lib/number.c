/* SPDX-License-Identifier: MIT */
/*
 * number.c - parse numbers
 */
#include <lodge/lib.h>

/* 0 to 35; larger than any base if it is no digit. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)(c - 'A') + 10;
	return 99;
}

/* Skips the prefix that says the base, if @base leaves it open or agrees. */
static const char *skip_prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
		   digit_value(s[2]) < 16;

	if ((*base == 0 || *base == 16) && hex) {
		*base = 16;
		return s + 2;
	}
	if (*base == 0)
		*base = s[0] == '0' ? 8 : 10;
	return s;
}

/**
 * strtoull() - parse an unsigned number
 * @s:    text; leading blanks and one plus sign are skipped
 * @end:  set to the first character not used, @s if there is no number; may
 *        be NULL
 * @base: 2 to 36, or 0: 0x means hexadecimal, a leading 0 octal
 *
 * Unlike the C library's, it takes no minus sign.
 *
 * Context: any.
 * Return: the number; the largest one if it does not fit.
 */
unsigned long long strtoull(const char *s, char **end, int base)
{
	const char *start = s;
	unsigned int b = (unsigned int)base;
	unsigned long long val = 0;
	bool any = false, over = false;

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s == '+')
		s++;
	s = skip_prefix(s, &b);
	for (; digit_value(*s) < b; s++) {
		over |= __builtin_mul_overflow(val, b, &val);
		over |= __builtin_add_overflow(val, digit_value(*s), &val);
		any = true;
	}
	if (end)
		*end = (char *)(uintptr_t)(any ? s : start);
	return over ? ~0ULL : val;
}
