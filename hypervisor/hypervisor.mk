# SPDX-License-Identifier: MIT
#
# hypervisor.mk - compile and link the hypervisor, twice
#
#   release  build/lodge.elf        build/lodge.sym.elf
#   debug    build/debug/lodge.elf  build/debug/lodge.sym.elf
#
# The debug build has assertions, lock-order checks (LODGE_DEBUG) and traps
# for undefined behaviour. lodge.sym.elf is the 64-bit program with symbols;
# lodge.elf is its memory image inside the 32-bit ELF file that multiboot
# loaders take (boot/container/). `make hv-objs` compiles without linking.
#
# Every hypervisor/*/*.c and *.S is part of the image: there is no list. With
# them goes decoders.o, the libraries of the loader stage (loader.mk). The
# image is linked twice, because it carries its own symbol table for back
# traces: first with an empty table, then with the one made from the first
# link. The table lies behind all text, so no function moves; the build checks
# that.

HV_C := $(sort $(wildcard hypervisor/*/*.c hvm/*/*.c))
HV_S := $(sort $(filter-out %.lds.S,$(wildcard hypervisor/*/*.S hvm/*/*.S)))
HV_LDS := hypervisor/boot/lodge.lds.S
HV_PHYS := 0x200000

HV_CPPFLAGS := -nostdinc -isystem $(GCC_INCLUDE) -isystem build/include \
	-Ihypervisor/include -D__XEN__ -D__XEN_TOOLS__
HV_CFLAGS := -std=gnu11 -m64 -march=x86-64 -ffreestanding -fpie \
	-fvisibility=hidden -include hypervisor/include/lodge/hidden.h \
	-mno-red-zone -mgeneral-regs-only -mno-sse \
	-fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls \
	-fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns \
	-ffunction-sections -fdata-sections -g $(REPRODUCIBLE) \
	$(WARNINGS) -Wframe-larger-than=1024
HV_AFLAGS := -m64 -D__ASSEMBLY__ -g -Wa,--noexecstack $(REPRODUCIBLE)
HV_LDFLAGS := -m elf_x86_64 -static -nostdlib --gc-sections --build-id=none \
	-z noexecstack -z max-page-size=0x1000 --no-warn-rwx-segments

HV_UBSAN := bounds,shift,signed-integer-overflow,integer-divide-by-zero
HV_UBSAN := $(HV_UBSAN),unreachable,return,bool,enum,pointer-overflow
HV_CFLAGS_release := -O2 -DNDEBUG
HV_CFLAGS_debug := -Og -DLODGE_DEBUG -fsanitize=$(HV_UBSAN) \
	-fsanitize-undefined-trap-on-error
HV_AFLAGS_release := -DNDEBUG
HV_AFLAGS_debug := -DLODGE_DEBUG

HV_DIR_release := build
HV_DIR_debug := build/debug

# $(1): flavour, release or debug
define hv_rules
HV_OBJS_$(1) := $(HV_C:%.c=build/obj/$(1)/%.o) \
	$(HV_S:%.S=build/obj/$(1)/%.o) build/obj/$(1)/decoders.o

build/obj/$(1)/%.o: %.c $(HV_MK) build/config.mk | build/include/xen
	$$(call say,CC,$$@)$$(CC) $$(HV_CPPFLAGS) $$(HV_CFLAGS) \
		$$(HV_CFLAGS_$(1)) $$(DEPFLAGS) -c -o $$@ $$<

build/obj/$(1)/%.o: %.S $(HV_MK) build/config.mk | build/include/xen
	$$(call say,AS,$$@)$$(CC) $$(HV_CPPFLAGS) $$(HV_AFLAGS) \
		$$(HV_AFLAGS_$(1)) $$(DEPFLAGS) -c -o $$@ $$<

