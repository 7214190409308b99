# SPDX-License-Identifier: MIT
"""test_top_terminal.py - lodge top in a terminal (tmux), as text, as JSON

On the host: the store is our daemon, fakecall.c stands for the hypervisor.
What is awaited is awaited on the screen; only the limit is a time.
"""
import json
import os
import re
import shlex
import subprocess
import time
import tty

import pytest

import watched

LIMIT_S = 60
COLOUR = re.compile(r"[;\[][34][0-7][;m]")
HEAD = ("      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) "
        "MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   "
        "VBD_WR  VBD_RSECT  VBD_WSECT SSID")


class Terminal:
    """lodge top in tmux; it ends with "[STATUS]" on the screen."""

    def __init__(self, host, directory, cols, rows, *words, **settings):
        self.socket = str(directory / "tmux")
        env = dict(host.env(), **settings)
        program = shlex.join(
            ["env", *("%s=%s" % (key, env[key]) for key in
                      sorted(set(settings) | set(env) - set(os.environ))),
             str(watched.TOOLS / "lodge"), "top", *words])
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols),
                  "-y", str(rows), "%s; echo \"[$?]\"; sleep %d"
                  % (program, 10 * LIMIT_S))

    def tmux(self, *words):
        return subprocess.run(
            ["tmux", "-u", "-S", self.socket, *words], check=True,
            capture_output=True, text=True,
            env=dict(os.environ, LC_ALL="C.UTF-8")).stdout

    def close(self):
        self.tmux("kill-server")

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self, *words):
        return self.tmux("capture-pane", "-p", *words).split("\n")[:-1]

    def wait(self, wanted):
        """Until @wanted(screen) is true; returns the screen."""
        end = time.monotonic() + LIMIT_S
        while True:
            screen = self.screen()
            if wanted(screen):
                return screen
            assert time.monotonic() < end, "\n".join(screen)
            time.sleep(0.05)

    def wait_text(self, text):
        return self.wait(lambda screen: any(text in row for row in screen))


@pytest.fixture
def host(tmp_path):
    h = watched.Host(tmp_path)
    yield h
    h.close()


@pytest.fixture
def start(host, tmp_path):
    opened = []

    def run(cols, rows, *words, **settings):
        opened.append(Terminal(host, tmp_path, cols, rows, "-d", "0.2",
                               *words, **settings))
        return opened[-1]
    yield run
    for terminal in opened:
        terminal.close()


def names(screen):
    """Those of the list, in its order."""
    return [row.split()[0] for row in screen[4:-1] if row.strip()]


def is_sorted(screen):
    """The second look has been taken: who runs most is first."""
    found = names(screen)
    return found and found[-1] == "Domain-0"


# ---- the screen

def test_list(start):
    t = start(80, 24)
    screen = t.wait(is_sorted)
    assert screen[0].startswith("lodge top")
    assert screen[1] == ("3 domains: 1 running, 0 blocked, 0 paused, "
                         "0 crashed, 0 dying, 0 shutdown")
    # How much is a matter of the host's clock, and of how busy it is.
    assert re.fullmatch(r"CPU \[■+ *\] +\d+% of 4 @ 2500MHz   "
                        r"Mem \[■           \] 7.6G of 8.0G free", screen[2])
    assert screen[3].split() == [
        "NAME", "STATE", "CPU(%)", "CPU", "WAIT%", "MEM(%)", "SENT/s",
        "RECV/s", "DSKRD/s", "DSKWR/s"]
    assert "g" in names(screen)[:2] and len(names(screen)) == 3
    cpu = [float(row.split()[-8]) for row in screen[4:7]]
    assert cpu == sorted(cpu, reverse=True) and cpu[2] > 0
    assert any(c in screen[6] for c in "▁▂▃▄")
    t.press("q")
    t.wait_text("[0]")


def test_all_columns(start):
    """By arrow keys on a small screen; a large one shows them at once."""
    t = start(80, 24)
    t.wait(is_sorted)
    t.press(*["Right"] * 40)
    t.wait(lambda screen: screen[3].split() == ["NAME", "SSID"])
    t.press(*["Left"] * 40)
    t.wait(lambda screen: screen[3].split()[:2] == ["NAME", "STATE"])


def test_wide(start):
    t = start(300, 100, "-vf")
    screen = t.wait(is_sorted_wide)
    assert set(HEAD.split()) <= set(screen[3].split())
    assert {"GRANT%", "STORE%", "TARGET(k)", "ID"} <= set(screen[3].split())
    assert any("VCPUs(sec):" in row for row in screen)
    t.press("/", "g", "Enter", "Home", "Enter")
    t.wait_text("asked for")
    t.press("?")
    t.wait_text("lodge top: keys")


def is_sorted_wide(screen):
    return any(row.startswith("g ") for row in screen[4:7])


