#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What calls cost a guest: Lodge beside Debian's Xen 4.17, twice.

The guest tests/guests/calls runs on both. For each operation there are two
figures per call: all instructions from before it to behind it, less those of
an empty loop (the TSC), and those of them that the hypervisor executed (the
plugin). The second is the hypervisor's share; the rest is the guest's own.
Once with mitigations off on both sides, once with what each does by default on
a processor that has SMEP and SMAP (QEMU 10). Prints tables with ratios and
keeps them as build/bench/calls.json.
"""
import re
import sys

import benchlab

MACHINE = ["-m", "512"]
COMMAND_LINE = benchlab.CONSOLE + " dom0_mem=128M noreboot"

BENCH = re.compile(r"^BENCH (\S+) (\d+) (\d+)$")


def figures_of(lines, counts):
    """{name: (all, the hypervisor's)} per call, of a run's console lines and
    its plugin's counts: one count for each line, in their order."""
    found = [match for match in map(BENCH.match, lines) if match]
    if not found or len(found) != len(counts):
        sys.exit(f"calls: {len(found)} figures but {len(counts)} counts")
    return {match[1]: (int(match[2]), count // int(match[3]))
            for match, (count,) in zip(found, counts)}


def measure(guest, image, options, emulator):
    """Boot @guest on @image; its figures by name."""
    run = benchlab.Run(emulator, MACHINE + [
        "-kernel", str(image), "-append", f"{COMMAND_LINE} {options}".strip(),
        "-initrd", f"{benchlab.BUILD}/guests/{guest}.elf bench"])
    run.require_success(f"{guest} on {image}")
    return figures_of(run.lines, run.counts)


def compare(guest):
    """Measure @guest on both sides, print and keep the result."""
    results = {}
    for setting, (emulator, options, _) in benchlab.SETTINGS.items():
        sides = {side: measure(guest, image, options, emulator())
                 for side, image in benchlab.SIDES.items()}
        results[setting] = {
            side: {"all": {name: pair[0] for name, pair in figures.items()},
                   "hypervisor": {name: pair[1]
                                  for name, pair in figures.items()}}
            for side, figures in sides.items()}
        for kind, title in (("all", "instructions per call"),
                            ("hypervisor", "of them the hypervisor's")):
            print(benchlab.table(
                f"{setting}: {title}",
                results[setting][benchlab.LODGE][kind],
                results[setting][benchlab.XEN][kind]), flush=True)
    benchlab.keep(guest, results)


if __name__ == "__main__":
    compare("calls")
