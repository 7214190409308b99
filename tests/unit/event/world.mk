# SPDX-License-Identifier: MIT
# Sources of every test of event channels; included by their fragments.
EVENT_WORLD_SRCS := $(wildcard hypervisor/event/*.c) \
	hypervisor/guest/optable.c hypervisor/lib/spinlock.c \
	hypervisor/lib/bitmap.c \
	$(addprefix tests/unit/fake/,machine.c heap.c guest.c) \
	tests/unit/event/world.c
