# SPDX-License-Identifier: MIT
"""test_machines.py - Dom0 runs on machines of many kinds

Chip sets, processors, sizes and shapes of memory, numbers of CPUs, another
version of the emulator and another emulator. Each machine boots Debian's
kernel to a shell, has what it was given, computes and keeps it, has nobody
complaining, and powers off.
"""
import hashlib
import re

import pytest

import bochs
import lab

GIB = 1024
# What QEMU 7.2 cannot do for a PV kernel stays off (see docs/testing.md).
CPUS = {
    "qemu64": "qemu64",
    # Debian's Xen idles by MWAIT, of which it dies there: #GP. Ours needs
    # neither of the last two gone.
    "epyc": "EPYC,-smap,-smep,-monitor,-rdtscp",
    "max": "max,-smap,-smep",
}

# name: what lab.Machine is given
MACHINES = {
    "pc-qemu64": dict(cpu=CPUS["qemu64"], smp=2),
    "pc-epyc": dict(cpu=CPUS["epyc"], smp=2),
    "q35-qemu64": dict(cpu=CPUS["qemu64"], machine="q35"),
    "q35-epyc": dict(cpu=CPUS["epyc"], machine="q35", smp=4),
    "q35-max": dict(machine="q35", smp=2),
    # One GiB for all, and Dom0 gets what is left.
    "1g": dict(memory_mib=GIB, dom0_mib=None),
    # Both sides of the hole below 4 GiB.
    "4g-q35": dict(machine="q35", memory_mib=4 * GIB, dom0_mib=3 * GIB),
    "odd-size": dict(memory_mib=1337, dom0_mib=701, smp=2),
    # Memory ends just below the hole, in the hole's last MiB, just above.
    "3g-and-1": dict(machine="q35", memory_mib=2 * GIB + 1, smp=2),
    "low-1g": dict(machine="pc,max-ram-below-4g=1G", memory_mib=3 * GIB + 3,
                   dom0_mib=2 * GIB, smp=2),
    "low-q35": dict(machine="q35,max-ram-below-4g=512M", memory_mib=2 * GIB,
                    dom0_mib=None, smp=2),
    "room-for-more": dict(memory_mib="%d,slots=4,maxmem=%dM"
                          % (2 * GIB, 64 * GIB)),
    # Dom0's own part is small: nobody touches the rest.
    "16g": dict(machine="q35", memory_mib=16 * GIB, smp=4),
    "more-vcpus": dict(smp=2, hypervisor_args="dom0_max_vcpus=4"),
    "fewer-vcpus": dict(smp=4, hypervisor_args="dom0_max_vcpus=2"),
    "acpi-clock": dict(smp=2, hypervisor_args="clocksource=acpi"),
    "pit-clock": dict(machine="pc,hpet=off",
                      hypervisor_args="clocksource=pit"),
    "qemu-10": dict(machine="q35", cpu="max", smp=2, emulator=lab.QEMU_10),
    "qemu-10-pc-epyc": dict(cpu="EPYC", emulator=lab.QEMU_10),
}
QUICK = ("q35-max",)
# Xen's clock by the emulated PIT runs a thousandth beside the TSC, and Linux
# finds that the TSC is wrong: the control's alone, ours reads the PIT right.
CONTROL_SAYS = {"pit-clock": re.compile(r"clocksource")}
FEWER_VCPUS = re.compile(r"dom0_max_vcpus=(\d+)")
WORK_MIB = 64
# A part of the CD that Bochs boots from, in its sectors, amidst the kernel.
CD_SECTOR, CD_SKIP, CD_COUNT = 2048, 8192, 2048
# Linux prepares for so many times its memory, if there is no limit to it, and
# takes a 64th of that at once to keep account of the frames.
LINUX_GROWS = 11

# Holes at odd addresses, bad pages (they repeat where the mask has zeros): as
# many entries as firmware likes to make.
HOLES = "; ".join(
    ["cutmem 0x%x 0x%x" % (mib << 20 | 0x800, (mib << 20) + 0x12345)
     for mib in range(0x200, 0x400, 0x20)]
    + ["badram 0x40001000,0xf1fff000"])


def params():
    """All machines; most in the full run only."""
    return [name if name in QUICK else
            pytest.param(name, marks=pytest.mark.full) for name in MACHINES]


def total_mib(options):
    """What the machine has."""
    size = options.get("memory_mib", 2 * GIB)
    return size if isinstance(size, int) else int(size.split(",")[0])


def check_memory(machine, options):
    """The hypervisor found all, and Dom0 has what it was promised."""
    free = re.search(r"Memory: (\d+) MiB free", machine.console())
    if free:        # the control words it otherwise
        all_mib = total_mib(options)
        lost = all_mib - int(free.group(1))
        # The frame table, tables of page numbers, modules, the image.
        assert 0 < lost < 160 + all_mib // 32
    dom0 = int(machine.check("awk '/^MemTotal/ { print int($2 / 1024) }' "
                             "/proc/meminfo"))
    promised = options.get("dom0_mib", GIB)
    if promised is None:
        promised = total_mib(options) - 256
    accounts = min(total_mib(options), promised * LINUX_GROWS) / 64
    assert promised * 0.75 - accounts < dom0 <= total_mib(options)


def check_processors(machine, options):
    asked = FEWER_VCPUS.search(options.get("hypervisor_args", ""))
    expected = int(asked.group(1)) if asked else options.get("smp", 1)
    assert int(machine.check("nproc")) == expected


