# SPDX-License-Identifier: MIT
"""test_clock.py - Dom0's clocks keep pace with the host's

A program in Dom0 answers each byte from the host with its clocks' readings
(tests/dom0/clockping.c). Of 20 round trips the shortest bounds best what the
difference of the clocks is; measured twice, 60 s apart, the change of the
difference is the drift. Half of both round trips is its uncertainty.
"""
import socket
import time

import lab

SPAN_S = 60
TRIPS = 20
LIMIT_PPM = 100
# A measurement that is not sharper than this proves nothing.
LIMIT_UNCERTAIN_PPM = 50
CLOCKS = ("CLOCK_MONOTONIC", "CLOCK_REALTIME")


def round_trip(link, stream):
    """Return (duration, [each clock's difference to the host's]), in ns."""
    before = time.monotonic_ns()
    link.sendall(b"?")
    readings = [int(word) for word in stream.readline().split()]
    after = time.monotonic_ns()
    middle = (before + after) // 2
    return after - before, [reading - middle for reading in readings]


def best(link, stream):
    """The shortest of several round trips."""
    return min(round_trip(link, stream) for _ in range(TRIPS))


def measure(link):
    """Return ({clock: drift in ppm}, uncertainty in ppm)."""
    with link, link.makefile("r") as stream:
        started = time.monotonic_ns()
        first_ns, first = best(link, stream)
        time.sleep(SPAN_S)
        last_ns, last = best(link, stream)
        span_ns = time.monotonic_ns() - started
    drift = {name: (b - a) / span_ns * 1e6
             for name, a, b in zip(CLOCKS, first, last)}
    return drift, (first_ns + last_ns) / 2 / span_ns * 1e6


def test_clock_keeps_pace(hypervisor, log_name, record_property):
    with socket.create_server(("127.0.0.1", 0)) as server, \
            lab.Machine(log_name, hypervisor, smp=2) as machine:
        server.settimeout(lab.COMMAND_LIMIT_S)
        machine.wait_shell()
        machine.check("clockping 10.0.2.2 %d >/dev/null &"
                      % server.getsockname()[1])
        link, _ = server.accept()
        link.settimeout(lab.COMMAND_LIMIT_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        drift, uncertain = measure(link)
        source = machine.check("cat /sys/devices/system/clocksource/"
                               "clocksource0/current_clocksource").strip()
        machine.power_off()
    print("drift %s ppm, uncertainty %.1f ppm" % (drift, uncertain))
    assert source == "xen"
    assert uncertain < LIMIT_UNCERTAIN_PPM
    for name in CLOCKS:
        assert abs(drift[name]) < LIMIT_PPM, name
