# SPDX-License-Identifier: MIT
#
# dom0-tools.mk - what runs guests from Dom0: a library, the tool, the daemon
#
#   build/lib/liblodge.a        the library (dom0-tools/include/liblodge.h)
#   build/bin/lodge             the tool
#   build/bin/lodge-top         what lodge runs as lodge top
#   build/bin/lodge-exporter    what lodge runs as lodge exporter
#   build/bin/lodge-consoled    the daemon that serves guests' consoles
#   build/bin/lodge-supervisor  the daemon that acts when guests end
#   build/man/lodge.1           its manual page, and what completes its command
#   build/completion/lodge      lines in bash: made from its table of commands
#   build/dom0-tools/asan/...   tools and daemon under sanitizers, for the tests

# The library has within it the program that reads kernels (lib/image.c), which
# is built first; Debian's libraries that unpack are linked to it alone.

TOOLS_LIB := $(patsubst %.c,%,$(wildcard dom0-tools/lib/*.c))
TOOLS_CLI := $(patsubst %.c,%,$(wildcard dom0-tools/cli/*.c))
TOOLS_TOP := $(patsubst %.c,%,$(wildcard dom0-tools/top/*.c))
TOOLS_EXPORTER := $(patsubst %.c,%,$(wildcard dom0-tools/exporter/*.c))
# What these two share with the tool and with each other.
TOOLS_SHARED := $(addprefix dom0-tools/cli/,options report domain_text)
TOOLS_CONSOLED := $(patsubst %.c,%,$(wildcard dom0-tools/consoled/*.c))
# What the two services share.
TOOLS_SERVICE := $(patsubst %.c,%,$(wildcard dom0-tools/service/*.c))
TOOLS_SUPERVISOR := $(patsubst %.c,%,$(wildcard dom0-tools/supervisor/*.c))
TOOLS_READER := $(patsubst %.c,%,$(wildcard dom0-tools/reader/*.c))
TOOLS_READER_FILE := build/obj/tools/image-reader
TOOLS_READER_LIBS := -lz -llzma -lzstd -llz4 -lseccomp
TOOLS_STORE := $(patsubst %.c,%,$(wildcard xenstore/client/*.c))
TOOLS_CPPFLAGS := -D_GNU_SOURCE -D__XEN_TOOLS__ -Idom0-tools/include \
	-Ixenstore/include -Idom0-tools/lib -Idom0-tools/cli \
	-Idom0-tools/top -Idom0-tools/service \
	-DIMAGE_READER_FILE='"$(TOOLS_READER_FILE)"'
TOOLS_CONSOLED_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall \
	-lpthread
TOOLS_TOP_LIBS := -lncursesw -ltinfo
TOOLS_EXPORTER_LIBS := -lmicrohttpd
TOOLS_LIBS := -lyajl -lmnl -lxencall -lxenforeignmemory -lpthread

# $(1): directory of the objects, $(2): flags
define tools_objects
$(1)/%.o: %.c dom0-tools/dom0-tools.mk build/config.mk
	$$(call say,CC,$$@)$$(CC) $$(TOOLS_CPPFLAGS) $$(HOST_CFLAGS) $(2) \
		$$(DEPFLAGS) -c -o $$@ $$<

$(1)/dom0-tools/lib/image-program.o: $(TOOLS_READER_FILE)

$$(call include_deps,$$(addprefix $(1)/,$$(addsuffix .o,$$(TOOLS_LIB) \
	$$(TOOLS_CLI) $$(TOOLS_TOP) $$(TOOLS_EXPORTER) $$(TOOLS_CONSOLED) \
	$$(TOOLS_SERVICE) $$(TOOLS_SUPERVISOR) $$(TOOLS_READER))))
endef

$(eval $(call tools_objects,build/obj/tools))
$(eval $(call tools_objects,build/obj/tools-asan,$(SAN_CFLAGS)))

$(TOOLS_READER_FILE): $(TOOLS_READER:%=build/obj/tools/%.o)
	$(call say,LD,$@)$(CC) -s -pie -Wl,-z,relro,-z,now -o $@ $^ \
		$(TOOLS_READER_LIBS)

build/lib/liblodge.a: $(TOOLS_LIB:%=build/obj/tools/%.o)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# Of each program: its own sources, and libraries beside the library's.
lodge_SOURCES := $(TOOLS_CLI) dom0-tools/top/options
lodge_LIBS := $(TOOLS_LIBS)
lodge-top_SOURCES := $(TOOLS_TOP) $(TOOLS_SHARED) dom0-tools/cli/json \
	dom0-tools/cli/console
lodge-top_LIBS := $(TOOLS_TOP_LIBS) $(TOOLS_LIBS)
lodge-exporter_SOURCES := $(TOOLS_EXPORTER) $(TOOLS_SHARED) \
	$(addprefix dom0-tools/top/,metrics text options)
lodge-exporter_LIBS := $(TOOLS_EXPORTER_LIBS) $(TOOLS_LIBS)
lodge-consoled_SOURCES := $(TOOLS_CONSOLED) $(TOOLS_SERVICE)
lodge-consoled_LIBS := $(TOOLS_CONSOLED_LIBS) -lmnl
lodge-supervisor_SOURCES := $(TOOLS_SUPERVISOR) $(TOOLS_SERVICE)
lodge-supervisor_LIBS := $(TOOLS_LIBS)
TOOLS_PROGRAMS := lodge lodge-top lodge-exporter lodge-consoled \
	lodge-supervisor

# $(1): a program
define tools_program
build/bin/$(1): $$($(1)_SOURCES:%=build/obj/tools/%.o) build/lib/liblodge.a \
		$$(TOOLS_STORE:%=build/obj/xs/%.o)
	$$(call say,LD,$$@)$$(CC) -o $$@ $$^ $$($(1)_LIBS)

build/dom0-tools/asan/$(1): $$($(1)_SOURCES:%=build/obj/tools-asan/%.o) \
		$$(TOOLS_LIB:%=build/obj/tools-asan/%.o) \
		$$(TOOLS_STORE:%=build/obj/xs-asan/%.o)
	$$(call say,LD,$$@)$$(CC) $$(SAN_CFLAGS) -o $$@ $$^ $$($(1)_LIBS)
endef
$(foreach p,$(TOOLS_PROGRAMS),$(eval $(call tools_program,$(p))))

# Stands for the hypervisor on a host that has none: tests/tools.
build/dom0-tools/fakecall.so: tests/tools/fakecall.c build/config.mk
	$(call say,LD,$@)$(CC) -D_GNU_SOURCE -D__XEN_TOOLS__ \
		$(filter-out -Wmissing-prototypes,$(HOST_CFLAGS)) -fPIC \
		-shared -o $@ $<

build/man/lodge.1: build/bin/lodge
	$(call say,MAN,$@)mkdir -p $(@D) && build/bin/lodge help --man >$@.new \
		&& mv $@.new $@

build/completion/lodge: build/bin/lodge
	$(call say,BASH,$@)mkdir -p $(@D) && build/bin/lodge help --bash >$@.new \
		&& mv $@.new $@

ALL_TARGETS += build/man/lodge.1 build/completion/lodge
ALL_TARGETS += build/lib/liblodge.a $(addprefix build/bin/,$(TOOLS_PROGRAMS))
SYSTEM_DEPS += $(addprefix build/dom0-tools/asan/,$(TOOLS_PROGRAMS))
SYSTEM_DEPS += build/dom0-tools/fakecall.so
$(call header_check,$(wildcard dom0-tools/include/*.h dom0-tools/lib/*.h \
	dom0-tools/cli/*.h dom0-tools/top/*.h dom0-tools/consoled/*.h dom0-tools/reader/*.h \
	dom0-tools/service/*.h dom0-tools/supervisor/*.h),$(TOOLS_CPPFLAGS) $(HOST_CFLAGS))

.PHONY: install-tools
install-tools: $(addprefix build/bin/,$(TOOLS_PROGRAMS)) build/man/lodge.1 \
		build/completion/lodge
	$(call install_files,$(PREFIX)/bin,755,build/bin/lodge)
	$(call install_files,$(PREFIX)/libexec/lodge,755,build/bin/lodge-top \
		build/bin/lodge-exporter)
	$(call install_files,$(PREFIX)/sbin,755,build/bin/lodge-consoled \
		build/bin/lodge-supervisor)
	$(call install_files,$(PREFIX)/lib/systemd/system,644,\
		$(addprefix dom0-tools/systemd/lodge-,$(addsuffix .service,\
		consoled exporter supervisor guests)))
	$(call install_files,$(PREFIX)/share/man/man8,644,\
		docs/lodge-consoled.8 docs/lodge-supervisor.8)
	$(call install_files,$(PREFIX)/share/man/man1,644,build/man/lodge.1)
	$(call install_files,$(PREFIX)/share/man/man5,644,docs/lodge.cfg.5)
	$(call install_files,$(PREFIX)/share/bash-completion/completions,644,\
		build/completion/lodge)
INSTALL_TARGETS += install-tools
