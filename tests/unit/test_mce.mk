# SPDX-License-Identifier: MIT
test_mce_SRCS := hypervisor/cpu/mce.c tests/unit/fake/machine.c
test_mce_CFLAGS := -Ihypervisor
