# SPDX-License-Identifier: MIT
test_xs_slab_SRCS := $(addprefix xenstore/daemon/,slab.c util.c log.c)
test_xs_slab_CFLAGS := -Ixenstore/daemon
test_xs_slab_KIND := host
