# SPDX-License-Identifier: MIT
test_rangeset_SRCS := hypervisor/lib/rangeset.c
