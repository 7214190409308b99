# SPDX-License-Identifier: MIT
#
# unit.mk - host unit tests: hypervisor sources, unmodified, under sanitizers
#
# Each tests/unit/test_NAME.c is a cmocka program. Beside it, test_NAME.mk says
# what else belongs to it:
#
#   test_NAME_SRCS   := hypervisor/mm/buddy.c ...      sources under test
#   test_NAME_CFLAGS := -DSOMETHING                    optional
#   test_NAME_LIBS   := -lz                            optional
#   test_NAME_KIND   := host      optional: a program for Linux (a tool, the
#                                 daemon), without the hypervisor's headers
#
# The headers of tests/unit/fake/ come first, so that a fake lodge/x86.h
# shadows the one with inline assembly. Every cmocka test becomes a test of its
# own in pytest's report (see conftest.py in this directory).

UNIT_CFLAGS := $(HOST_CFLAGS) $(SAN_CFLAGS) -DLODGE_DEBUG -DLODGE_UNIT_TEST
UNIT_CPPFLAGS_hypervisor := -Itests/unit/fake -Ihypervisor/include \
	-isystem build/include -D__XEN__ -D__XEN_TOOLS__
UNIT_CPPFLAGS_host := -Itests/unit/fake-host

UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

# $(1): test_NAME, $(2): its kind. One source may be in several tests with
# different flags, so each test has its own objects.
define unit_rules
UNIT_OBJS_$(1) := $$(patsubst %.c,build/unit/obj/$(1)/%.o,\
	tests/unit/$(1).c $$($(1)_SRCS))

build/unit/obj/$(1)/%.o: %.c tests/unit/unit.mk \
		$(wildcard tests/unit/$(1).mk) build/config.mk \
		| build/include/xen
	$$(call say,CC,$$@)$$(CC) $$(UNIT_CPPFLAGS_$(2)) $$(UNIT_CFLAGS) \
		$$($(1)_CFLAGS) $$(DEPFLAGS) -c -o $$@ $$<

build/unit/$(1): $$(UNIT_OBJS_$(1)) tests/unit/unit.mk
	$$(call say,LD,$$@)$$(CC) $$(SAN_CFLAGS) -o $$@ $$(UNIT_OBJS_$(1)) \
		$$($(1)_LIBS) -lcmocka

$$(call include_deps,$$(UNIT_OBJS_$(1)))
UNIT_TESTS += build/unit/$(1)
endef

$(foreach t,$(UNIT_NAMES),$(eval $(call unit_rules,$(t),$(or $($(t)_KIND),hypervisor))))

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)
