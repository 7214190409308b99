# SPDX-License-Identifier: MIT
# init.c is for the image only: here the constructors run by themselves.
test_loader_SRCS := $(wildcard hypervisor/loader/*.c) \
	$(filter-out %/init.c,$(wildcard hypervisor/loader/decode/*.c)) \
	tests/unit/fake/machine.c
test_loader_CFLAGS := -fPIC -I.
# The image: 1 MiB.
test_loader_LIBS := -no-pie -Wl,--no-relax \
	-Wl,--defsym=image_start=0x21800000 -Wl,--defsym=image_end=0x21900000 \
	-lpthread $(foreach l,lzma zstd z lz4,$(LIB_DIR)/lib$(l).a)
