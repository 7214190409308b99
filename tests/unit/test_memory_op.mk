# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_memory_op_SRCS := $(PV_WORLD_SRCS) $(addprefix hypervisor/domain/,\
	memory.c memory-claim.c memory-exchange.c memory-map.c \
	memory-reservation.c memory-resource.c) \
	hypervisor/guest/optable.c
