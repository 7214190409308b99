# SPDX-License-Identifier: MIT
test_policy_msr_SRCS := hypervisor/control/policy-msr.c \
	$(addprefix tests/unit/fake/,machine.c guest.c)
