# SPDX-License-Identifier: MIT
test_dom0_elf_SRCS := hypervisor/pv/dom0-elf.c
