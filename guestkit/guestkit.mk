# SPDX-License-Identifier: MIT
#
# guestkit.mk - test guests: build/guests/NAME.elf for each tests/guests/NAME/
#
# A guest is the C files of its folder and the kit. Its folder may hold a
# guest.mk that sets GUEST_PAGE_NAME := y: the guest asks for a hypercall page.
# Works inside the tree's Makefile and alone: make -f guestkit/guestkit.mk guests

GUEST_CC ?= gcc
GUEST_BUILD := build/guests
GUEST_NAMES := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/guests/*/*.c)))))
GUEST_ELFS := $(GUEST_NAMES:%=$(GUEST_BUILD)/%.elf)

GUEST_KIT_SOURCES := $(wildcard guestkit/*.c guestkit/*.S)
GUEST_KIT_OBJECTS := $(addsuffix .o,$(addprefix $(GUEST_BUILD)/obj/,\
	$(basename $(filter-out guestkit/notes.S,$(GUEST_KIT_SOURCES)))))

GUEST_CPPFLAGS := -nostdinc -isystem $(shell $(GUEST_CC) -print-file-name=include) \
	-isystem $(GUEST_BUILD)/include -Iguestkit/include \
	-D__XEN_INTERFACE_VERSION__=0x00040e00
GUEST_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-builtin \
	-fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-toplevel-reorder -fno-strict-aliasing -fcf-protection=none \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wimplicit-fallthrough -Wno-clobbered -Werror -MMD -MP
GUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -T guestkit/guest.lds

-include $(wildcard tests/guests/*/guest.mk)

.PHONY: guests
guests: $(GUEST_ELFS)

# The public headers without the C library's beside them.
$(GUEST_BUILD)/include/xen:
	@mkdir -p $(@D)
	@ln -sfn /usr/include/xen $@

$(GUEST_BUILD)/obj/%.o: %.c | $(GUEST_BUILD)/include/xen
	@mkdir -p $(@D)
	$(if $(V),,@echo '  GUESTCC $<';) \
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST_BUILD)/obj/%.o: %.S | $(GUEST_BUILD)/include/xen
	@mkdir -p $(@D)
	$(if $(V),,@echo '  GUESTCC $<';) \
	$(GUEST_CC) -D__ASSEMBLY__ $(GUEST_CPPFLAGS) -g -MMD -MP -c -o $@ $<

$(GUEST_BUILD)/obj/guestkit/notes-page.o: guestkit/notes.S | $(GUEST_BUILD)/include/xen
	@mkdir -p $(@D)
	$(if $(V),,@echo '  GUESTCC $< (page)';) \
	$(GUEST_CC) -D__ASSEMBLY__ -DHYPERCALL_PAGE $(GUEST_CPPFLAGS) -g -MMD -MP -c -o $@ $<

# $(1): name of the guest
define GUEST_RULES
GUEST_OBJECTS_$(1) := $$(patsubst %.c,$(GUEST_BUILD)/obj/%.o,\
	$$(wildcard tests/guests/$(1)/*.c)) $(GUEST_BUILD)/obj/name-$(1).o
GUEST_NOTES_$(1) := $(GUEST_BUILD)/obj/guestkit/notes$$(if $$(GUEST_PAGE_$(1)),-page).o

$(GUEST_BUILD)/obj/name-$(1).c:
	@mkdir -p $$(@D)
	@echo 'extern const char guest_name[]; const char guest_name[] = "$(1)";' > $$@

$(GUEST_BUILD)/obj/name-$(1).o: $(GUEST_BUILD)/obj/name-$(1).c
	@$(GUEST_CC) $$(GUEST_CFLAGS) -c -o $$@ $$<

$(GUEST_BUILD)/$(1).elf: $$(GUEST_OBJECTS_$(1)) $(GUEST_KIT_OBJECTS) \
		$$(GUEST_NOTES_$(1)) guestkit/guest.lds
	$$(if $$(V),,@echo '  GUESTLD $$@';) \
	$(GUEST_CC) $(GUEST_LDFLAGS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach name,$(GUEST_NAMES),$(eval $(call GUEST_RULES,$(name))))

-include $(shell find $(GUEST_BUILD)/obj -name '*.d' 2>/dev/null)

# The control: Debian's Xen 4.17, downloaded and unpacked, never installed.
GUEST_CONTROL := build/control/xen-4.17.elf

.PHONY: guests-control
guests-control: $(GUEST_CONTROL)

$(GUEST_CONTROL):
	@mkdir -p build/pkg/xen-hypervisor-4.17-amd64 $(@D)
	@echo '  FETCH   xen-hypervisor-4.17-amd64'
	@cd build/pkg && apt-get -qq download xen-hypervisor-4.17-amd64
	@dpkg-deb -x build/pkg/xen-hypervisor-4.17-amd64_*.deb build/pkg/xen-hypervisor-4.17-amd64
	@zcat build/pkg/xen-hypervisor-4.17-amd64/boot/xen-4.17-amd64.gz > $@.tmp
	@mv $@.tmp $@
