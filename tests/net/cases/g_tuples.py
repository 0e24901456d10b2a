"""Four-tuples that were used before: after a crash of lacon, and where local ports are few."""
import signal

from bed.blob import blob
from bed.byhand import good_after, is_rst
from bed.case import case
from bed.lacon import cluster
from bed.message import request_bytes
from bed.origin import answer
from bed.rawtcp import ACK, RawTcp
from bed.wait import until


@case()
def crash_with_open_conns(t):
    """lacon is killed in the middle of everything and started again: old peers that go on talking are reset, new ones
    are served at once, also on the ports of before."""
    origin = t.origin()
    config = [cluster("app", [(origin.ip, origin.port)])]
    t.start(config)
    raw = RawTcp(t)
    raw.connect()
    raw.send(request_bytes("GET", "/length/500000"))
    raw.answered()
    up = t.client(timeout=20)
    up.send(request_bytes("PUT", "/", [("Content-Length", 10000000)]) + blob(100000))
    t.lacon.child.stop(signal.SIGKILL)
    t.start(config)
    # The first client's port again, and its old connection's segments.
    raw.put(ACK, window=60000)
    raw.expect(is_rst, "RST for the old connection")
    raw.acked_to = None
    again = RawTcp(t, port=raw.port)
    again.connect()
    again.send(request_bytes("GET", "/name"))
    again.receive(b"ep1")
    try:
        up.send(blob(1000000))
        up.response()
        ended = "answered"
    except OSError:
        ended = "reset"
    t.equal(ended, "reset", "the old upload")
    for i in range(20):
        good_after(t, i * 1000)


@case()
def ports_run_out(t):
    """Local ports are few: requests beyond them are answered 503, and served again when ports are free; none hangs."""
    held = []

    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            if r.target == "/hold":
                held.append(wire)
                until(lambda: not origin.holding, "to go on", 30)
            answer(wire, b"done")

    origin = t.origin(0, serve)
    origin.holding = True
    t.start([cluster("app", [(origin.ip, origin.port)])], dpdk={"workers": 1, "local_ports": "20000-20015"})
    clients = [t.client() for _ in range(20)]
    for c in clients:
        c.send(request_bytes("GET", "/hold"))
    until(lambda: len(held) == 16, "sixteen requests at the endpoint")
    t.wait_counter("close_no_port" if t.lacon.counters()["close_no_port"] else "own_replies")
    origin.holding = False
    statuses = sorted(c.response().status for c in clients)
    t.equal(statuses, [200] * 16 + [503] * 4, "statuses")
    t.equal(t.client().ask("GET", "/").status, 200, "afterwards")


@case()
def ports_again(t):
    """An endpoint that closes after each response, and few local ports: a port is used again at once, and no request is
    refused for those whose connections are over."""
    def serve(wire, origin):
        if r := wire.request():
            origin.note(r)
            answer(wire, b"bye", headers=[("Connection", "close")])

    origin = t.origin(0, serve)
    t.start([cluster("app", [(origin.ip, origin.port)])], dpdk={"workers": 1, "local_ports": "20000-20015"})
    c = t.client()
    statuses = [c.ask("GET", "/").status for _ in range(200)]
    t.equal(statuses, [200] * 200, "statuses")
    t.check(len(origin.wires) >= 200, "connections at the endpoint")
