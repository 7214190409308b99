# SPDX-License-Identifier: MIT
"""Virtual processors of stock guests: how many, taken, given; which kernel."""
import re

import pytest

from test_toolstack import vcpu_rows

pytestmark = pytest.mark.full


def test_vcpus(dom0):
    """As many as there are, and more; all of them work."""
    for vcpus in (1, 2, 4):
        name = "v%d" % vcpus
        dom0.create(name, extra="vcpus=%d" % vcpus)
        assert dom0.wait_up(name) == vcpus
        assert len(vcpu_rows(dom0, name)) == vcpus
        for cpu in range(vcpus):
            dom0.shell(name, "taskset %x md5sum /bin/busybox" % (1 << cpu))
        dom0.destroy(name)


def test_unplug_and_plug(dom0):
    """vcpu-set takes processors away and gives them back.

    Linux without udev only makes the processor present again.
    """
    dom0.create("u", extra="vcpus=3")
    assert dom0.wait_up("u") == 3
    dom0.check("xl vcpu-set u 1")
    dom0.until("two processors less",
               lambda: [row[4] for row in vcpu_rows(dom0, "u")][1:] ==
               ["--p", "--p"])
    online = "cat /sys/devices/system/cpu/online"
    assert "0\n" in dom0.shell("u", online)
    dom0.check("xl vcpu-set --ignore-host u 3")
    for cpu in (1, 2):
        path = "/sys/devices/system/cpu/cpu%d/online" % cpu
        dom0.shell("u", "until [ -e %s ]; do sleep 0.1; done; echo 1 >%s"
                   % (path, path))
    assert "0-2\n" in dom0.shell("u", online)
    assert all(row[4] != "--p" for row in vcpu_rows(dom0, "u"))
    dom0.destroy("u")


def test_other_kernels(dom0):
    """Debian's backported kernel and its cloud flavour, packed as shipped."""
    for kernel, release in ("6.12", r"^6\.12\."), ("cloud", r"-cloud-amd64$"):
        name = "n-" + kernel
        dom0.create(name, extra="kernel=\"/run/lodge/vmlinuz-%s\";"
                    "ramdisk=\"/run/lodge/guest-%s.cpio\";vcpus=2"
                    % (kernel, kernel))
        assert dom0.wait_up(name) == 2
        found = dom0.shell(name, "uname -r").strip()
        assert re.search(release, found, re.M), found
        dom0.load_drivers(name)
        dom0.shell(name, "md5sum /bin/busybox")
        dom0.check("xl shutdown -w " + name)
        dom0.wait_gone(name)


def test_end(dom0):
    assert list(dom0.domains()) == ["Domain-0"]
    dom0.power_off()
