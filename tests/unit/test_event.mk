# SPDX-License-Identifier: MIT
test_event_SRCS := $(wildcard hypervisor/event/*.c) hypervisor/guest/optable.c \
	hypervisor/lib/spinlock.c \
	$(addprefix tests/unit/fake/,machine.c heap.c guest.c)
test_event_LIBS := -pthread
