# SPDX-License-Identifier: MIT
#
# xenstore.mk - the daemon, the client library and the tools
#
#   build/bin/lodge-xenstored       the daemon, and its keeper
#   build/lib/libxenstore.so.4      the client library
#   build/bin/xenstore              the tools, one program for all commands
#   build/xenstore/asan/...         the same daemon and tools under sanitizers,
#                                   for the tests

XS_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall \
	-lzstd
XS_DAEMON := $(patsubst %.c,%,$(wildcard xenstore/daemon/*.c))
XS_TOOLS := $(patsubst %.c,%,$(wildcard xenstore/tools/*.c))
XS_CLIENT := $(patsubst %.c,%,$(wildcard xenstore/client/*.c))
XS_CPPFLAGS := -Ixenstore/include

# $(1): directory of the objects, $(2): flags
define xs_objects
$(1)/%.o: %.c xenstore/xenstore.mk build/config.mk
	$$(call say,CC,$$@)$$(CC) $$(XS_CPPFLAGS) $$(HOST_CFLAGS) $(2) \
		$$(DEPFLAGS) -c -o $$@ $$<

$$(call include_deps,$$(addprefix $(1)/,$$(addsuffix .o,$$(XS_DAEMON) \
	$$(XS_TOOLS) $$(XS_CLIENT))))
endef

$(eval $(call xs_objects,build/obj/xs))
$(eval $(call xs_objects,build/obj/xs-pic,-fPIC -fvisibility=hidden))
$(eval $(call xs_objects,build/obj/xs-asan,$(SAN_CFLAGS) -DSLAB_LARGEST=0))

build/bin/lodge-xenstored: $(XS_DAEMON:%=build/obj/xs/%.o)
	$(call say,LD,$@)$(CC) -o $@ $^ $(XS_LIBS)

build/xenstore/asan/lodge-xenstored: $(XS_DAEMON:%=build/obj/xs-asan/%.o)
	$(call say,LD,$@)$(CC) $(SAN_CFLAGS) -o $@ $^ $(XS_LIBS)

build/xenstore/fakexen.so: tests/xenstore/fakexen.c build/config.mk
	$(call say,LD,$@)$(CC) $(filter-out -Wmissing-prototypes -Wundef \
		-Wold-style-definition,$(HOST_CFLAGS)) -fno-builtin -fPIC \
		-shared -o $@ $<

build/lib/libxenstore.so.4: $(XS_CLIENT:%=build/obj/xs-pic/%.o) \
		xenstore/client/libxenstore.map
	$(call say,LD,$@)$(CC) -shared -Wl,-soname,$(@F) -Wl,-z,defs \
		-Wl,--version-script=xenstore/client/libxenstore.map -o $@ \
		$(filter %.o,$^) -lpthread
	@ln -sf $(@F) build/lib/libxenstore.so

build/bin/xenstore: $(XS_TOOLS:%=build/obj/xs/%.o) \
		$(XS_CLIENT:%=build/obj/xs/%.o)
	$(call say,LD,$@)$(CC) -o $@ $^ -lyajl -lpthread

ALL_TARGETS += build/bin/lodge-xenstored build/lib/libxenstore.so.4 \
	build/bin/xenstore
SYSTEM_DEPS += build/xenstore/asan/lodge-xenstored build/xenstore/fakexen.so

# Debian's daemons, library and tools: what ours is tested against.
build/pkg/xenstore/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch -a bookworm build/pkg/xenstore \
		libxenstore4 xenstore-utils xen-utils-4.17

SYSTEM_DEPS += build/pkg/xenstore/packages

# Two archives for the tests on Debian's Xen: one is appended to Dom0's
# initramfs and brings our daemon with Debian's toolstack, and within it the
# other is the initramfs of a guest.
XS_XEN := build/pkg/xenstore/usr/lib/xen-4.17/bin
XS_XEN_FILES := $(wildcard tests/xenstore/xen/* tests/xenstore/xen/scripts/*)
# Opened by libc when a thread is cancelled, which Debian's libxenstore does.
XS_LIBGCC := build/pkg/xenstore/lib/x86_64-linux-gnu/libgcc_s.so.1
xs_program = program:$(1)=$(2),build/pkg/xenstore

build/xenstore/guest.cpio: scripts/mkinitramfs $(XS_XEN_FILES) \
		build/pkg/linux/packages
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		busybox:/bin/busybox dir:proc dir:sys dir:dev dir:tmp \
		node:dev/console=c,5,1 file:init=tests/xenstore/xen/guest-init \
		modules:build/pkg/linux=tests/xenstore/xen/modules

# Debian's xl takes very long under emulation to unpack a kernel as shipped.
build/xenstore/vmlinux.gz: build/dom0/vmlinux
	$(call say,GZIP,$@)gzip -1 -n -c $< >$@

build/xenstore/dom0.cpio: scripts/mkinitramfs $(XS_XEN_FILES) \
		build/xenstore/guest.cpio build/xenstore/vmlinux.gz \
		build/bin/lodge-xenstored build/bin/xenstore \
		build/pkg/xenstore/packages
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		$(call xs_program,usr/sbin/lodge-xenstored,build/bin/lodge-xenstored) \
		$(call xs_program,usr/bin/xenstore,build/bin/xenstore) \
		link:usr/bin/xenstore-read=xenstore \
		link:usr/bin/xenstore-write=xenstore \
		link:usr/bin/xenstore-ls=xenstore \
		$(call xs_program,usr/sbin/xl,$(XS_XEN)/xl) \
		$(foreach p,xenconsoled xen-init-dom0 libxl-save-helper,\
			$(call xs_program,usr/lib/xen-4.17/bin/$(p),$(XS_XEN)/$(p))) \
		file:lib/x86_64-linux-gnu/libgcc_s.so.1=$(XS_LIBGCC) \
		file:xenstore-start=tests/xenstore/xen/start \
		file:xenstore-alone=tests/xenstore/xen/alone \
		file:etc/xen/xl.conf=tests/xenstore/xen/xl.conf \
		file:etc/xen/scripts/block=tests/xenstore/xen/scripts/block \
		file:etc/xen/scripts/vif-test=tests/xenstore/xen/scripts/vif-test \
		file:guest/cfg=tests/xenstore/xen/guest.cfg \
		file:guest/vmlinux.gz=build/xenstore/vmlinux.gz \
		file:guest/initramfs=build/xenstore/guest.cpio

SYSTEM_DEPS += build/xenstore/dom0.cpio

build/xenstore/load: tests/xenstore/load.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -o $@ $<

# Runs with whichever libxenstore.so.4 LD_LIBRARY_PATH has.
build/xenstore/libload: tests/xenstore/libload.c build/lib/libxenstore.so.4
	$(call say,CC,$@)$(CC) $(XS_CPPFLAGS) $(HOST_CFLAGS) -o $@ $< \
		build/lib/libxenstore.so.4

# Ours beside Debian's xenstored and oxenstored, survival switched on.
.PHONY: bench-xenstore
bench-xenstore: build/bin/lodge-xenstored build/xenstore/load \
		build/xenstore/libload build/xenstore/fakexen.so \
		build/pkg/xenstore/packages
	@$(PYTHON) tests/xenstore/bench.py

BENCH_TARGETS += bench-xenstore

$(call header_check,$(wildcard xenstore/*.h xenstore/daemon/*.h xenstore/tools/*.h \
	xenstore/client/*.h xenstore/include/*.h),$(XS_CPPFLAGS) -std=gnu11 \
	-D_GNU_SOURCE)

.PHONY: install-xenstore
install-xenstore:
	$(call install_files,$(PREFIX)/sbin,755,build/bin/lodge-xenstored)
	$(call install_files,$(PREFIX)/bin,755,build/bin/xenstore)
	$(call install_files,$(PREFIX)/lib/lodge,644,build/lib/libxenstore.so.4)
	@ln -sf libxenstore.so.4 '$(DESTDIR)$(PREFIX)/lib/lodge/libxenstore.so'
	$(call install_files,$(PREFIX)/include/lodge,644,$(wildcard \
		xenstore/include/*.h))
	$(call install_files,$(PREFIX)/share/man/man1,644,docs/xenstore.1)
	$(call install_files,$(PREFIX)/share/man/man8,644,docs/lodge-xenstored.8)
	$(call install_files,$(PREFIX)/lib/systemd/system,644,\
		xenstore/systemd/lodge-xenstored.service)
	@sed -i 's|=/usr/local/|=$(PREFIX)/|' \
		'$(DESTDIR)$(PREFIX)/lib/systemd/system/lodge-xenstored.service'

INSTALL_TARGETS += install-xenstore
