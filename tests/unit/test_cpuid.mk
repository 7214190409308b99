# SPDX-License-Identifier: MIT
test_cpuid_SRCS := hypervisor/domain/cpuid.c tests/unit/fake/machine.c
