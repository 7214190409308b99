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


def test_pause(dom0):
    """A paused guest gets no time."""
    dom0.check("xl pause g")
    assert "p" in dom0.domains()["g"][3]
    before = dom0.check("xl vcpu-list g").split("\n")[1]
    dom0.check("sleep 2")
    assert dom0.check("xl vcpu-list g").split("\n")[1] == before
    dom0.check("xl unpause g")
    assert "p" not in dom0.domains()["g"][3]
    dom0.in_guest("g", "true")


def test_rename(dom0):
    dom0.check("xl rename g h")
    assert "h" in dom0.domains() and "g" not in dom0.domains()
    dom0.check("xl rename h g")
    assert "g" in dom0.domains()


def vcpu_rows(dom0, name):
    """What xl vcpu-list says of @name: a list of fields for each."""
    lines = dom0.check("xl vcpu-list %s" % name).splitlines()
    assert lines[0].split() == ["Name", "ID", "VCPU", "CPU", "State",
                                "Time(s)", "Affinity", "(Hard", "/", "Soft)"]
    return [line.split() for line in lines[1:]]


def test_vcpus(dom0):
    """Pinned, taken away, given back."""
    row, = vcpu_rows(dom0, "g")
    assert row[0] == "g" and row[2] == "0" and row[6:] == ["all", "/", "all"]
    dom0.check("xl vcpu-pin g 0 1")
    assert vcpu_rows(dom0, "g")[0][6:] == ["1", "/", "all"]
    dom0.in_guest("g", "true")
    assert vcpu_rows(dom0, "g")[0][3] == "1"
    dom0.check("xl vcpu-pin g 0 all 0")
    assert vcpu_rows(dom0, "g")[0][6:] == ["all", "/", "0"]
    dom0.check("xl vcpu-pin g all all all")
    assert vcpu_rows(dom0, "g")[0][6:] == ["all", "/", "all"]


def test_schedule(dom0):
    """Weight and cap are set and shown."""
    def row():
        lines = dom0.check("xl sched-credit2").splitlines()
        assert lines[0].startswith("Cpupool Pool-0: ratelimit=")
        rows = {line.split()[0]: line.split()[2:] for line in lines[2:]}
        assert rows["Domain-0"] == ["256", "0"]
        return rows["g"]
    assert row() == ["256", "0"]
    dom0.check("xl sched-credit2 -d g -w 512")
    dom0.check("xl sched-credit2 -d g -c 30")
    assert row() == ["512", "30"]
    dom0.check("xl sched-credit2 -d g -w 256 -c 0")
    dom0.check("xl sched-credit2 -s -p Pool-0 -r 2000")
    assert "ratelimit=2000us" in dom0.check("xl sched-credit2 -s")
    dom0.check("xl sched-credit2 -s -p Pool-0 -r 1000")


def test_pools(dom0):
    lines = dom0.check("xl cpupool-list").splitlines()
    assert lines[0].split() == ["Name", "CPUs", "Sched", "Active", "Domain",
                                "count"]
    assert [line.split() for line in lines[1:]] == \
        [["Pool-0", "2", "credit2", "y", "2"]]
    lines = dom0.check("xl cpupool-list -c").splitlines()
    assert lines[1].split() == ["Pool-0", "0,1"]


def test_memory(dom0):
    """A guest gives memory back, and gets it again."""
    free = dom0.free_mib()
    dom0.check("xl mem-set g 100")
    dom0.until("the balloon", lambda: dom0.domains()["g"][1] == 100)
    assert dom0.free_mib() >= free + MEMORY_MIB - 100 - 1
    dom0.check("xl mem-set g %d" % MEMORY_MIB)
    dom0.until("the balloon",
               lambda: dom0.domains()["g"][1] == MEMORY_MIB)
    dom0.in_guest("g", "grep MemFree /proc/meminfo")
    dom0.check("xl mem-max g 200")
    row = top_row(dom0, "g")
    assert 200 << 10 <= int(row[6]) < 202 << 10


def top_row(dom0, name):
    """The fields of @name in one round of xentop."""
    lines = dom0.check("xentop -b -i 1").splitlines()
    assert lines[0].split()[:8] == ["NAME", "STATE", "CPU(sec)", "CPU(%)",
                                    "MEM(k)", "MEM(%)", "MAXMEM(k)",
                                    "MAXMEM(%)"]
    return next(line.replace("no limit", "no-limit").split()
                for line in lines[1:] if line.split()[0] == name)


def test_top_and_uptime(dom0):
    row = top_row(dom0, "g")
    assert int(row[4]) == MEMORY_MIB << 10
    assert int(row[2]) >= 1 and row[8] == "1"
    assert top_row(dom0, "Domain-0")[4] == "%d" % (768 << 10)
    lines = dom0.check("xl uptime").splitlines()
    assert lines[0].split() == ["Name", "ID", "Uptime"]
    assert {line.split()[0] for line in lines[1:]} == {"Domain-0", "g"}


def test_messages(dom0):
    """The hypervisor's log, and its debug keys."""
    assert dom0.check("xl dmesg").count("\n") > 5
    dom0.check("xl dmesg -c")
    dom0.check("xl debug-keys h")
    text = dom0.check("xl dmesg")
    assert re.search(r"\Wq\W.*dump domain", text), text
    dom0.check("xl debug-keys q")


def test_reboot_and_shutdown(dom0):
    """The guest is asked; it comes back as another domain, or goes."""
    domid = dom0.domains()["g"][0]
    dom0.check("xl reboot g")
    dom0.wait_up("g", 2)
    dom0.until("the new domain",
               lambda: dom0.domains().get("g", (domid,))[0] > domid)
    dom0.in_guest("g", "true")
    dom0.check("xl shutdown -w g")
    dom0.wait_gone("g")


def test_login(dom0):
    """A login prompt on the console, and a shell behind it."""
    dom0.create("login")
    dom0.wait_up("login")
    assert dom0.check("guest-login login") == "user 0 on /dev/hvc0\n"
    dom0.destroy("login")


def test_end(dom0):
    """No domain is left, and Dom0 powers off."""
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
