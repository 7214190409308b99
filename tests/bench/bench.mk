# SPDX-License-Identifier: MIT
#
# bench.mk - benchmarks: the same guest on ours and on Debian's Xen, one run

BENCH_TARGETS += bench-calls

.PHONY: bench-calls
bench-calls: build/lodge.elf build/guests/calls.elf build/dom0/xen.elf \
		build/pkg/qemu-10/packages
	@$(PYTHON) tests/bench/calls.py
