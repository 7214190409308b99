# SPDX-License-Identifier: MIT
test_domain_pages_SRCS := $(addprefix hypervisor/mm/,buddy.c frame-table.c \
	m2p.c tlb.c domain-pages.c page-type.c share.c perdomain.c) \
	$(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c)
