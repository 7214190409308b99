# SPDX-License-Identifier: MIT
"""web.py - a web server with random data, for tests of network cards

QEMU's user network shows the host's loopback address to the machine as
10.0.2.2; a web server in the machine is reached by a forwarded port.
"""
import contextlib
import hashlib
import http.server
import os
import threading
import urllib.request

LIMIT_S = 300


class Handler(http.server.BaseHTTPRequestHandler):
    """GET gives the data."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.data)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.server.data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve(size):
    """A server, on a free port: its data, and their SHA-256 as digest."""
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.data = os.urandom(size)
    listener.digest = hashlib.sha256(listener.data).hexdigest()
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()


def digest_of_url(url):
    """SHA-256 of what a web server gives."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
        for block in iter(lambda: answer.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
