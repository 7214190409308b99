# SPDX-License-Identifier: MIT
#
# dom0.mk - the images that system tests and `make run` boot
#
#   build/dom0/vmlinux         Debian 12's kernel, unpacked to ELF
#   build/dom0/vmlinuz         the same as Debian ships it
#   build/dom0/initramfs.cpio  busybox, drivers, a login shell on hvc0
#   build/dom0/stress.cpio     stress-ng and its libraries, to be appended
#   build/dom0/root.img        the same small system as an ext4 disk
#   build/dom0/xen.elf         Debian's Xen 4.17: the control
#
# The packages come from Debian and are unpacked below build/pkg (see
# scripts/fetch); nothing is installed.

DOM0_FILES := $(wildcard tests/dom0/etc/*)
DOM0_ITEMS := busybox:/bin/busybox \
	$(foreach d,proc sys dev tmp run mnt newroot root var,dir:$(d)) \
	node:dev/console=c,5,1 \
	file:init=tests/dom0/init \
	file:bin/dom0-report=tests/dom0/report \
	$(foreach f,$(DOM0_FILES),file:etc/$(notdir $(f))=$(f)) \
	file:etc/modules=tests/dom0/modules.load \
	program:bin/clockping=build/dom0/clockping \
	program:bin/vectorkeep=build/dom0/vectorkeep \
	modules:build/pkg/linux=tests/dom0/modules

build/pkg/linux/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch bookworm build/pkg/linux \
		@linux-image-amd64

build/pkg/xen/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch bookworm build/pkg/xen \
		xen-hypervisor-4.17-amd64

build/pkg/stress-ng/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch -a bookworm build/pkg/stress-ng \
		stress-ng

# Other emulators: QEMU 10 offers x2APIC, SMEP and SMAP; Bochs Intel's CPUs.
build/pkg/qemu-10/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch -a bookworm-backports \
		build/pkg/qemu-10 qemu-system-x86

build/pkg/bochs/packages: scripts/fetch
	$(call say,FETCH,$@)scripts/fetch -a bookworm build/pkg/bochs \
		bochs bochs-term bochsbios vgabios

# A compiler for Dom0, as a disk: what configure asks for, and busybox for the
# rest.
build/pkg/builder/packages: scripts/fetch scripts/packages
	$(call say,FETCH,$@)scripts/fetch -a bookworm build/pkg/builder make \
		$$(awk '$$3 == "build" { print $$1 }' scripts/packages)

build/dom0/builder.img: build/pkg/builder/packages scripts/mkinitramfs
	$(call say,MKE2FS,$@)rm -rf build/dom0/builder $@.new
	@$(PYTHON) scripts/mkinitramfs --tree build/dom0/builder \
		busybox:/bin/busybox $(foreach d,proc dev tmp,dir:$(d))
	@cp -a --remove-destination build/pkg/builder/. build/dom0/builder
	@truncate -s 2G $@.new && PATH=$$PATH:/sbin:/usr/sbin mke2fs -q -F \
		-t ext4 -E root_owner=0:0 -d build/dom0/builder $@.new && \
		mv $@.new $@
	@rm -rf build/dom0/builder

build/dom0/vmlinuz: build/pkg/linux/packages
	$(call say,COPY,$@)cp build/pkg/linux/boot/vmlinuz-* $@

build/dom0/vmlinux: build/dom0/vmlinuz scripts/unpack-kernel
	$(call say,UNPACK,$@)$(PYTHON) scripts/unpack-kernel $< $@

build/dom0/xen.elf: build/pkg/xen/packages
	$(call say,UNPACK,$@)gzip -dc build/pkg/xen/boot/xen-4.17-amd64.gz >$@

build/dom0/clockping build/dom0/vectorkeep: build/dom0/%: \
		tests/dom0/%.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -static -o $@ $<

build/dom0/initramfs.cpio: scripts/mkinitramfs tests/dom0/dom0.mk \
		build/pkg/linux/packages build/dom0/clockping \
		build/dom0/vectorkeep \
		$(wildcard tests/dom0/*) $(DOM0_FILES)
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		--tree build/dom0/root $(DOM0_ITEMS)

build/dom0/stress.cpio: scripts/mkinitramfs build/pkg/stress-ng/packages
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		program:usr/bin/stress-ng=build/pkg/stress-ng/usr/bin/stress-ng,build/pkg/stress-ng

# Sparse, 1 GiB: room for the tests' files beside the system.
build/dom0/root.img: build/dom0/initramfs.cpio
	$(call say,MKE2FS,$@)rm -f $@.new && truncate -s 1G $@.new && \
		PATH=$$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 \
		-E root_owner=0:0 -d build/dom0/root $@.new && mv $@.new $@

DOM0_IMAGES := $(addprefix build/dom0/,vmlinux vmlinuz initramfs.cpio \
	stress.cpio root.img xen.elf)
RUN_DEPS += build/dom0/vmlinux build/dom0/initramfs.cpio
SYSTEM_DEPS += $(DOM0_IMAGES)
FULL_DEPS += $(addprefix build/pkg/,qemu-10/packages bochs/packages) \
	build/dom0/builder.img

.PHONY: dom0-images
dom0-images: $(DOM0_IMAGES)
