# SPDX-License-Identifier: MIT
#
# bench.mk - benchmarks: ours beside Debian's Xen, the same guest, one run
#
#   make bench         all of them
#   make bench-calls   what calls cost a small guest
#
# Each leaves build/bench/NAME.json.

BENCH_TARGETS += bench-calls

# The plugin, once for each version of QEMU's interface.
build/bench/count-%.so: tests/bench/count.c build/config.mk
	$(call say,CC,$@)$(CC) $(HOST_CFLAGS) -fPIC -shared \
		-fvisibility=hidden -DPLUGIN_API=$* -o $@ $<

BENCH_DEPS := build/lodge.elf build/dom0/xen.elf \
	build/pkg/qemu-10/packages \
	build/bench/count-1.so build/bench/count-4.so

.PHONY: bench-calls
bench-calls: $(BENCH_DEPS) build/guests/calls.elf
	@$(PYTHON) tests/bench/calls.py
