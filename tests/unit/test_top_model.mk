# SPDX-License-Identifier: MIT
test_top_model_KIND := host
test_top_model_SRCS := $(addprefix dom0-tools/top/,model.c columns.c graph.c \
	screen.c text.c)
test_top_model_CFLAGS := -D_GNU_SOURCE -Idom0-tools/include -Idom0-tools/top
test_top_model_LIBS := -lm
