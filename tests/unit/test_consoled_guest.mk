# SPDX-License-Identifier: MIT
test_consoled_guest_KIND := host
test_consoled_guest_SRCS := $(addprefix dom0-tools/consoled/,guest.c \
	audience.c buffer.c ring.c loop.c logfile.c)
test_consoled_guest_CFLAGS := -D_GNU_SOURCE -Idom0-tools/consoled \
	-Idom0-tools/service
