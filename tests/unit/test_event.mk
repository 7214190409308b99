# SPDX-License-Identifier: MIT
include tests/unit/event/world.mk
test_event_SRCS := $(EVENT_WORLD_SRCS)
