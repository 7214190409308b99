# SPDX-License-Identifier: MIT
test_irq_SRCS := $(addprefix hypervisor/irq/,desc.c deliver.c vector.c \
	ioapic.c msi.c msix.c i8259.c dump.c) hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
