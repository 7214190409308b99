# SPDX-License-Identifier: MIT
test_emulate_SRCS := $(wildcard hypervisor/emulate/*.c) \
	tests/unit/emulate/machine.c
