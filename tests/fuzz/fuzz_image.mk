# SPDX-License-Identifier: MIT
fuzz_image_SRCS := $(addprefix dom0-tools/reader/,kernel.c elf.c notes.c \
	unpack.c) $(addprefix dom0-tools/lib/,image-check.c image-words.c)
fuzz_image_CPPFLAGS := -D_GNU_SOURCE -D__XEN_TOOLS__ -Idom0-tools/include \
	-Idom0-tools/lib -Idom0-tools/reader
fuzz_image_LIBS := -lz -llzma -lzstd -llz4
