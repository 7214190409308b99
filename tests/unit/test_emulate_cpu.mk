# SPDX-License-Identifier: MIT
test_emulate_cpu_SRCS := $(wildcard hypervisor/emulate/*.c) \
	tests/unit/emulate/machine.c tests/unit/emulate/corpus.c \
	tests/unit/emulate/native.c
