# SPDX-License-Identifier: MIT
test_dom0_layout_SRCS := $(addprefix hypervisor/pv/,dom0-layout.c dom0-tables.c) \
	tests/unit/fake/machine.c
