# SPDX-License-Identifier: MIT
"""wire.py - a raw xenstore client: it knows the protocol and no library

Written from xs_wire.h and xenstore.txt, independently of the code under test.
"""
import enum
import os
import select
import socket
import struct
import time

HEADER = struct.Struct("<IIII")
LIMIT_S = 60.0          # for anything that must come: the host may be busy


class Type(enum.IntEnum):
    CONTROL = 0
    DIRECTORY = 1
    READ = 2
    GET_PERMS = 3
    WATCH = 4
    UNWATCH = 5
    TRANSACTION_START = 6
    TRANSACTION_END = 7
    INTRODUCE = 8
    RELEASE = 9
    GET_DOMAIN_PATH = 10
    WRITE = 11
    MKDIR = 12
    RM = 13
    SET_PERMS = 14
    WATCH_EVENT = 15
    ERROR = 16
    IS_DOMAIN_INTRODUCED = 17
    RESUME = 18
    SET_TARGET = 19
    RESET_WATCHES = 21
    DIRECTORY_PART = 22


class XsError(Exception):
    """The daemon answered with an error; args[0] is its name."""

    @property
    def name(self):
        return self.args[0]


class Closed(Exception):
    """The daemon cut the connection."""


class SocketTransport:
    def __init__(self, path, timeout=LIMIT_S):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Blocking: a full queue of the listener is waited for.
        self.sock.connect(str(path))
        self.sock.settimeout(timeout)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def recv(self, size):
        try:
            data = self.sock.recv(size)
        except ConnectionResetError as error:
            raise Closed from error
        if not data:
            raise Closed
        return data

    def readable(self):
        return bool(select.select([self.sock], [], [], 0)[0])

    def close(self):
        self.sock.close()


class RingTransport:
    """A domain's ring, with the test in the role of the domain.

    The page is a file that fakexen.so maps into the daemon. A sparing domain
    tells the daemon no more than Linux does: of bytes put behind others that
    are not taken, or taken from a ring that is not full, it says nothing.
    """
    SIZE = 1024
    sparing = False

    def __init__(self, directory, domid, port=7, start=0, timeout=LIMIT_S):
        import mmap
        self.directory, self.domid, self.port = directory, domid, port
        self.timeout = timeout
        path = directory / ("dom%d.page" % domid)
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as page:
            self.map = mmap.mmap(page.fileno(), 4096)
        # One access each: the other side must not see half an index.
        self.words = memoryview(self.map).cast("I")
        for field in range(4):
            self.set(field, start)
        self.event = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = directory / ("dom%d.evt" % domid)
        name.unlink(missing_ok=True)
        self.event.bind(str(name))

    # Fields of the page behind the two rings.
    REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD, FEATURES, CONNECTION, ERROR = \
        range(7)

    def get(self, field):
        return self.words[512 + field]

    def set(self, field, value):
        self.words[512 + field] = value & 0xffffffff

    def kick(self):
        try:
            self.event.sendto(struct.pack("<II", self.domid, self.port),
                              str(self.directory / "daemon.evt"))
        except (FileNotFoundError, ConnectionRefusedError):
            pass                # the daemon is being restarted

    def wait(self, condition):
        """Wait, kicking now and then: an event may meet a dead daemon.

        A sparing domain does not, so that a lost event shows.
        """
        end = time.monotonic() + self.timeout
        while not condition():
            if self.get(self.ERROR):
                raise Closed(self.get(self.ERROR))
            if time.monotonic() > end:
                raise TimeoutError
            if select.select([self.event], [], [], 0.05)[0]:
                self.event.recv(64)
            elif not self.sparing:
                self.kick()

    def send(self, data):
        for at in range(0, len(data), 256):
            part = data[at:at + 256]
            self.wait(lambda: (self.get(self.REQ_PROD) -
                               self.get(self.REQ_CONS)) % 2**32 +
                      len(part) <= self.SIZE)
            prod = self.get(self.REQ_PROD)
            for i, byte in enumerate(part):
                self.map[(prod + i) % self.SIZE] = byte
            self.set(self.REQ_PROD, prod + len(part))
            if not self.sparing or prod == self.get(self.REQ_CONS):
                self.kick()

    def recv(self, size):
        self.wait(lambda: self.get(self.RSP_PROD) != self.get(self.RSP_CONS))
        cons, prod = self.get(self.RSP_CONS), self.get(self.RSP_PROD)
        size = min(size, (prod - cons) % 2**32)
        data = bytes(self.map[self.SIZE + (cons + i) % self.SIZE]
                     for i in range(size))
        self.set(self.RSP_CONS, cons + size)
        if not self.sparing or \
                (self.get(self.RSP_PROD) - cons) % 2**32 >= self.SIZE:
            self.kick()
        return data

    def readable(self):
        return self.get(self.RSP_PROD) != self.get(self.RSP_CONS)

    def close(self):
        self.words.release()
        self.map.close()
        self.event.close()


