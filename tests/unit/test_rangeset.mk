# SPDX-License-Identifier: MIT
test_rangeset_SRCS := hypervisor/lib/rangeset.c hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
