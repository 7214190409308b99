# SPDX-License-Identifier: MIT
fuzz_console_ring_SRCS := dom0-tools/consoled/ring.c
fuzz_console_ring_CPPFLAGS := -D_GNU_SOURCE -Idom0-tools/consoled \
	-Idom0-tools/service
