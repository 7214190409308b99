# SPDX-License-Identifier: MIT
include tests/unit/grant/world.mk
test_grant_v2_SRCS := $(GRANT_WORLD_SRCS)
test_grant_v2_LIBS := -pthread
