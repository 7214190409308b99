# SPDX-License-Identifier: MIT
test_sched_SRCS := $(addprefix hypervisor/sched/,core.c wake.c switch.c vcpu.c \
	fair.c balance.c cap.c pool.c null.c) \
	$(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/,sched/machine.c fake/machine.c)
