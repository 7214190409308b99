# SPDX-License-Identifier: MIT
"""watched.py - domains that lodge top and lodge exporter look at, on any host

The store is our own daemon, fakecall.c stands for the hypervisor: domains run
for a share of the time by their number.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import test_lodge_guests  # noqa: E402

RUNNING, PAUSED = test_lodge_guests.RUNNING, test_lodge_guests.PAUSED
TOOLS = test_lodge_guests.BUILD / "dom0-tools" / "asan"
# What a terminal would obey, and what is no UTF-8.
EVIL = "\x1b[2J\x1b]0;title\x07\"\\\r\n\u202e\udcff\udc9b"


class Host(test_lodge_guests.Host):
    """Domain-0, a guest "g" and one whose name is an attack."""

    def __init__(self, directory, domains=False):
        self.devices = directory / "devices"
        self.devices.mkdir()
        super().__init__(directory, domains)
        self.play(5, "g")
        self.play(6, EVIL)

    def play(self, domid=5, name="g"):
        super().play(domid, "")
        self.client.write("/local/domain/%d/name" % domid,
                                name.encode("utf-8", "surrogateescape"))

    def count(self, device, **counters):
        """Counters of a back end's device, "vbd-5-51712" or "vif-5-0"."""
        base = self.devices / device
        if device.startswith("vif"):
            base = base / "net" / "front"
        (base / "statistics").mkdir(parents=True, exist_ok=True)
        for name, value in counters.items():
            (base / "statistics" / name).write_text("%d\n" % value)

    def env(self):
        return dict(super().env(), FAKECALL_BUSY="1",
                    FAKECALL_DEVICES=str(self.devices), LC_ALL="C.UTF-8",
                    LD_PRELOAD=str(test_lodge_guests.FAKE),
                    ASAN_OPTIONS="verify_asan_link_order=0")
