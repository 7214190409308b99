# SPDX-License-Identifier: MIT
test_terminal_KIND := host
test_terminal_SRCS := dom0-tools/lib/terminal.c
test_terminal_CFLAGS := -D_GNU_SOURCE -Idom0-tools/lib
