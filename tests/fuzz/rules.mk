# SPDX-License-Identifier: MIT
#
# rules.mk - libFuzzer programs for the boundaries that hostile bytes cross
#
# Each tests/fuzz/fuzz_NAME.c defines LLVMFuzzerTestOneInput(); beside it,
# fuzz_NAME.mk says what else belongs to it, as for unit tests:
#
#   fuzz_NAME_SRCS := hypervisor/emulate/decode.c ...   sources under test
#   fuzz_NAME_CPPFLAGS := ...                           instead of the
#                         hypervisor's include paths
#   fuzz_NAME_LIBS := -lz                               optional
#
# and fuzz_NAME.dict, optional, has byte strings worth trying.
#
# `make test` gives each a fixed number of runs from a fixed seed
# (test_fuzz.py), `make fuzz FUZZ_SECONDS=600` as long as one likes, with a
# corpus that is kept in build/fuzz/corpus/NAME.

FUZZ_CC := clang
FUZZ_SECONDS := 60
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fno-strict-aliasing -Wall -Wextra \
	-Wno-unused-parameter $(WERROR) -fno-omit-frame-pointer \
	-DLODGE_DEBUG -DLODGE_UNIT_TEST \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_CPPFLAGS := -Itests/unit/fake -Ihypervisor/include \
	-isystem build/include -D__XEN__ -D__XEN_TOOLS__

FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# $(1): fuzz_NAME
define fuzz_rules
FUZZ_OBJS_$(1) := $$(patsubst %.c,build/fuzz/obj/$(1)/%.o,\
	tests/fuzz/$(1).c $$($(1)_SRCS))

build/fuzz/obj/$(1)/%.o: %.c tests/fuzz/rules.mk \
		$(wildcard tests/fuzz/$(1).mk) build/config.mk \
		| build/include/xen
	$$(call say,CLANG,$$@)$$(FUZZ_CC) \
		$$(or $$($(1)_CPPFLAGS),$$(FUZZ_CPPFLAGS)) $$(FUZZ_CFLAGS) \
		$$(DEPFLAGS) -c -o $$@ $$<

build/fuzz/$(1): $$(FUZZ_OBJS_$(1)) tests/fuzz/rules.mk
	$$(call say,LD,$$@)$$(FUZZ_CC) $$(FUZZ_CFLAGS) -o $$@ \
		$$(FUZZ_OBJS_$(1)) $$($(1)_LIBS)

$$(call include_deps,$$(FUZZ_OBJS_$(1)))
SYSTEM_DEPS += build/fuzz/$(1)
FUZZ_RUNS += run-$(1)

.PHONY: run-$(1)
run-$(1): build/fuzz/$(1)
	@mkdir -p build/fuzz/corpus/$(1)
	@cd build/fuzz && ./$(1) -max_total_time=$(FUZZ_SECONDS) \
		$(if $(wildcard tests/fuzz/$(1).dict),\
		-dict=$(CURDIR)/tests/fuzz/$(1).dict) \
		-use_value_profile=1 corpus/$(1)
endef

$(foreach f,$(FUZZ_NAMES),$(eval $(call fuzz_rules,$(f))))

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ_NAMES:%=build/fuzz/%)
fuzz: $(FUZZ_RUNS)
