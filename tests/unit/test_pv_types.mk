# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_pv_types_SRCS := $(PV_WORLD_SRCS)
