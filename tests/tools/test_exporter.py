# SPDX-License-Identifier: MIT
"""test_exporter.py - lodge exporter, read by Prometheus' own parser

On the host: the store is our daemon, fakecall.c stands for the hypervisor.
"""
import http.client
import json
import re
import signal
import socket
import subprocess
import threading

import pytest
from prometheus_client.openmetrics import parser

import watched

LIMIT_S = 60
KIND = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLIENTS = 8


class Exporter:
    def __init__(self, host, *words, **settings):
        self.process = subprocess.Popen(
            [str(watched.TOOLS / "lodge"), "exporter", "-p", "0", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(host.env(), **settings))
        said = self.process.stdout.readline()
        found = re.fullmatch(r"lodge: http://(.*):(\d+)/metrics\n", said)
        assert found, (said, self.process.stderr.read())
        self.address, self.port = found.group(1).strip("[]"), int(found[2])

    def ask(self, method="GET", url="/metrics", **rest):
        link = http.client.HTTPConnection(self.address, self.port,
                                          timeout=LIMIT_S)
        link.request(method, url, **rest)
        reply = link.getresponse()
        body = reply.read()
        link.close()
        return reply.status, body, reply

    def metrics(self):
        status, body, reply = self.ask()
        assert status == 200 and reply.getheader("Content-Type") == KIND
        return parse(body)

    def raw(self, data):
        """What is answered until the connection is closed by the other."""
        with socket.create_connection((self.address, self.port),
                                      LIMIT_S) as link:
            link.sendall(data)
            answer = b""
            while True:
                try:
                    more = link.recv(65536)
                except ConnectionResetError:
                    return answer
                if not more:
                    return answer
                answer += more

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(LIMIT_S) == 0, self.process.stderr.read()
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return said


def parse(body):
    """{name: {labels: value}}, by all rules of OpenMetrics."""
    table = {}
    for family in parser.text_string_to_metric_families(body.decode()):
        assert family.documentation and family.type != "unknown"
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            values = table.setdefault(sample.name, {})
            assert labels not in values
            values[labels] = sample.value
    return table


def labels(**texts):
    return tuple(sorted(texts.items()))


@pytest.fixture
def host(tmp_path):
    h = watched.Host(tmp_path)
    yield h
    h.close()


@pytest.fixture
def exporter(host):
    e = Exporter(host)
    yield e
    assert e.end() == ""


def test_metrics(exporter):
    first, second = exporter.metrics(), exporter.metrics()
    guest = labels(domid="5", name="g")
    assert first["lodge_host_cpus"] == {(): 4}
    assert first["lodge_host_memory_bytes"] == {(): 8 << 30}
    assert first["lodge_domain_memory_bytes"][guest] == 128 << 20
    assert first["lodge_domain_memory_target_bytes"][guest] == 128 << 20
    assert first["lodge_domain_vcpus"][guest] == 2
    assert first["lodge_domain_grant_frames"][guest] == 4
    assert first["lodge_domain_grant_frames_limit"][guest] == 32
    cpu = "lodge_domain_cpu_seconds_total"
    assert second[cpu][guest] > first[cpu][guest] > 0
    vcpu = labels(domid="5", name="g", vcpu="1")
    assert first["lodge_vcpu_seconds_total"][vcpu] > 0
    # Nobody tells how long others wait.
    waits = first["lodge_vcpu_wait_seconds_total"]
    assert {dict(one)["domid"] for one in waits} == {"0"}
    dom0 = labels(domid="0", name="Domain-0", resource="nodes")
    assert first["lodge_domain_store_used"][dom0] > 10
    assert first["lodge_domain_store_limit"][dom0] == 0
    state = first["lodge_domain_state"]
    assert state[labels(domid="0", name="Domain-0",
                        lodge_domain_state="running")] == 1
    assert state[labels(domid="5", name="g",
                        lodge_domain_state="running")] == 0
    assert labels(domid="5", name="g", type="pv",
                  uuid="01020300-0000-0000-0000-000000000000") \
        in first["lodge_domain_info"]


def test_evil_name(exporter):
    """It is a label, of what can be shown, and ends no line."""
    body = exporter.ask()[1]
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", body)
    assert "\u202e" not in body.decode()
    names = {dict(one)["name"] for one in parse(body)["lodge_domain_vcpus"]}
    assert "\ufffd[2J\ufffd]0;title\ufffd\"\\\ufffd\ufffd\ufffd\ufffd\ufffd" \
        in names


def test_no_name(host, exporter):
    host.client.rm("/local/domain/5/name")
    assert labels(domid="5", name="") in exporter.metrics()[
        "lodge_domain_vcpus"]


def test_store_limits(tmp_path):
    """Those of a guest that the store knows; what it uses is counted."""
    host = watched.Host(tmp_path, domains=True)
    guest = host.store.domain(5)
    host.client.set_perms("/local/domain/5", "n5")
    exporter = Exporter(host)

    def usage(resource, domid="5", name="g"):
        table = exporter.metrics()
        key = labels(domid=domid, name=name, resource=resource)
        return [table["lodge_domain_store_" + what].get(key)
                for what in ("used", "limit")]
    used, limit = usage("nodes")
    for i in range(7):
        guest.write("/local/domain/5/x%d" % i, "y")
    assert usage("nodes") == [used + 7, limit]
    assert limit == 1000
    guest.watch("/local/domain/5/x1", "token")
    assert usage("watches") == [1, 128]
    line = host.lodge("top", "--json")[1]
    assert json.loads(line)["domains"][1]["store"]["watches"] == {
        "used": 1, "limit": 128}
    exporter.end()
    host.close()


def test_head(exporter):
    status, body, reply = exporter.ask("HEAD")
    assert status == 200 and body == b""
    assert int(reply.getheader("Content-Length")) > 1000
    assert reply.getheader("Content-Type") == KIND


@pytest.mark.parametrize("url", ["/", "/metrics/", "/metrics/x", "/../etc",
                                 "/%00", "//metrics"])
def test_elsewhere(exporter, url):
    assert exporter.ask(url=url)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS",
                                    "BREW"])
