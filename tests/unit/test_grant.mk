# SPDX-License-Identifier: MIT
test_grant_SRCS := $(wildcard hypervisor/grant/*.c) hypervisor/guest/optable.c \
	$(addprefix hypervisor/mm/,buddy.c frame-table.c m2p.c tlb.c \
	domain-pages.c) hypervisor/lib/spinlock.c \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c heap.c guest.c)
test_grant_LIBS := -pthread
