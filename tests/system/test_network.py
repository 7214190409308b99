# SPDX-License-Identifier: MIT
"""test_network.py - 100 MB each way through a network card, with checksums

The host's side is a web server on its loopback address, which QEMU's user
network shows to the machine as 10.0.2.2. virtio-net uses MSI-X, e1000 a pin
of the IO-APIC.
"""
import hashlib
import http.server
import os
import threading

import pytest

import lab

SIZE = 100 * 1000 * 1000
LIMIT_S = 300


class Handler(http.server.BaseHTTPRequestHandler):
    """GET gives the data; PUT takes data and remembers its digest."""
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.data)))
        self.end_headers()
        self.wfile.write(self.server.data)

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        while left:
            block = self.rfile.read(min(left, 1 << 20))
            if not block:
                break
            digest.update(block)
            left -= len(block)
        self.server.received = digest.hexdigest()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A web server with random data, on a free port."""
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.data = os.urandom(SIZE)
    listener.received = None
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield listener
    listener.shutdown()
    listener.server_close()


@pytest.mark.parametrize("nic", ["virtio-net-pci", "e1000"])
def test_100_mb_each_way(hypervisor, log_name, nic, server):
    digest = hashlib.sha256(server.data).hexdigest()
    port = server.server_address[1]
    with lab.Machine(log_name, hypervisor, smp=2, nic=nic) as machine:
        machine.wait_shell()
        machine.check("wget -q -O /tmp/big http://10.0.2.2:%d/" % port,
                      LIMIT_S)
        assert machine.check("sha256sum </tmp/big").split()[0] == digest
        machine.check("{ printf 'PUT / HTTP/1.0\\r\\nContent-Length: %d"
                      "\\r\\n\\r\\n'; cat /tmp/big; } | nc 10.0.2.2 %d"
                      % (SIZE, port), LIMIT_S)
        assert server.received == digest
        machine.power_off()
