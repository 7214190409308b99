# SPDX-License-Identifier: MIT
include tests/unit/grant/world.mk
test_grant_race_SRCS := $(GRANT_WORLD_SRCS)
test_grant_race_LIBS := -pthread
