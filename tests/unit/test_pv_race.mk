# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
# Its CPUs are threads: it delivers interrupts between them itself.
test_pv_race_SRCS := $(filter-out %/ipi.c,$(PV_WORLD_SRCS))
test_pv_race_LIBS := -lpthread
