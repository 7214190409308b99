# SPDX-License-Identifier: MIT
"""test_bad_acpi.py - firmware's tables with wrong checksums and lengths

The firmware in QEMU mends what it is given, so its tables are damaged in the
machine's memory, when the boot loader has just jumped to our first
instruction. A damaged table is named and does not count; what cannot be done
without it ends in one sentence.
"""
import struct
import subprocess

import pytest

import gdbstub
import lab
from test_bad_input import DOM0_RUNS, HELLO, HYPERVISOR, BareMachine

BIOS = range(0xe0000, 0x100000, 16)
LENGTH, CHECKSUM = 4, 9


def first_instruction():
    """Where the loader enters the image, physically."""
    image = lab.HYPERVISORS[HYPERVISOR].with_name("lodge.sym.elf")
    names = subprocess.run(["nm", str(image)], stdout=subprocess.PIPE,
                           check=True, universal_newlines=True).stdout
    return next(int(line.split()[0], 16) for line in names.splitlines()
                if line.endswith(" start32_phys"))


class Tables:
    """ACPI's tables in a machine that stands still."""

    def __init__(self, stub):
        self.stub = stub
        bios = stub.read(BIOS.start, len(BIOS) * BIOS.step)
        self.rsdp = next(at for at in BIOS
                         if bios[at - BIOS.start:].startswith(b"RSD PTR "))
        self.rsdt, = struct.unpack("<I", stub.read(self.rsdp + 16, 4))
        length, = struct.unpack("<I", stub.read(self.rsdt + LENGTH, 4))
        self.entries = range(self.rsdt + 36, self.rsdt + length, 4)

    def find(self, signature):
        """Addresses of a table and of the entry that leads to it."""
        for entry in self.entries:
            table, = struct.unpack("<I", self.stub.read(entry, 4))
            if self.stub.read(table, 4) == signature:
                return table, entry
        raise lab.LabError("the machine has no table %s" % signature)

    def spoil_byte(self, address):
        old = self.stub.read(address, 1)[0]
        self.stub.write(address, bytes([old ^ 0x5a]))

    def spoil_checksum(self, signature):
        self.spoil_byte(self.find(signature)[0] + CHECKSUM)

    def set_length(self, signature, length):
        self.stub.write(self.find(signature)[0] + LENGTH,
                        struct.pack("<I", length))


class DamagedMachine(BareMachine):
    """A machine whose tables @damage changes before it goes on."""

    def __init__(self, name, damage):
        self.stub = gdbstub.Stub()
        self.damage = damage
        super().__init__(name, [HELLO], qemu_args=self.stub.arguments())

    def start(self):
        super().start()
        try:
            self.stub.connect()
            self.stub.run_to(first_instruction())
            self.damage(Tables(self.stub))
            self.stub.detach()
        except Exception:
            self.close()
            raise
        finally:
            self.stub.close()


@pytest.mark.parametrize("damage, note", [
    (lambda t: t.spoil_checksum(b"APIC"), "table APIC .* wrong checksum"),
    (lambda t: t.set_length(b"APIC", 8), "table APIC .* a length of 8;"),
    (lambda t: t.spoil_byte(t.rsdp + 9), "no tables"),
    (lambda t: t.stub.write(t.rsdt + LENGTH, b"\xff" * 4),
     "table RSDT .* a length of 4294967295;"),
], ids=["madt-checksum", "madt-length", "rsdp-checksum", "rsdt-length"])
def test_without_this_table_nothing_works(log_name, damage, note):
    with DamagedMachine(log_name, damage) as machine:
        machine.wait_for(rb"\(lodge\) (ACPI: %s)" % note.encode(), note)
        assert "no IO-APIC" in machine.refusal()


@pytest.mark.parametrize("damage, note", [
    (lambda t: t.spoil_checksum(b"FACP"), "table FACP .* wrong checksum"),
    (lambda t: t.set_length(b"HPET", 1 << 30), "table HPET .* a length of"),
], ids=["fadt-checksum", "hpet-length"])
def test_without_this_table_dom0_runs(log_name, damage, note):
    with DamagedMachine(log_name, damage) as machine:
        machine.wait_for(rb"\(lodge\) (ACPI: %s)" % note.encode(), note)
        machine.wait_for(DOM0_RUNS, "Dom0")
