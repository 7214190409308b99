# SPDX-License-Identifier: MIT
"""test_devices.py - Dom0's own drivers drive every usual device

Disks are read and written with checksums known on both sides, cards carry
data, a key is pressed, a codec answers; interrupts of several vectors count,
and move to another processor while data flows; devices come and go. What is
looked at is what the device did, and that neither kernel nor hypervisor
complained about it.
"""
import hashlib
import os
import re
import time

import pytest

import lab
import web

MIB = 1 << 20
DISK_MIB = 32
HALF_MIB = DISK_MIB // 2
NET_MB = 10
LIMIT_S = 300
POLL_S = 1

# name: (machine, device, more arguments, modules, the disk in Dom0)
DISKS = {
    "ide": ("pc", "ide-hd,bus=ide.0", (), "ata_piix:sd_mod", "sda"),
    "ahci": ("q35", "ide-hd,bus=ide.0", (), "ahci:sd_mod", "sda"),
    "ahci-pc": ("pc", "ide-hd,bus=sata.0",
                ("-device", "ich9-ahci,id=sata"), "ahci:sd_mod", "sda"),
    "nvme": ("q35", "nvme,serial=lodge", (), "nvme", "nvme0n1"),
    "virtio-blk": ("q35", "virtio-blk-pci,num-queues=2", (), "virtio_blk",
                   "vda"),
    "virtio-scsi": ("q35", "scsi-hd,bus=scsi.0",
                    ("-device", "virtio-scsi-pci,id=scsi,num_queues=2"),
                    "virtio_scsi:sd_mod", "sda"),
}
QUICK_DISKS = ("ahci", "nvme")


def modules(names):
    """Dom0's command line for a machine that needs more drivers."""
    return lab.QUICK + " lodge.modules=" + names


def some_full(names, quick):
    """Parameters: those in @quick always, the others in the full run."""
    return [name if name in quick else
            pytest.param(name, marks=pytest.mark.full) for name in names]


@pytest.fixture
def web_server():
    """A web server that the machine can reach."""
    with web.serve(NET_MB * 1000 * 1000) as server:
        yield server


@pytest.fixture
def random_disk(tmp_path):
    """(image of random data, SHA-256 of its first half)."""
    path = tmp_path / "random.img"
    data = os.urandom(DISK_MIB * MIB)
    path.write_bytes(data)
    yield path, hashlib.sha256(data[:HALF_MIB * MIB]).hexdigest()
    path.unlink()


def digest_of_half(path, half):
    """SHA-256 of one half of a disk's image."""
    with path.open("rb") as image:
        image.seek(half * HALF_MIB * MIB)
        return hashlib.sha256(image.read(HALF_MIB * MIB)).hexdigest()


def dom0_digest(machine, disk, half, limit_s=LIMIT_S):
    """The same, as Dom0 reads it from the device itself."""
    machine.check("echo 3 >/proc/sys/vm/drop_caches")
    return machine.check(
        "dd if=/dev/%s bs=1M skip=%d count=%d 2>/dev/null | sha256sum"
        % (disk, half * HALF_MIB, HALF_MIB), limit_s).split()[0]


def use_disk(machine, disk, digest):
    """Read the first half, write the second; returns what was written."""
    assert dom0_digest(machine, disk, 0) == digest
    machine.check("dd if=/dev/urandom of=/tmp/new bs=1M count=%d" % HALF_MIB)
    machine.check("dd if=/tmp/new of=/dev/%s bs=1M seek=%d conv=fsync"
                  % (disk, HALF_MIB), LIMIT_S)
    written = machine.check("sha256sum </tmp/new").split()[0]
    assert dom0_digest(machine, disk, 1) == written
    machine.check("rm /tmp/new")
    return written


@pytest.mark.parametrize("kind", some_full(DISKS, QUICK_DISKS))
def test_disk(hypervisor, log_name, kind, random_disk):
    model, device, more, names, disk = DISKS[kind]
    image, digest = random_disk
    with lab.Machine(log_name, hypervisor, smp=2, machine=model, nic="",
                     disks=[lab.Disk(image, keep=True, device=device)],
                     devices=more, kernel_args=modules(names)) as machine:
        machine.wait_shell()
        written = use_disk(machine, disk, digest)
        assert lab.complaints(machine) == []
        machine.power_off()
    assert digest_of_half(image, 1) == written
    assert digest_of_half(image, 0) == digest


