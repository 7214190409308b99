# SPDX-License-Identifier: MIT
"""test_boot_shipped.py - kernels as Debian ships them, compressed, as Dom0

Each is given as the bzImage that its package contains, and each of the ways
of compression that are supported occurs: xz and lz4 in Debian 12's kernels,
zstd in the backported one; the gzip one is Debian 12's kernel packed anew.

Debian builds the cloud flavour without CONFIG_XEN_DOM0: its start shows that it
was unpacked, but it drives no PCI device and comes to no shell. As a guest it is
what it is made for (tests/toolstack/test_guest_cpus.py).
"""
import dataclasses
import gzip
import pathlib
import struct

import pytest

import lab

PAYLOAD = 0x248
SETUP_SECTS = 0x1f1
SECTOR = 512


@dataclasses.dataclass
class Kernel:
    """A kernel file, drivers that fit it, and what is to be seen of it."""
    image: pathlib.Path
    initramfs: pathlib.Path
    method: str
    release: str


DOM0 = lab.BUILD / "dom0"
OTHER = lab.BUILD / "kernels"
XZ = Kernel(DOM0 / "vmlinuz", DOM0 / "initramfs.cpio", "xz", "6.1.")
LZ4 = Kernel(OTHER / "cloud" / "vmlinuz", OTHER / "cloud" / "initramfs.cpio",
             "lz4", "cloud-amd64")
ZSTD = Kernel(OTHER / "6.12" / "vmlinuz", OTHER / "6.12" / "initramfs.cpio",
              "zstd", "6.12.")


class ShippedMachine(lab.Machine):
    """A machine with a kernel that is not the tests' usual one."""

    def __init__(self, name, hypervisor, kernel, **options):
        super().__init__(name, hypervisor, kernel=kernel.image, **options)
        self.initramfs = kernel.initramfs


def boots(name, hypervisor, kernel, **options):
    """To the shell, with a disk's driver, without a complaint, and off again.

    On the control Linux 6.12 finds the TSC unstable: that one is not judged.
    """
    disk = lab.Disk(DOM0 / "root.img")
    with ShippedMachine(name, hypervisor, kernel, disks=[disk],
                        **options) as machine:
        machine.wait_shell()
        if hypervisor != "control":
            assert "of %s to" % kernel.method in machine.console()
        assert kernel.release in machine.check("uname -r")
        assert machine.check("cat /sys/hypervisor/type").strip() == "xen"
        assert "vda" in machine.check("cat /proc/partitions")
        if hypervisor != "control":
            assert lab.complaints(machine) == []
        machine.power_off()
        assert lab.hypervisor_complaints(machine) == []


def test_boot_xz(hypervisor, log_name):
    boots(log_name, hypervisor, XZ)


@pytest.mark.full
@pytest.mark.parametrize("smp", [1, 2, 4])
@pytest.mark.on("release", "debug")
def test_boot_zstd(hypervisor, log_name, smp):
    boots(log_name, hypervisor, ZSTD, smp=smp)


@pytest.mark.full
def test_boot_lz4(log_name):
    """The cloud flavour is no Dom0: unpacked, it starts, and that is all."""
    with ShippedMachine(log_name, "release", LZ4, nic=None) as machine:
        machine.expect(rb"Linux version [^ ]*cloud-amd64", lab.BOOT_LIMIT_S,
                       "the kernel's first line")
        assert "of lz4 to" in machine.console()


def repack_gzip(source, target):
    """The same bzImage with its kernel compressed by gzip."""
    image = bytearray(source.read_bytes())
    offset = struct.unpack_from("<I", image, PAYLOAD)[0]
    start = (image[SETUP_SECTS] + 1) * SECTOR + offset
    packed = gzip.compress((DOM0 / "vmlinux").read_bytes(), 1, mtime=0)
    struct.pack_into("<I", image, PAYLOAD + 4, len(packed))
    target.write_bytes(image[:start] + packed)


@pytest.mark.full
def test_boot_gzip(log_name, tmp_path):
    image = tmp_path / "vmlinuz-gzip"
    repack_gzip(XZ.image, image)
    boots(log_name, "release", Kernel(image, XZ.initramfs, "gzip", "6.1."))
    image.unlink()
