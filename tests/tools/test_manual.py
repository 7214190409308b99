# SPDX-License-Identifier: MIT
"""test_manual.py - lodge's commands: help, manual page and bash agree"""
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
TOOL = BUILD / "dom0-tools" / "asan" / "lodge"


def lodge(*words):
    return subprocess.run([str(TOOL), *words], check=True, text=True,
                          capture_output=True).stdout


def commands():
    """What lodge help says: {name: (arguments, {option: (value, words)})}."""
    table = {}
    for line in lodge("help").splitlines()[2:]:
        name, summary = re.fullmatch(r" (\S+) +(.*)", line).groups()
        lines = lodge("help", name).splitlines()
        assert lines[0] == summary
        usage = re.fullmatch(r"usage: lodge (\S+)( \[OPTIONS\])?(?: (.*))?",
                             lines[2])
        options = {}
        for option in lines[3:]:
            names, value, words = re.fullmatch(
                r"  (-\S+?(?:, --\S+?)?)( [^:]+)?: (.*)", option).groups()
            options[names] = ((value or "").strip(), words)
        assert usage.group(1) == name and bool(usage.group(2)) == bool(options)
        table[name] = (usage.group(3) or "", options, summary)
    return table


@pytest.fixture(scope="module")
def table():
    found = commands()
    assert len(found) > 40
    assert list(found) == sorted(found)
    return found


def plain(text):
    """Without what roff needs."""
    return re.sub(r"\\f.", "", text).replace("\\-", "-").replace("\\e", "\\")


def test_page(table):
    page = lodge("help", "--man")
    assert page == (BUILD / "man" / "lodge.1").read_text()
    body = page.split(".SH COMMANDS\n")[1].split(".SH EXIT STATUS\n")[0]
    found = {}
    for part in re.split(r"^(?=\.TP\n\\fB[a-z])", body, flags=re.M)[1:]:
        head, *options = part.split(".RS\n")
        _, usage, summary = plain(head).splitlines()
        name, _, arguments = usage.replace(" [OPTIONS]", "").partition(" ")
        found[name] = (arguments, {}, summary)
        for option in options:
            _, names, words, end = plain(option).splitlines()
            names, value = re.fullmatch(r"(-[^\s,]+(?:, --\S+)?)(?: (.*))?",
                                        names).groups()
            found[name][1][names] = (value or "", words)
            assert end == ".RE"
    assert found == table


def complete(*words):
    """What bash offers for the last of the words; lodge itself is played."""
    script = """
lodge() {
    case $1 in
    list) printf '%s\\n' "$head" "$guest" ;;
    cpupool-list) printf '%s\\n' "$head" "$pool" ;;
    esac
}
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_lodge
printf '%s\\n' "${COMPREPLY[@]}"
"""
    rows = {"head": "Name",
            "guest": "my guest%37s%6s%6s     -b----%10s" % (5, 128, 1, 1.5),
            "pool": "Pool-0%16d%10s       y          4" % (2, "credit2")}
    return subprocess.run(
        ["bash", "-c", script, "bash", str(BUILD / "completion" / "lodge"),
         *words], check=True, text=True, capture_output=True,
        env={"PATH": "/usr/bin:/bin", **rows}).stdout.split("\n")[:-1]


def test_completion(table):
    assert lodge("help", "--bash") == (BUILD / "completion" /
                                       "lodge").read_text()
    assert complete("lodge", "") == list(table)
    assert complete("lodge", "cpupool-c") == [
        name for name in table if name.startswith("cpupool-c")]
    for name, (_, options, _) in table.items():
        assert complete("lodge", name, "-") == (
            [one for names in options for one in names.split(", ")] or [""])


def test_arguments():
    assert complete("lodge", "pause", "my") == ["my guest"]
    assert complete("lodge", "pause", "other", "my") == ["my guest"]
    assert complete("lodge", "rename", "my guest", "m") == [""]
    assert complete("lodge", "cpupool-migrate", "g", "P") == ["Pool-0"]
    assert complete("lodge", "button-press", "g", "") == ["power", "sleep"]
    assert complete("lodge", "block-detach", "-f", "m") == ["my guest"]
    assert complete("lodge", "check", "/etc/os-rel") == [
        "/etc/os-release"]
    assert complete("lodge", "help", "vcpu-s") == ["vcpu-set"]
    assert complete("lodge", "nosuch", "-") == [""]


def test_configurations(tmp_path):
    """What lodge.cfg(5) says is not supported lodge check knows, and refuses."""
    page = (BUILD.parent / "docs" / "lodge.cfg.5").read_text()
    part = page.split(".SH NOT SUPPORTED\n")[1].split("Checked, and")[0]
    keys = re.findall(r"^\.BR (\w+)", part, re.M)
    assert len(keys) > 5
    for key in keys:
        config = tmp_path / "config"
        config.write_text("type = 'pv'\nname = 'g'\n%s = ['x']\n" % key)
        done = subprocess.run([str(TOOL), "check", str(config)], text=True,
                              capture_output=True)
        assert re.search(r"config:3: error: %s " % key, done.stdout), (
            key, done.stdout)
