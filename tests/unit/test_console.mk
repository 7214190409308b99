# SPDX-License-Identifier: MIT
test_console_SRCS := $(addprefix hypervisor/console/,console.c ring.c serial.c \
	input.c) hypervisor/lib/spinlock.c tests/unit/console/machine.c
