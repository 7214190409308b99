#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What memory the hypervisor holds: Lodge beside Debian's Xen 4.17.

From the files: bytes of each kind of section of the image. What is given back
once Dom0 runs (init) is told, but not part of the sum. Xen's multiboot image
carries no sections; its EFI image, linked from the same objects, does.

From the running machine, by the guest tests/guests/footprint as Dom0, with
little memory and with much: the machine's memory without what Dom0 owns and
what is free; and what each of some empty domains takes.

Prints a table with ratios and keeps it as build/bench/memory.json.
"""
import re
import subprocess
import sys

import benchlab
from benchlab import LODGE, XEN

GUEST = benchlab.BUILD / "guests" / "footprint.elf"
FILES = {LODGE: benchlab.BUILD / "lodge.sym.elf",
         XEN: benchlab.BUILD / "pkg/xen/boot/xen-4.17-amd64.efi"}
SIZES_MIB = 512, 4096
COMMAND_LINE = benchlab.CONSOLE + " dom0_mem=128M"

# The beginning of a section's name: the kind that it is counted as.
KINDS = {".text": "code", ".rodata": "read-only data", ".buildid":
         "read-only data", ".data": "data", ".bss": "bss", ".init": "init"}
RESIDENT = "code", "read-only data", "data", "bss"

SECTION = re.compile(r"^ +\d+ (\.\S+) +([0-9a-f]+) ")
HELD = re.compile(r"^HELD (\S+) (\d+)$")


def sections(listing):
    """{kind: bytes} of what objdump -h shows, and the sum of the resident."""
    figures = dict.fromkeys(RESIDENT + ("init",), 0)
    for match in filter(None, map(SECTION.match, listing.splitlines())):
        for name, kind in KINDS.items():
            if match[1].startswith(name):
                figures[kind] += int(match[2], 16)
    if not all(figures.values()):
        sys.exit(f"no section of some kind: {figures}")
    figures["resident image"] = sum(figures[kind] for kind in RESIDENT)
    return figures


def running(image, size):
    """{name: bytes}, as the guest says on a machine of @size MiB."""
    run = benchlab.Run(benchlab.qemu_7(), [
        "-m", str(size), "-kernel", str(image), "-append", COMMAND_LINE,
        "-initrd", f"{GUEST} bench"])
    run.require_success(f"footprint on {image}")
    return {match[1].replace("_", " "): int(match[2])
            for match in filter(None, map(HELD.match, run.lines))}


def measure(side):
    """All figures of @side."""
    listing = subprocess.run(["objdump", "-h", str(FILES[side])], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    figures = sections(listing)
    for size in SIZES_MIB:
        for name, count in running(benchlab.SIDES[side], size).items():
            figures[f"{name}, {size} MiB"] = count
    return figures


def main():
    """Measure, print and keep the result."""
    results = {side: measure(side) for side in benchlab.SIDES}
    print(benchlab.table("bytes", results[LODGE], results[XEN]))
    benchlab.keep("memory", results)


if __name__ == "__main__":
    main()
