# SPDX-License-Identifier: MIT
include tests/unit/grant/world.mk
test_audit_grants_SRCS := $(GRANT_WORLD_SRCS)
