# SPDX-License-Identifier: MIT
test_physdev_SRCS := hypervisor/domain/physdev.c hypervisor/domain/platform.c \
	hypervisor/guest/optable.c hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
