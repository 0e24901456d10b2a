"""message: reads HTTP/1.x messages off a socket, strictly and without lacon's or a library's help, so that
what went over the wire is seen as it was. Both ends of the tests use it."""
import hashlib
import socket
import struct

HEAD_LIMIT = 65536
KEEP = 1 << 20  # bytes of a body that are kept; of longer ones there is the SHA-256
TCP_ESTABLISHED, TCP_CLOSE = 1, 7  # Wire.state()


class Broken(Exception):
    """What arrived is not HTTP, or ended where it must not."""


class Message:
    """One message. headers: (lower-case name, value) in order; body: its bytes when there are few."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:-2]:
            name, colon, value = line.partition(":")
            if not colon:
                raise Broken(f"header line {line!r}")
            self.headers.append((name.lower(), value.strip()))
        self.body = b""
        self.length = 0
        self.sha256 = hashlib.sha256().hexdigest()
        self.interim = []

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def get(self, name, default=None):
        found = self.all(name)
        if len(found) > 1:
            raise Broken(f"{name} {len(found)} times")
        return found[0] if found else default

    def chunked(self):
        return self.get("transfer-encoding", "").lower() == "chunked"


class Request(Message):
    def __init__(self, raw):
        super().__init__(raw)
        self.method, self.target, self.version = self.start.split(" ")


class Response(Message):
    def __init__(self, raw):
        super().__init__(raw)
        self.version, status = self.start.split(" ", 2)[:2]
        self.status = int(status)


class Wire:
    """A connected socket with a read buffer."""

    def __init__(self, sock, timeout=30):
        self.sock = sock
        self.buffer = b""
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()

    def reset(self):
        """An abrupt end: RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def state(self):
        """What the kernel's TCP says of it now: a number of linux/tcp_states.h."""
        try:
            return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            return TCP_CLOSE

    def finish(self):
        """Half-close: nothing more will be sent."""
        self.sock.shutdown(socket.SHUT_WR)

    def more(self):
        """Some further bytes into the buffer; False at the end of the stream."""
        data = self.sock.recv(262144)
        self.buffer += data
        return bool(data)

    def exactly(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise Broken(f"ended {n - len(self.buffer)} bytes early")
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise Broken("ended inside a line")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def head(self):
        """A head's bytes, or None when the stream ended before one began."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT:
                raise Broken("head without end")
            if not self.more():
                if self.buffer:
                    raise Broken(f"ended inside a head: {self.buffer[:200]!r}")
                return None
        at = self.buffer.index(b"\r\n\r\n") + 4
        raw, self.buffer = self.buffer[:at], self.buffer[at:]
        return raw

    def _pieces(self, n):
        """The next n bytes as they come."""
        while n > 0:
            if not self.buffer and not self.more():
                raise Broken(f"body ended {n} bytes early")
            data, self.buffer = self.buffer[:n], self.buffer[n:]
            n -= len(data)
            yield data

    def _chunks(self):
        while size := int(self.line().partition(b";")[0], 16):
            yield from self._pieces(size)
            if self.line() != b"":
                raise Broken("no CRLF after a chunk")
        while self.line() != b"":
            pass

    def _rest(self):
        while self.buffer or self.more():
            data, self.buffer = self.buffer, b""
            yield data

    def _fill(self, message, pieces):
        digest, kept = hashlib.sha256(), []
        for data in pieces:
            digest.update(data)
            message.length += len(data)
            if message.length <= KEEP:
                kept.append(data)
        message.body = b"".join(kept) if message.length <= KEEP else None
        message.sha256 = digest.hexdigest()
        return message

    def request_body(self, request):
        if request.chunked():
            return self._fill(request, self._chunks())
        return self._fill(request, self._pieces(int(request.get("content-length", 0))))

    def request_head(self):
        """None at the end."""
        raw = self.head()
        return raw and Request(raw)

    def request(self):
        """A request with its body; None at the end."""
        request = self.request_head()
        return request and self.request_body(request)

    def response_head(self):
        raw = self.head()
        if raw is None:
            raise Broken("ended where a response was due")
        return Response(raw)

    def response(self, method="GET"):
        """The final response with its body; interim ones are in .interim."""
        interim = []
        while 100 <= (r := self.response_head()).status < 200 and r.status != 101:
            interim.append(r)
        r.interim = interim
        if method == "HEAD" or r.status in (101, 204, 304):
            return r
        if r.chunked():
            return self._fill(r, self._chunks())
        length = r.get("content-length")
        return self._fill(r, self._rest() if length is None else self._pieces(int(length)))

    def ask(self, method="GET", target="/", headers=(), body=None, host="app.test", version="HTTP/1.1"):
        """Sends a request and reads the response."""
        self.send(request_bytes(method, target, headers, body, host, version))
        return self.response(method)

    def ended(self):
        """How the stream ended: "fin" or "reset"; fails when there is something before."""
        try:
            if self.buffer or self.more():
                raise Broken(f"bytes instead of an end: {self.buffer[:200]!r}")
        except ConnectionResetError:
            return "reset"
        return "fin"


def request_bytes(method="GET", target="/", headers=(), body=None, host="app.test", version="HTTP/1.1"):
    lines = [f"{method} {target} {version}", f"Host: {host}"] + [f"{n}: {v}" for n, v in headers]
    if body is not None and not any(n.lower() == "transfer-encoding" for n, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines + ["", ""]).encode("latin-1") + (body or b"")


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"
