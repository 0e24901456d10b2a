"""The load generator is honest: through a proxy that lies it reports errors, and no speed. The proxy is a small
one on the kernel's TCP, in lacon's place."""
import json
import os
import socket
import threading
import time

from bed.case import case
from bed.netns import must

GATEWAY, ENDPOINT, CLIENTS, PORT = "10.88.0.77", "10.88.0.78", "10.128.0.0", 8081
LIE_AT = 20  # the response that is lied about
PATIENCE = 30  # seconds in which every response comes that comes at all
CORKED = 0.1  # seconds for which the kernel surely keeps back what is corked (it does for 200 ms)


def read_message(sock, buffered):
    """One message with Content-Length: (its bytes, what came after), or None at the end."""
    data = buffered
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None, b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(rest) < length:
        more = sock.recv(65536)
        if not more:
            return None, b""
        rest += more
    return head + b"\r\n\r\n" + rest[:length], rest[length:]


class Liar:
    """Forwards whole messages; lie(response, one before) makes of the LIE_AT-th what is sent, and says
    whether to close with it: in one segment, so that no other request comes in between. told: all of it was."""

    def __init__(self, ns, address, lie):
        self.ns, self.lie = ns, lie
        self.lock = threading.Lock()
        self.count, self.before, self.socks, self.told = 0, b"", [], False
        self.listener = ns.socket(socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, PORT))
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, client):
        upstream = self.ns.socket(socket.AF_INET)
        self.socks += [client, upstream]
        try:
            upstream.connect((ENDPOINT, PORT))
            after = b""
            while True:
                request, after = read_message(client, after)
                if request is None:
                    break
                upstream.sendall(request)
                response, _ = read_message(upstream, b"")
                if response is None:
                    break
                response, lied, close = self.twist(response)
                if close:
                    self.send_last(client, response)
                    break
                client.sendall(response)
                if lied:
                    self.told = True
            client.shutdown(socket.SHUT_WR)  # a FIN; closing with requests unread would be a reset
            while client.recv(65536):
                pass
        except OSError:
            pass
        finally:
            client.close()
            upstream.close()

    def send_last(self, client, response):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        begun = time.monotonic()
        client.sendall(response)
        client.shutdown(socket.SHUT_WR)
        self.told = time.monotonic() - begun < CORKED

    def twist(self, response):
        """What is sent, whether it is the lie, whether to close."""
        with self.lock:
            self.count += 1
            before, self.before = self.before, response
            if self.lie and self.count == LIE_AT:
                sent, close = self.lie(response, before)
                return sent, True, close
            if self.lie is None and self.count > 2 * LIE_AT:
                self.told = True
            return response, False, False

    def close(self):
        for sock in self.socks + [self.listener]:
            try:
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            except OSError:
                pass
            sock.close()


def flipped(response, _):
    return response[:-2] + bytes([response[-2] ^ 1]) + response[-1:], False


LIES = {
    None: None,
    "wrong_content": flipped,                                                     # a bit
    "unanswered": lambda r, _: (r[:-1], False),                                   # the last byte never comes
    "wrong_content ": lambda r, _: (r[:-50] + r[-49:], False),                    # a byte is dropped in the middle
    "cut_off": lambda r, _: (r[:len(r) // 2], True),                              # truncated, then closed
    "surplus": lambda r, _: (r + b"x", False),
    "surplus ": lambda r, _: (r + r, False),                                      # told twice
    "wrong_id": lambda r, before: (before, False),                                # somebody else's response
    "wrong_length": lambda r, _: (r.replace(b"Content-Length: 1000", b"Content-Length: 999")[:-1], False),
    "bad_status": lambda r, _: (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", False),
    "closed_idle": lambda r, _: (r, True),                                        # without announcing it
}
MET = {"closed_idle": {"cut_off"}, "surplus ": {"wrong_id"}}  # what it is for a request that it met
UNANSWERED = ("unanswered", "wrong_content ")  # what they leave the generator waiting for never comes


def load(t, **more):
    """The generator on the client's cable, as clients and as endpoint; its report."""
    args = {"client-port": "dev:c0", "address": GATEWAY, "clients": f"{CLIENTS}*16",
            "target": f"{t.topo.kernel4}:{PORT}", "endpoints": f"{ENDPOINT}:{PORT}", "connections": 4,
            "response-size": 1000, "warmup": 0.05, "idle": "sleep",
            "buffers": 4096, "memory": 64} | more
    cmd = [os.path.join(t.bin_dir, "loadgen")] + [f"--{k}={v}" for k, v in args.items()]
    done = t.topo.cli.run(cmd)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    t.check(lines and "ok" in lines[-1], f"the generator said {done.stdout[-300:]}{done.stderr[-600:]}")
    if "Sanitizer" in done.stderr:
        raise AssertionError(done.stderr[:3000])
    return done.returncode, lines[-1]


def told(t, lac, name, lie):
    """A run in which the lie was told (or enough of the truth): a longer one, where the machine did not get so far."""
    for duration in (0.3, 1, 3, 10, 30):
        liar = Liar(lac, t.topo.kernel4, lie)
        try:
            result = load(t, duration=duration, timeout=1 if name in UNANSWERED else PATIENCE)
        finally:
            liar.close()
        if liar.told and (lie or result[1].get("requests_per_second") != 0):
            return result
    raise AssertionError(f"not told in 30 s: {name}; {liar.count} responses")


@case(timeout=300)
def loadgen_is_honest(t):
    """The load generator through a proxy that lies once: an error of the right name and no speed; through an
    honest one: speed and no error."""
    lac = t.topo.lac
    lac.ip(f"route add 10.128.0.0/9 via {GATEWAY} dev front\n")
    tx = lambda how: must(["ip", "netns", "exec", lac.name, "ethtool", "-K", "front", "tx", how])
    tx("off")
    try:
        for name, lie in LIES.items():
            status, report = told(t, lac, name, lie)
            if lie is None:
                t.check(status == 0 and report["ok"] and report["requests_per_second"] > 0, f"honest: {report}")
                continue
            names = {name.strip()} | MET.get(name, set())
            t.check(names & report["errors"].keys(), f"a lie that is {name}: {report}")
            t.check(status == 1 and not report["ok"] and "requests_per_second" not in report,
                    f"a lie, and a speed: {report}")
    finally:
        tx("on")
        lac.ip("route del 10.128.0.0/9\n")
