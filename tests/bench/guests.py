#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What guests pay, and what it takes to make one: Lodge beside Xen 4.17.

The same Debian Dom0 with Debian's xl and Linux's back ends on either, in the
same QEMU, in each setting; all on one CPU. Guests are made and ended in Dom0
(xl from its start to its end), then one guest walks paths.c, reads and writes
its disk and talks TCP with Dom0 (io.c). The disk's file lies in Dom0's memory,
so that no device is waited for. In the end it only sleeps, beside three guests
that never do: how late it wakes up. Guests' kernels are without mitigations in
either setting. Per step:

  all         every instruction of the machine, the median of the batches;
              a wait for a timer counts as long as it lasts (of a sleeper:
              as much longer as it lasts)
  hypervisor  those of them that the hypervisor executed: its share

Prints tables with ratios, keeps them as build/bench/guests.json.
"""
import pathlib
import sys
import tempfile

import benchlab
from benchlab import LODGE, XEN

sys.path.insert(0, str(benchlab.TREE / "tests" / "toolstack"))
import dom0  # noqa: E402
lab = dom0.lab

# The same two as benchlab's, as a Machine wants them.
EMULATORS = {"mitigations off": (lab.INSTALLED, "max,-smap,-smep"),
             "defaults, SMEP and SMAP": (lab.QEMU_10, "max,-x2apic")}
TIMES = 5
STARTS = 3
ADDRESS, PEER = "10.1.0.2", "10.1.0.1"
DISK_MIB = 8
SPINNERS = "s1", "s2", "s3"
GUEST = {
    "ramdisk": '"/tmp/guest.cpio"',
    "disk": '["/tmp/disk.img,raw,xvda,rw"]',
    "vif": '["mac=00:16:3e:00:00:01,bridge=xenbr0"]',
}


class Host(dom0.Dom0):
    """The Debian Dom0 under -icount, with the plugin."""

    # An instruction is a nanosecond to it, and several to the emulator.
    slower = 10

    def __init__(self, side, setting, out):
        emulator, options, linux = benchlab.SETTINGS[setting]
        program, cpu = EMULATORS[setting]
        super().__init__(
            "bench-guests-" + side, str(benchlab.SIDES[side]), smp=1,
            emulator=program, cpu=cpu,
            hypervisor_args="dom0_max_vcpus=1 " + options,
            disks=[lab.Disk(dom0.IMAGES / "root.img"),
                   lab.Disk(dom0.IMAGES / "files.img"),
                   lab.Disk(benchlab.RESULTS / "files.img")],
            devices=["-icount", "shift=0,sleep=off", "-plugin",
                     "%s,out=%s" % (emulator().plugin, out)],
            kernel_args="rodata=off audit=0 quiet " + linux)
        self.lines = []

    def bench(self, command):
        """Run a program of ours in Dom0."""
        self.lines += self.check("/mnt/" + command).splitlines()

    def bench_guest(self, command):
        """Run one in the guest."""
        self.lines += self.shell("g", command).splitlines()


def prepare(host):
    """The programs, the bridge, the disk."""
    host.check("mount /dev/vdc /mnt && modprobe -a xen-blkback xen-netback "
               "loop bridge && cat guest.cpio /mnt/bench.cpio >/tmp/guest.cpio")
    host.check("brctl addbr xenbr0 && ip addr add %s/24 dev xenbr0 && "
               "ip link set xenbr0 up" % PEER)
    host.check("truncate -s %dM /tmp/disk.img" % DISK_MIB)


def make_and_end(host):
    """Guests come and go."""
    for _ in range(TIMES):
        host.bench("io run create_paused xl create -q -p guest.cfg")
        host.bench("io run destroy_paused xl destroy g")
    for _ in range(STARTS):
        host.bench("io run create_until_init /mnt/bench-create")
        host.bench("io run destroy_running xl destroy g")


def start_guest(host):
    """One with a disk and a network that work."""
    host.create("g", extra=";".join(map("=".join, GUEST.items())))
    host.wait_up("g")
    host.load_drivers("g")
    host.shell("g", "ip link set eth0 up && ip addr add %s/24 dev eth0"
               % ADDRESS)
    host.until("the network",
               lambda: host.run("ping -c 1 -W 2 " + ADDRESS)[0] == 0)


def in_guest(host):
    """What one guest pays."""
    host.check("/mnt/io serve >/dev/null 2>&1 &")
    host.bench_guest("/bin/paths")
    host.bench_guest("/bin/io disk /dev/xvda")
    host.bench_guest("/bin/io net " + PEER)


def beside_spinners(host):
    """A sleeper's processor is never idle."""
    for name in SPINNERS:
        host.create(name)
        host.wait_up(name)
        host.shell(name, "(while :; do :; done) >/dev/null 2>&1 &")
    host.bench_guest("/bin/io wake wake_beside_three")


def measure(side, setting):
    """Boot it; its figures."""
    with tempfile.TemporaryDirectory(prefix="lodge-") as scratch:
        out = pathlib.Path(scratch, "counts")
        with Host(side, setting, out) as host:
            prepare(host)
            make_and_end(host)
            start_guest(host)
            in_guest(host)
            beside_spinners(host)
            for name in ("g", *SPINNERS):
                host.destroy(name)
            host.power_off()
        counts = benchlab.read_counts(out)
    return benchlab.path_figures(host.lines, counts)


def main():
    """Measure both, print and keep the result."""
    results = {}
    for setting in benchlab.SETTINGS:
        sides = {side: measure(side, setting) for side in benchlab.SIDES}
        results[setting] = sides
        for kind in benchlab.KINDS:
            print(benchlab.table(f"{setting}: {kind}, instructions per step",
                                 sides[LODGE][kind], sides[XEN][kind]),
                  flush=True)
    benchlab.keep("guests", results)


if __name__ == "__main__":
    main()
