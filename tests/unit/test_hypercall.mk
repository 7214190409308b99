# SPDX-License-Identifier: MIT
test_hypercall_SRCS := hypervisor/guest/optable.c hypervisor/guest/continue.c \
	$(addprefix hypervisor/hypercall/,dispatch.c multicall.c) \
	tests/unit/fake/machine.c
