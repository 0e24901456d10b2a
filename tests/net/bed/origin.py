"""origin: an endpoint whose behaviour a test writes down: a function that is given each connection.

It runs in threads of the runner, with its socket in the endpoint's namespace, so a test sees at once what
reached the endpoint and what did not.
"""
import errno
import socket
import threading

from .blob import pieces, sha256
from .message import Broken, Wire, chunk


class Origin:
    """Listens from now until close(). `serve(wire, origin)` is called in a thread of its own for each
    connection; what it raises, other than the peer's going away, fails the test (see runner)."""

    def __init__(self, ns, ip, port, serve, name="", congestion=None):
        self.ns, self.ip, self.port, self.serve, self.name = ns, ip, port, serve, name
        self.congestion = congestion  # of the connections' senders; None: the namespace's
        self.requests = []  # all there were, in order of arrival
        self.wires = []     # all connections, likewise
        self.errors = []
        self.lock = threading.Lock()
        self.sock = None
        self.listen()

    def listen(self):
        family = socket.AF_INET6 if ":" in self.ip else socket.AF_INET
        self.sock = self.ns.socket(family)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.congestion:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, self.congestion.encode())
        self.sock.bind((self.ip, self.port))
        self.sock.listen(1024)
        threading.Thread(target=self._accept, args=(self.sock,), daemon=True).start()

    def _accept(self, sock):
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            wire = Wire(peer)
            with self.lock:
                self.wires.append(wire)
            threading.Thread(target=self._run, args=(wire,), daemon=True).start()

    def _run(self, wire):
        try:
            self.serve(wire, self)
        except (ConnectionError, TimeoutError, BrokenPipeError):
            pass
        except OSError as why:
            if wire.sock.fileno() >= 0 and why.errno != errno.ENOTCONN:
                self.errors.append(f"{type(why).__name__}: {why}")
        except Broken as why:
            self.errors.append(f"what reached the endpoint: {why}")
        except Exception as why:  # a mistake in the test itself must not go unseen
            self.errors.append(f"{type(why).__name__}: {why}")
        finally:
            wire.close()

    def note(self, request):
        with self.lock:
            self.requests.append(request)
        return request

    def targets(self):
        with self.lock:
            return [r.target for r in self.requests]

    def refuse(self):
        """New connections are refused from now on."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def drop_connections(self):
        for wire in list(self.wires):
            try:
                wire.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.refuse()
        self.drop_connections()


def answer(wire, body=b"", status="200 OK", headers=(), method="GET"):
    """A response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"] + [f"{n}: {v}" for n, v in headers]
    wire.send("\r\n".join(lines + ["", ""]).encode() + (b"" if method == "HEAD" else body))


def send_blob(wire, n, how, method="GET"):
    """n bytes by Content-Length, in chunks of changing size, or to the end of the connection."""
    head = {"length": f"Content-Length: {n}\r\n", "chunked": "Transfer-Encoding: chunked\r\n",
            "close": "Connection: close\r\n"}[how]
    wire.send(f"HTTP/1.1 200 OK\r\nX-Sha256: {sha256(n)}\r\n{head}\r\n".encode())
    if method == "HEAD":
        return
    if how == "chunked":
        for piece in chunk_sizes(n):
            wire.send(chunk(piece))
        wire.send(b"0\r\n\r\n")
    else:
        for piece in pieces(n):
            wire.send(piece)


def chunk_sizes(n):
    """The blob of n bytes in chunks of 1 B to 256 KiB, never the same size twice in a row."""
    sizes = (1, 100, 1460, 16384, 7, 262144, 65535)
    at, source = 0, b"".join(pieces(n)) if n <= 1 << 20 else None
    if source is None:
        yield from pieces(n, 200003)
        return
    i = 0
    while at < n:
        yield source[at:at + sizes[i % len(sizes)]]
        at += sizes[i % len(sizes)]
        i += 1


def standard(wire, origin):
    """What most tests need:

    GET /length/N /chunked/N /close/N   N bytes of the blob
    GET /name                           the origin's name
    anything else                       reads the body; answers with its length and SHA-256
    """
    while request := wire.request():
        origin.note(request)
        how, _, n = request.target.strip("/").partition("/")
        if how in ("length", "chunked", "close"):
            send_blob(wire, int(n), how, request.method)
            if how == "close":
                return
        elif how == "name":
            answer(wire, origin.name.encode(), method=request.method)
        else:
            answer(wire, f"{request.length} {request.sha256}".encode(), method=request.method)
        if request.version == "HTTP/1.0" and request.get("connection", "").lower() != "keep-alive":
            return
