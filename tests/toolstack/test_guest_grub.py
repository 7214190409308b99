# SPDX-License-Identifier: MIT
"""GRUB for Xen (grub-xen-host) boots a guest from the guest's own disk."""
import pytest

pytestmark = pytest.mark.full

GRUB = "/usr/lib/grub-xen/grub-x86_64-xen.bin"
CONFIG = ("linux /boot/vmlinux console=hvc0 quiet rdinit=/init "
          "mitigations=off audit=0 rodata=off from=grub",
          "initrd /boot/guest.cpio", "boot")
ROOM_MIB = 128


def test_boot(dom0):
    """A file system with grub.cfg, kernel and initramfs; a raw file."""
    dom0.check("modprobe -a xen-blkback loop")
    dom0.check("mkdir -p /var/tmp/d/boot/grub && "
               "cp /run/lodge/vmlinux /run/lodge/guest.cpio /var/tmp/d/boot")
    for line in CONFIG:
        dom0.check("echo '%s' >>/var/tmp/d/boot/grub/grub.cfg" % line)
    dom0.check("truncate -s %dM /var/tmp/grub.img && mke2fs -q -F -t ext4 "
               "-d /var/tmp/d /var/tmp/grub.img && rm -r /var/tmp/d"
               % ROOM_MIB)
    dom0.create("d", extra="kernel=\"%s\";ramdisk=\"\";extra=\"\";"
                "memory=256;disk=[\"/var/tmp/grub.img,raw,xvda,rw\"]" % GRUB)
    dom0.wait_up("d")
    assert "from=grub" in dom0.shell("d", "cat /proc/cmdline")


def test_own_disk(dom0):
    """Linux takes over the disk that GRUB read from."""
    dom0.load_drivers("d")
    dom0.shell("d", "mount -t ext4 /dev/xvda /mnt && "
                  "cmp /bin/busybox /bin/busybox && "
                  "grep -q from=grub /mnt/boot/grub/grub.cfg")
    dom0.shell("d", "umount /mnt")


def test_again(dom0):
    """A reboot goes through GRUB again."""
    dom0.check("xl reboot d")
    dom0.wait_up("d", 2)
    assert "from=grub" in dom0.shell("d", "cat /proc/cmdline")
    dom0.check("xl shutdown -w d")
    dom0.wait_gone("d")


def test_end(dom0):
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
