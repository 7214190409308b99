# SPDX-License-Identifier: MIT
# Sources of every test of physdev_op; included by their fragments.
PHYSDEV_WORLD_SRCS := hypervisor/domain/physdev.c \
	hypervisor/guest/optable.c hypervisor/lib/spinlock.c \
	tests/unit/fake/machine.c tests/unit/physdev/world.c
