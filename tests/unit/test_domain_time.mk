# SPDX-License-Identifier: MIT
test_domain_time_SRCS := hypervisor/domain/time.c hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c
