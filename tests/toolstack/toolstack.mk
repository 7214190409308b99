# SPDX-License-Identifier: MIT
#
# toolstack.mk - a Debian Dom0 with Debian's own toolstack
#
#   build/toolstack/root.img    Debian 12 with Xen's tools, as an ext4 disk
#   build/toolstack/files.img   the tests' own files and Dom0's drivers: a
#                               second disk, quickly made anew
#   build/toolstack/init.cpio   to be appended to the small Dom0's initramfs:
#                               the way to these disks
#   build/toolstack/guest.cpio  the initramfs of guests; guest-6.12.cpio and
#                               guest-cloud.cpio with the drivers of Debian's
#                               newer kernel and of its cloud flavour
#
# mmdebstrap installs the packages below build/, with all that their own
# scripts do; the host only lends its apt configuration.

TOOLSTACK_PACKAGES := xen-utils-4.17 xen-utils-common xenstore-utils \
	qemu-system-xen grub-xen-host iproute2 iputils-ping bridge-utils \
	fio iperf3 kmod libseccomp2 mount udev e2fsprogs procps strace

build/toolstack/root.img: tests/toolstack/mkroot build/pkg/linux/packages
	$(call say,DEBIAN,$@)tests/toolstack/mkroot $@ \
		build/apt/bookworm/sources.list $(TOOLSTACK_PACKAGES)

build/toolstack/stream: tests/toolstack/stream.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -static -o $@ $<

# $(1): file name, $(2): the kernel package's directory
define guest_initramfs
build/toolstack/$(1): scripts/mkinitramfs tests/toolstack/toolstack.mk \
		tests/toolstack/guest-init tests/toolstack/guest.modules \
		build/toolstack/stream build/dom0/vectorkeep \
		build/pkg/$(2)/packages
	$$(call say,CPIO,$$@)$$(PYTHON) scripts/mkinitramfs --cpio $$@ \
		busybox:/bin/busybox dir:proc dir:sys dir:dev dir:tmp dir:mnt \
		node:dev/console=c,5,1 file:init=tests/toolstack/guest-init \
		file:bin/stream=build/toolstack/stream \
		program:bin/vectorkeep=build/dom0/vectorkeep \
		modules:build/pkg/$(2)=tests/toolstack/guest.modules
endef

$(eval $(call guest_initramfs,guest.cpio,linux))
$(eval $(call guest_initramfs,guest-6.12.cpio,linux-6.12))
$(eval $(call guest_initramfs,guest-cloud.cpio,linux-cloud))

TOOLSTACK_FILES := dom0-init poweroff console-follow guest-login guest-run \
	guest-sh xl.conf xen.default guest.cfg scribble.cfg

# Not in the image of Debian, which takes long to make.
LIBMICROHTTPD := /usr/lib/x86_64-linux-gnu/libmicrohttpd.so.12

build/toolstack/files.img: scripts/mkinitramfs tests/toolstack/toolstack.mk \
		$(TOOLSTACK_FILES:%=tests/toolstack/%) \
		tests/toolstack/modules build/dom0/vmlinux build/bin/lodge \
		$(addprefix build/bin/lodge-,consoled top exporter \
		supervisor) \
		build/guests/scribble.elf build/toolstack/stream \
		$(addprefix build/toolstack/,guest.cpio guest-6.12.cpio \
		guest-cloud.cpio) $(addprefix build/kernels/,6.12/vmlinuz \
		cloud/vmlinuz)
	$(call say,MKE2FS,$@)$(PYTHON) scripts/mkinitramfs \
		--tree build/toolstack/files \
		$(foreach f,$(TOOLSTACK_FILES),file:$(f)=tests/toolstack/$(f)) \
		file:busybox=/bin/busybox file:vmlinux=build/dom0/vmlinux \
		file:lodge=build/bin/lodge \
		file:lodge-consoled=build/bin/lodge-consoled \
		file:lodge-supervisor=build/bin/lodge-supervisor \
		file:lodge-top=build/bin/lodge-top \
		file:lodge-exporter=build/bin/lodge-exporter \
		file:libmicrohttpd.so.12=$(LIBMICROHTTPD) \
		file:scribble.elf=build/guests/scribble.elf \
		file:stream=build/toolstack/stream \
		file:guest.cpio=build/toolstack/guest.cpio \
		file:guest-6.12.cpio=build/toolstack/guest-6.12.cpio \
		file:guest-cloud.cpio=build/toolstack/guest-cloud.cpio \
		file:vmlinuz-6.12=build/kernels/6.12/vmlinuz \
		file:vmlinuz-cloud=build/kernels/cloud/vmlinuz \
		modules:build/pkg/linux=tests/toolstack/modules
	@rm -f $@ && truncate -s 256M $@ && PATH=$$PATH:/sbin:/usr/sbin \
		mke2fs -q -F -t ext4 -O ^has_journal -E root_owner=0:0 \
		-d build/toolstack/files $@

build/toolstack/init.cpio: scripts/mkinitramfs tests/toolstack/init
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		file:init=tests/toolstack/init

# About two minutes, and a network: for the full run.
FULL_DEPS += $(addprefix build/toolstack/,root.img files.img init.cpio)
