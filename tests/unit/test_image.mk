# SPDX-License-Identifier: MIT
#
# image.c with a reader of kernels that does what the test wants.
test_image_SRCS := $(addprefix dom0-tools/lib/,image.c image-check.c \
	image-words.c image-program.c image-read.c error.c arena.c)
test_image_CFLAGS := -D_GNU_SOURCE -D__XEN_TOOLS__ -Idom0-tools/include \
	-Idom0-tools/lib -Ixenstore/include \
	-DIMAGE_READER_FILE='"build/unit/image_evil"'
test_image_LIBS := -lpthread -lxencall -lxenforeignmemory
test_image_KIND := host

build/unit/image_evil: tests/unit/image_evil.c dom0-tools/reader/confine.c \
		$(wildcard dom0-tools/reader/*.h dom0-tools/lib/image*.h) \
		tests/unit/test_image.mk build/config.mk
	$(call say,CC,$@)$(CC) -D_GNU_SOURCE -D__XEN_TOOLS__ \
		-Idom0-tools/include -Idom0-tools/lib -Idom0-tools/reader \
		$(HOST_CFLAGS) -o $@ $(filter %.c,$^) -lseccomp

build/unit/obj/test_image/dom0-tools/lib/image-program.o: \
	build/unit/image_evil
