# SPDX-License-Identifier: MIT
#
# loader.mk - the decoders of the loader stage, with Debian's static libraries
#
# hypervisor/loader/decode/ and what it needs of liblzma, libzstd, zlib and
# liblz4 become one object, build/obj/FLAVOUR/decoders.o, whose contents all
# lie in .init (decoders.lds). Outside it only DECODERS_API is known; what the
# libraries want of a C library is in decode/init.c, by other names, or in the
# hypervisor's own lib/: a name that is left over fails the build.

DECODERS_C := $(sort $(wildcard hypervisor/loader/decode/*.c))
DECODERS_LDS := hypervisor/loader/decode/decoders.lds
DECODERS_LIBS := $(foreach l,lzma zstd z lz4,$(LIB_DIR)/lib$(l).a)
DECODERS_API := unpack_find_format decoders_init
DECODERS_KEEP := $(DECODERS_API) decoders_text decoders_text_end
DECODERS_LIBC := malloc=decoders_malloc calloc=decoders_calloc \
	free=decoders_free __stack_chk_fail=decoders_stack_smashed \
	ZSTD_trace_decompress_begin=decoders_no_trace \
	ZSTD_trace_decompress_end=decoders_no_trace
DECODERS_NEED := memcmp memcpy memmove memset _GLOBAL_OFFSET_TABLE_
DECODERS_CPPFLAGS := $(HV_CPPFLAGS) -isystem /usr/include \
	-isystem $(patsubst /usr/lib/%,/usr/include/%,$(LIB_DIR))

# $(1): flavour
define decoders_rules
DECODERS_OBJS_$(1) := $(DECODERS_C:%.c=build/obj/$(1)/%.o)

build/obj/$(1)/hypervisor/loader/decode/%.o: hypervisor/loader/decode/%.c \
		$(HV_MK) hypervisor/loader.mk build/config.mk \
		| build/include/xen
	$$(call say,CC,$$@)$$(CC) $$(DECODERS_CPPFLAGS) $$(HV_CFLAGS) \
		$$(HV_CFLAGS_$(1)) $$(DEPFLAGS) -c -o $$@ $$<

build/obj/$(1)/decoders.o: $$(DECODERS_OBJS_$(1)) $(DECODERS_LDS) \
		$(DECODERS_LIBS) hypervisor/loader.mk
	$$(call say,LD,$$@)$$(LD) -m elf_x86_64 -r --gc-sections \
		$(foreach s,$(DECODERS_API),-u $(s)) \
		$(foreach f,$(DECODERS_LIBC),--defsym $(f)) \
		-T $(DECODERS_LDS) -o $$@ $$(DECODERS_OBJS_$(1)) \
		$(DECODERS_LIBS)
	@$$(OBJCOPY) $(foreach s,$(DECODERS_KEEP),--keep-global-symbol=$(s)) \
		--strip-unneeded $$@
	@$$(NM) -u $$@ | awk '!index(" $(DECODERS_NEED) ", \
		" " $$$$NF " ") { print "$$@ lacks " $$$$NF; bad = 1 } \
		END { exit bad }' >&2

$$(call include_deps,$$(DECODERS_OBJS_$(1)))
endef

$(eval $(call decoders_rules,release))
$(eval $(call decoders_rules,debug))
