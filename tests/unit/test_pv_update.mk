# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_pv_update_SRCS := $(PV_WORLD_SRCS)
