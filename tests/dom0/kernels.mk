# SPDX-License-Identifier: MIT
#
# kernels.mk - other kernels as Debian ships them, each with its own drivers
#
#   build/kernels/cloud    Debian 12's cloud flavour (6.1, lz4)
#   build/kernels/6.12     bookworm-backports' (6.12, zstd)
#
# Each has vmlinuz and initramfs.cpio: the small Dom0 with that kernel's modules.
# Only test-full needs them.

KERNEL_SUITE_cloud := bookworm @linux-image-cloud-amd64
KERNEL_SUITE_6.12 := bookworm-backports @linux-image-amd64
KERNEL_MODULES_cloud := tests/dom0/modules.cloud

# $(1): name
define kernel_rules
build/pkg/linux-$(1)/packages: scripts/fetch
	$$(call say,FETCH,$$@)scripts/fetch \
		$$(firstword $$(KERNEL_SUITE_$(1))) build/pkg/linux-$(1) \
		$$(lastword $$(KERNEL_SUITE_$(1)))

build/kernels/$(1)/vmlinuz: build/pkg/linux-$(1)/packages
	$$(call say,COPY,$$@)cp build/pkg/linux-$(1)/boot/vmlinuz-* $$@

build/kernels/$(1)/initramfs.cpio: scripts/mkinitramfs tests/dom0/dom0.mk \
		tests/dom0/kernels.mk build/pkg/linux-$(1)/packages \
		build/dom0/clockping build/dom0/vectorkeep \
		$$(wildcard tests/dom0/*) $$(DOM0_FILES)
	$$(call say,CPIO,$$@)$$(PYTHON) scripts/mkinitramfs --cpio $$@ \
		$$(filter-out modules:%,$$(DOM0_ITEMS)) \
		modules:build/pkg/linux-$(1)=$$(or \
		$$(KERNEL_MODULES_$(1)),tests/dom0/modules)

FULL_DEPS += build/kernels/$(1)/vmlinuz build/kernels/$(1)/initramfs.cpio
endef

$(foreach k,cloud 6.12,$(eval $(call kernel_rules,$(k))))
