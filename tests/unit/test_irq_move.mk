# SPDX-License-Identifier: MIT
include tests/unit/irq/world.mk
test_irq_move_SRCS := $(IRQ_WORLD_SRCS)
