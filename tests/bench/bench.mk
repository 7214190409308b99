# SPDX-License-Identifier: MIT
#
# bench.mk - benchmarks: ours beside Debian's Xen, the same guest, one run
#
#   make bench         all of these, one after the other
#   make bench-calls   what calls cost a small guest
#   make bench-pairs   what two domains pay that deal with each other
#   make bench-start   from the hypervisor's first instruction to Dom0's
#   make bench-memory  what the hypervisor holds
#   make bench-linux   what Linux pays as Dom0
#   make bench-guests  what Linux pays as a guest, and what making one takes
#   make bench-table   write docs/benchmarks.md's tables from the results
#
# Each leaves build/bench/NAME.json. docs/benchmarks.md says what they mean.

BENCH_TARGETS += bench-calls bench-pairs bench-start bench-memory \
	bench-linux bench-guests bench-table

# The plugin, once for each version of QEMU's interface.
build/bench/count-%.so: tests/bench/count.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -fPIC -shared \
		-fvisibility=hidden -DPLUGIN_API=$* -o $@ $<

# Programs that measure, and their common part.
build/bench/paths build/bench/io: build/bench/%: tests/bench/%.c \
		tests/bench/batch.c tests/bench/batch.h build/config.mk
	$(call say,CC,$@)$(CC) -D_GNU_SOURCE $(HOST_CFLAGS) -static -o $@ \
		$(filter %.c,$^)

build/bench/paths.cpio: build/bench/paths scripts/mkinitramfs
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		node:dev/console=c,5,1 file:init=build/bench/paths

# What the guests' benchmark adds to the toolstack's Dom0: a third disk, and
# programs for its guest.
build/bench/bench.cpio: build/bench/paths build/bench/io scripts/mkinitramfs
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		file:bin/paths=build/bench/paths file:bin/io=build/bench/io

build/bench/files.img: build/bench/bench.cpio build/bench/io \
		tests/bench/bench-create scripts/mkinitramfs
	$(call say,MKE2FS,$@)$(PYTHON) scripts/mkinitramfs \
		--tree build/bench/files file:io=build/bench/io \
		file:bench-create=tests/bench/bench-create \
		file:bench.cpio=build/bench/bench.cpio
	@rm -f $@ && truncate -s 16M $@ && PATH=$$PATH:/sbin:/usr/sbin \
		mke2fs -q -F -t ext4 -O ^has_journal -E root_owner=0:0 \
		-d build/bench/files $@

BENCH_DEPS := build/lodge.elf build/dom0/xen.elf \
	build/pkg/qemu-10/packages \
	build/bench/count-1.so build/bench/count-4.so

.PHONY: bench-calls bench-pairs bench-start bench-memory bench-linux \
	bench-guests bench-table
bench-calls: $(BENCH_DEPS) build/guests/calls.elf
	@$(PYTHON) tests/bench/calls.py

bench-pairs: $(BENCH_DEPS) build/guests/pairs.elf
	@$(PYTHON) tests/bench/pairs.py

bench-start: $(BENCH_DEPS) $(addprefix build/dom0/,vmlinux vmlinuz \
		initramfs.cpio)
	@$(PYTHON) tests/bench/start.py

bench-memory: $(BENCH_DEPS) build/guests/footprint.elf
	@$(PYTHON) tests/bench/memory.py

bench-linux: $(BENCH_DEPS) build/dom0/vmlinux build/bench/paths.cpio
	@$(PYTHON) tests/bench/linux.py

bench-guests: $(BENCH_DEPS) build/bench/files.img build/dom0/vmlinux \
		$(addprefix build/toolstack/,root.img files.img init.cpio)
	@$(PYTHON) tests/bench/guests.py

bench-table:
	@$(PYTHON) tests/bench/report.py
