# SPDX-License-Identifier: MIT
"""test_top.py - lodge top beside Debian's xentop, in the same Dom0

Both look at the same guests, made by xl, with disks and networks. Lines and
columns are compared: what does not change must be the same, what does must
have the same form, and be near. On ours and on Debian's Xen.
"""
import json
import re

import pytest
from prometheus_client.openmetrics import parser

import dom0 as dom0_module

pytestmark = pytest.mark.full

A, B, PAUSED = "with-disks", "another-with-a-long-name", "halted"
NAMES = {"Domain-0", A, B, PAUSED}
# Of a column: how far the other may be, having looked a moment later.
NEAR = {"CPU(sec)": 20, "CPU(%)": 1000, "NETTX(k)": 2, "NETRX(k)": 2}
CHANGES = {"STATE"}
TITLES = ["NAME", "STATE", "CPU(sec)", "CPU(%)", "MEM(k)", "MEM(%)",
          "MAXMEM(k)", "MAXMEM(%)", "VCPUS", "NETS", "NETTX(k)", "NETRX(k)",
          "VBDS", "VBD_OO", "VBD_RD", "VBD_WR", "VBD_RSECT", "VBD_WSECT",
          "SSID"]
STATES = re.compile(r" [d-][s-][b-][c-][p-][r-] ")
EXPORTER = "LD_LIBRARY_PATH=/run/lodge lodge exporter"
SECTOR, SECTORS = 512, 8192


def disk(name):
    return '"/var/tmp/%s"' % name


@pytest.fixture(scope="module")
def host(dom0):
    dom0.check("modprobe -a xen-blkback xen-netback loop bridge && "
               "ip link add xenbr0 type bridge && "
               "ip addr add 10.1.0.1/24 dev xenbr0 && ip link set xenbr0 up")
    for name in ("one.img", "two.img"):
        dom0.check("dd if=/dev/zero of=/var/tmp/%s bs=1M count=16 2>/dev/null"
                   % name)
    dom0.create(A, "vcpus=2;disk=[%s,%s];vif=[%s]" % (
        disk("one.img,raw,xvda,rw"), disk("two.img,raw,xvdb,r"),
        '"mac=00:16:3e:00:00:01,bridge=xenbr0"'))
    dom0.wait_up(A)
    dom0.create(B, "vif=[%s,%s]" % (
        '"mac=00:16:3e:00:00:02,bridge=xenbr0"',
        '"mac=00:16:3e:00:00:03,bridge=xenbr0"'))
    dom0.wait_up(B)
    dom0.create(PAUSED, options="-p")
    dom0.load_drivers(A)
    dom0.shell(A, "ip link set eth0 up && ip addr add 10.1.0.2/24 dev eth0")
    dom0.until("the network", lambda: dom0.run(
        "ping -c 1 -W 2 10.1.0.2")[0] == 0)
    dom0.shell(A, "dd if=/dev/zero of=/dev/xvda bs=64k count=64 2>&1; sync; "
               "dd if=/dev/xvdb of=/dev/null bs=64k count=32 2>&1")
    yield dom0
    for name in (A, B, PAUSED):
        dom0.destroy(name)


def both(host, options, limit_s=dom0_module.GUEST_LIMIT_S):
    """What xentop and lodge top print: lists of lines."""
    return [host.check("%s -b %s" % (tool, options), limit_s).splitlines()
            for tool in ("xentop", "lodge top")]


def columns(head, line):
    """{title: (text with its blanks)}, by where the titles end."""
    ends = [match.end() for match in re.finditer(r"\S+", head)]
    # A name that is longer than its column moves all others.
    shift = len(line) - len(head)
    cut = [0] + [end + shift for end in ends]
    return {title: line[cut[i]:cut[i + 1]]
            for i, title in enumerate(head.split())}


def same_line(head, theirs, ours):
    assert len(ours) == len(theirs), (theirs, ours)
    x, y = columns(head, theirs), columns(head, ours)
    for title in TITLES:
        if title in CHANGES:
            assert re.fullmatch(r" *[d-][s-][b-][c-][p-][r-]", y[title]), ours
        elif title in NEAR:
            form = r" *\d+\.\d" if "." in x[title] else r" *\d+"
            assert re.fullmatch(form, y[title]), (title, theirs, ours)
            assert abs(float(x[title]) - float(y[title])) <= NEAR[title], (
                title, theirs, ours)
        else:
            assert x[title] == y[title], (title, theirs, ours)


def numbers(line):
    """The same line with each number, and its blanks, taken out."""
    return re.sub(r" *\d+", "#", line)


def blocks(lines):
    """[[domain's line, what follows it]], and how often the titles come."""
    found = []
    for line in lines[1:]:
        if STATES.search(line):
            found.append([line])
        elif line != lines[0]:
            found[-1].append(line)
    return found, lines.count(lines[0])


def same(theirs, ours):
    print("\n".join(theirs + ours))
    head = theirs[0]
    assert head.split() == TITLES and ours[0] == head
    (x, x_titles), (y, y_titles) = blocks(theirs), blocks(ours)
    assert x_titles == y_titles
    assert [one[0].split()[0] for one in x] == [one[0].split()[0] for one in y]
    for theirs_one, ours_one in zip(x, y):
        same_line(head, theirs_one[0], ours_one[0])
        assert len(theirs_one) == len(ours_one)
        # xentop has disks in no order, ours are by number.
        for row, our_row in zip(sorted(theirs_one[1:], key=numbers),
                                sorted(ours_one[1:], key=numbers)):
            assert numbers(row) == numbers(our_row), (row, our_row)
            assert len(row) == len(our_row) or "bytes" in row