# -- interrupts ---------------------------------------------------------------

def interrupts(machine):
    """/proc/interrupts: {number: ([count of each CPU], description)}."""
    table = {}
    lines = machine.check("cat /proc/interrupts").splitlines()
    cpus = len(lines[0].split())
    for line in lines[1:]:
        name, _, rest = line.partition(":")
        words = rest.split()
        if name.strip().isdigit() and len(words) > cpus:
            table[int(name)] = ([int(word) for word in words[:cpus]],
                                " ".join(words[cpus:]))
    return table


def of_device(table, pattern):
    """Those of one device."""
    return {number: counts for number, (counts, what) in table.items()
            if re.search(pattern, what)}


QUEUES = {
    "nvme": ("nvme,serial=lodge,max_ioqpairs=4", (), "nvme", "nvme0n1",
             r"nvme0q[1-4]$"),
    "virtio-blk": ("virtio-blk-pci,num-queues=4", (), "virtio_blk", "vda",
                   r"virtio\d+-req\.[0-3]$"),
    "virtio-scsi": ("scsi-hd,bus=scsi.0",
                    ("-device", "virtio-scsi-pci,id=scsi,num_queues=4"),
                    "virtio_scsi:sd_mod", "sda", r"virtio\d+-request$"),
}


@pytest.mark.full
@pytest.mark.parametrize("kind", QUEUES)
def test_vectors_of_one_device(hypervisor, log_name, kind, random_disk):
    """Four queues, four MSI-X vectors: each counts when its CPU reads."""
    device, more, names, disk, pattern = QUEUES[kind]
    with lab.Machine(log_name, hypervisor, smp=4, machine="q35", nic="",
                     disks=[lab.Disk(random_disk[0], device=device)],
                     devices=more, kernel_args=modules(names)) as machine:
        machine.wait_shell()
        before = of_device(interrupts(machine), pattern)
        assert len(before) == 4
        for cpu in range(4):
            machine.check("echo 3 >/proc/sys/vm/drop_caches; taskset -c %d "
                          "dd if=/dev/%s of=/dev/null bs=64k" % (cpu, disk),
                          LIMIT_S)
        after = of_device(interrupts(machine), pattern)
        assert lab.complaints(machine) == []
        machine.power_off()
    counted = {number: [b - a for a, b in zip(before[number], counts)]
               for number, counts in after.items()}
    for number, counts in counted.items():
        assert sum(counts) > 10, counted
    busiest = {max(range(4), key=counts.__getitem__)
               for counts in counted.values()}
    assert len(busiest) == 4, counted


# name: (machine, disk, network card, pattern in /proc/interrupts, modules,
#        the disk in Dom0)
MOVED = {
    "msi-ahci": ("q35", "ide-hd,bus=ide.0", "", r"ahci\[", "ahci:sd_mod",
                 "sda"),
    "pin-ide": ("pc", "ide-hd,bus=ide.0", "", r"ata_piix$",
                "ata_piix:sd_mod", "sda"),
    "msix-virtio-net": ("q35", "", "virtio-net-pci", r"virtio\d+-input",
                        "virtio_net", ""),
    "msix-e1000e": ("q35", "", "e1000e", r"eth0-rx-0$", "e1000e", ""),
    "pin-e1000": ("pc", "", "e1000", r"eth0$", "e1000", ""),
}
QUICK_MOVES = ("msi-ahci",)
MOVES = 40
# Both in the background: until told to stop, and counting what was wrong.
DISK_LOAD = ("while test ! -e /tmp/stop; do "
             "echo 3 >/proc/sys/vm/drop_caches; "
             "dd if=/dev/%s bs=1M count=%d 2>/dev/null | sha256sum; "
             "done >/tmp/digests 2>&1 &")
NET_LOAD = ("while test ! -e /tmp/stop; do "
            "wget -q -O - http://10.0.2.2:%d/ | sha256sum; "
            "done >/tmp/digests 2>&1 &")
MOVE = ("i=0; while test $i -lt %d; do for mask in 1 2; do "
        "echo $mask >/proc/irq/%d/smp_affinity || exit; usleep 100000; done; "
        "i=$((i+1)); done")


