# SPDX-License-Identifier: MIT
test_pci_SRCS := hypervisor/pci/config.c hypervisor/pci/device.c \
	hypervisor/lib/spinlock.c tests/unit/fake/machine.c
