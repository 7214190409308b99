# SPDX-License-Identifier: MIT
test_objects_SRCS := $(addprefix hypervisor/mm/,buddy.c frame-table.c m2p.c \
	tlb.c objects.c) $(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c)
