# SPDX-License-Identifier: MIT
include tests/unit/physdev/world.mk
test_platform_op_SRCS := $(PHYSDEV_WORLD_SRCS) \
	hypervisor/domain/platform.c
