# SPDX-License-Identifier: MIT
# Sources of every test of grant tables; included by their fragments.
GRANT_WORLD_SRCS := $(wildcard hypervisor/grant/*.c) \
	hypervisor/guest/optable.c \
	$(addprefix hypervisor/mm/,buddy.c frame-table.c m2p.c tlb.c \
	domain-pages.c page-type.c share.c) \
	$(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c heap.c guest.c) \
	tests/unit/grant/world.c
