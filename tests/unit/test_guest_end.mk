# SPDX-License-Identifier: MIT
test_guest_end_KIND := host
test_guest_end_SRCS := dom0-tools/lib/end.c
test_guest_end_CFLAGS := -D__XEN_TOOLS__ -Idom0-tools/include \
	-Idom0-tools/lib
