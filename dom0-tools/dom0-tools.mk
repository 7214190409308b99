# SPDX-License-Identifier: MIT
#
# dom0-tools.mk - what runs guests from Dom0: a library, the tool, the daemon
#
#   build/lib/liblodge.a        the library (dom0-tools/include/liblodge.h)
#   build/bin/lodge             the tool
#   build/bin/lodge-consoled    the daemon that serves guests' consoles
#   build/dom0-tools/asan/...   tool and daemon under sanitizers, for the tests

# The library has within it the program that reads kernels (lib/image.c), which
# is built first; Debian's libraries that unpack are linked to it alone.

TOOLS_LIB := $(patsubst %.c,%,$(wildcard dom0-tools/lib/*.c))
TOOLS_CLI := $(patsubst %.c,%,$(wildcard dom0-tools/cli/*.c))
TOOLS_CONSOLED := $(patsubst %.c,%,$(wildcard dom0-tools/consoled/*.c))
TOOLS_READER := $(patsubst %.c,%,$(wildcard dom0-tools/reader/*.c))
TOOLS_READER_FILE := build/obj/tools/image-reader
TOOLS_READER_LIBS := -lz -llzma -lzstd -llz4 -lseccomp
TOOLS_STORE := $(patsubst %.c,%,$(wildcard xenstore/client/*.c))
TOOLS_CPPFLAGS := -D_GNU_SOURCE -D__XEN_TOOLS__ -Idom0-tools/include \
	-Ixenstore/include -Idom0-tools/lib \
	-DIMAGE_READER_FILE='"$(TOOLS_READER_FILE)"'
TOOLS_CONSOLED_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall \
	-lpthread
TOOLS_LIBS := -lyajl -lmnl -lxencall -lxenforeignmemory -lpthread

# $(1): directory of the objects, $(2): flags
define tools_objects
$(1)/%.o: %.c dom0-tools/dom0-tools.mk build/config.mk
	$$(call say,CC,$$@)$$(CC) $$(TOOLS_CPPFLAGS) $$(HOST_CFLAGS) $(2) \
		$$(DEPFLAGS) -c -o $$@ $$<

$(1)/dom0-tools/lib/image-program.o: $(TOOLS_READER_FILE)

$$(call include_deps,$$(addprefix $(1)/,$$(addsuffix .o,$$(TOOLS_LIB) \
	$$(TOOLS_CLI) $$(TOOLS_CONSOLED) $$(TOOLS_READER))))
endef

$(eval $(call tools_objects,build/obj/tools))
$(eval $(call tools_objects,build/obj/tools-asan,$(SAN_CFLAGS)))

$(TOOLS_READER_FILE): $(TOOLS_READER:%=build/obj/tools/%.o)
	$(call say,LD,$@)$(CC) -s -pie -Wl,-z,relro,-z,now -o $@ $^ \
		$(TOOLS_READER_LIBS)

build/lib/liblodge.a: $(TOOLS_LIB:%=build/obj/tools/%.o)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

build/bin/lodge: $(TOOLS_CLI:%=build/obj/tools/%.o) build/lib/liblodge.a \
		$(TOOLS_STORE:%=build/obj/xs/%.o)
	$(call say,LD,$@)$(CC) -o $@ $^ $(TOOLS_LIBS)

build/bin/lodge-consoled: $(TOOLS_CONSOLED:%=build/obj/tools/%.o) \
		build/lib/liblodge.a $(TOOLS_STORE:%=build/obj/xs/%.o)
	$(call say,LD,$@)$(CC) -o $@ $^ $(TOOLS_CONSOLED_LIBS)

build/dom0-tools/asan/lodge: $(TOOLS_CLI:%=build/obj/tools-asan/%.o) \
		$(TOOLS_LIB:%=build/obj/tools-asan/%.o) \
		$(TOOLS_STORE:%=build/obj/xs-asan/%.o)
	$(call say,LD,$@)$(CC) $(SAN_CFLAGS) -o $@ $^ $(TOOLS_LIBS)

build/dom0-tools/asan/lodge-consoled: \
		$(TOOLS_CONSOLED:%=build/obj/tools-asan/%.o) \
		$(TOOLS_LIB:%=build/obj/tools-asan/%.o) \
		$(TOOLS_STORE:%=build/obj/xs-asan/%.o)
	$(call say,LD,$@)$(CC) $(SAN_CFLAGS) -o $@ $^ $(TOOLS_CONSOLED_LIBS) \
		-lmnl

# Stands for the hypervisor on a host that has none: tests/tools.
build/dom0-tools/fakecall.so: tests/tools/fakecall.c build/config.mk
	$(call say,LD,$@)$(CC) -D_GNU_SOURCE -D__XEN_TOOLS__ \
		$(filter-out -Wmissing-prototypes,$(HOST_CFLAGS)) -fPIC \
		-shared -o $@ $<

ALL_TARGETS += build/lib/liblodge.a build/bin/lodge build/bin/lodge-consoled
SYSTEM_DEPS += build/dom0-tools/asan/lodge build/dom0-tools/asan/lodge-consoled
SYSTEM_DEPS += build/dom0-tools/fakecall.so
$(call header_check,$(wildcard dom0-tools/include/*.h dom0-tools/lib/*.h \
	dom0-tools/cli/*.h dom0-tools/consoled/*.h dom0-tools/reader/*.h),$(TOOLS_CPPFLAGS) $(HOST_CFLAGS))

.PHONY: install-tools
install-tools: build/bin/lodge build/bin/lodge-consoled
	$(call install_files,$(PREFIX)/bin,755,build/bin/lodge)
	$(call install_files,$(PREFIX)/sbin,755,build/bin/lodge-consoled)
	$(call install_files,$(PREFIX)/lib/systemd/system,644,\
		dom0-tools/systemd/lodge-consoled.service)
	$(call install_files,$(PREFIX)/share/man/man8,644,docs/lodge-consoled.8)
INSTALL_TARGETS += install-tools
