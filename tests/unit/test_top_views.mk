# SPDX-License-Identifier: MIT
test_top_views_KIND := host
test_top_views_SRCS := $(addprefix dom0-tools/top/,model.c columns.c text.c \
	rows.c view_text.c view_json.c metrics.c) \
	$(addprefix dom0-tools/cli/,domain_text.c json.c)
test_top_views_CFLAGS := -D_GNU_SOURCE -Idom0-tools/include -Idom0-tools/top \
	-Idom0-tools/cli
test_top_views_LIBS := -lm -lyajl
