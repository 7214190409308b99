# SPDX-License-Identifier: MIT
# Sources of every test of interrupts; included by their fragments.
IRQ_WORLD_SRCS := $(wildcard hypervisor/irq/*.c) hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c tests/unit/irq/world.c
