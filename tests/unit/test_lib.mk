# SPDX-License-Identifier: MIT
test_lib_SRCS := $(addprefix hypervisor/lib/,string.c printf.c number.c \
	bitmap.c)
# Ours beside the C library's, which the test compares with.
test_lib_CFLAGS := -fno-builtin $(foreach f,memcpy memmove memset memcmp strlen \
	strnlen strcmp strncmp strchr strrchr strstr strlcpy snprintf vsnprintf \
	strtoull,-D$(f)=lodge_$(f))
