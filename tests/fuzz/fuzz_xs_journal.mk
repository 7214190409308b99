# SPDX-License-Identifier: MIT
fuzz_xs_journal_SRCS := tests/fuzz/xs_harness.c $(filter-out %/main.c \
	%/keeper.c,$(wildcard xenstore/daemon/*.c))
fuzz_xs_journal_CPPFLAGS := -Ixenstore/daemon -Itests/fuzz \
	-DSLAB_LARGEST=0
fuzz_xs_journal_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall \
	-lzstd
