# SPDX-License-Identifier: MIT
include tests/unit/event/world.mk
test_event_fifo_SRCS := $(EVENT_WORLD_SRCS) tests/unit/event/queue.c
