# SPDX-License-Identifier: MIT
test_cmdline_SRCS := hypervisor/boot/cmdline.c hypervisor/lib/number.c \
	tests/unit/fake/machine.c
# The C library's takes negative numbers, and may have no strlcpy.
test_cmdline_CFLAGS := -Dstrtoull=lodge_strtoull -Dstrlcpy=lodge_strlcpy
