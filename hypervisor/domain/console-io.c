/* SPDX-License-Identifier: MIT */
/*
 * console-io.c - HYPERVISOR_console_io: the control domain's console
 *
 * Specification: <xen/xen.h>, CONSOLEIO_. Output is cut into pieces, so that a
 * long one can be preempted.
 */
#include <lodge/hypercall.h>

#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/event.h>

#include "private.h"

#define PIECE 128

static long console_write(unsigned int count, guest_ptr_t from)
{
	char buf[PIECE];
	unsigned int n;

	while (count) {
		n = min(count, (unsigned int)sizeof(buf));
		if (copy_from_guest(buf, from, n))
			return -EFAULT;
		console_guest_write(buf, n);
		count -= n;
		from = guest_ptr_add(from, n);
		if (count && hypercall_preempt_check())
			return hypercall_continue(__HYPERVISOR_console_io, 3,
					(unsigned long)CONSOLEIO_write,
					(unsigned long)count, from.va);
	}
	return 0;
}

static long console_read(unsigned int count, guest_ptr_t to)
{
	char buf[PIECE];
	long done = 0;
	size_t n;

	while (count) {
		n = console_guest_read(buf, min(count, (unsigned int)PIECE));
		if (!n)
			break;
		if (copy_to_guest(to, buf, n))
			return -EFAULT;
		to = guest_ptr_add(to, n);
		count -= (unsigned int)n;
		done += (long)n;
	}
	return done;
}

/**
 * hypercall_console_io() - HYPERVISOR_console_io(cmd, count, buffer)
 *
 * Return: read: number of bytes; write: 0; -EPERM: not the control domain;
 *         -E2BIG: a count that is no int; -EFAULT; -ENOSYS: no such command.
 */
long hypercall_console_io(struct vcpu *v, const struct call_args *a)
{
	unsigned int count = (unsigned int)a->arg1;

	if (!v->domain->privileged)
		return -EPERM;
	switch ((unsigned int)a->arg0) {
	case CONSOLEIO_write:
		return console_write(count, GUEST_PTR(a->arg2));
	case CONSOLEIO_read:
		if (count > INT32_MAX)
			return -E2BIG;
		return console_read(count, GUEST_PTR(a->arg2));
	default:
		return -ENOSYS;
	}
}

static void input_arrived(void)
{
	evtchn_send_global_virq(VIRQ_CONSOLE);
}

static void log_grew(void)
{
	evtchn_send_global_virq(VIRQ_CON_RING);
}

void domain_console_init(void)
{
	console_input_hook = input_arrived;
	console_log_hook = log_grew;
}