@pytest.mark.parametrize("cols, rows", [(20, 5), (1, 1), (300, 100)])
def test_sizes(start, cols, rows):
    """Any key, on any page, at any size: it lives."""
    t = start(80, 24)
    t.wait(is_sorted)
    t.tmux("resize-window", "-x", str(cols), "-y", str(rows))
    t.press("Down", "Enter", "?", "q", "Escape", "v", "n", "x", "r", "f", "s",
            "Right", "Right", "PageDown", "End", "Home", "/", "a", "Enter")
    t.tmux("resize-window", "-x", "80", "-y", "24")
    t.wait_text("only \"a\"")
    t.press("q")
    t.wait(lambda screen: "only" not in screen[-1])
    t.press("q")
    t.wait_text("[0]")


def test_resize(start):
    t = start(80, 24)
    t.wait(is_sorted)
    t.tmux("resize-window", "-x", "120", "-y", "10")
    t.wait(lambda screen: len(screen) == 10 and "Q: end" in screen[-1] and
           "GRANT%" in "".join(screen))


def colours(t):
    return set(re.findall(r"\x1b\[[0-9;]*m", "\n".join(t.screen("-e"))))


@pytest.mark.parametrize("words, settings", [
    (("-m",), {}), ((), {"NO_COLOR": "1"}), ((), {"TERM": "vt100"})])
def test_mono(start, words, settings):
    t = start(80, 24, *words, **settings)
    t.wait(is_sorted)
    assert not any(COLOUR.search(one) for one in colours(t))


def test_colour(start):
    t = start(80, 24, TERM="screen-256color")
    t.wait(is_sorted)
    assert any(COLOUR.search(one) for one in colours(t))


def test_ascii(start):
    """Without UTF-8 nothing of it is sent."""
    t = start(80, 24, LC_ALL="C")
    screen = t.wait(lambda screen: "[|" in screen[2])
    assert all(ord(c) < 127 for row in screen for c in row)


def test_unknown_terminal(start):
    t = start(80, 24, TERM="nosuch")
    t.wait_text('lodge: the terminal "nosuch" is not known here')
    t.wait_text("[1]")


# ---- what a person does

def test_filter(start):
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "o", "m", "a", "i", "n", "Enter")
    t.wait(lambda screen: names(screen) == ["Domain-0"])
    t.press("Escape")
    t.wait(lambda screen: len(names(screen)) == 3)


def test_details(start):
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "g", "Enter", "Home", "Enter")
    screen = t.wait_text("domain 5")
    assert screen[0].startswith("g  domain 5  ------  pv  01020300-")
    shown = "\n".join(screen)
    for text in ("of 2 vCPUs, waits", "128M of 128M; balloon asked for 128M",
                 "4 of 32 frames", "waits for a CPU", "disks 0B/s",
                 "networks 0B/s", "VCPUs(sec):",
                 "unknown: this xenstored does not tell"):
        assert text in shown
    t.press("Home")


def test_pause(host, start):
    """Nothing without a yes."""
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "g", "Enter", "Home", "p")
    t.wait_text("pause g (domain 5)? y/n")
    t.press("n")
    t.wait_text("nothing was done")
    assert "5 %s 0" % ("01020300" + "0" * 24) in host.domains.read_text()
    t.press("p", "y")
    t.wait_text("1 paused")
    assert "5 %s 8" % ("01020300" + "0" * 24) in host.domains.read_text()
    t.press("p")
    t.wait_text("let go on g (domain 5)? y/n")
    t.press("y")
    t.wait_text("0 paused")


def test_shutdown(host, start):
    """A guest that does not listen: that is said."""
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "g", "Enter", "Home", "o")
    t.wait_text("shut down g (domain 5)? y/n")
    t.press("y")
    t.wait_text("has not said that it listens")
    host.write("/local/domain/5/control/feature-poweroff", "1")
    t.press("o", "y")
    t.wait_text("domain 5 was asked to shut down")
    assert host.client.read("/local/domain/5/control/shutdown") == b"poweroff"


def test_console(host, start):
    """Another program has the terminal until ^] is pressed."""
    ours, guests = os.openpty()
    tty.setraw(guests)
    host.write("/local/domain/5/console/tty", os.ttyname(guests))
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "g", "Enter", "Home", "c")
    t.wait_text("open the console of g (domain 5)? y/n")
    t.press("y")
    t.wait_text("console of domain 5; ^] comes back")
    os.write(ours, b"hello from the guest\r\n")
    t.wait_text("hello from the guest")
    t.press("q", "C-c", "Enter")
    assert b"q" in os.read(ours, 1)
    t.press("C-]")
    t.wait_text("only \"g\"")
    t.press("Escape")
    t.wait(lambda screen: len(names(screen)) == 3)
    os.close(ours)
    os.close(guests)


def test_domain_goes(host, start):
    t = start(80, 24)
    t.wait(is_sorted)
    t.press("/", "g", "Enter", "Home", "Enter")
    t.wait_text("domain 5  ")
    host.set_domains({0: watched.RUNNING, 6: 0})
    t.wait_text("domain 5 has gone")


