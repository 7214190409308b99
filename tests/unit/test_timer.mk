# SPDX-License-Identifier: MIT
test_timer_SRCS := hypervisor/time/heap.c hypervisor/time/timer.c \
	hypervisor/lib/spinlock.c tests/unit/fake/machine.c
