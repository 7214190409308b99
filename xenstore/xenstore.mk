# SPDX-License-Identifier: MIT
#
# xenstore.mk - the daemon, the client library and the tools
#
#   build/bin/lodge-xenstored       the daemon, and its keeper
#   build/lib/libxenstore.so.4      the client library
#   build/bin/xenstore              the tools, one program for all commands
#   build/xenstore/asan/...         the same daemon and tools under sanitizers,
#                                   for the tests

XS_LIBS := -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall
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
$(eval $(call xs_objects,build/obj/xs-asan,$(SAN_CFLAGS)))

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
