# SPDX-License-Identifier: MIT
test_top_ui_KIND := host
test_top_ui_SRCS := $(addprefix dom0-tools/top/,model.c columns.c graph.c \
	screen.c text.c rows.c ui.c ui_lines.c page_list.c page_details.c \
	page_help.c) dom0-tools/cli/domain_text.c
test_top_ui_CFLAGS := -D_GNU_SOURCE -Idom0-tools/include -Idom0-tools/top \
	-Idom0-tools/cli
test_top_ui_LIBS := -lm
