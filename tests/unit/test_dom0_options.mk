# SPDX-License-Identifier: MIT
test_dom0_options_SRCS := hypervisor/pv/dom0-options.c hypervisor/boot/cmdline.c \
	hypervisor/lib/number.c tests/unit/fake/machine.c
test_dom0_options_CFLAGS := -I. -fPIC -Dstrtoull=lodge_strtoull
# The rows of the options, which the image's linker script collects.
test_dom0_options_LIBS := -no-pie -Wl,--section-start=.init.params=0x30000000
