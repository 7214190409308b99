# SPDX-License-Identifier: MIT
"""test_grub.py - GRUB's multiboot loads us as QEMU's own loader does"""
import shutil
import subprocess

import lab

CONFIG = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
menuentry lodge {
	multiboot /boot/hypervisor console=com1 com1=115200 dom0_mem=1024M
	module /boot/kernel console=hvc0 panic=-1 %s
	module /boot/initramfs
}
"""


def make_iso(directory, image):
    """An image that a PC boots from CD, with GRUB on it."""
    boot = directory / "iso" / "boot"
    (boot / "grub").mkdir(parents=True)
    for name, source in (("hypervisor", image),
                         ("kernel", lab.BUILD / "dom0" / "vmlinux"),
                         ("initramfs", lab.BUILD / "dom0/initramfs.cpio")):
        shutil.copy(source, boot / name)
    (boot / "grub" / "grub.cfg").write_text(CONFIG % lab.QUICK)
    iso = directory / "boot.iso"
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc",
                    "-o", str(iso), str(directory / "iso")], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(directory / "iso")
    return iso


class GrubMachine(lab.Machine):
    """A machine that boots from CD."""

    def __init__(self, name, hypervisor, iso, **options):
        super().__init__(name, hypervisor, **options)
        self.iso = iso

    def command_line(self):
        command = super().command_line()
        for option in ("-kernel", "-append", "-initrd"):
            at = command.index(option)
            del command[at:at + 2]
        return command + ["-cdrom", str(self.iso), "-boot", "d"]


def test_boot_by_grub(hypervisor, log_name, tmp_path):
    iso = make_iso(tmp_path, lab.HYPERVISORS[hypervisor])
    with GrubMachine(log_name, hypervisor, iso) as machine:
        machine.wait_shell()
        assert machine.check("cat /sys/hypervisor/type").strip() == "xen"
        machine.power_off()
    iso.unlink()
