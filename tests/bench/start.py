#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the hypervisor's first instruction to Dom0's: Lodge beside Debian's Xen.

Both begin at the entry of their image, where the boot loader jumps to, with
kernel and initramfs already in memory; both end at the address that the
kernel's Xen notes name as its entry, the same on both sides. The plugin counts
every instruction between (count.c). It tells the iterations of repeated string
instructions apart: QEMU counts each as one, but processors do several
at a time. Waiting for a clock counts too, at one instruction per nanosecond.

In each setting twice: with the kernel unpacked before (an ELF file) and as
Debian ships it (a bzImage packed with xz), which the hypervisor unpacks. Prints
tables and keeps them as build/bench/start.json.
"""
import struct
import sys

import benchlab
from benchlab import LODGE, XEN

INITRAMFS = benchlab.BUILD / "dom0" / "initramfs.cpio"
UNPACKED = benchlab.BUILD / "dom0" / "vmlinux"
KERNELS = {"unpacked kernel": UNPACKED,
           "kernel as shipped (xz)": benchlab.BUILD / "dom0" / "vmlinuz"}
MACHINE = ["-m", "1024"]
COMMAND_LINE = benchlab.CONSOLE + " dom0_mem=512M"
KINDS = "all", "repeated"

PT_NOTE = 4
NOTE_ENTRY = 1		# XEN_ELFNOTE_ENTRY


def image_entry(path):
    """Where a boot loader enters a 32-bit ELF file."""
    return struct.unpack_from("<I", path.read_bytes(), 24)[0]


def notes(data):
    """(owner, type, contents) of each note of a 64-bit ELF file."""
    offset, = struct.unpack_from("<Q", data, 32)
    size, number = struct.unpack_from("<HH", data, 54)
    for at in range(offset, offset + size * number, size):
        kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
        end = start + length
        while kind == PT_NOTE and start + 12 <= end:
            owner, contents, note = struct.unpack_from("<III", data, start)
            start += 12
            name = data[start:start + owner].rstrip(b"\0")
            start += (owner + 3) & ~3
            yield name, note, data[start:start + contents]
            start += (contents + 3) & ~3


def kernel_entry(path):
    """The virtual address at which the kernel starts as a Xen guest."""
    for owner, kind, contents in notes(path.read_bytes()):
        if owner == b"Xen" and kind == NOTE_ENTRY:
            return int.from_bytes(contents, "little")
    return sys.exit(f"{path} does not say where it starts")


def measure(image, kernel, emulator, options):
    """{"all": instructions, "repeated": iterations among them}."""
    run = benchlab.Run(
        emulator, MACHINE + [
            "-kernel", str(image), "-append", f"{COMMAND_LINE} {options}",
            "-initrd", f"{kernel} console=hvc0 earlyprintk=xen,{INITRAMFS}"],
        f",from={image_entry(image):#x},to={kernel_entry(UNPACKED):#x}",
        until="Linux version")
    if len(run.counts) != 1:
        sys.exit("\n".join(run.lines[-20:]) + f"\n{image}: Dom0 never started")
    return dict(zip(KINDS, run.counts[0]))


def main():
    """Measure, print and keep the result."""
    results = {}
    for setting, (emulator, options, _) in benchlab.SETTINGS.items():
        sides = {side: {name: measure(image, kernel, emulator(), options)
                        for name, kernel in KERNELS.items()}
                 for side, image in benchlab.SIDES.items()}
        results[setting] = {
            side: {kind: {name: both[kind] for name, both in figures.items()}
                   for kind in KINDS} for side, figures in sides.items()}
        for kind in KINDS:
            print(benchlab.table(
                f"{setting}: instructions to Dom0's first, {kind}",
                *(results[setting][side][kind] for side in (LODGE, XEN))),
                flush=True)
    benchlab.keep("start", results)


if __name__ == "__main__":
    main()
