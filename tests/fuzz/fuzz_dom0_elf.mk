# SPDX-License-Identifier: MIT
fuzz_dom0_elf_SRCS := $(addprefix hypervisor/pv/,dom0-elf.c dom0-layout.c)
fuzz_dom0_elf_CPPFLAGS = -I. $(FUZZ_CPPFLAGS)