def test_other_methods(exporter, method):
    status, _, reply = exporter.ask(method, body=b"x" * 5000)
    assert status == 405 and reply.getheader("Allow") == "GET, HEAD"


@pytest.mark.parametrize("request_text", [
    b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"\xff\xfe\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20000 + b"\r\n"],
    ids=["zeros", "short", "bytes", "version", "long", "heads"])
def test_nonsense(exporter, request_text):
    """Refused, and the next one is served."""
    try:
        answer = exporter.raw(request_text)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert not answer or re.match(rb"HTTP/1\.\d [45]\d\d ", answer), answer
    assert exporter.metrics()


def test_several_clients(exporter):
    """Also while others say nothing, or not all."""
    idle = [socket.create_connection((exporter.address, exporter.port))
            for _ in range(CLIENTS)]
    for link in idle[:4]:
        link.sendall(b"GET /metr")
    got = []
    threads = [threading.Thread(target=lambda: got.append(exporter.metrics()))
               for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert len(got) == CLIENTS
    for link in idle:
        link.close()


def test_another_address(host):
    exporter = Exporter(host, "-l", "::1")
    assert exporter.address == "::1" and exporter.metrics()
    exporter.end()


def test_loopback_only(exporter):
    assert exporter.address == "127.0.0.1"
    lines = open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]
    ours = [line.split()[1] for line in lines
            if line.split()[3] == "0A"
            and line.split()[1].endswith(":%04X" % exporter.port)]
    assert ours == ["0100007F:%04X" % exporter.port]


def test_port_in_use(host, exporter):
    done = subprocess.run(
        [str(watched.TOOLS / "lodge"), "exporter", "-p", str(exporter.port)],
        env=host.env(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1, "lodge: the port cannot be served: Address already in use\n")


def test_no_store(host):
    """Told to who asks, and to who started it; it goes on."""
    exporter = Exporter(host, XENSTORED_PATH="/nowhere")
    for _ in range(2):
        status, body, _ = exporter.ask()
        assert (status, body) == (503, b"the domains cannot be looked at\n")
    assert "store" in exporter.end()


@pytest.mark.parametrize("words, said", [
    (("-p", "x"), 'lodge: "x" is no port, which is a number up to 65535\n'),
    (("-p", "65536"),
     'lodge: "65536" is no port, which is a number up to 65535\n'),
    (("-p", "-1"), 'lodge: "-1" is no port, which is a number up to 65535\n'),
    (("-l", "localhost"),
     'lodge: "localhost" is no address, as 127.0.0.1 or ::1 are\n')])
def test_wrong_words(host, words, said):
    assert host.lodge("exporter", *words) == (2, "", said)
