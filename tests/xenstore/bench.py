#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bench.py - our daemon beside Debian's xenstored and oxenstored, in one run

    bench.py [--nodes N,N...] [--alone N,N...] [--clients N,N...]
             [--seconds S] [--repeat N] [--realtime]

All run on this host; Debian's two, unmodified, have fakexen.so for a
hypervisor, and "nothing" is a program that answers every request without
doing anything: what a client pays for the sockets alone. Ours runs with
everything that makes it survive switched on. The load comes from
build/xenstore/load. Results are printed as a table: operations per second,
latency, and the time that the daemon itself had a processor per operation,
which depends least on what else the host is doing. Each is the best of all
repetitions, in which the daemons take turns. On a host that is busy
--realtime lets daemons and load go before everything else.

A second table is what a program gets that uses libxenstore: ours with our
daemon beside Debian's with Debian's, each client a process of its own
(build/xenstore/libload). Its processor time is that of client and daemon.
"""
import argparse
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon  # noqa: E402

LOAD = daemon.BUILD / "xenstore" / "load"
LIBLOAD = daemon.BUILD / "xenstore" / "libload"
OXENSTORED = daemon.DEBIAN_DAEMON.parent / "oxenstored"
REALTIME = "--realtime" in sys.argv
KINDS = ("read", "write", "watch", "directory", "txn", "start", "batch",
         "packed")
PROGRAM_KINDS = KINDS[:6]


class Ours(daemon.Daemon):
    name = "lodge"
    library = daemon.BUILD / "lib"

    def __init__(self):
        super().__init__(binary=daemon.FAST)

    @property
    def server_pid(self):
        return self.pid


class Xenstored(daemon.DebianDaemon):
    name = "xenstored"
    library = daemon.DEBIAN_LIBS

    @property
    def server_pid(self):
        return self.process.pid


class Oxenstored:
    """It has one place for its socket, so it gets a /run of its own."""
    name = "oxenstored"
    library = daemon.DEBIAN_LIBS

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xs"))
        self.socket = self.dir / "socket"
        (self.dir / "dom0.page").write_bytes(bytes(4096))
        (self.dir / "port").write_text("3")
        (self.dir / "conf").write_text(
            "pid-file = %s/pid\nquota-activate = false\npersistent = false\n"
            "xenstored-log-file = %s/log\nxenstored-kva = %s/dom0.page\n"
            "xenstored-port = %s/port\naccess-log-file = %s/access.log\n" %
            ((self.dir,) * 5))
        env = dict(os.environ, FAKEXEN_DIR=str(self.dir),
                   LD_LIBRARY_PATH=str(daemon.DEBIAN_LIBS))
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c",
             "mount -t tmpfs none /run && mkdir /run/xenstored && "
             "mount --bind %s /run/xenstored && export LD_PRELOAD=%s && "
             "exec %s --no-fork --config-file %s/conf" %
             (self.dir, daemon.FAKEXEN, OXENSTORED, self.dir)], env=env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("oxenstored does not start")
            time.sleep(0.05)
        time.sleep(0.2)

    @property
    def server_pid(self):
        return self.process.pid

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Nothing:
    """Answers everything, stores nothing: what sockets alone cost."""
    name = "nothing"
    kinds = tuple(kind for kind in KINDS if kind != "watch")

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="xs"))
        self.socket = self.dir / "socket"
        self.process = subprocess.Popen([str(LOAD), str(self.socket),
                                         "serve"])
        while not self.socket.exists():
            time.sleep(0.02)
        time.sleep(0.2)

    @property
    def server_pid(self):
        return self.process.pid

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def resident(pid):
    """Resident bytes of a process."""
    for line in pathlib.Path("/proc/%d/status" % pid).read_text().split("\n"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def processor_us(pid):
    """Time that a process has had a processor, in microseconds."""
    text = pathlib.Path("/proc/%d/schedstat" % pid).read_text()
    return int(text.split()[0]) / 1000


def command(server, *args, priority=20):
    """The load generator's command line."""
    first = ["chrt", "-f", str(priority)] if REALTIME else []
    return [*first, str(LOAD), str(server.socket), *map(str, args)]


def load(server, *args):
    if REALTIME:
        os.sched_setscheduler(server.server_pid, os.SCHED_FIFO,
                              os.sched_param(20))
    out = subprocess.run(command(server, *args), stdout=subprocess.PIPE,
                         check=True).stdout
    return out.decode().split()


def fill(server, nodes):
    """Make a tree. Return: resident bytes per node."""
    before = resident(server.server_pid)
    load(server, "fill", nodes)
    return (resident(server.server_pid) - before) / nodes


def once(server, kind, number, seconds):
    """(operations/s, median, p99, processor time per operation)"""
    used = processor_us(server.server_pid)
    ops, median, p99, _ = map(float, load(server, kind, number, seconds))
    used = processor_us(server.server_pid) - used
    return ops, median, p99, used / (ops * seconds) if ops else 0.0