def move_under_load(machine, number):
    """Send one interrupt to and fro between both CPUs."""
    machine.check(MOVE % (MOVES // 2, number), LIMIT_S)


def settled(machine, number, cpu):
    """Send it to @cpu alone; how much each CPU counts from then on."""
    machine.check("echo %x >/proc/irq/%d/smp_affinity" % (1 << cpu, number))
    machine.check("sleep 1")
    before = interrupts(machine)[number][0]

    def counted():
        after = interrupts(machine)[number][0]
        return [b - a for a, b in zip(before, after)]

    wait_until(machine, "interrupts on CPU %d" % cpu,
               lambda: any(counted()))
    return counted()


@pytest.mark.parametrize("kind", some_full(MOVED, QUICK_MOVES))
def test_interrupt_moves_under_load(hypervisor, log_name, kind, random_disk,
                                    web_server):
    model, device, nic, pattern, names, disk = MOVED[kind]
    image, digest = random_disk
    disks = [lab.Disk(image, device=device)] if disk else []
    load = DISK_LOAD % (disk, HALF_MIB)
    if nic:
        load = NET_LOAD % web_server.server_address[1]
        digest = web_server.digest
    with lab.Machine(log_name, hypervisor, smp=2, machine=model, nic=nic,
                     disks=disks, kernel_args=modules(names)) as machine:
        machine.wait_shell()
        machine.check(load)
        number = min(of_device(interrupts(machine), pattern))
        move_under_load(machine, number)
        moved = [settled(machine, number, cpu) for cpu in (0, 1)]
        machine.check("touch /tmp/stop; wait", LIMIT_S)
        digests = machine.check("while pgrep sha256sum; do sleep 1; done; "
                                "cat /tmp/digests", LIMIT_S).split()
        assert lab.complaints(machine) == []
        machine.power_off()
    read = [word for word in digests if len(word) == 64]
    assert read and set(read) == {digest}
    # The counters of the CPU that it was sent to move, the other's stand.
    assert moved[0][0] > 0 and moved[0][1] == 0, moved
    assert moved[1][1] > 0 and moved[1][0] == 0, moved


# -- devices that are found and do something ----------------------------------

@pytest.mark.full
@pytest.mark.parametrize("nic, names", [("e1000e", "e1000e"),
                                        ("rtl8139", "8139cp")])
def test_network_card(hypervisor, log_name, nic, names, web_server):
    with lab.Machine(log_name, hypervisor, smp=2, machine="q35", nic=nic,
                     forward=80, kernel_args=modules(names)) as machine:
        machine.wait_shell()
        driver = machine.check("basename $(readlink "
                               "/sys/class/net/eth0/device/driver)").strip()
        machine.check("wget -q -O /tmp/big http://10.0.2.2:%d/"
                      % web_server.server_address[1], LIMIT_S)
        digest = machine.check("sha256sum </tmp/big").split()[0]
        machine.check("httpd -p 80 -h /tmp")
        back = web.digest_of_url("http://127.0.0.1:%d/big"
                                 % machine.forwarded_port)
        assert lab.complaints(machine) == []
        machine.power_off()
    assert driver == names
    assert digest == web_server.digest
    assert back == web_server.digest


USB_MODULES = "xhci-pci:usbhid:hid-generic:evdev"
KEY_A = 30
# struct input_event: 16 bytes of time, then type, code and value.
EVENT_KEY = re.compile(r"^0001 %04x 0001 0000$" % KEY_A, re.MULTILINE)


@pytest.mark.full
def test_keyboard_on_xhci(hypervisor, log_name):
    """A key pressed on a USB keyboard arrives at its device node."""
    with lab.Machine(log_name, hypervisor, smp=2, machine="q35", nic="",
                     devices=("-device", "qemu-xhci", "-device", "usb-kbd"),
                     kernel_args=modules(USB_MODULES)) \
            as machine:
        machine.wait_shell()
        node = machine.check(
            "for t in 1 2 3 4 5 6 7 8 9; do "
            "n=$(grep -l 'USB Keyboard' /sys/class/input/event*/device/name)"
            " && break; sleep 1; done; echo ${n%/device/name}").strip()
        name = node.rpartition("/")[2]
        assert name.startswith("event")
        machine.check("cat /dev/input/%s >/tmp/keys &" % name)
        machine.check("sleep 1")
        machine.monitor("sendkey a")
        machine.check("for t in 1 2 3 4 5 6 7 8 9; do test -s /tmp/keys "
                      "&& break; sleep 1; done; sleep 1")
        keys = machine.check("hexdump -v -e '8/2 \"%04x \" \"\\n\"' "
                             "-s 16 /tmp/keys")
        vectors = of_device(interrupts(machine), r"xhci_hcd")
        assert lab.complaints(machine) == []
        machine.power_off()
    words = keys.split()
    events = ["%s" % " ".join(words[at:at + 4])
              for at in range(0, len(words) - 3, 12)]
    assert any(EVENT_KEY.match(event) for event in events), keys
    assert any(sum(counts) > 0 for counts in vectors.values())


@pytest.mark.full
def test_sound_codec_found(hypervisor, log_name):
    with lab.Machine(log_name, hypervisor, smp=2, machine="q35", nic="",
                     devices=("-audiodev", "none,id=sound",
                              "-device", "ich9-intel-hda", "-device",
                              "hda-duplex,audiodev=sound"),
                     kernel_args=modules("snd-hda-codec-generic:"
                                         "snd-hda-intel")) as machine:
        machine.wait_shell()
        codec = machine.check(
            "for t in 1 2 3 4 5 6 7 8 9; do test -e /proc/asound/card0/"
            "codec#0 && break; sleep 1; done; cat /proc/asound/card0/codec#0")
        vectors = of_device(interrupts(machine), r"snd_hda_intel")
        assert lab.complaints(machine) == []
        machine.power_off()
    assert "Codec: QEMU Generic" in codec
    assert sum(map(sum, vectors.values())) > 0, vectors


# -- devices that come and go -------------------------------------------------

PLUG_TIMES = 3
# name: (machine, the bus to plug into, more arguments)
PLUGS = {
    "acpiphp-pc": ("pc", "pci.0", ()),
    "acpi-q35": ("q35", "slot0", ("-device",
                                 "pcie-root-port,id=slot0,chassis=1,slot=1")),
    "pciehp-q35": ("q35", "slot0",
                   ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-"
                    "support=off", "-device",
                    "pcie-root-port,id=slot0,chassis=1,slot=1")),
}
QUICK_PLUGS = ()


def wait_until(machine, what, question):
    """Ask again and again until the answer is yes."""
    for _ in range(LIMIT_S // POLL_S):
        if question():
            return
        time.sleep(POLL_S)
    raise machine.trouble("never: " + what)


def wait_for(machine, test):
    """Wait until a shell's test is true."""
    wait_until(machine, test, lambda: machine.run(test)[0] == 0)


def wait_unplugged(machine):
    """Dom0 has let go of the device, and QEMU has taken it away."""
    wait_for(machine, "test ! -e /dev/vda")
    wait_for(machine, "! grep -q virtio /proc/interrupts")
    wait_until(machine, "QEMU has taken it away",
               lambda: "plugged" not in machine.monitor("info pci"))


@pytest.mark.parametrize("kind", some_full(PLUGS, QUICK_PLUGS))
def test_hot_plug(hypervisor, log_name, kind, random_disk):
    """A disk is plugged in, used and taken out, several times."""
    model, bus, more = PLUGS[kind]
    image, digest = random_disk
    with lab.Machine(log_name, hypervisor, smp=2, machine=model, nic="",
                     devices=more,
                     kernel_args=modules("virtio_blk")) as machine:
        machine.wait_shell()
        for turn in range(PLUG_TIMES):
            machine.monitor("drive_add 0 if=none,id=hot%d,format=raw,"
                            "cache=unsafe,snapshot=on,file=%s"
                            % (turn, image))
            machine.monitor("device_add virtio-blk-pci,id=plugged,bus=%s,"
                            "drive=hot%d" % (bus, turn))
            wait_for(machine, "test -b /dev/vda")
            use_disk(machine, "vda", digest)
            assert of_device(interrupts(machine), r"virtio\d+-req")
            machine.monitor("device_del plugged")
            wait_unplugged(machine)
        assert lab.complaints(machine) == []
        machine.power_off()
