# SPDX-License-Identifier: MIT
#
# Makefile - the top of the build
#
# This file holds what all areas share; each area has a fragment (AREA/*.mk or
# tests/KIND/*.mk) that is included below and adds to these variables:
#
#   ALL_TARGETS      files that `make all` builds
#   UNIT_TESTS       host test programs (cmocka) that `make check-unit` runs;
#                    tests/unit/unit.mk makes them from tests/unit/test_*.c
#   SYSTEM_DEPS      files that must exist before the system tests start
#   FULL_DEPS        what only the full run needs beside them
#   RUN_DEPS         files that must exist before `make run` boots
#   HEADER_CHECKS    stamps that prove that a header compiles alone; made
#                    by $(call header_check,HEADERS,CFLAGS)
#   INSTALL_TARGETS  phony targets that copy an area's files below $(DESTDIR),
#                    by $(call install_files,DIR,MODE,FILES)
#   BENCH_TARGETS    phony targets that `make bench` runs one by one
#
# and uses these:
#
#   WARNINGS         warning flags, the same everywhere, errors included
#   HOST_CFLAGS      for programs that run on Linux (tools, daemons)
#   SAN_CFLAGS       adds AddressSanitizer and UBSan to HOST_CFLAGS
#   DEPFLAGS         writes the .d file; end the area with
#                    $(call include_deps,OBJECTS)
#   $(call say,CC,FILE)  opens a recipe line: quiet unless V=1
#
# All output is below build/. Use `make help` for the targets.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables

.DEFAULT_GOAL := all
PACKAGE_GOALS := run test test-full check-unit check-system bench
OFFLINE_GOALS := clean help

# --- configuration ---------------------------------------------------------

# Targets that run something install what is missing (root) or say what to
# install; plain building only needs what it needs.
WANT_PACKAGES := $(filter $(PACKAGE_GOALS),$(MAKECMDGOALS))

ifneq ($(filter-out $(OFFLINE_GOALS),$(or $(MAKECMDGOALS),all)),)
include build/config.mk
MAKEFLAGS += -j$(JOBS)
endif

ifneq ($(and $(WANT_PACKAGES),$(strip $(MISSING_PACKAGES))),)
build/config.mk: FORCE
endif

build/config.mk: configure scripts/packages
	@./configure $(if $(WANT_PACKAGES),--install)

# --- shared flags and helpers ----------------------------------------------

WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wimplicit-fallthrough -Wundef \
	-Wpointer-arith -Wwrite-strings -Wformat=2 -Wduplicated-cond \
	-Wlogical-op $(WERROR)
# Handlers in tables of operations share a signature; not all use all of it.
WARNINGS += -Wno-unused-parameter

DEPFLAGS = -MMD -MP -MT $@ -MF $(basename $@).d
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/= -fno-ident

HOST_CFLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 $(REPRODUCIBLE) \
	$(WARNINGS)
# The sanitizers replace what fortification does and make it report wrongly.
SAN_CFLAGS := -O1 -fno-omit-frame-pointer -U_FORTIFY_SOURCE \
	-fsanitize=address,undefined -fno-sanitize-recover=all

ifeq ($(V),1)
say = @mkdir -p $(dir $(2))$(newline)
else
say = @mkdir -p $(dir $(2)); printf '  %-8s%s\n' '$(1)' '$(2)'$(newline)@
endif

define newline


endef

include_deps = $(eval -include $(wildcard $(addsuffix .d,$(basename $(1)))))

# header_check: compile each header alone, with nothing before it.
header_check = $(foreach h,$(1),$(eval $(call header_rule,$(h),$(2))))
define header_rule
HEADER_CHECKS += build/headers/$(1).ok
build/headers/$(1).ok: $(1) Makefile build/config.mk
	$$(call say,HEADER,$$@)$$(CC) $(2) -fsyntax-only -MD -MP -MT $$@ \
		-MF $$(basename $$@).d -x c -include $$< /dev/null
	@touch $$@
$(call include_deps,build/headers/$(1).ok)
endef

PREFIX ?= /usr/local
install_files = @install -d '$(DESTDIR)$(1)'$(newline)\
	@$(foreach f,$(3),install -m $(2) '$(f)' '$(DESTDIR)$(1)/';)

# Debian's public headers, under the name by which sources include them.
build/include/xen: | build/config.mk
	$(call say,LINK,$@)ln -sfn $(XEN_INCLUDE) $@

# --- areas -----------------------------------------------------------------

AREAS := $(sort $(wildcard */*.mk tests/*/*.mk))
include $(filter-out build/%,$(AREAS))

# --- targets ---------------------------------------------------------------

.PHONY: all check-headers check-unit check-system test test-full run bench \
	install clean help FORCE

all: $(ALL_TARGETS) check-headers
check-headers: $(HEADER_CHECKS)

PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -c tests/pytest.ini \
	--basetemp=build/tmp --durations=15 --durations-min=20

check-unit: all $(UNIT_TESTS)
	@$(PYTEST) tests/unit

check-system: all $(SYSTEM_DEPS)
	@$(PYTEST) -m 'not full' tests/system

test: all $(UNIT_TESTS) $(SYSTEM_DEPS)
	@$(PYTEST) -m 'not full' tests

test-full: all $(UNIT_TESTS) $(SYSTEM_DEPS) $(FULL_DEPS)
	@$(PYTEST) tests

run: all $(RUN_DEPS)
	@scripts/run

bench: all $(SYSTEM_DEPS)
	@$(if $(BENCH_TARGETS),:,echo 'no benchmarks are defined'; exit 1)
	@for t in $(BENCH_TARGETS); do $(MAKE) --no-print-directory $$t || \
		exit 1; done

install: all $(INSTALL_TARGETS)

clean:
	@rm -rf build

help:
	@echo 'make             build everything (same as make all)'
	@echo 'make run         boot Debian Linux as Dom0 of Lodge in QEMU'
	@echo 'make test        run all tests (under 30 minutes on two CPUs)'
	@echo 'make test-full   run the longer forms as well'
	@echo 'make check-unit  only the host unit tests'
	@echo 'make check-system  only the tests in an emulator'
	@echo 'make bench       measure, side by side with Debian'\''s Xen'
	@echo 'make install DESTDIR=DIR [PREFIX=/usr/local]'
	@echo 'make clean       remove build/'
	@echo
	@echo 'V=1 shows commands; WERROR= tolerates warnings; -jN is the number'
	@echo 'of CPUs by default. run, test and bench install missing Debian packages'
	@echo 'when started by root, and name them otherwise.'

FORCE:
