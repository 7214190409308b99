# SPDX-License-Identifier: MIT
test_consoled_log_KIND := host
test_consoled_log_SRCS := dom0-tools/consoled/logfile.c
test_consoled_log_CFLAGS := -D_GNU_SOURCE -Idom0-tools/consoled \
	-Idom0-tools/service
