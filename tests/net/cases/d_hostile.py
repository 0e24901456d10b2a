"""Clients that lie: smuggling attempts, odd framing, segments no kernel would send."""
import random

from bed.blob import blob, sha256
from bed.case import case
from bed.lacon import cluster
from bed.message import Broken, request_bytes
from bed.origin import answer
from bed.rawtcp import ACK, CWR, ECE, FIN, MASK, PSH, RST, SYN, URG, RawTcp, mss
from bed.wait import until

EVIL = b"GET /evil HTTP/1.1\r\nHost: app.test\r\n\r\n"
CHUNKED = b"0\r\n\r\n"


def post(*fields):
    return b"POST /bad HTTP/1.1\r\nHost: app.test\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


# Heads that two parsers could read differently: (status, what is sent).
HEADS = [(400, head) for head in (
    post(b"Content-Length: 5", b"Transfer-Encoding: chunked") + CHUNKED,
    post(b"Transfer-Encoding: chunked", b"Content-Length: 5") + CHUNKED,
    post(b"Content-Length: 5", b"Content-Length: 6") + b"hello",
    post(b"Content-Length: 5, 6") + b"hello",
    post(b"Content-Length: +5") + b"hello",
    post(b"Content-Length: -5") + b"hello",
    post(b"Content-Length: 0x5") + b"hello",
    post(b"Content-Length: 5 5") + b"hello",
    post(b"Content-Length:") + b"hello",
    post(b"Content-Length: 5a") + b"hello",
    post(b"Content-Length: 99999999999999999999") + b"hello",
    post(b"Content-Length : 5") + b"hello",
    post(b"Content-Length\t: 5") + b"hello",
    post(b"Transfer-Encoding : chunked") + CHUNKED,
    post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + CHUNKED,
    post(b"Transfer-Encoding: chunked, chunked") + CHUNKED,
    post(b"Transfer-Encoding: \x0bchunked") + CHUNKED,
    post(b"Transfer-Encoding: chunked\x00") + CHUNKED,
    post(b"Transfer-Encoding:\r\n chunked") + CHUNKED,
    post(b"X: a\r\n b", b"Content-Length: 5") + b"hello",
    post(b"X: a\nContent-Length: 5") + b"hello",
    post(b"X: a\rContent-Length: 5") + b"hello",
    post(b"X: a\x00b"),
    post(b"X(: a"),
    post(b"X Y: a"),
    post(b": a"),
    post(b"no colon"),
    post(b"Host: other.test"),
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: app.test, b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: app test\r\n\r\n",
    b"GET / HTTP/1.1\r\n Host: app.test\r\n\r\n",
    b"GET / HTTP/1.1\nHost: app.test\n\n",
    b"GET  / HTTP/1.1\r\nHost: app.test\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: app.test\r\n\r\n",
    b"GET / x HTTP/1.1\r\nHost: app.test\r\n\r\n",
    b"GET /\x01 HTTP/1.1\r\nHost: app.test\r\n\r\n",
    b"GET / http/1.1\r\nHost: app.test\r\n\r\n",
    b"GET / HTTP/1.1.1\r\nHost: app.test\r\n\r\n",
    b"GET /\r\nHost: app.test\r\n\r\n",
    b"G@T / HTTP/1.1\r\nHost: app.test\r\n\r\n",
    b"POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)] + [(501, head) for head in (
    post(b"Transfer-Encoding: gzip, chunked") + CHUNKED,
    post(b"Transfer-Encoding: xchunked") + CHUNKED,
    post(b"Transfer-Encoding: identity") + CHUNKED,
)]


@case()
def smuggling_heads(t):
    """Heads that two parsers could read differently: refused and closed; nothing of them, nor of what follows,
    reaches the endpoint. First on a connection, then behind a good request in one segment."""
    origin = t.start_origin()
    good = request_bytes("GET", "/good")
    for status, head in HEADS:
        c = t.client()
        c.send(head + EVIL)
        r = c.response()
        t.check(r.status in (status, 400, 505), f"{head!r} got {r.status}, not {status}")
        t.equal((r.get("connection"), c.ended()), ("close", "fin"), f"the end after {head!r}")
        c.close()
    t.equal(origin.wires, [], "connections to the endpoint")
    for status, head in HEADS:
        c = t.client()
        c.send(good + head + EVIL)
        t.equal(c.response().status, 200, f"the good request before {head!r}")
        t.check(c.response().status in (status, 400, 505), f"{head!r} behind a good request")
        t.equal(c.ended(), "fin", f"the end after {head!r}")
        c.close()
    t.equal(set(origin.targets()), {"/good"}, "requests at the endpoint")


