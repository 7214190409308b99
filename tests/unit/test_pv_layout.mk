# SPDX-License-Identifier: MIT
test_pv_layout_KIND := host
test_pv_layout_SRCS := dom0-tools/lib/pv_layout.c
test_pv_layout_CFLAGS := -Idom0-tools/lib
