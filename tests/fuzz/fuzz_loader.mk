# SPDX-License-Identifier: MIT
fuzz_loader_SRCS := hypervisor/loader/bzimage.c \
	$(filter-out %/init.c,$(wildcard hypervisor/loader/decode/*.c))
fuzz_loader_CPPFLAGS = -I. $(FUZZ_CPPFLAGS)
fuzz_loader_LIBS = $(foreach l,lzma zstd z lz4,$(LIB_DIR)/lib$(l).a)
