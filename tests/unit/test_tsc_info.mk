# SPDX-License-Identifier: MIT
test_tsc_info_SRCS := hypervisor/control/tsc.c hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
