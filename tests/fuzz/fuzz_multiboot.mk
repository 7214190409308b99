# SPDX-License-Identifier: MIT
fuzz_multiboot_SRCS := $(addprefix hypervisor/boot/,loader-info.c multiboot.c \
	multiboot2.c memmap.c)
fuzz_multiboot_CPPFLAGS = -I. -fPIC $(FUZZ_CPPFLAGS)
fuzz_multiboot_LIBS := -no-pie -Wl,--no-relax \
	-Wl,--defsym=image_start=0x21800000 -Wl,--defsym=image_end=0x21900000
