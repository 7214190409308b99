# SPDX-License-Identifier: MIT
test_alternative_SRCS := hypervisor/cpu/alternative.c tests/unit/fake/machine.c
