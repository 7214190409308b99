# SPDX-License-Identifier: MIT
test_domain_life_SRCS := $(addprefix hypervisor/domain/,domain.c build.c end.c \
	pause.c vcpu.c vcpu-info.c watchdog.c) \
	$(wildcard hypervisor/event/*.c) $(wildcard hypervisor/grant/*.c) \
	hypervisor/guest/optable.c \
	$(addprefix hypervisor/mm/,buddy.c frame-table.c m2p.c tlb.c \
	domain-pages.c page-type.c share.c perdomain.c) \
	$(addprefix hypervisor/lib/,audit.c bitmap.c rangeset.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c memory.c ipi.c heap.c guest.c) \
	tests/unit/domain/beside.c
