# SPDX-License-Identifier: MIT
test_debugreg_SRCS := hypervisor/pv/debugreg.c tests/unit/fake/machine.c
