# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_pv_preempt_SRCS := $(PV_WORLD_SRCS)
