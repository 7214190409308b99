# SPDX-License-Identifier: MIT
fuzz_emulate_SRCS := $(wildcard hypervisor/emulate/*.c) \
	tests/unit/emulate/machine.c
fuzz_emulate_CPPFLAGS = -I. -Itests/unit $(FUZZ_CPPFLAGS)
fuzz_emulate_LIBS := -lcapstone
