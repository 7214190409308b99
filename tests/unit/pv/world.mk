# SPDX-License-Identifier: MIT
# Sources of every test of page-table code; included by their fragments.
PV_WORLD_SRCS := $(addprefix hypervisor/mm/,buddy.c frame-table.c m2p.c tlb.c \
	domain-pages.c perdomain.c page-type.c) \
	$(addprefix hypervisor/lib/,spinlock.c rangeset.c audit.c) \
	$(addprefix hypervisor/pv/,mm-audit.c mm-call.c mm-entry.c mm-ext.c \
	mm-grant.c mm-root.c mm-stopped.c mm-table.c mm-teardown.c mm-update.c \
	mm-validate.c mm-walk.c descriptors.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c heap.c guest.c) \
	tests/unit/pv/world.c
