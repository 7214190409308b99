# SPDX-License-Identifier: MIT
test_consoled_ring_KIND := host
test_consoled_ring_SRCS := $(addprefix dom0-tools/consoled/,ring.c buffer.c)
test_consoled_ring_CFLAGS := -D_GNU_SOURCE -Idom0-tools/consoled \
	-Idom0-tools/service
