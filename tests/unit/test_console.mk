# SPDX-License-Identifier: MIT
test_console_SRCS := $(addprefix hypervisor/console/,console.c ring.c serial.c \
	input.c levels.c stamp.c vga.c) hypervisor/lib/spinlock.c \
	tests/unit/console/machine.c
test_console_CFLAGS := -include tests/unit/console/params.h
