#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Linux pays as Dom0, on Lodge and on Debian's Xen 4.17.

The same kernel and the same program (paths.c, the only one of its initramfs)
on either hypervisor, in the same QEMU, in each setting. Per step of a path:

  all         every instruction, the median of the batches
  hypervisor  those of them that the hypervisor executed: its share

Linux's own mitigations are off in the first setting and as it chooses in the
second. Prints tables with ratios, keeps them as build/bench/linux.json.
"""
import benchlab
from benchlab import LODGE, XEN

KERNEL = benchlab.BUILD / "dom0" / "vmlinux"
INITRAMFS = benchlab.RESULTS / "paths.cpio"
# Not by Linux's mem=: its kernel dies then, as Dom0 of either hypervisor, where
# it moves the frames of the holes that its memory map has below that limit.
COMMAND_LINE = benchlab.CONSOLE + " dom0_mem=512M,max:512M"
LINUX = "console=hvc0 earlyprintk=xen quiet panic=-1 cryptomgr.notests"

def measure(side, emulator, options, linux):
    """Boot it; its figures."""
    run = benchlab.Run(emulator, [
        "-m", "1024", "-kernel", str(benchlab.SIDES[side]),
        "-append", f"{COMMAND_LINE} {options}",
        "-initrd", f"{KERNEL} {LINUX} {linux},{INITRAMFS}"])
    run.require_success(f"paths on {side}")
    return benchlab.path_figures(run.lines, run.counts)


def main():
    """Measure both, print and keep the result."""
    results = {}
    for setting, (emulator, options, linux) in benchlab.SETTINGS.items():
        sides = {side: measure(side, emulator(), options, linux)
                 for side in benchlab.SIDES}
        results[setting] = sides
        for kind in benchlab.KINDS:
            print(benchlab.table(f"{setting}: {kind}, instructions per step",
                                 sides[LODGE][kind], sides[XEN][kind]),
                  flush=True)
    benchlab.keep("linux", results)


if __name__ == "__main__":
    main()
