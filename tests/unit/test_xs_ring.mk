# SPDX-License-Identifier: MIT
test_xs_ring_SRCS := $(addprefix xenstore/daemon/,ring.c util.c log.c)
test_xs_ring_CFLAGS := -Ixenstore/daemon
test_xs_ring_KIND := host