def test_evil_name(start, tmp_path):
    """The terminal gets no sequence but ncurses' own."""
    t = start(80, 24)
    t.wait(is_sorted)
    t.tmux("pipe-pane", "cat >%s" % (tmp_path / "sent"))
    t.press("f", "r", "/", "t", "i", "t", "l", "e", "Enter", "Home", "Enter")
    t.wait_text("domain 6")
    t.press("p")
    t.wait_text("(domain 6)? y/n")
    title = t.tmux("display-message", "-p", "#{pane_title}").strip()
    assert title != "title"
    sent = (tmp_path / "sent").read_bytes()
    assert b"\x1b]" not in sent and b"\x9b" not in sent.replace(b"\xe2", b"")
    assert "�[2J" in "\n".join(t.screen())


def test_no_terminal(host):
    status, shown, said = host.lodge("top")
    assert (status, shown, said) == (
        1, "", "lodge: this is no terminal; -b prints text, --json JSON\n")


# ---- for programs

def test_text(host):
    status, shown, said = host.lodge("top", "-b", "-i", "2", "-d", "0.2")
    lines = shown.split("\n")
    assert (status, said, len(lines)) == (0, "", 9)
    assert lines[0] == lines[4] == HEAD
    # By name: one with an escape is before all letters.
    assert [line.split()[0] for line in lines[2:4]] == ["Domain-0", "g"]
    assert "\x1b" not in shown and "\r" not in shown


def test_json(host):
    status, shown, _ = host.lodge("top", "--json", "-i", "2", "-d", "0.2")
    first, second = [json.loads(line) for line in shown.splitlines()]
    assert status == 0
    assert first["interval_s"] == 0 and 0.2 <= second["interval_s"]
    assert first["host"] == {"cpus": 4, "cpu_khz": 2500000,
                             "total_kib": 8 << 20,
                             "free_kib": (8 << 20) - 3 * 131072}
    dom0, guest, evil = second["domains"]
    assert first["domains"][1]["rates"] is None
    assert guest["rates"]["cpu_percent"] > 0
    assert not guest["rates"]["wait_counted"]
    assert dom0["rates"]["wait_counted"]
    assert guest["grant_frames"] == {"used": 4, "limit": 32}
    assert guest["store"]["nodes"] == {"used": None, "limit": None}
    assert dom0["store"]["nodes"]["used"] > 10
    assert (guest["target_kib"], dom0["target_kib"]) == (131072, None)
    assert [v["vcpu"] for v in guest["vcpu_list"]] == [0, 1]
    # Its name is no UTF-8.
    assert evil["name"] is None and evil["domid"] == 6


def test_devices(host):
    """Whatever else is there, or is half there, is passed over."""
    host.count("vbd-5-51728", rd_req=3, wr_req=4, rd_sect=24, wr_sect=32,
               oo_req=1)
    host.count("vbd-5-51712", rd_req=9)
    host.count("vif-5-0", rx_bytes=2048, tx_bytes=4096, tx_dropped=7)
    host.count("vbd-77-51712", rd_req=1)
    host.count("vkbd-5-0", rd_req=1)
    (host.devices / "vif-5-1" / "net").mkdir(parents=True)
    (host.devices / "vif-5-2").mkdir()
    (host.devices / "vbd-5-1").write_text("no directory")
    (host.devices / "vbd-x").mkdir()
    guest = json.loads(host.lodge("top", "--json")[1])["domains"][1]
    first, second = guest["disks"]
    assert (first["devid"], first["reads"], first["writes"]) == (51712, 9, 0)
    assert second == {"devid": 51728, "reads": 3, "writes": 4,
                      "read_sectors": 24, "written_sectors": 32,
                      "out_of_requests": 1}
    network, = guest["networks"]
    assert (network["devid"], network["sent_bytes"],
            network["received_bytes"], network["received_drops"]) == (
        0, 2048, 4096, 7)
    line = next(line for line in
                host.lodge("top", "-b", "-i", "1")[1].splitlines()
                if line.split()[0] == "g")
    assert line.split()[8:18] == ["2", "1", "4", "2", "2", "1", "12", "4",
                                  "24", "32"]


def test_json_escapes(host):
    host.play(6, "a\x1b[2J\"\\\n\u202e")
    line = host.lodge("top", "--json")[1]
    assert "\x1b" not in line and line.count("\n") == 1
    assert json.loads(line)["domains"][2]["name"] == "a\x1b[2J\"\\\n\u202e"


@pytest.mark.parametrize("words, said", [
    (("-d", "x"), 'lodge: "x" is no delay, which is a number of seconds from '
     '0.1 to 3600\n'),
    (("-d", "-1"), 'lodge: "-1" is no delay, which is a number of seconds '
     'from 0.1 to 3600\n'),
    (("-d", "nan"), 'lodge: "nan" is no delay, which is a number of seconds '
     'from 0.1 to 3600\n'),
    (("-i", "1x"), 'lodge: "1x" is no number of looks, which is up to '
     '1000000000; 0: no end\n')])
def test_wrong_words(host, words, said):
    assert host.lodge("top", "-b", *words) == (2, "", said)
