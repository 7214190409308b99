# SPDX-License-Identifier: MIT
# Sources of every test of event channels; included by their fragments.
EVENT_WORLD_SRCS := $(wildcard hypervisor/event/*.c) \
	hypervisor/guest/optable.c \
	$(addprefix hypervisor/lib/,audit.c bitmap.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c heap.c guest.c) \
	tests/unit/event/world.c
