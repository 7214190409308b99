# SPDX-License-Identifier: MIT
test_rtc_SRCS := hypervisor/time/rtc.c hypervisor/time/wallclock.c \
	hypervisor/lib/spinlock.c tests/unit/fake/machine.c
