# SPDX-License-Identifier: MIT
#
# system.mk - what the tests in an emulator need beside the Dom0 images
#
# The tests themselves are Python (lab.py is their library); logs of every
# machine are kept in build/logs.

SYSTEM_DEPS += $(GUEST_ELFS)
