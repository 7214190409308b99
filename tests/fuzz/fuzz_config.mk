# SPDX-License-Identifier: MIT
fuzz_config_SRCS := $(wildcard dom0-tools/lib/*.c)
fuzz_config_CPPFLAGS := -D_GNU_SOURCE -Idom0-tools/include