@pytest.mark.parametrize("options", [
    "-i 1", "-i 1 -f", "-i 1 -r", "-i 1 -v", "-i 1 -x", "-i 1 -n",
    "-i 1 -nxvrf", "-i 2 -d 1", "-i 2 -d 1 -vx",
    "--iterations=1 --full-name --networks --vbds --vcpus --repeat-header"])
def test_same_text(host, options):
    same(*both(host, options))


def test_rows(host):
    """Of disks, which are idle, to the letter."""
    theirs, ours = both(host, "-i 1 -x")
    rows = [line for line in theirs if line.startswith("VBD")]
    assert len(rows) == 2
    assert sorted(rows) == [line for line in ours
                            if line.startswith("VBD")]


def test_cpu_percent(host):
    """Of a guest that does nothing but compute; near what xentop says."""
    host.shell(A, "(while :; do :; done) & echo $! >/tmp/pid")
    theirs, ours = both(host, "-i 2 -d 3")
    host.shell(A, "kill $(cat /tmp/pid)")

    def percent(lines):
        row = [line for line in lines if A[:10] in line][-1]
        return float(columns(lines[0], row)["CPU(%)"])
    assert percent(theirs) > 20 and percent(ours) > 20


def look(host):
    """The second of two looks, by name."""
    lines = host.check("lodge top --json -i 2 -d 1").splitlines()
    assert len(lines) == 2
    return {one["name"]: one for one in json.loads(lines[1])["domains"]}


def test_json(host):
    shown = look(host)
    assert set(shown) == NAMES
    guest, dom0 = shown[A], shown["Domain-0"]
    domid, mib, vcpus, _ = host.domains()[A]
    assert (guest["domid"], guest["memory_kib"] // 1024, guest["vcpus"]) == (
        domid, mib, vcpus)
    assert guest["target_kib"] == 128 << 10
    assert [one["devid"] for one in guest["disks"]] == [51712, 51728]
    assert guest["disks"][0]["written_sectors"] == SECTORS
    assert guest["disks"][1]["read_sectors"] >= SECTORS // 2
    assert guest["networks"][0]["sent_packets"] > 0
    assert len(shown[B]["networks"]) == 2
    assert dom0["max_memory_kib"] is None
    assert 0 < guest["grant_frames"]["used"] <= guest["grant_frames"]["limit"]
    # Debian's xenstored does not tell.
    assert guest["store"]["nodes"] == {"used": None, "limit": None}
    assert dom0["rates"]["wait_counted"]
    assert dom0["vcpu_list"][0]["waited_ns"] > 0
    assert 0 <= guest["rates"]["cpu_percent"] < 250
    assert "paused" in shown[PAUSED]["states"]


def test_rates(host):
    """What is written meanwhile is seen."""
    host.shell(A, "(while :; do dd if=/dev/zero of=/dev/xvda bs=64k count=64 "
               "oflag=direct; done) >/dev/null 2>&1 & "
               "echo $! >/tmp/pid; sleep 1")
    rates = look(host)[A]["rates"]
    host.shell(A, "kill $(cat /tmp/pid)")
    assert rates["written_bytes"] > 100000 and rates["writes"] > 1
    assert rates["cpu_percent"] > 0


def test_grant_limits(host):
    """As the guest was made with."""
    host.create("few", "max_grant_frames=8", "-p")
    assert look(host)["few"]["grant_frames"]["limit"] == 8
    host.destroy("few")


def test_exporter(host):
    """Found with busybox's wget; read by Prometheus' parser."""
    host.check("%s -p 9120 >/tmp/exporter 2>&1 & "
               "until grep -q metrics /tmp/exporter; do sleep 0.1; done"
               % EXPORTER)
    text = host.check("busybox wget -q -O - http://127.0.0.1:9120/metrics")
    host.check("pkill -x lodge-exporter")
    text = text.replace("\r", "")
    table = {}
    for family in parser.text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, sample.labels.get("name"),
                   sample.labels.get("vbd"))
            table[key] = sample.value
    assert table["lodge_domain_memory_bytes", A, None] == 128 << 20
    assert table["lodge_vbd_written_bytes_total", A, "51712"] >= \
        SECTORS * SECTOR
    assert table["lodge_domain_cpu_seconds_total", "Domain-0", None] > 1
    assert ("lodge_domain_memory_max_bytes", "Domain-0", None) not in table


def test_state(host):
    """A guest that has crashed, and is kept: the letters of xentop."""
    host.shell(B, "echo 1 >/proc/sys/kernel/sysrq")
    host.check("lodge sysrq %s c" % B)
    host.until("its crash", lambda: "c" in host.domains()[B][3])
    theirs, ours = both(host, "-i 1")
    same(theirs, ours)
    states = [[line.split()[1] for line in lines if B[:10] in line][0]
              for lines in (theirs, ours)]
    assert states[0] == states[1] and "c" in states[0]


