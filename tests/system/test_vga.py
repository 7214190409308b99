# SPDX-License-Identifier: MIT
"""test_vga.py - messages on the VGA screen, the second serial port both ways

The machine runs a small guest, or none; its screen is read from the adapter's
memory through QEMU's monitor.
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from test_guests import RUNNER
import lab

COLUMNS, ROWS = 80, 25
SCREEN = 0xb8000
LIMIT_S = 300


class Screen:
    """A machine that is looked at from outside."""

    def __init__(self, hypervisor, args, guest="hello", guest_args=""):
        self.scratch = tempfile.mkdtemp(prefix="lodge-")
        self.com2 = pathlib.Path(self.scratch, "com2")
        self.com2_in = self.com2.with_suffix(".in")
        path = pathlib.Path(self.scratch, "qmp")
        command = ["qemu-system-x86_64", "-accel", "tcg",
                   "-cpu", "max,-smap,-smep", "-m", "512", "-vga", "std",
                   "-display", "none", "-no-reboot", "-no-shutdown",
                   "-nic", "none",
                   "-qmp", "unix:%s,server=on,wait=off" % path,
                   "-kernel", str(lab.HYPERVISORS[hypervisor]),
                   "-append", "dom0_mem=128M noreboot " + args,
                   "-chardev", "socket,id=com2,server=on,wait=off,path=%s,"
                   "logfile=%s" % (self.com2_in, self.com2),
                   "-serial", "null", "-serial", "chardev:com2"]
        if guest:
            image = lab.BUILD / "guests" / (guest + ".elf")
            command += ["-initrd", "%s %s" % (
                image, guest_args
                or RUNNER.read_conf(guest).get("guest_args", ""))]
        self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.qmp = self.connect(path)
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qmp.close()
        self.qemu.kill()
        self.qemu.wait()
        shutil.rmtree(self.scratch)

    def connect(self, path):
        """The monitor, which comes up soon after QEMU."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and self.qemu.poll() is None:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(path))
                return channel.makefile("rw")
            except OSError:
                channel.close()
                time.sleep(0.1)
        raise lab.LabError("QEMU did not start")

    def command(self, name, **arguments):
        """One command of the monitor: its answer."""
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments}))
        self.qmp.flush()
        for line in self.qmp:
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer["return"]
        raise lab.LabError("QEMU is gone")

    def lines(self):
        """The text that is shown."""
        dump = self.command(
            "human-monitor-command",
            **{"command-line": "xp /%dxh 0x%x" % (COLUMNS * ROWS, SCREEN)})
        cells = [int(cell, 16) for row in dump.splitlines()
                 for cell in row.split(":")[1].split()]
        text = "".join(chr(cell & 0xff) for cell in cells)
        return [text[i:i + COLUMNS].rstrip()
                for i in range(0, len(text), COLUMNS)]

    def wait_for(self, what, where):
        """Until @where() has a line that matches @what; all of them."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            lines = where()
            if any(re.search(what, line) for line in lines):
                return lines
            time.sleep(0.2)
        raise AssertionError("%r did not come:\n%s" % (what, "\n".join(lines)))

    def type(self, text):
        """Into the second serial port."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.com2_in))
            line.sendall(text)

    def serial_lines(self):
        """What came out of the second serial port."""
        return self.com2.read_text(errors="replace").splitlines() \
            if self.com2.exists() else []


@pytest.mark.on("release", "debug")
def test_screen_is_kept(hypervisor):
    if hypervisor == "control":
        pytest.skip("its lines and its way of keeping the screen differ")
    args = "console=vga vga=text-80x25,keep"
    with Screen(hypervisor, args) as screen:
        # What Dom0 says is shown, and it has scrolled.
        lines = screen.wait_for("VERDICT hello: success", screen.lines)
        assert any(line.startswith("TEST hypercall_page: success")
                   for line in lines)
        screen.wait_for(r"\(lodge\) Dom0 ended", screen.lines)
        assert not screen.serial_lines()


def test_screen_becomes_dom0s():
    # By default there is a screen, beside the serial port.
    with Screen("release", "com2=115200 console=com2,vga") as screen:
        screen.wait_for(r"\(lodge\) Dom0 ended", screen.serial_lines)
        shown = screen.lines()
        assert any("(lodge) Dom0: 128 MiB" in line for line in shown)
        assert not any(word in line for line in shown for word in
                       ("GUEST hello", "VERDICT", "Dom0 ended"))


def test_panic_is_shown():
    with Screen("release", "console=vga", guest=None) as screen:
        lines = screen.wait_for(r"^\(lodge\) Halted", screen.lines)
        assert any(re.match(r"\(lodge\) Panic on CPU 0: ", line)
                   for line in lines)


def test_second_serial_port_alone():
    args = "console=com2 com2=115200,8n1"
    with Screen("release", args) as screen:
        lines = screen.wait_for("VERDICT hello: success", screen.serial_lines)
        assert any("(lodge) command line: " in line and args in line
                   for line in lines)
        # Nothing of it on the screen.
        assert not any("lodge" in line for line in screen.lines())


def test_second_serial_port_takes_input():
    """For Dom0, for the debug keys, and for Dom0 again."""
    args = "console=com2 com2=115200,8n1"
    with Screen("release", args, "flood", "listen=yes") as screen:
        for text, answer in (
                (b"", r"^NOTE listening"), (b"x", r"^NOTE asked 1 times"),
                (b"\x01\x01\x01", r"serial input goes to the debug keys"),
                (b"h", r" h  list the debug keys"),
                (b"\x01\x01\x01", r"serial input goes to Dom0"),
                (b"q", r"^VERDICT flood: success")):
            screen.type(text)
            screen.wait_for(answer, screen.serial_lines)
