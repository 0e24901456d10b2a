"""Listeners of protocol tcp: connections that are spliced from the first byte, whatever they carry."""
import threading

from bed.blob import blob
from bed.case import case
from bed.lacon import cluster, configuration


def start(t, serve):
    """lacon with a tcp listener in front of one endpoint that behaves as told."""
    origin = t.origin(0, serve)
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])],
                           listener={"protocol": "tcp", "cluster": "app"})
    t.start_with(config)
    return origin


@case()
def tcp_echo(t):
    """Bytes of any kind and size both ways, then the end by either side; a line in the log for each connection."""
    def serve(wire, origin):
        wire.send(b"220 an endpoint that speaks first\r\n")
        while wire.buffer or wire.more():
            data, wire.buffer = wire.buffer, b""
            wire.send(data)
            if data.endswith(b"QUIT\r\n"):
                return

    start(t, serve)
    for ending in ("endpoint", "client"):
        c = t.client()
        t.equal(c.exactly(35), b"220 an endpoint that speaks first\r\n", "greeting")
        for n in (1, 2, 1448, 1460, 5000, 60000):
            c.send(blob(n))
            t.equal(c.exactly(n), blob(n), f"echo of {n} bytes")
        if ending == "endpoint":
            c.send(b"QUIT\r\n")
            t.equal(c.exactly(6), b"QUIT\r\n", "last words")
        else:
            c.finish()
        t.equal(c.ended(), "fin", f"end by the {ending}")
        c.close()
    log = t.lacon.wait_access(2)
    t.equal([(line["request"], line["status"]) for line in log], [("TCP", "200")] * 2, "the log")


@case()
def tcp_bulk(t):
    """10 MB both ways at the same time."""
    n = 10_000_000

    def serve(wire, origin):
        sender = threading.Thread(target=wire.send, args=(blob(n),))
        sender.start()
        got = wire.exactly(n)
        sender.join()
        if got != blob(n):
            origin.errors.append("other bytes than the client sent")

    start(t, serve)
    c = t.client()
    sender = threading.Thread(target=c.send, args=(blob(n),))
    sender.start()
    t.equal(c.exactly(n) == blob(n), True, "the endpoint's bytes arrive as they were sent")
    sender.join()
    c.finish()
    t.equal(c.ended(), "fin", "end")


@case()
def tcp_nobody(t):
    """No endpoint takes the connection: the client is reset, and the log says 502."""
    origin = start(t, lambda wire, origin: None)
    origin.close()
    c = t.client()
    t.equal(c.ended(), "reset", "end")
    t.equal(t.lacon.wait_access(1)[0]["status"], "502", "status in the log")
