# SPDX-License-Identifier: MIT
"""test_storage.py - a root file system on virtio-blk keeps what is written

Random data comes in on a second disk, is copied into a file, read back after a
remount, and at last read by the host's own tools from the disk's image.
"""
import hashlib
import os
import shutil
import subprocess

import pytest

import lab

SIZE_MIB = 512
MIB = 1 << 20
LIMIT_S = 300
SBIN = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


@pytest.fixture
def root_disk(tmp_path):
    """A copy of the root disk that the machine may change."""
    copy = tmp_path / "root.img"
    subprocess.run(["cp", "--sparse=always", lab.BUILD / "dom0" / "root.img",
                    copy], check=True)
    yield copy
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def random_disk(tmp_path):
    """(file of random data, its SHA-256)."""
    path = tmp_path / "random.img"
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for _ in range(SIZE_MIB):
            block = os.urandom(MIB)
            digest.update(block)
            out.write(block)
    return path, digest.hexdigest()


def file_in_image(image, path):
    """SHA-256 of a file in an ext4 image, read without any mount."""
    digest = hashlib.sha256()
    with subprocess.Popen(["debugfs", "-R", "cat " + path, str(image)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=SBIN) as reader:
        for block in iter(lambda: reader.stdout.read(MIB), b""):
            digest.update(block)
    assert reader.returncode == 0
    return digest.hexdigest()


def test_root_on_virtio_blk(hypervisor, log_name, root_disk, random_disk):
    data, digest = random_disk
    disks = [lab.Disk(root_disk, keep=True), lab.Disk(data)]
    with lab.Machine(log_name, hypervisor, smp=2, disks=disks,
                     kernel_args=lab.QUICK + " root=/dev/vda") as machine:
        machine.wait_shell()
        mounts = machine.check("cat /proc/mounts")
        assert "/dev/vda / ext4 rw" in mounts
        machine.check("cp /dev/vdb /big && sync", LIMIT_S)
        machine.check("mount -o remount,ro / && "
                      "echo 3 >/proc/sys/vm/drop_caches", LIMIT_S)
        assert machine.check("sha256sum </big", LIMIT_S).split()[0] == digest
        machine.check("mount -o remount,rw /")
        machine.power_off()
    subprocess.run(["e2fsck", "-f", "-n", str(root_disk)], check=True,
                   stdout=subprocess.DEVNULL, env=SBIN)
    assert file_in_image(root_disk, "/big") == digest
