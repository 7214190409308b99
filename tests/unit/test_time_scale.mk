# SPDX-License-Identifier: MIT
test_time_scale_SRCS := hypervisor/time/scale.c tests/unit/fake/machine.c
