# SPDX-License-Identifier: MIT
"""test_network.py - 100 MB each way through a network card, with checksums

A web server on the host's loopback address, which QEMU's user network shows to
the machine as 10.0.2.2, serves one way; one in the machine, reached through a
forwarded port, serves it back. virtio-net uses MSI-X, e1000 a pin
of the IO-APIC.
"""
import hashlib
import http.server
import os
import threading
import urllib.request

import pytest

import lab

SIZE = 100 * 1000 * 1000
LIMIT_S = 300


class Handler(http.server.BaseHTTPRequestHandler):
    """GET gives the data."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.data)))
        self.end_headers()
        self.wfile.write(self.server.data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """A web server with random data, on a free port."""
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.data = os.urandom(SIZE)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield listener
    listener.shutdown()
    listener.server_close()


def digest_of_url(url):
    """SHA-256 of what a web server gives."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
        for block in iter(lambda: answer.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@pytest.mark.parametrize("nic", ["virtio-net-pci", "e1000"])
def test_100_mb_each_way(hypervisor, log_name, nic, server):
    digest = hashlib.sha256(server.data).hexdigest()
    with lab.Machine(log_name, hypervisor, smp=2, nic=nic,
                     forward=80) as machine:
        machine.wait_shell()
        machine.check("wget -q -O /tmp/big http://10.0.2.2:%d/"
                      % server.server_address[1], LIMIT_S)
        assert machine.check("sha256sum </tmp/big").split()[0] == digest
        machine.check("httpd -p 80 -h /tmp")
        url = "http://127.0.0.1:%d/big" % machine.forwarded_port
        assert digest_of_url(url) == digest
        machine.power_off()
