/* SPDX-License-Identifier: MIT */
/*
 * console.c - the console: formatted print, console_io, the shared ring
 *
 * One line is collected and then written at once. Only the first vCPU
 * prints; the others report through memory.
 */
#include <guestkit/console.h>
#include <guestkit/hypercall.h>
#include <guestkit/guest.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <xen/io/console.h>

static char line[512];
static size_t line_len;

static void ring_write(const char *text, size_t len)
{
	struct xencons_interface *ring =
		mfn_to_virt(start_info->console.domU.mfn);
	struct evtchn_send send = {.port = start_info->console.domU.evtchn};
	XENCONS_RING_IDX prod = ring->out_prod;

	while (len) {
		XENCONS_RING_IDX cons = *(volatile uint32_t *)&ring->out_cons;

		if (prod - cons >= sizeof(ring->out)) {
			HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		ring->out[MASK_XENCONS_IDX(prod, ring->out)] = *text++;
		prod++;
		len--;
		asm volatile("" ::: "memory");
		ring->out_prod = prod;
	}
	HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

void console_write(const char *text, size_t len)
{
	if (start_info->flags & SIF_INITDOMAIN)
		HYPERVISOR_console_io(CONSOLEIO_write, len, (char *)text);
	else
		ring_write(text, len);
}

static void put(char c)
{
	if (line_len < sizeof(line) - 1 || c == '\n')
		line[line_len++] = c;
	if (c == '\n') {
		console_write(line, line_len);
		line_len = 0;
	}
}

static void put_padded(const char *s, size_t len, size_t width, char pad)
{
	for (; width > len; width--)
		put(pad);
	for (; len; len--)
		put(*s++);
}

static void put_number(unsigned long value, unsigned int base, bool negative,
		       size_t width, char pad)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		digits[--at] = '-';
	put_padded(digits + at, sizeof(digits) - at, width, pad);
}

static unsigned long number_arg(va_list *args, bool is_long, bool is_signed)
{
	if (is_long)
		return va_arg(*args, unsigned long);
	if (is_signed)
		return (unsigned long)(long)va_arg(*args, int);
	return va_arg(*args, unsigned int);
}

static void put_conversion(char conversion, va_list *args, bool is_long,
			   size_t width, char pad)
{
	const char *s;
	long value;

	switch (conversion) {
	case 'c':
		put(va_arg(*args, int));
		break;
	case 's':
		s = va_arg(*args, const char *);
		put_padded(s, strlen(s), width, ' ');
		break;
	case 'd':
		value = number_arg(args, is_long, true);
		put_number(value < 0 ? -value : value, 10, value < 0, width,
			   pad);
		break;
	case 'u':
		put_number(number_arg(args, is_long, false), 10, false, width,
			   pad);
		break;
	case 'p':
		put_number(va_arg(*args, unsigned long), 16, false, 16, '0');
		break;
	case 'x':
		put_number(number_arg(args, is_long, false), 16, false, width,
			   pad);
		break;
	default:
		put(conversion);
	}
}

void print_va(const char *format, va_list args)
{
	va_list copy;

	va_copy(copy, args);
	for (; *format; format++) {
		bool is_long = false;
		size_t width = 0;
		char pad = ' ';

		if (*format != '%') {
			put(*format);
			continue;
		}
		if (*++format == '0')
			pad = '0';
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (*format - '0');
		for (; *format == 'l'; format++)
			is_long = true;
		put_conversion(*format, &copy, is_long, width, pad);
	}
	va_end(copy);
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_va(format, args);
	va_end(args);
}