class Client:
    """One connection. Replies are matched to requests by their order."""

    def __init__(self, transport):
        if isinstance(transport, (str, os.PathLike)):
            transport = SocketTransport(transport)
        self.transport = transport
        self.events = []
        self.next_id = 1
        self.partial = b""

    def close(self):
        self.transport.close()

    # --- messages ---

    def send(self, kind, data=b"", tx=0):
        """Send a request; return its number."""
        number = self.next_id
        self.next_id += 1
        self.transport.send(HEADER.pack(kind, number, tx, len(data)) + data)
        return number

    def message(self):
        """The next message: type, number, transaction, payload."""
        while len(self.partial) < HEADER.size:
            self.partial += self.transport.recv(65536)
        kind, number, tx, size = HEADER.unpack_from(self.partial)
        while len(self.partial) < HEADER.size + size:
            self.partial += self.transport.recv(65536)
        data = self.partial[HEADER.size:HEADER.size + size]
        self.partial = self.partial[HEADER.size + size:]
        return kind, number, tx, data

    def reply(self, number, kind, tx=0):
        """The reply to a request; events that come before it are kept."""
        while True:
            got, got_number, got_tx, data = self.message()
            if got == Type.WATCH_EVENT:
                assert (got_number, got_tx) == (0, 0)
                path, token, rest = data.split(b"\0")
                assert rest == b""
                self.events.append((path.decode(), token.decode()))
                continue
            assert got_number == number and got_tx == tx
            if got == Type.ERROR:
                assert data.endswith(b"\0")
                raise XsError(data[:-1].decode())
            assert got == kind
            return data

    def call(self, kind, data=b"", tx=0):
        return self.reply(self.send(kind, data, tx), kind, tx)

    def poll_events(self):
        """Events of all that was done so far.

        They come before the reply to a request that is sent only now: no
        clock has to tell whether there are more.
        """
        self.is_introduced(0)
        events, self.events = self.events, []
        return events

    # --- requests ---

    @staticmethod
    def _strings(*parts):
        return b"".join(p.encode() + b"\0" for p in parts)

    def _ok(self, kind, data, tx=0):
        assert self.call(kind, data, tx) == b"OK\0"

    def read(self, path, tx=0):
        return self.call(Type.READ, self._strings(path), tx)

    def write(self, path, value, tx=0):
        if isinstance(value, str):
            value = value.encode()
        self._ok(Type.WRITE, self._strings(path) + value, tx)

    def mkdir(self, path, tx=0):
        self._ok(Type.MKDIR, self._strings(path), tx)

    def rm(self, path, tx=0):
        self._ok(Type.RM, self._strings(path), tx)

    def directory(self, path, tx=0):
        data = self.call(Type.DIRECTORY, self._strings(path), tx)
        assert not data or data.endswith(b"\0")
        return [n.decode() for n in data.split(b"\0")[:-1]]

    def directory_part(self, path, offset, tx=0):
        data = self.call(Type.DIRECTORY_PART,
                         self._strings(path, str(offset)), tx)
        generation, _, names = data.partition(b"\0")
        return int(generation), names

    def get_perms(self, path, tx=0):
        data = self.call(Type.GET_PERMS, self._strings(path), tx)
        return [p.decode() for p in data.split(b"\0")[:-1]]

    def set_perms(self, path, *perms, tx=0):
        self._ok(Type.SET_PERMS, self._strings(path, *perms), tx)

    def watch(self, path, token, *depth):
        self._ok(Type.WATCH, self._strings(path, token,
                                           *(str(d) for d in depth)))

    def unwatch(self, path, token):
        self._ok(Type.UNWATCH, self._strings(path, token))

    def reset_watches(self):
        self._ok(Type.RESET_WATCHES, b"\0")

    def start(self):
        return int(self.call(Type.TRANSACTION_START, b"\0")[:-1])

    def end(self, tx, commit=True):
        self._ok(Type.TRANSACTION_END, b"T\0" if commit else b"F\0", tx)

    def introduce(self, domid, gfn=1, port=7):
        self._ok(Type.INTRODUCE, self._strings(str(domid), str(gfn),
                                               str(port)))

    def release(self, domid):
        self._ok(Type.RELEASE, self._strings(str(domid)))

    def resume(self, domid):
        self._ok(Type.RESUME, self._strings(str(domid)))

    def set_target(self, domid, target):
        self._ok(Type.SET_TARGET, self._strings(str(domid), str(target)))

    def is_introduced(self, domid):
        return self.call(Type.IS_DOMAIN_INTRODUCED,
                         self._strings(str(domid))) == b"T\0"

    def domain_path(self, domid):
        return self.call(Type.GET_DOMAIN_PATH,
                         self._strings(str(domid)))[:-1].decode()

    def control(self, *words):
        return self.call(Type.CONTROL,
                         self._strings(*words))[:-1].decode()
