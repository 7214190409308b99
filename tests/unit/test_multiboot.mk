# SPDX-License-Identifier: MIT
test_multiboot_SRCS := $(addprefix hypervisor/boot/,loader-info.c multiboot.c \
	multiboot2.c memmap.c) tests/unit/fake/machine.c
test_multiboot_CFLAGS := -fPIC -I.
# The image: 1 MiB from IMAGE_PHYS_BASE on.
test_multiboot_LIBS := -no-pie -Wl,--no-relax \
	-Wl,--defsym=image_start=0x21800000 -Wl,--defsym=image_end=0x21900000
