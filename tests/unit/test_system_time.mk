# SPDX-License-Identifier: MIT
test_system_time_SRCS := $(addprefix hypervisor/time/,scale.c platform.c \
	tsc.c timer.c heap.c) hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
