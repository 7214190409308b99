# SPDX-License-Identifier: MIT
fuzz_xs_path_SRCS := xenstore/daemon/path.c xenstore/daemon/util.c \
	xenstore/daemon/log.c
fuzz_xs_path_CPPFLAGS := -Ixenstore/daemon