@case()
def smuggling_chunks(t):
    """Bad chunked framing: the client gets a 400 or is cut off, the endpoint never sees a whole request, and
    never the one hidden behind."""
    whole = []

    def serve(wire, origin):
        while r := wire.request_head():
            origin.note(r)
            try:
                whole.append(wire.request_body(r))
            except (Broken, ConnectionError, ValueError):
                return
            answer(wire, b"ok")

    origin = t.start_origin(serve)
    for bad in (b"g\r\n", b"5 \r\nhello\r\n", b" 5\r\nhello\r\n", b"5\nhello\r\n", b"5\r\nhelloX\r\n", b"5\r\nhello\n",
                b"-5\r\nhello\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"\r\n", b";x\r\n",
                b"fffffffffffffffff\r\n", b"8000000000000000\r\nhello", b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
                b"5\rhello\r\n", b"5;\x00\r\nhello\r\n", b"5\r\nhello\r\n0\r\n X: y\r\n\r\n"):
        for cut in (0, len(bad)):
            c = t.client()
            head = request_bytes("POST", "/", [("Transfer-Encoding", "chunked")])
            c.send(head + bad[:cut])
            try:
                c.send(bad[cut:] + CHUNKED + EVIL)
                status = c.response().status
            except (ConnectionError, BrokenPipeError):
                status = "reset"
            t.check(status in (400, "reset"), f"{bad!r} got {status}")
            c.close()
    t.equal(whole, [], "whole requests at the endpoint")
    t.check("/evil" not in origin.targets(), "a hidden request reached the endpoint")


@case()
def surplus_body(t):
    """What follows a request is the next request and nothing else: a body's end is where its framing says."""
    origin = t.start_origin()
    c = t.client()
    c.send(request_bytes("POST", "/1", [("Content-Length", 3)]) + b"abcGET /2 HTTP/1.1\r\nHost: app.test\r\n\r\n" +
           request_bytes("POST", "/3", [("Transfer-Encoding", "chunked")]) + b"1\r\na\r\n0\r\n\r\n" + EVIL.replace(
               b"evil", b"4"))
    for length in (3, 0, 1, 0):
        t.equal(c.response().body.split()[0], str(length).encode(), "length at the endpoint")
    t.equal(origin.targets(), ["/1", "/2", "/3", "/4"], "requests at the endpoint")


@case()
def after_close(t):
    """Nothing behind a request with Connection: close, or behind an HTTP/1.0 one, is served."""
    origin = t.start_origin()
    for first in (request_bytes("GET", "/1", [("Connection", "close")]), b"GET /1 HTTP/1.0\r\n\r\n"):
        c = t.client()
        c.send(first + EVIL)
        t.equal((c.response().status, c.ended()), (200, "fin"), "answer and end")
        c.close()
    t.equal(origin.targets(), ["/1", "/1"], "requests at the endpoint")


