# SPDX-License-Identifier: MIT
fuzz_config_SRCS := $(addprefix dom0-tools/lib/,arena.c findings.c near.c \
	parse.c values.c cpus.c spec.c vdev.c disk.c vif.c channel.c kinds.c \
	keys.c config.c settings-text.c)
fuzz_config_CPPFLAGS := -D_GNU_SOURCE -Idom0-tools/include
