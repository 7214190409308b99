# SPDX-License-Identifier: MIT
test_xs_look_SRCS :=
test_xs_look_CFLAGS := -Ixenstore
test_xs_look_KIND := host
