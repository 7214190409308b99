# SPDX-License-Identifier: MIT
test_bounce_SRCS := hypervisor/pv/bounce.c tests/unit/fake/machine.c
