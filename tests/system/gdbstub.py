# SPDX-License-Identifier: MIT
"""gdbstub.py - stop a machine in QEMU and change its memory

The few packets of GDB's remote protocol that this takes, spoken to QEMU's own
stub. The machine has to be started with Stub.arguments().
"""
import socket
import time

import lab

CONNECT_S = 60
CHUNK = 1024


class Stub:
    """A connection to QEMU's stub; the machine stands still at first."""

    def __init__(self):
        self.port = lab.free_port()
        self.socket = None

    def arguments(self):
        return ["-S", "-gdb", "tcp:127.0.0.1:%d" % self.port]

    def connect(self):
        """QEMU may need a moment until it listens."""
        end = time.monotonic() + CONNECT_S
        while self.socket is None:
            try:
                self.socket = socket.create_connection(
                    ("127.0.0.1", self.port), timeout=lab.BOOT_LIMIT_S)
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def close(self):
        if self.socket:
            self.socket.close()

    def byte(self):
        data = self.socket.recv(1)
        if not data:
            raise lab.LabError("QEMU closed the debugger's connection")
        return data

    def receive(self):
        """The contents of the next packet."""
        while self.byte() != b"$":
            pass
        data = b""
        while not data.endswith(b"#"):
            data += self.byte()
        self.byte()
        self.byte()
        self.socket.sendall(b"+")
        return data[:-1].decode()

    def command(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        return self.receive()

    def expect(self, text, answer):
        got = self.command(text)
        if not got.startswith(answer):
            raise lab.LabError("debugger: %s: %s" % (text, got))

    def run_to(self, address):
        """Let it run until the instruction at @address is next."""
        self.expect("Z1,%x,1" % address, "OK")
        self.expect("c", "T05")
        self.expect("z1,%x,1" % address, "OK")

    def read(self, address, size):
        data = b""
        while len(data) < size:
            part = min(CHUNK, size - len(data))
            data += bytes.fromhex(self.command("m%x,%x" % (
                address + len(data), part)))
        return data

    def write(self, address, data):
        self.expect("M%x,%x:%s" % (address, len(data), data.hex()), "OK")

    def detach(self):
        """Let it run for good."""
        self.expect("D", "OK")
