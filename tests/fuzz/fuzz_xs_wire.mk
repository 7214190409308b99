# SPDX-License-Identifier: MIT
fuzz_xs_wire_SRCS := tests/fuzz/xs_harness.c $(filter-out %/main.c \
	%/keeper.c,$(wildcard xenstore/daemon/*.c))
fuzz_xs_wire_CPPFLAGS := -Ixenstore/daemon -Itests/fuzz \
	-DSLAB_LARGEST=0
fuzz_xs_wire_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall \
	-lzstd
