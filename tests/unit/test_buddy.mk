# SPDX-License-Identifier: MIT
test_buddy_SRCS := $(addprefix hypervisor/mm/,buddy.c frame-table.c bootmem.c \
	m2p.c tlb.c) $(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c)
