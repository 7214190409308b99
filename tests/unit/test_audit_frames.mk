# SPDX-License-Identifier: MIT
include tests/unit/pv/world.mk
test_audit_frames_SRCS := $(PV_WORLD_SRCS) hypervisor/mm/audit.c