def check_work(machine):
    """Memory that was written by two processes reads the same."""
    machine.check("dd if=/dev/urandom of=/tmp/a bs=1M count=%d" % WORK_MIB)
    machine.check("cp /tmp/a /tmp/b & cp /tmp/a /tmp/c; wait")
    # Busybox's cmp takes each byte by itself, which is slower still.
    sums = machine.check("md5sum /tmp/a /tmp/b /tmp/c").split()[::2]
    assert len(sums) == 3 and len(set(sums)) == 1
    machine.check("rm /tmp/a /tmp/b /tmp/c")


def complaints(machine, kind):
    """Dom0's, but for what only the control makes it say."""
    expected = CONTROL_SAYS.get(kind)
    if machine.hypervisor != "control" or not expected:
        return lab.complaints(machine)
    return [text for text in lab.complaints(machine)
            if not expected.search(text)]


@pytest.mark.parametrize("kind", params())
def test_machine(hypervisor, log_name, kind):
    options = MACHINES[kind]
    with lab.Machine(log_name, hypervisor, **options) as machine:
        machine.wait_shell()
        check_processors(machine, options)
        check_memory(machine, options)
        check_work(machine)
        assert complaints(machine, kind) == []
        machine.power_off()
        assert lab.hypervisor_complaints(machine) == []


@pytest.mark.full
@pytest.mark.on("release", "debug")
def test_x2apic(hypervisor, log_name):
    """QEMU 10's processor offers x2APIC, SMEP and SMAP: used, and no harm."""
    with lab.Machine(log_name, hypervisor, machine="q35", cpu="max", smp=2,
                     emulator=lab.QEMU_10) as machine:
        machine.wait_shell()
        check_work(machine)
        assert lab.complaints(machine) == []
        machine.power_off()
        console = machine.console()
    if hypervisor != "control":
        assert "(lodge) local APIC: x2APIC" in console
        assert "(lodge) CPU: SMEP on, SMAP on" in console


@pytest.mark.full
def test_memory_above_4g_and_a_disk_below(hypervisor, log_name, tmp_path):
    """IDE's DMA reaches 4 GiB; Dom0's memory lies above where it can."""
    image = tmp_path / "disk.img"
    data = b"".join(b"%07d\n" % n for n in range(1 << 20))
    image.write_bytes(data)
    with lab.Machine(log_name, hypervisor, memory_mib=6 * GIB, smp=2, nic="",
                     machine="pc,max-ram-below-4g=1G",
                     disks=[lab.Disk(image, device="ide-hd,bus=ide.0")],
                     kernel_args=lab.QUICK
                     + " lodge.modules=ata_piix:sd_mod") as machine:
        machine.wait_shell()
        read = machine.check("md5sum /dev/sda").split()[0]
        assert read == hashlib.md5(data).hexdigest()
        assert lab.complaints(machine) == []
        machine.power_off()
    image.unlink()


@pytest.mark.full
def test_memory_with_holes(hypervisor, log_name):
    """GRUB hands on a map with holes and bad pages; nobody touches those."""
    with lab.Machine(log_name, hypervisor, memory_mib=2 * GIB, dom0_mib=None,
                     grub=HOLES) as machine:
        machine.wait_shell()
        if hypervisor != "control":
            kinds = re.findall(r"\(lodge\) memory [0-9a-f.]+ (.*)",
                               machine.console())
            assert kinds.count("RAM") > 20
        check_memory(machine, dict(dom0_mib=None))
        check_work(machine)
        assert lab.complaints(machine) == []
        machine.power_off()


def check_cd(machine):
    """The CD is read, and no interrupt is a message: Bochs has none."""
    with open(machine.scratch + "/boot.iso", "rb") as iso:
        iso.seek(CD_SKIP * CD_SECTOR)
        data = iso.read(CD_COUNT * CD_SECTOR)
    assert len(set(data)) > 200
    read = machine.check("dd if=/dev/sr0 bs=%d skip=%d count=%d 2>/dev/null "
                         "| md5sum" % (CD_SECTOR, CD_SKIP, CD_COUNT)).split()
    assert read[0] == hashlib.md5(data).hexdigest()
    table = machine.check("cat /proc/interrupts")
    lines = [line.split() for line in table.splitlines()
             if "ata_piix" in line and "ioapic" in line]
    assert sum(int(word) for line in lines for word in line[1:]
               if word.isdigit()) > 0, table
    assert not re.search("msi", table, re.IGNORECASE), table


@pytest.mark.full
@pytest.mark.parametrize("cpu, vectors, kernel_args", [
    ("corei7_haswell_4770", "avx", ""),
    # Bochs 2.7 faults when it is to load what its own XSAVEC has saved.
    ("corei7_skylake_x", "avx512f", " clearcpuid=xsavec"),
], ids=["haswell", "skylake-x"])
def test_bochs(hypervisor, log_name, cpu, vectors, kernel_args):
    """Two vCPUs on one CPU: their vector registers are switched; a CD."""
    if hypervisor == "control" and vectors == "avx512f":
        pytest.skip("Xen switches by XSAVEC, which Bochs 2.7 does wrongly")
    with bochs.BochsMachine(log_name, hypervisor, cpu=cpu,
                            kernel_args=lab.QUICK + kernel_args
                            + " lodge.modules=ata_piix:sr_mod",
                            hypervisor_args="dom0_max_vcpus=2") as machine:
        machine.wait_shell()
        assert int(machine.check("nproc")) == 2
        used = machine.check("vectorkeep 4 20").strip()
        check_cd(machine)
        assert lab.complaints(machine) == []
        machine.power_off()
        assert lab.hypervisor_complaints(machine) == []
    assert used == vectors
