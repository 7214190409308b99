# SPDX-License-Identifier: MIT
test_emulate_decode_SRCS := $(wildcard hypervisor/emulate/*.c) \
	tests/unit/emulate/machine.c tests/unit/emulate/corpus.c
test_emulate_decode_CFLAGS := -I.
test_emulate_decode_LIBS := -lcapstone
