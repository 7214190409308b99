# SPDX-License-Identifier: MIT
#
# demo.mk - what `make run` boots beyond the small Dom0: our store, our tools,
# and a guest with a disk and a network
#
#   build/demo/guest.cpio      the guest's initramfs
#   build/demo/initramfs.cpio  Dom0's, with tools, guest and /etc/rc.local

# The program that reads kernels is within lodge; what it is linked with is not.
DEMO_READER := build/obj/tools/image-reader
DEMO_TOOLS := lodge lodge-consoled lodge-supervisor lodge-xenstored xenstore

build/demo/guest.cpio: scripts/mkinitramfs demo/demo.mk demo/guest-init \
		demo/guest.modules tests/dom0/etc/udhcpc \
		build/pkg/linux/packages
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		busybox:/bin/busybox \
		$(foreach d,proc sys dev tmp run mnt,dir:$(d)) \
		node:dev/console=c,5,1 file:init=demo/guest-init \
		file:etc/udhcpc=tests/dom0/etc/udhcpc \
		modules:build/pkg/linux=demo/guest.modules

build/demo/tools.cpio: scripts/mkinitramfs demo/demo.mk demo/rc.local \
		demo/check tests/toolstack/guest-sh demo/guest.cfg \
		build/dom0/vmlinux build/demo/guest.cpio \
		$(DEMO_READER) $(DEMO_TOOLS:%=build/bin/%)
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		file:etc/rc.local=demo/rc.local \
		file:bin/demo-check=demo/check \
		file:bin/guest-sh=tests/toolstack/guest-sh \
		file:etc/lodge/guest.cfg=demo/guest.cfg \
		file:boot/vmlinux=build/dom0/vmlinux \
		file:boot/guest.cpio=build/demo/guest.cpio dir:var/log/xen \
		file:lib/terminfo/v/vt100=/lib/terminfo/v/vt100 \
		program:lib/image-reader=$(DEMO_READER) \
		$(foreach t,$(DEMO_TOOLS),program:bin/$(t)=build/bin/$(t))

# Linux unpacks archives that follow one another.
build/demo/initramfs.cpio: build/dom0/initramfs.cpio build/demo/tools.cpio
	$(call say,CPIO,$@)cat $^ >$@

RUN_DEPS += build/dom0/vmlinux build/demo/initramfs.cpio
SYSTEM_DEPS += build/demo/initramfs.cpio
