# SPDX-License-Identifier: MIT
include tests/unit/event/world.mk
test_audit_ports_SRCS := $(EVENT_WORLD_SRCS)