@case()
def max_body(t):
    """A body beyond max_body, announced or in chunks, never reaches the endpoint as a whole."""
    whole = []

    def serve(wire, origin):
        while r := wire.request_head():
            origin.note(r)
            try:
                wire.request_body(r)
            except (Broken, ConnectionError):
                return
            whole.append(r.length)
            answer(wire, b"ok")

    t.start_origin(serve, listener={"max_body": "10000"})
    for n, wanted in ((10000, 200), (10001, 413), (100000, 413)):
        for chunked in (False, True):
            c = t.client()
            framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", n)
            c.send(request_bytes("POST", "/", [framing]))
            try:
                body = b"".join(b"3e8\r\n" + bytes(1000) + b"\r\n" for _ in range(n // 1000))
                rest = b"%x\r\n" % (n % 1000) + bytes(n % 1000) + b"\r\n" if n % 1000 else b""
                c.send(body + rest + b"0\r\n\r\n" if chunked else bytes(n))
                status = c.response().status
            except ConnectionError:
                status = "reset"
            t.check(status == wanted or (wanted == 413 and status == "reset"), f"{n}, chunked {chunked}: {status}")
            c.close()
    t.equal(whole, [10000, 10000], "whole bodies at the endpoint")


def quiet(raw):
    """Passes over segments until none comes for a little while; what came."""
    came = []
    while s := raw.get(0.2):
        came.append(s)
    return came


def deaf(ns):
    """Nothing reaches the endpoint until hears(ns)."""
    ns.nft("table inet deaf {\nchain in {\ntype filter hook input priority 0;\ntcp dport 9000 drop\n}\n}\n")


def hears(ns):
    ns.nft("delete table inet deaf\n")


@case()
def other_bytes_unacked(t):
    """A head that the endpoint has not acknowledged comes again with other bytes, on a pooled connection and
    while one is being made: nothing of it is delivered, the difference is counted, the liar is reset."""
    origin = t.start_origin()
    ns = t.topo.ep[0]
    for pooled in (True, False):
        if pooled:
            first = RawTcp(t)
            first.connect()
            first.send(request_bytes("GET", "/name"))
            first.receive(b"ep1")
        before = t.lacon.counters()
        deaf(ns)
        try:
            raw = RawTcp(t)
            raw.connect(mss(1460 if pooled else 600))
            start = raw.seq
            raw.send(request_bytes("GET", "/good"))
            t.wait_counter("requests", before["requests"] + 1)
            raw.put(ACK | PSH, request_bytes("GET", "/evil"), seq=start)
            raw.expect(lambda s: s.flags & RST, "reset of the liar")
        finally:
            hears(ns)
        after = t.lacon.counters()
        t.check(after["close_bytes_differ"] > before["close_bytes_differ"], f"not counted, pooled: {pooled}")
        t.equal(after["retries"], before["retries"], f"retries, pooled: {pooled}")
        t.equal(t.client().ask("GET", "/length/1").status, 200, "others go on")
    t.check("/evil" not in origin.targets(), "the other bytes were delivered")


@case()
def other_bytes_held(t):
    """Part of a head, then a segment that overlaps it with other bytes and completes it: the first bytes win,
    or nothing is delivered."""
    origin = t.start_origin()
    one, two = request_bytes("GET", "/good"), request_bytes("GET", "/evil")
    for cut in (6, 7, 9, 20, len(one) - 1):
        raw = RawTcp(t)
        raw.connect()
        first = raw.seq
        raw.send(one[:cut])
        raw.acked()
        raw.put(ACK | PSH, two, seq=first)
        s = raw.expect(lambda s: s.data or s.flags & RST, "an answer or a reset")
        t.check(s.flags & RST or s.data.startswith(b"HTTP/1.1 "), f"it said {s.data[:100]}")
    t.check("/evil" not in origin.targets(), "the other bytes were delivered")
    t.equal(t.client().ask("GET", "/length/1").status, 200, "others go on")


@case()
def other_bytes_routing(t):
    """A Host that differs between overlapping, out-of-order segments: whoever gets the request, gets the Host it
    was routed by."""
    a, b = t.origin(0, name="A"), t.origin(1, name="B")
    t.start([cluster("a", [(a.ip, a.port)]), cluster("b", [(b.ip, b.port)])], routes={"a.test": "a", "b.test": "b"})
    ask = {h: request_bytes("GET", "/name", host=h) for h in ("a.test", "b.test")}
    for late, early in (("a.test", "b.test"), ("b.test", "a.test")):
        for cut in (1, 20, 25, 30):
            raw = RawTcp(t)
            raw.connect()
            raw.put(ACK | PSH, ask[early][cut:], seq=raw.seq + cut)
            raw.expect(lambda s: s.flags & ACK, "duplicate ack")
            raw.put(ACK | PSH, ask[late])
            raw.expect(lambda s: s.data or s.flags & RST, "an answer or a reset")
    for origin, host in ((a, "a.test"), (b, "b.test")):
        t.equal({r.get("host") for r in origin.requests} - {host}, set(), f"hosts at {origin.name}")
    t.check(a.requests or b.requests, "nothing arrived anywhere")


@case()
def other_bytes_old(t):
    """Bytes of a request that is long answered come again, other ones: acknowledged, and nothing more."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    first = raw.seq
    raw.send(request_bytes("GET", "/name"))
    raw.receive(b"ep1")
    raw.put(ACK | PSH, request_bytes("GET", "/evil"), seq=first)
    s = raw.expect(lambda s: s.flags & (ACK | RST), "ack or reset")
    t.check(s.flags & RST or s.ack == raw.seq, f"ack {s.ack}, not {raw.seq}")
    t.equal(origin.targets(), ["/name"], "requests at the endpoint")


@case()
def other_bytes_waiting(t):
    """The same while the endpoint has the request and has not answered yet."""
    go = []

    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            until(lambda: go, "the test to go on")
            answer(wire, b"done")

    origin = t.start_origin(serve)
    raw = RawTcp(t)
    raw.connect()
    first = raw.seq
    raw.send(request_bytes("GET", "/good"))
    until(lambda: origin.requests, "the request to arrive")
    raw.put(ACK | PSH, request_bytes("GET", "/evil"), seq=first)
    was_reset = any(s.flags & RST for s in quiet(raw))
    go.append(True)
    if not was_reset:
        raw.expect(lambda s: s.flags & RST or b"done" in s.data, "an answer or a reset")
    t.equal(origin.targets(), ["/good"], "requests at the endpoint")


@case()
def other_bytes_chunk_size(t):
    """A chunk-size line that comes again with another size: never delivered."""
    got = []

    def serve(wire, origin):
        origin.note(wire.request_head())
        while wire.more():
            got.append(wire.buffer)
            wire.buffer = b""

    t.start_origin(serve)
    raw = RawTcp(t)
    raw.connect()
    raw.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]))
    raw.acked()
    deaf(t.topo.ep[0])
    try:
        seq = raw.seq
        raw.send(b"5\r\nhello\r\n")
        quiet(raw)
        raw.put(ACK | PSH, b"a\r\nhello\r\n", seq=seq)
        quiet(raw)
    finally:
        hears(t.topo.ep[0])
    raw.put(ACK | PSH, b"a\r\nhello\r\n", seq=seq)
    quiet(raw)
    t.check(b"a\r\n" not in b"".join(got), f"delivered {got}")


@case()
def any_order(t):
    """A request and body in small segments, shuffled and repeated, over the wrap of sequence numbers."""
    origin = t.start_origin()
    rng = random.Random(7)
    for n in (0, 100, 900):
        message = request_bytes("POST", "/", body=blob(n))
        raw = RawTcp(t, isn=(MASK - len(message) // 2) & MASK)
        raw.connect()
        parts = [(i, message[i:i + 37]) for i in range(0, len(message), 37)] * 2
        rng.shuffle(parts)
        # Whatever did not fit lacon's hold comes again, as from any TCP.
        for _ in range(len(message)):
            for at, data in parts:
                raw.put(ACK | PSH, data, seq=raw.seq + at)
            s = raw.get(0.2)
            while s and not s.data:
                s = raw.get(0.2)
            if s:
                break
        t.check(s and f"{n} {sha256(n)}".encode() in s.data or raw.receive(sha256(n).encode()), f"answer for {n}")
    t.equal([r.length for r in origin.requests], [0, 100, 900], "bodies at the endpoint")


@case()
def syn_options(t):
    """MSS is honoured (536 without the option), window scale and SACK only when offered, nothing else reflected,
    no ECN."""
    t.start_origin()
    rows = ((b"", 536), (mss(700), 700), (mss(1460) + b"\1\3\3\7" + b"\4\2\1\1" + b"\x08\x0a" + bytes(8), 1460))
    for options, largest in rows:
        raw = RawTcp(t)
        raw.window = 20000
        raw.put(SYN | ECE | CWR, options=options)
        answer = raw.expect(lambda s: s.flags & SYN, "SYN-ACK")
        t.check(not answer.flags & ECE, "ECN was accepted")
        kinds, at = set(), 0
        while at < len(answer.options) and answer.options[at]:
            kinds.add(answer.options[at])
            at += 1 if answer.options[at] == 1 else answer.options[at + 1]
        wanted = {2, 3, 4} if len(options) > 4 else {2}
        t.equal(kinds - {1}, wanted, f"options in the answer to {options!r}")
        raw.seq, raw.ack = (raw.seq + 1) & MASK, (answer.seq + 1) & MASK
        raw.put(ACK)
        for n in (5000, 40000):
            raw.send(request_bytes("GET", f"/length/{n}"))
            data, segments = raw.receive(blob(n)[-50:], 20)
            t.check(data.endswith(blob(n)), "body")
            t.check(max(len(s.data) for s in segments) <= largest,
                    f"{max(len(s.data) for s in segments)} bytes in a segment, MSS {largest}")


@case()
def blind_attacks(t):
    """RST, SYN and data beside the window, acks of what was never sent, bad checksums, IP options: the
    connection lives on, with challenge acks; RST at the exact place ends it."""
    t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    raw.send(request_bytes("GET", "/length/10"))
    raw.receive(blob(10))
    raw.put(RST, seq=raw.seq + 100)
    raw.put(RST, seq=raw.seq - 100)
    raw.put(SYN, seq=raw.seq + 1000)
    raw.put(ACK | PSH, EVIL, seq=raw.seq + 0x40000000)
    raw.put(ACK | PSH, EVIL, ack=raw.ack + 100000)
    raw.put(ACK | PSH, EVIL, bad_checksum=True)
    raw.put(ACK | PSH, EVIL, ip_options=b"\1\1\1\0")
    raw.put(PSH, EVIL)
    raw.put(SYN | FIN, EVIL)
    t.wait_counter("challenge_acks")
    quiet(raw)
    raw.send(request_bytes("GET", "/length/11"))
    raw.receive(blob(11))
    counters = t.lacon.counters()
    for name in ("drop_rst_seq", "drop_l4_checksum", "drop_ip_options", "drop_no_ack"):
        t.check(counters[name] >= 1, f"{name} is {counters[name]}")
    raw.put(RST, seq=raw.seq)
    t.wait_counter("close_peer_reset")


@case()
def urgent(t):
    """URG is cleared: no byte leaves the stream on its way to the endpoint."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    message = request_bytes("POST", "/", body=b"0123456789")
    raw.put(ACK | PSH | URG, message, urgent=len(message) - 3)
    raw.seq = (raw.seq + len(message)) & MASK
    raw.receive(b"10 ")
    t.equal(origin.requests[0].body, b"0123456789", "body at the endpoint")


@case()
def unknown_flows(t):
    """Segments of no connection are answered by RST, so are SYNs to ports where nobody listens; both
    limited in number."""
    t.start_origin()
    raw = RawTcp(t)
    raw.put(ACK | PSH, b"x", seq=5, ack=77)
    s = raw.expect(lambda s: s.flags & RST, "RST")
    t.equal(s.seq, 77, "its sequence number")
    for i in range(3000):
        raw.put(ACK, seq=i, ack=i, port=30001 + i % 3000)
        if i % 100 == 99:  # no more than a device holds
            t.wait_counter("drop_no_conn", i + 1)
    t.equal(t.client().ask("GET", "/length/1").status, 200, "others go on")


@case()
def syn_flood(t):
    """Half-open connections beyond the ring: cookies; clients are served all the while."""
    t.start_origin(dpdk={"syn_ring": 64})
    raw = RawTcp(t)
    for round_ in range(5):
        for i in range(1000):
            raw.put(SYN, seq=i * 77, options=mss(1460), port=30000 + round_ * 1000 + i)
        for n in (10, 30000):
            r = t.client().ask("GET", f"/length/{n}")
            t.equal((r.status, r.sha256), (200, sha256(n)), f"round {round_}")
    t.check(t.lacon.counters()["syn_cookies"] > 1000, "no flood")
