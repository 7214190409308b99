# SPDX-License-Identifier: MIT
test_memmap_SRCS := hypervisor/boot/memmap.c
