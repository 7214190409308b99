# SPDX-License-Identifier: MIT
test_audit_queues_SRCS := $(wildcard hypervisor/sched/*.c) \
	$(addprefix hypervisor/lib/,spinlock.c audit.c) \
	tests/unit/sched/machine.c tests/unit/fake/machine.c
