# SPDX-License-Identifier: MIT
"""Our client library and Debian's, each with our daemon and with Debian's.

The tests drive the library as a program would, through its C interface, and
look at the tree with the raw client. Debian's library and daemon are the
control: what all four pairs agree on is what programs expect.
"""
import ctypes
import errno
import os
import select
import socket
import struct
import subprocess
import threading

import pytest

import daemon as daemon_module
from wire import LIMIT_S

OURS = daemon_module.BUILD / "lib" / "libxenstore.so.4"
DEBIANS = daemon_module.DEBIAN_LIBS / "libxenstore.so.4"


class Permissions(ctypes.Structure):
    _fields_ = [("id", ctypes.c_uint), ("perms", ctypes.c_uint)]


class Library:
    """The functions of xenstore.h on one handle."""

    def __init__(self, path, socket, flags=0):
        os.environ["XENSTORED_PATH"] = str(socket)
        self.lib = ctypes.CDLL(str(path), use_errno=True)
        for name in ("xs_open", "xs_directory", "xs_read",
                     "xs_get_permissions", "xs_check_watch", "xs_read_watch",
                     "xs_get_domain_path", "xs_control_command"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ("xs_write", "xs_mkdir", "xs_rm", "xs_watch",
                     "xs_unwatch", "xs_set_permissions", "xs_transaction_end",
                     "xs_is_domain_introduced", "xs_path_is_subpath",
                     "xs_restrict", "xs_strings_to_perms", "xs_write_all",
                     "xs_introduce_domain", "xs_release_domain",
                     "xs_resume_domain", "xs_set_target"):
            getattr(self.lib, name).restype = ctypes.c_bool
        for name in ("xs_daemon_rundir", "xs_daemon_socket",
                     "xs_daemon_socket_ro"):
            getattr(self.lib, name).restype = ctypes.c_char_p
        self.lib.xs_transaction_start.restype = ctypes.c_uint32
        self.h = ctypes.c_void_p(self.lib.xs_open(ctypes.c_ulong(flags)))
        assert self.h.value

    def close(self):
        self.lib.xs_close(self.h)

    def call(self, name, *args):
        """Call a function on the handle; raise OSError on failure."""
        ctypes.set_errno(0)
        result = getattr(self.lib, name)(self.h, *args)
        if not result:
            raise OSError(ctypes.get_errno(), name)
        return result

    def read(self, path, t=0):
        length = ctypes.c_uint()
        p = self.call("xs_read", t, path, ctypes.byref(length))
        data = ctypes.string_at(p, length.value + 1)
        assert data[-1:] == b"\0"
        return data[:-1]

    def write(self, path, data, t=0):
        self.call("xs_write", t, path, data, len(data))

    def directory(self, path, t=0):
        number = ctypes.c_uint()
        p = self.call("xs_directory", t, path, ctypes.byref(number))
        return list((ctypes.c_char_p * number.value).from_address(p))

    def get_permissions(self, path, t=0):
        number = ctypes.c_uint()
        p = self.call("xs_get_permissions", t, path, ctypes.byref(number))
        return [(e.id, e.perms) for e in
                (Permissions * number.value).from_address(p)]

    def set_permissions(self, path, perms, t=0):
        array = (Permissions * len(perms))(*perms)
        self.call("xs_set_permissions", t, path, array, len(perms))

    def check_watch(self):
        p = self.call("xs_check_watch")
        return tuple((ctypes.c_char_p * 2).from_address(p))

    def read_watch(self):
        number = ctypes.c_uint()
        p = self.call("xs_read_watch", ctypes.byref(number))
        assert number.value >= 2
        return tuple((ctypes.c_char_p * 2).from_address(p))

    def events(self, number):
        """What a program with an event loop would get.

        So many must come, and no more within a moment.
        """
        got = []
        fd = self.lib.xs_fileno(self.h)
        while select.select([fd], [], [],
                            0.1 if len(got) >= number else LIMIT_S)[0]:
            try:
                while True:
                    got.append(self.check_watch())
            except OSError as error:
                assert error.errno == errno.EAGAIN
        assert len(got) >= number
        return got


@pytest.fixture(params=("ours", "debian's"), ids=("our-daemon", "control"))
def server(request):
    d = daemon_module.Daemon() if request.param == "ours" else \
        daemon_module.DebianDaemon()
    yield d
    d.close()


@pytest.fixture(params=(OURS, DEBIANS), ids=("our-library", "debian-library"))
def xs(request, server):
    library = Library(request.param, server.socket)
    library.path = request.param
    yield library
    library.close()


def fails(number, function, *args):
    with pytest.raises(OSError) as info:
        function(*args)
    assert info.value.errno == number


def exports(path):
    out = subprocess.run(["nm", "-D", "--defined-only", str(path)],
                         check=True, stdout=subprocess.PIPE).stdout.decode()
    return {line.split()[2] for line in out.splitlines()}


def test_exports():
    """The same functions, each with the same symbol version."""
    assert exports(OURS) == exports(DEBIANS)
    assert "xs_read@@VERS_4.0" in exports(OURS)


def test_nodes(xs, server):
    raw = server.client()
    xs.write(b"/a/b", b"one\0two")
    assert raw.read("/a/b") == b"one\0two"
    assert xs.read(b"/a/b") == b"one\0two"
    xs.call("xs_mkdir", 0, b"/a/c")
    assert sorted(xs.directory(b"/a")) == [b"b", b"c"]
    assert xs.directory(b"/a/c") == []
    xs.call("xs_rm", 0, b"/a/b")
    fails(errno.ENOENT, xs.read, b"/a/b")
    fails(errno.ENOENT, xs.directory, b"/none")
    fails(errno.EINVAL, xs.write, b"/bad//path", b"")
    fails(errno.EINVAL, xs.call, "xs_rm", 0, b"/")
    fails(errno.E2BIG, xs.write, b"/a", b"x" * 4096)
    assert xs.read(b"/a") == b""        # the connection is fine


def test_large_directory(xs, server):
    raw = server.client()
    names = [b"child%04d" % i for i in range(1500)]
    for name in names:
        raw.mkdir("/big/" + name.decode())
    assert sorted(xs.directory(b"/big")) == names


def test_permissions(xs):
    xs.write(b"/p", b"")
    xs.set_permissions(b"/p", [(0, 0), (0, 1), (0, 2), (0, 3)])
    assert xs.get_permissions(b"/p") == [(0, 0), (0, 1), (0, 2), (0, 3)]
    fails(errno.ENOENT, xs.get_permissions, b"/none")


def test_watch(xs, server):
    raw = server.client()
    xs.call("xs_watch", b"/w", b"tok")
    assert xs.events(1) == [(b"/w", b"tok")]
    raw.write("/w/x", b"")
    raw.write("/w/y", b"")
    assert xs.events(2) == [(b"/w/x", b"tok"), (b"/w/y", b"tok")]
    fails(errno.EAGAIN, xs.check_watch)
    fails(errno.EEXIST, xs.call, "xs_watch", b"/w", b"tok")
    # Events that arrive together with replies wake the program as well.
    xs.write(b"/w/z", b"")
    xs.read(b"/w/z")
    assert xs.events(1) == [(b"/w/z", b"tok")]
    xs.call("xs_unwatch", b"/w", b"tok")
    raw.write("/w/x", b"")
    assert xs.events(0) == []
    fails(errno.ENOENT, xs.call, "xs_unwatch", b"/w", b"tok")


def test_unwatch_filter(xs, server):
    library = Library(xs.path, server.socket, flags=4)
    raw = server.client()
    library.call("xs_watch", b"/f", b"gone")
    library.call("xs_watch", b"/g", b"kept")
    raw.write("/f/x", b"")
    raw.write("/g/x", b"")
    library.read(b"/f")
    library.call("xs_unwatch", b"/f", b"gone")
    assert set(library.events(2)) == {(b"/g", b"kept"), (b"/g/x", b"kept")}
    library.close()


def test_read_watch_in_a_thread(xs, server):
    """One thread waits for events while another one sends requests."""
    got = []
    xs.call("xs_watch", b"/t", b"t")

    def wait():
        while len(got) < 21:
            got.append(xs.read_watch())
    thread = threading.Thread(target=wait)
    thread.start()
    for i in range(20):
        xs.write(b"/t/%d" % i, b"x")
        assert xs.read(b"/t/%d" % i) == b"x"
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert got == [(b"/t", b"t")] + [(b"/t/%d" % i, b"t") for i in range(20)]


def test_threads(xs):
    """Replies find the thread that asked."""
    wrong = []

    def work(number):
        path = b"/threads/%d" % number
        for i in range(200):
            value = b"%d-%d" % (number, i)
            xs.write(path, value)
            if xs.read(path) != value:
                wrong.append(value)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_transactions(xs, server):
    raw = server.client()
    t = xs.call("xs_transaction_start")
    xs.write(b"/t/a", b"1", t)
    assert xs.read(b"/t/a", t) == b"1"
    fails(errno.ENOENT, xs.read, b"/t/a")
    xs.call("xs_transaction_end", t, False)
    assert raw.read("/t/a") == b"1"
    t = xs.call("xs_transaction_start")
    xs.write(b"/t/a", xs.read(b"/t/a", t) + b"1", t)
    raw.write("/t/a", b"2")
    fails(errno.EAGAIN, xs.call, "xs_transaction_end", t, False)
    t = xs.call("xs_transaction_start")
    xs.write(b"/t/a", b"3", t)
    xs.call("xs_transaction_end", t, True)
    assert raw.read("/t/a") == b"2"
    fails(errno.ENOENT, xs.call, "xs_transaction_end", t, False)


def test_domains(xs):
    path = xs.call("xs_get_domain_path", 5)
    assert ctypes.string_at(path) == b"/local/domain/5"
    assert xs.lib.xs_is_domain_introduced(xs.h, 0)
    assert not xs.lib.xs_is_domain_introduced(xs.h, 5)
    fails(errno.ENOENT, xs.call, "xs_release_domain", 5)
    fails(errno.ENOENT, xs.call, "xs_resume_domain", 5)
    fails(errno.ENOENT, xs.call, "xs_set_target", 5, 6)
    assert not xs.lib.xs_restrict(xs.h, 5)
    assert xs.lib.xs_suspend_evtchn_port(5) == -1
    xs.write(b"/local/domain/5/device/suspend/event-channel", b"17")
    assert xs.lib.xs_suspend_evtchn_port(5) == 17


@pytest.mark.parametrize("path", (OURS, DEBIANS),
                         ids=("our-library", "debian-library"))
def test_domains_that_are_there(host, path):
    """What toolstacks do: introduce, resume, let act for, release."""
    (host.fake / "dom3.page").write_bytes(bytes(4096))
    (host.fake / "dom4.page").write_bytes(bytes(4096))
    xs = Library(path, host.socket)
    xs.call("xs_introduce_domain", 3, 1, 7)
    xs.call("xs_introduce_domain", 4, ctypes.c_ulong(2), 8)
    assert xs.lib.xs_is_domain_introduced(xs.h, 3)
    xs.call("xs_set_target", 4, 3)
    xs.call("xs_resume_domain", 3)
    assert host.client().is_introduced(4)
    xs.call("xs_release_domain", 3)
    assert not xs.lib.xs_is_domain_introduced(xs.h, 3)
    fails(errno.ENOENT, xs.call, "xs_set_target", 4, 3)
    xs.close()


def test_control(xs):
    answer = xs.call("xs_control_command", b"quota", b"0\0", 2)
    assert ctypes.string_at(answer).startswith(b"Domain 0:\nnodes ")
    fails(errno.EINVAL, xs.call, "xs_control_command", b"nonsense", None, 0)


SUBPATHS = [(b"/a", b"/a"), (b"/a", b"/a/b"), (b"/a", b"/ab"), (b"/", b"/a"),
            (b"/", b"/"), (b"/a/b", b"/a"), (b"a", b"a/b"), (b"a", b"/a")]


def test_strings(xs, tmp_path):
    other = ctypes.CDLL(str(DEBIANS))
    other.xs_path_is_subpath.restype = ctypes.c_bool
    for pair in SUBPATHS:
        assert xs.lib.xs_path_is_subpath(*pair) == \
            other.xs_path_is_subpath(*pair), pair
    perms = (Permissions * 3)()
    assert xs.lib.xs_strings_to_perms(perms, 3, b"n0\0r12\0b3\0")
    assert [(p.id, p.perms) for p in perms] == [(0, 0), (12, 1), (3, 3)]
    assert not xs.lib.xs_strings_to_perms(perms, 1, b"x0\0")
    with open(tmp_path / "out", "wb") as out:
        assert xs.lib.xs_write_all(out.fileno(), b"hello", 5)
    assert (tmp_path / "out").read_bytes() == b"hello"
    assert not xs.lib.xs_write_all(-1, b"hello", 5)


def test_where_the_daemon_is(xs):
    assert xs.lib.xs_daemon_socket() == \
        os.environ["XENSTORED_PATH"].encode()
    path = os.environ.pop("XENSTORED_PATH")
    other = ctypes.CDLL(str(DEBIANS))
    try:
        for name in ("xs_daemon_rundir", "xs_daemon_socket",
                     "xs_daemon_socket_ro"):
            getattr(other, name).restype = ctypes.c_char_p
            for run in (None, "/somewhere"):
                if run:
                    os.environ["XENSTORED_RUNDIR"] = run
                assert getattr(xs.lib, name)() == getattr(other, name)()
                os.environ.pop("XENSTORED_RUNDIR", None)
    finally:
        os.environ["XENSTORED_PATH"] = path


def test_fork(xs):
    pid = os.fork()
    if not pid:
        xs.lib.xs_daemon_destroy_postfork(xs.h)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    xs.write(b"/fork", b"parent")       # the parent's connection is fine
    assert xs.read(b"/fork") == b"parent"


@pytest.mark.parametrize("path", (OURS, DEBIANS),
                         ids=("our-library", "debian-library"))
def test_restart_is_not_noticed(daemon, path):
    """Either library stays connected over a kill of our daemon."""
    xs = Library(path, daemon.socket)
    xs.call("xs_watch", b"/r", b"t")
    for i in range(5):
        daemon.kill(wait=i % 2 == 0)
        xs.write(b"/r", b"%d" % i)
        assert xs.read(b"/r") == b"%d" % i
        daemon.wait_for_pid(0)
    assert (b"/r", b"t") in xs.events(1)
    xs.close()


EVENT = struct.pack("<IIII", 15, 0, 0, 6) + b"/w\0to\0"


def answers(path, replies):
    """A daemon that answers with what it is told, in pieces of odd sizes.

    A reply of None is the request's own, of one byte.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1)

    def serve():
        conn, _ = listener.accept()
        with conn, listener:
            for before, after, size in replies:
                kind, number, tx, length = struct.unpack(
                    "<IIII", conn.recv(16, socket.MSG_WAITALL))
                conn.recv(length, socket.MSG_WAITALL)
                data = before + struct.pack("<IIII", kind, number, tx, 1) + \
                    b"v" + after
                for at in range(0, len(data), size):
                    conn.sendall(data[at:at + size])
            conn.recv(1)                # until it leaves
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize("path", (OURS, DEBIANS),
                         ids=("our-library", "debian-library"))
def test_messages_in_pieces(tmp_path_factory, path):
    """A message may come in pieces, and several at once."""
    where = tmp_path_factory.mktemp("s") / "socket"
    half = len(EVENT) // 2
    thread = answers(where, [
        (b"", b"", 7),
        (EVENT, b"", 1000),
        (EVENT * 3, EVENT * 2, 1000),
        (EVENT, EVENT[:half], 1000),            # half an event ...
        (EVENT[half:], EVENT[:3], 1000),        # ... and the rest with a reply
        (EVENT[3:] + EVENT * 500, b"", 1000),
        (EVENT, EVENT, 1),
    ])
    xs = Library(path, where)
    xs.call("xs_watch", b"/w", b"to")
    for count in (1, 5, 1, 1, 501):
        assert xs.read(b"/a") == b"v"
        assert [xs.read_watch() for _ in range(count)] == \
            [(b"/w", b"to")] * count
    assert xs.read(b"/a") == b"v"
    assert xs.read_watch() == xs.read_watch() == (b"/w", b"to")
    xs.close()
    thread.join(60)
    assert not thread.is_alive()


def test_reply_that_breaks_off(tmp_path_factory):
    """What is not whole when the daemon leaves is no reply."""
    where = tmp_path_factory.mktemp("s") / "socket"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(where))
    listener.listen(1)
    xs = Library(OURS, where)
    conn, _ = listener.accept()
    conn.sendall(EVENT + struct.pack("<IIII", 2, 1, 0, 5) + b"valu")
    conn.shutdown(socket.SHUT_WR)
    fails(errno.EIO, xs.read, b"/a")
    assert xs.read_watch() == (b"/w", b"to")
    fails(errno.EIO, xs.read_watch)
    fails(errno.EIO, xs.read, b"/a")
    xs.close()


def test_debians_toolstack_links():
    """libxl and xl, built for their library, find all they need in ours."""
    env = dict(os.environ, LD_LIBRARY_PATH="%s:%s" % (
        OURS.parent, daemon_module.DEBIAN_LIBS))
    for program in (daemon_module.DEBIAN_DAEMON.parent / "xl",
                    daemon_module.DEBIAN_DAEMON.parent / "xenconsoled",
                    next(daemon_module.DEBIAN_LIBS.glob("libxenlight.so.*"))):
        done = subprocess.run(["ldd", "-r", str(program)], env=env, check=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        text = done.stdout.decode()
        assert "libxenstore.so.4 => %s" % OURS in text, text
        assert "undefined symbol" not in text and "not found" not in text, text


def test_unmodified_programs(daemon):
    """Debian's tools with our library instead of theirs."""
    env = dict(os.environ, XENSTORED_PATH=str(daemon.socket),
               LD_LIBRARY_PATH=str(OURS.parent))
    tools = daemon_module.DEBIAN_BIN

    def run(*args):
        return subprocess.run([str(tools / args[0]), *args[1:]], env=env,
                              stdout=subprocess.PIPE, check=True).stdout
    used = run("xenstore-ls")           # is it really ours?
    trace = subprocess.run(["ldd", str(tools / "xenstore")], env=env,
                           stdout=subprocess.PIPE, check=True).stdout
    assert str(OURS).encode() in trace
    run("xenstore-write", "/u/a", "1", "/u/b", "2")
    assert run("xenstore-read", "/u/a", "/u/b") == b"1\n2\n"
    assert run("xenstore-list", "/u") == b"a\nb\n"
    assert used == b'tool = ""\n xenstored = ""\n'