def program_once(server, kind, number, seconds):
    """As once(), with programs; processor time of all of them."""
    env = dict(os.environ, XENSTORED_PATH=str(server.socket),
               LD_LIBRARY_PATH=str(server.library))
    first = ["chrt", "-f", "20"] if REALTIME else []
    used = processor_us(server.server_pid)
    out = subprocess.run([*first, str(LIBLOAD), kind, str(number),
                          str(seconds)], env=env, stdout=subprocess.PIPE,
                         check=True).stdout
    used = processor_us(server.server_pid) - used
    ops, median, p99, _, clients = map(float, out.split())
    if not ops:
        return (0.0,) * 4
    return ops, median, p99, clients + used / (ops * seconds)


def best(results):
    """Of each figure the best: the most operations, the least time."""
    done = [r for r in results if r[0]]
    if not done:
        return (0.0,) * 4
    return (max(r[0] for r in done), *(min(r[i] for r in done)
                                       for i in (1, 2, 3)))


def measure(servers, kinds, clients, args, function):
    """{(server's name, kind, clients): best()}, all servers in turn"""
    results = {}
    for kind, number, _ in itertools.product(kinds, clients,
                                             range(args.repeat)):
        for server in servers:
            if kind in getattr(server, "kinds", KINDS):
                results.setdefault((server.name, kind, number), []).append(
                    function(server, kind, number, args.seconds))
    return {key: best(value) for key, value in results.items()}


def print_rows(servers, kinds, clients, table):
    print("%-10s %8s" % ("operation", "clients") + "".join(
        "%36s" % s.name for s in servers) + "   ratios")
    for kind, number in itertools.product(kinds, clients):
        row = [table.get((s.name, kind, number), (0.0,) * 4)
               for s in servers]
        print("%-10s %8d" % (kind, number) + "".join(
            "%10.0f (%6.0f, %7.0f; %5.1f)" % r for r in row) +
            "   " + " ".join(ratio(row[0], theirs)
                             for theirs in row[1:3]))


def print_tables(kinds_of_server, nodes, args):
    servers, memory = [], {}
    try:
        for each in kinds_of_server:
            servers.append(each())
            memory[each.name] = fill(servers[-1], nodes)
        print("\n%d nodes; operations/s (median, 99%% in microseconds; "
              "processor time of the daemon)" % nodes)
        print_rows(servers, KINDS, args.clients, measure(
            servers, KINDS, args.clients, args, once))
        print("bytes resident per node: " + ", ".join(
            "%s %.0f" % (name, value) for name, value in memory.items()))
        sys.stdout.flush()
        servers.pop().close()       # it does too little for programs
        print("\n%d nodes; programs with libxenstore: operations/s (median, "
              "99%% in microseconds; processor time of client and daemon)" %
              nodes)
        print_rows(servers, PROGRAM_KINDS, args.clients, measure(
            servers, PROGRAM_KINDS, args.clients, args, program_once))
    finally:
        for server in servers:
            server.close()
    sys.stdout.flush()


def beside_a_hostile(kind_of_server, seconds):
    """{(request, hostile): median latency in us, share of a processor that
    the daemon used meanwhile}; hostile None: alone"""
    server = kind_of_server()
    result = {}
    try:
        load(server, "fill", 1000)
        for hostile in (None, "read", "write", "directory"):
            flood = hostile and subprocess.Popen(
                command(server, "flood", hostile, priority=10))
            try:
                if flood:
                    time.sleep(0.3)
                for kind in ("read", "write"):
                    used = processor_us(server.server_pid)
                    median = float(load(server, kind, 1, seconds)[1])
                    used = processor_us(server.server_pid) - used
                    result[kind, hostile] = median, used / (seconds * 1e6)
            finally:
                if flood:
                    flood.kill()
                    flood.wait()
        return result
    finally:
        server.close()


def print_hostile(servers, seconds):
    print("\none client beside a hostile one that never waits for replies; "
          "median in microseconds (times as long as alone; how much of a "
          "processor the daemon used)")
    for server in servers:
        got = beside_a_hostile(server, seconds)
        for kind in ("read", "write"):
            alone = got[kind, None][0]
            print("%-10s %-6s alone %6.1f" % (server.name, kind, alone) +
                  "".join("   beside %s %6.1f (%.1f; %.2f)" % (
                      h, got[kind, h][0], got[kind, h][0] / alone,
                      got[kind, h][1])
                      for h in ("read", "write", "directory")))
    sys.stdout.flush()


def ratio(ours, theirs):
    return "%.1f" % (ours[0] / theirs[0]) if theirs[0] else "-"


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=numbers, default=[1000, 100000])
    parser.add_argument("--alone", type=numbers, default=[1000000],
                        help="trees for ours alone: xenstored takes 1 ms and "
                        "more to create a node of a large one")
    parser.add_argument("--clients", type=numbers, default=[1, 16, 256])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--realtime", action="store_true")
    args = parser.parse_args()
    servers = (Ours, Xenstored, Oxenstored, Nothing)
    for nodes in args.nodes:
        print_tables(servers, nodes, args)
    for nodes in args.alone:
        print_tables((Ours, Nothing), nodes, args)
    print_hostile(servers[:3], args.seconds)


if __name__ == "__main__":
    main()
