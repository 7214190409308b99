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
#   make bench-table   write docs/benchmarks.md's tables from the results
#
# Each leaves build/bench/NAME.json. docs/benchmarks.md says what they mean.

BENCH_TARGETS += bench-calls bench-pairs bench-start bench-memory \
	bench-linux bench-table

# The plugin, once for each version of QEMU's interface.
build/bench/count-%.so: tests/bench/count.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -fPIC -shared \
		-fvisibility=hidden -DPLUGIN_API=$* -o $@ $<

build/bench/paths: tests/bench/paths.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -static -o $@ $<

build/bench/paths.cpio: build/bench/paths scripts/mkinitramfs
	$(call say,CPIO,$@)$(PYTHON) scripts/mkinitramfs --cpio $@ \
		node:dev/console=c,5,1 file:init=build/bench/paths

BENCH_DEPS := build/lodge.elf build/dom0/xen.elf \
	build/pkg/qemu-10/packages \
	build/bench/count-1.so build/bench/count-4.so

.PHONY: bench-calls bench-pairs bench-start bench-memory bench-linux \
	bench-table
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

bench-table:
	@$(PYTHON) tests/bench/report.py
