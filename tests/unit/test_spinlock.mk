# SPDX-License-Identifier: MIT
test_spinlock_SRCS := hypervisor/lib/spinlock.c tests/unit/fake/machine.c
test_spinlock_LIBS := -lpthread
