# SPDX-License-Identifier: MIT
test_context_SRCS := $(addprefix hypervisor/pv/,context.c debugreg.c) \
	tests/unit/fake/machine.c
