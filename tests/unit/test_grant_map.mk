# SPDX-License-Identifier: MIT
include tests/unit/grant/world.mk
test_grant_map_SRCS := $(GRANT_WORLD_SRCS)
