# SPDX-License-Identifier: MIT
include tests/unit/physdev/world.mk
test_physdev_map_SRCS := $(PHYSDEV_WORLD_SRCS)
