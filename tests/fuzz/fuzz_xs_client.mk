# SPDX-License-Identifier: MIT
fuzz_xs_client_SRCS := $(wildcard xenstore/client/*.c)
fuzz_xs_client_CPPFLAGS := -Ixenstore/include
fuzz_xs_client_LIBS := -lpthread
