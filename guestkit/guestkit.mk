# SPDX-License-Identifier: MIT
#
# guestkit.mk - test guests: build/guests/NAME.elf for each tests/guests/NAME/
#
# A guest is the C files of its folder and the kit. Its folder may hold a
# guest.mk that sets GUEST_PAGE_NAME := y: that guest asks for a hypercall
# page. `make guests` builds all of them.

GUEST_BUILD := build/guests
GUEST_NAMES := $(sort $(notdir $(patsubst %/,%,\
	$(dir $(wildcard tests/guests/*/*.c)))))
GUEST_ELFS := $(GUEST_NAMES:%=$(GUEST_BUILD)/%.elf)
ALL_TARGETS += $(GUEST_ELFS)

GUEST_KIT_SOURCES := $(filter-out guestkit/notes.S,\
	$(wildcard guestkit/*.c guestkit/*.S))
GUEST_KIT_OBJECTS := $(GUEST_KIT_SOURCES:%=$(GUEST_BUILD)/obj/%.o)
GUEST_OBJECTS := $(GUEST_KIT_OBJECTS)

GUEST_CPPFLAGS = -nostdinc -isystem $(GUEST_CC_INCLUDE) \
	-isystem build/include -Iguestkit/include \
	-D__XEN_TOOLS__
GUEST_CC_INCLUDE = $(eval GUEST_CC_INCLUDE := \
	$(shell $(CC) -print-file-name=include))$(GUEST_CC_INCLUDE)
# Tests jump out of the middle of functions on purpose.
GUEST_CFLAGS = $(GUEST_CPPFLAGS) -std=gnu11 -O2 -g -ffreestanding \
	-fno-builtin -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-toplevel-reorder \
	-fno-strict-aliasing -fcf-protection=none $(REPRODUCIBLE) \
	$(WARNINGS) -Wno-clobbered
GUEST_ASFLAGS = -D__ASSEMBLY__ $(GUEST_CPPFLAGS) -g $(REPRODUCIBLE)
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -T guestkit/guest.lds

-include $(wildcard tests/guests/*/guest.mk)

.PHONY: guests
guests: $(GUEST_ELFS)

$(GUEST_BUILD)/obj/%.c.o: %.c guestkit/guestkit.mk | build/include/xen
	$(call say,GUESTCC,$@)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(GUEST_BUILD)/obj/%.S.o: %.S guestkit/guestkit.mk | build/include/xen
	$(call say,GUESTAS,$@)$(CC) $(GUEST_ASFLAGS) $(DEPFLAGS) -c -o $@ $<

$(GUEST_BUILD)/obj/guestkit/notes-page.S.o: guestkit/notes.S \
		guestkit/guestkit.mk | build/include/xen
	$(call say,GUESTAS,$@)$(CC) -DHYPERCALL_PAGE $(GUEST_ASFLAGS) \
		$(DEPFLAGS) -c -o $@ $<

$(GUEST_BUILD)/obj/name-%.o: guestkit/guestkit.mk
	$(call say,GUESTCC,$@)echo 'extern const char guest_name[];' \
		'const char guest_name[] = "$*";' | \
		$(CC) $(GUEST_CFLAGS) -x c -c -o $@ -

# $(1): name of the guest
define guest_rules
GUEST_OBJECTS_$(1) := $$(patsubst %,$(GUEST_BUILD)/obj/%.o,\
	$$(wildcard tests/guests/$(1)/*.c))
GUEST_NOTES_$(1) := \
	$(GUEST_BUILD)/obj/guestkit/notes$$(if $$(GUEST_PAGE_$(1)),-page).S.o
GUEST_OBJECTS += $$(GUEST_OBJECTS_$(1)) $$(GUEST_NOTES_$(1))

$(GUEST_BUILD)/$(1).elf: $$(GUEST_OBJECTS_$(1)) \
		$(GUEST_BUILD)/obj/name-$(1).o $(GUEST_KIT_OBJECTS) \
		$$(GUEST_NOTES_$(1)) guestkit/guest.lds
	$$(call say,GUESTLD,$$@)$$(CC) $(GUEST_LDFLAGS) -o $$@ \
		$$(filter %.o,$$^)
endef
$(foreach name,$(GUEST_NAMES),$(eval $(call guest_rules,$(name))))

$(call include_deps,$(sort $(GUEST_OBJECTS)))
$(call header_check,$(wildcard guestkit/include/guestkit/*.h),\
	$$(GUEST_CFLAGS))
