# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_pv_update_SRCS := $(PV_WORLD_SRCS)
test_pv_update_LIBS := -Wl,--wrap=tlb_clock,--wrap=copy_from_guest
