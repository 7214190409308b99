# SPDX-License-Identifier: MIT
test_emulate_mem_SRCS := $(wildcard hypervisor/emulate/*.c) \
	tests/unit/emulate/machine.c
