# SPDX-License-Identifier: MIT
test_acpi_SRCS := $(addprefix hypervisor/acpi/,tables.c madt.c fadt.c) \
	tests/unit/fake/machine.c
