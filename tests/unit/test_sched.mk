# SPDX-License-Identifier: MIT
test_sched_SRCS := $(addprefix hypervisor/sched/,core.c wake.c switch.c vcpu.c \
	fair.c balance.c cap.c pool.c null.c) hypervisor/lib/spinlock.c tests/unit/sched/machine.c \
	tests/unit/fake/machine.c