build/obj/$(1)/lodge.lds: $(HV_LDS) $(HV_MK) | build/include/xen
	$$(call say,LDS,$$@)$$(CC) -E -P -x assembler-with-cpp \
		$$(HV_CPPFLAGS) $$(HV_AFLAGS_$(1)) -D__ASSEMBLY__ \
		-D__LINKER__ $$(DEPFLAGS) -o $$@ $$<

build/obj/$(1)/symtab0.S: scripts/symtab
	$$(call say,SYMTAB,$$@)$$(PYTHON) scripts/symtab </dev/null >$$@

build/obj/$(1)/symtab1.S: build/obj/$(1)/pass1.elf scripts/symtab
	$$(call say,SYMTAB,$$@)$$(NM) -n $$< | \
		$$(PYTHON) scripts/symtab >$$@

build/obj/$(1)/symtab%.o: build/obj/$(1)/symtab%.S
	$$(call say,AS,$$@)$$(CC) -m64 -Wa,--noexecstack -c -o $$@ $$<

build/obj/$(1)/pass1.elf: build/obj/$(1)/lodge.lds $$(HV_OBJS_$(1)) \
		build/obj/$(1)/symtab0.o
	$$(call say,LD,$$@)$$(LD) $$(HV_LDFLAGS) -T $$< -o $$@ \
		$$(HV_OBJS_$(1)) build/obj/$(1)/symtab0.o

$$(HV_DIR_$(1))/lodge.sym.elf: build/obj/$(1)/lodge.lds $$(HV_OBJS_$(1)) \
		build/obj/$(1)/symtab1.o
	$$(call say,LD,$$@)$$(LD) $$(HV_LDFLAGS) -T $$< -o $$@ \
		$$(HV_OBJS_$(1)) build/obj/$(1)/symtab1.o
	@$$(NM) -n $$@ | $$(PYTHON) scripts/symtab | \
		cmp -s - build/obj/$(1)/symtab1.S || \
		{ echo '$$@: text moved between the two links' >&2; exit 1; }

build/obj/$(1)/image.bin: $$(HV_DIR_$(1))/lodge.sym.elf
	$$(call say,OBJCOPY,$$@)$$(OBJCOPY) -O binary $$< $$@

build/obj/$(1)/container.inc: $$(HV_DIR_$(1))/lodge.sym.elf \
		scripts/container-symbols
	$$(call say,NM,$$@)$$(NM) $$< | \
		$$(PYTHON) scripts/container-symbols $(HV_PHYS) >$$@

build/obj/$(1)/container.o: hypervisor/boot/container/container.S \
		build/obj/$(1)/container.inc build/obj/$(1)/image.bin
	$$(call say,AS,$$@)$$(CC) -m32 -Ibuild/obj/$(1) \
		-Wa,-Ibuild/obj/$(1) -c -o $$@ $$<

$$(HV_DIR_$(1))/lodge.elf: build/obj/$(1)/container.o
	$$(call say,IMAGE,$$@)$$(OBJCOPY) -O binary -j .container $$< $$@

$$(call include_deps,$$(HV_OBJS_$(1)) build/obj/$(1)/lodge.lds)
ALL_TARGETS += $$(HV_DIR_$(1))/lodge.elf
HV_OBJS += $$(HV_OBJS_$(1))
endef

HV_MK := hypervisor/hypervisor.mk Makefile
$(eval $(call hv_rules,release))
$(eval $(call hv_rules,debug))

.PHONY: hv-objs install-hypervisor
hv-objs: $(HV_OBJS)

$(call header_check,$(wildcard hypervisor/include/lodge/*.h \
	hypervisor/include/lodge/*/*.h),$(HV_CPPFLAGS) $(HV_CFLAGS) \
	$(HV_CFLAGS_debug))
$(HEADER_CHECKS): | build/include/xen

INSTALL_TARGETS += install-hypervisor
install-hypervisor: $(ALL_TARGETS)
	$(call install_files,/boot,644,build/lodge.elf)
	$(call install_files,$(PREFIX)/lib/debug/boot,644,build/lodge.sym.elf)
