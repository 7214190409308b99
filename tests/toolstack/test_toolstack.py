# SPDX-License-Identifier: MIT
"""Debian's xl, libxl, xenstored and xenconsoled, unchanged, on ours."""
import re

import pytest

pytestmark = pytest.mark.full

MEMORY_MIB = 128


def test_service(dom0):
    """The daemons run and know Dom0."""
    for daemon in ("oxenstored", "xenconsoled"):
        dom0.check("pidof " + daemon)
    assert dom0.check("xenstore-read /local/domain/0/name") == "Domain-0\n"
    assert dom0.check("xenstore-read /local/domain/0/domid") == "0\n"
    domains = dom0.domains()
    assert list(domains) == ["Domain-0"]
    assert domains["Domain-0"][0] == 0
    assert domains["Domain-0"][1:3] == (768, 1)


def test_info(dom0, hypervisor):
    info = dom0.info()
    assert info["nr_cpus"] == "2" and info["max_cpu_id"] == "1"
    assert info["nr_nodes"] == "1"
    assert int(info["cores_per_socket"]) * int(info["threads_per_core"]) <= 2
    assert re.fullmatch(r"\d+\.\d+", info["cpu_mhz"])
    assert re.fullmatch(r"([0-9a-f]{8}:){7}[0-9a-f]{8}", info["hw_caps"])
    assert "pv" in info["virt_caps"].split()
    assert "gnttab-v1" in info["virt_caps"].split()
    assert 1900 <= int(info["total_memory"]) <= 2048
    assert 1000 < int(info["free_memory"]) < 2048 - 768
    assert (info["xen_major"], info["xen_minor"]) == ("4", "17")
    assert info["xen_version"] == "4.17" + info["xen_extra"]
    assert "xen-3.0-x86_64" in info["xen_caps"].split()
    assert info["xen_scheduler"] == "credit2"
    assert info["xen_pagesize"] == "4096"
    assert info["platform_params"] == "virt_start=0xffff800000000000"
    assert "dom0_mem=768M" in info["xen_commandline"]
    assert ("odge" in info["xen_extra"]) == (hypervisor != "control")


def test_create_paused_and_destroy(dom0):
    """Nothing of a domain that never ran stays."""
    free = dom0.free_mib()
    for _ in range(3):
        dom0.create("p", options="-p")
        domid, memory, vcpus, state = dom0.domains()["p"]
        assert (memory, vcpus, state) == (MEMORY_MIB, 1, {"p"})
        assert free - dom0.free_mib() >= MEMORY_MIB
        config = dom0.config()["p"]
        assert config["domid"] == domid
        assert config["config"]["b_info"]["target_memkb"] == MEMORY_MIB << 10
        dom0.destroy("p")
    dom0.until("the memory", lambda: dom0.free_mib() == free)
    assert list(dom0.domains()) == ["Domain-0"]


def test_refused(dom0):
    """What cannot be is an error and leaves nothing."""
    free = dom0.free_mib()
    status, output = dom0.run("xl create guest.cfg memory=100000")
    assert status != 0, output
    for command in ("destroy", "pause", "vcpu-list"):
        assert dom0.run("xl %s nobody" % command)[0] != 0
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.until("the memory", lambda: dom0.free_mib() == free)


def test_guest(dom0):
    """Stock Linux comes up and obeys its console."""
    dom0.create("g")
    assert dom0.wait_up("g") == 1
    assert "hello 42" in dom0.in_guest("g", "echo hello $((6*7))")
    assert "xen" in dom0.in_guest("g", "cat /sys/hypervisor/type")
    domid = dom0.domains()["g"][0]
    assert "%d" % domid in dom0.check("xl domid g").split()
    assert dom0.check("xl domname %d" % domid) == "g\n"


def test_end(dom0):
    """Nothing of a domain that ran stays, and Dom0 powers off."""
    dom0.destroy("g")
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
