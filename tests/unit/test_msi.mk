# SPDX-License-Identifier: MIT
include tests/unit/irq/world.mk
test_msi_SRCS := $(IRQ_WORLD_SRCS)
