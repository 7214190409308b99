# SPDX-License-Identifier: MIT
"""test_network.py - 100 MB each way through a network card, with checksums

A web server on the host serves one way; one in the machine serves it back.
virtio-net uses MSI-X, e1000 a pin of the IO-APIC.
"""
import pytest

import lab
import web

SIZE = 100 * 1000 * 1000
LIMIT_S = 300


@pytest.fixture
def server():
    with web.serve(SIZE) as listener:
        yield listener


@pytest.mark.parametrize("nic", ["virtio-net-pci", "e1000"])
def test_100_mb_each_way(hypervisor, log_name, nic, server):
    with lab.Machine(log_name, hypervisor, smp=2, nic=nic,
                     forward=80) as machine:
        machine.wait_shell()
        machine.check("wget -q -O /tmp/big http://10.0.2.2:%d/"
                      % server.server_address[1], LIMIT_S)
        digest = machine.check("sha256sum </tmp/big").split()[0]
        assert digest == server.digest
        machine.check("httpd -p 80 -h /tmp")
        url = "http://127.0.0.1:%d/big" % machine.forwarded_port
        assert web.digest_of_url(url) == server.digest
        machine.power_off()
