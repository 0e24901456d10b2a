"""Packet by packet: a client made by hand does what networks and attackers do, with Linux at the other end."""
import random
import re

from bed.blob import blob, sha256
from bed.byhand import good_after, is_rst, ok, start_raw_endpoint
from bed.case import case
from bed.message import request_bytes
from bed.rawtcp import ACK, FIN, MASK, PSH, RST, SACK_OK, SYN, RawTcp, mss, sack, wscale
from bed.wait import until

# ---- a client's bytes ----

@case()
def every_byte_alone(t):
    """A POST in segments of one byte each, in order, then backwards, then each twice; its answer is acknowledged byte by
    byte."""
    origin = t.start_origin()
    message = request_bytes("POST", "/", body=blob(50))
    for order in (range(len(message)), reversed(range(len(message))), [i for i in range(len(message)) for _ in (1, 2)]):
        order = list(order)
        raw = RawTcp(t)
        raw.connect(mss(1460) + SACK_OK)
        for _ in range(20):  # what did not fit the hold comes again
            for i in order:
                raw.put(ACK | PSH, message[i:i + 1], seq=raw.seq + i)
            s = raw.get(0.3)
            while s and not s.data:
                s = raw.get(0.3)
            if s:
                break
        t.check(s and s.data.startswith(b"HTTP/1.1 200"), f"no answer, order {order[:5]}")
        for i in range(1, len(s.data) + 1):
            raw.put(ACK, seq=raw.seq + len(message), ack=s.seq + i)
        t.check(sha256(50).encode() in s.data, "the answer")
    t.equal([r.length for r in origin.requests], [50] * 3, "bodies at the endpoint")


@case()
def overlapping(t):
    """An upload in segments that overlap each other at random places, with the same bytes, over the wrap of sequence
    numbers: it arrives once."""
    origin = t.start_origin()
    rng = random.Random(5)
    n = 40000
    message = request_bytes("PUT", "/", body=blob(n))
    raw = RawTcp(t, isn=(MASK - 20000) & MASK)
    raw.connect(mss(1460) + wscale(7))
    done, start = 0, raw.seq
    while done < len(message):
        for _ in range(8):
            at = max(0, done + rng.randrange(-1400, 4000))
            raw.put(ACK | PSH, message[at:at + rng.randrange(1, 1400)], seq=start + at)
        raw.put(ACK | PSH, message[done:done + rng.randrange(1, 1400)], seq=start + done)
        s = raw.get(0.2)
        while s:
            t.check(not s.flags & RST, "reset")
            done = max(done, ((s.ack - start) & MASK) if ((s.ack - start) & MASK) < 1 << 30 else 0)
            if s.data:
                raw.seq = (start + len(message)) & MASK
                t.check(f"{n} {sha256(n)}".encode() in s.data, f"answer {s.data}")
                done = len(message)
                break
            s = raw.get(0.005)
    until(lambda: origin.requests, "the upload")
    t.equal((origin.requests[0].length, origin.requests[0].sha256), (n, sha256(n)), "body at the endpoint")


@case()
def other_bytes_trailer(t):
    """A trailer, or the last chunk, that comes again with other bytes before the endpoint has it: never delivered."""
    seen = []

    def serve(wire, origin):
        try:
            while wire.more():
                seen.append(wire.buffer)
                wire.buffer = b""
        except ConnectionError:
            pass

    t.start_origin(serve)
    for first, second in ((b"0\r\nX-Sum: 1111\r\n\r\n", b"0\r\nX-Sum: 2222\r\n\r\n"),
                          (b"0\r\n\r\n", b"5\r\nhe"), (b"5\r\nhello\r\n0\r\n\r\n", b"f\r\nhello\r\n0\r\n\r\n")):
        raw = RawTcp(t)
        raw.connect()
        raw.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked")]) + b"2\r\nab\r\n")
        raw.acked()
        ns = t.topo.ep[0]
        ns.nft("table inet deaf {\nchain in {\ntype filter hook input priority 0;\ntcp dport 9000 drop\n}\n}\n")
        try:
            raw.put(ACK | PSH, first)
            raw.none(lambda s: s.ack == (raw.seq + len(first)) & MASK, "acknowledged without the endpoint", 0.2)
            raw.put(ACK | PSH, second)
            raw.expect(is_rst, "reset of the liar")
        finally:
            ns.nft("delete table inet deaf\n")
        t.check(not any(second in data for data in seen), f"delivered: {seen}")
    t.check(t.lacon.counters()["close_bytes_differ"] >= 3, "not counted")


@case()
def other_bytes_in_body(t):
    """Body bytes are not judged: whichever transmission arrives is delivered, once, and framing holds; or, while they are
    still kept for another try, the liar is reset."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    raw.send(request_bytes("POST", "/", [("Content-Length", 20)]))
    raw.acked()
    raw.put(ACK | PSH, b"A" * 10)
    raw.put(ACK | PSH, b"B" * 10)
    raw.put(ACK | PSH, b"C" * 20)
    raw.seq = (raw.seq + 20) & MASK
    try:
        raw.receive(b"20 ")
        t.check(re.fullmatch(rb"[ABC]{20}", origin.requests[0].body), f"body {origin.requests[0].body}")
    except ConnectionResetError:
        t.check(t.lacon.counters()["close_bytes_differ"] > 0, "reset for another reason")
    good_after(t)


@case()
def lost_chunk_header(t):
    """The segment with a chunk's header is lost while what follows it, and the next request, arrive: nothing is passed on
    before it, all of it after."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect(mss(1460) + SACK_OK)
    raw.send(request_bytes("POST", "/a", [("Transfer-Encoding", "chunked")]) + b"5\r\nhello\r\n")
    raw.acked()
    start = raw.seq
    header, rest = b"6\r\n", b" world\r\n0\r\n\r\n" + request_bytes("GET", "/name")
    raw.put(ACK | PSH, rest, seq=start + len(header))
    raw.expect(lambda s: s.ack == start and s.options, "duplicate ack with SACK")
    raw.none(lambda s: s.data, "an answer before the chunk's header came", 0.2)
    raw.put(ACK | PSH, header)
    raw.seq = (start + len(header) + len(rest)) & MASK
    data, _ = raw.receive(b"ep1")
    t.equal(data.count(b"HTTP/1.1 200"), 2, f"answers in {data}")
    t.equal([(r.target, r.length) for r in origin.requests], [("/a", 11), ("/name", 0)], "requests")


@case()
def first_part_lost(t):
    """A head in two segments of which the first is lost: it comes, and the request is answered."""
    origin = t.start_origin()
    message = request_bytes("GET", "/name", [("X-Fill", "f" * 1400)])
    for cut in (1, 5, 100, len(message) - 1):
        raw = RawTcp(t)
        raw.connect()
        raw.put(ACK | PSH, message[cut:], seq=raw.seq + cut)
        raw.expect(lambda s: s.ack == raw.seq, "duplicate ack")
        raw.put(ACK, message[:cut])
        raw.seq = (raw.seq + len(message)) & MASK
        raw.receive(b"ep1")
    t.equal(len(origin.requests), 4, "requests at the endpoint")


@case()
def wraps(t):
    """Sequence numbers of the client and of the endpoint wrap inside heads, at their edges, inside bodies."""
    e = start_raw_endpoint(t)
    request, response = request_bytes("POST", "/", body=b"0123456789"), ok(20) + b"abcdefghij" * 2
    head = len(request) - 10
    for ours in (1, head // 2, head, head + 1, len(request)):
        for theirs in (1, len(response) - 20, len(response) - 21, len(response)):
            raw = RawTcp(t, isn=(-ours - 1) & MASK)
            raw.connect()
            raw.send(request)
            c = e.accept(isn=(-theirs - 1) & MASK)
            got = c.receive(b"0123456789")[0]
            t.check(got.startswith(b"POST / HTTP/1.1\r\n"), f"request {got}")
            c.send(response + b"")
            data, _ = raw.receive(b"abcdefghij" * 2)
            t.check(data.startswith(b"HTTP/1.1 200 OK\r\n"), f"response {data}")
            c.acked()
            c.send(b"", ACK | FIN)
            c.expect(lambda s: s.flags & FIN, "FIN of an idle connection")
            c.put(ACK, ack=c.ack + 1)
            e.conns.remove(c)
            raw.close()


# ---- ends ----

@case()
def fin_with_request(t):
    """FIN in the request's own segment; the FIN again; the FIN before the bytes that it ends: one answer, an orderly end.
    Bytes beyond a FIN are nothing."""
    origin = t.start_origin()
    message = request_bytes("POST", "/", body=b"abc")
    for how in ("with", "again", "early", "beyond"):
        raw = RawTcp(t)
        raw.connect()
        if how == "early":
            raw.put(ACK | FIN, seq=raw.seq + len(message))
            raw.put(ACK | PSH | FIN, message[10:], seq=raw.seq + 10)
            raw.none(lambda s: s.data or s.flags & (FIN | RST), "something came of it", 0.1)
        raw.put(ACK | PSH | FIN, message)
        if how == "again":
            for _ in range(3):
                raw.put(ACK | FIN, seq=raw.seq + len(message))
                raw.put(ACK | PSH | FIN, message)
        raw.seq = (raw.seq + len(message) + 1) & MASK
        if how == "beyond":
            raw.put(ACK | PSH, request_bytes("GET", "/evil"))
            raw.put(ACK | PSH, request_bytes("GET", "/evil"), seq=raw.seq - 1)
        data, _ = raw.receive(b"3 ")
        fin = raw.expect(lambda s: s.flags & FIN, f"FIN ({how})")
        raw.ack = (fin.seq + len(fin.data) + 1) & MASK
        raw.put(ACK)
        t.equal(data.count(b"HTTP/1.1"), 1, f"answers ({how})")
        t.wait_counter("close_normal", 1)
    t.equal([(r.target, r.length) for r in origin.requests], [("/", 3)] * 4, "requests at the endpoint")


@case()
def post_again_after_close(t):
    """ACK and POST of a connection that is over come again, at once and with cookies in use: the POST runs once."""
    origin = t.start_origin(dpdk={"syn_ring": 16})
    for cookies in (False, True):
        if cookies:
            flood = RawTcp(t)
            for i in range(200):
                flood.put(SYN, seq=i * 99, options=mss(1460), port=31000 + i)
            t.wait_counter("syn_cookies", 100)
        raw = RawTcp(t)
        syn_seq = raw.seq
        raw.connect()
        first, acked = raw.seq, raw.ack
        message = request_bytes("POST", f"/{cookies}", [("Connection", "close")], b"x")
        raw.send(message)
        raw.receive(b"1 ")
        fin = raw.expect(lambda s: s.flags & FIN, "FIN")
        raw.ack = (fin.seq + len(fin.data) + 1) & MASK
        raw.send(b"", ACK | FIN)
        raw.acked()
        for _ in range(3):
            raw.put(ACK, seq=first, ack=acked)
            raw.put(ACK | PSH, message, seq=first, ack=acked)
            raw.put(SYN, seq=syn_seq, options=mss(1460))
            raw.put(ACK, seq=first, ack=acked)
            raw.put(ACK | PSH, message, seq=first, ack=acked)
        raw.none(lambda s: s.data, "an answer to a late duplicate", 0.3)
        raw.acked_to = None
    good_after(t)
    t.equal([r.target for r in origin.requests if r.method == "POST"], ["/False", "/True"], "POSTs at the endpoint")


@case()
def half_open_games(t):
    """A half-open connection: RST beside and at the place, ACKs with other numbers, the SYN again with the same and with
    another ISN, SYN with data, SYN with FIN."""
    t.start_origin()
    raw = RawTcp(t)
    raw.put(SYN, options=mss(1460))
    one = raw.expect(lambda s: s.flags & SYN, "SYN-ACK")
    raw.put(SYN, options=mss(1460))
    two = raw.expect(lambda s: s.flags & SYN, "SYN-ACK again")
    t.equal(two.seq, one.seq, "ISN in the second SYN-ACK")
    raw.put(RST, seq=raw.seq + 5000)
    raw.put(ACK, seq=raw.seq + 1, ack=one.seq + 5)
    rst = raw.expect(is_rst, "RST for an ACK of what was never sent")
    t.equal(rst.seq, (one.seq + 5) & MASK, "its number")
    raw.seq, raw.ack = (raw.seq + 1) & MASK, (one.seq + 1) & MASK
    raw.send(request_bytes("GET", "/name"))
    raw.receive(b"ep1")
    raw.put(SYN, seq=raw.seq + 7777, options=mss(1460))
    challenge = raw.expect(lambda s: s.flags & ACK and not s.flags & SYN, "challenge ACK")
    t.equal(challenge.ack, raw.seq, "its ack")
    raw.send(request_bytes("GET", "/name"))
    raw.receive(b"ep1")
    other = RawTcp(t)
    other.put(SYN, request_bytes("GET", "/evil"), options=mss(1460))
    s = other.expect(lambda s: s.flags & SYN, "SYN-ACK to a SYN with data")
    t.equal(s.ack, (other.seq + 1) & MASK, "data in a SYN was acknowledged")
    other.put(SYN | FIN, options=mss(1460), port=other.port + 1)
    other.put(SYN | RST, options=mss(1460), port=other.port + 2)
    for port in (other.port + 1, other.port + 2):
        t.check(other.host.get(port, 0.1) is None, "an answer to SYN with FIN or RST")
    good_after(t)


# ---- windows and acknowledgements ----

@case()
def zero_window_long(t):
    """A window that is closed at the SYN, or in the middle, of an adopted and of a spliced response: nothing beyond probes
    comes; when it opens everything does, also when the peer only answers a probe."""
    t.start_origin()
    for n in (9000, 60000):
        for announce in (True, False):
            raw = RawTcp(t)
            raw.window = 0
            raw.connect(mss(1460))
            raw.send(request_bytes("GET", f"/length/{n}"))
            raw.acked()
            probe = raw.expect(lambda s: True, "a probe", 15)
            t.check(len(probe.data) <= 1, f"{len(probe.data)} bytes into a closed window")
            raw.none(lambda s: len(s.data) > 1, "more than a probe", 0.3)
            raw.window = 3000
            if not announce:
                raw.expect(lambda s: True, "the next probe", 20)
            raw.put(ACK)
            raw.receive(lambda d: len(d) > 4000, 20)
            raw.window = 0
            raw.put(ACK)
            while raw.get(0.3):
                pass
            raw.window = 65535
            raw.put(ACK)
            raw.receive(lambda d: d.endswith(blob(n)[-100:]), 20)
            raw.close()


@case()
def window_games(t):
    """Windows of a few bytes, windows that shrink, ones that jump: never a byte beyond what was offered, all bytes in the
    end."""
    t.start_origin()
    rng = random.Random(3)
    for n in (3000, 20000):
        raw = RawTcp(t)
        raw.window = 700
        raw.connect(mss(1460))
        edge = raw.ack + raw.window
        raw.send(request_bytes("GET", f"/length/{n}"))
        data = b""
        for _ in range(10000):
            s = raw.get(10)
            t.check(s is not None, f"nothing more after {len(data)} bytes")
            t.check(not s.flags & RST, "reset")
            if not s.data:
                continue
            t.check(s.seq + len(s.data) <= edge + 1, f"{s.seq + len(s.data) - edge} bytes beyond the window")
            skip = (raw.ack - s.seq) & MASK
            if skip < len(s.data):
                data += s.data[skip:]
                raw.ack = (s.seq + len(s.data)) & MASK
            raw.window = rng.choice((300, 500, 1460, 5000, 700))
            edge = max(edge, raw.ack + raw.window)
            raw.put(ACK)
            if data.endswith(blob(n)[-100:]):
                break
        t.check(data.endswith(blob(n)), "the body")


@case()
def lying_acks(t):
    """SACK of what was never sent, of nothing, backwards; acks inside segments; a hundred duplicate acks; acks of bytes
    that were never sent: what is delivered stays right, the endpoint's connection too."""
    t.start_origin()
    raw = RawTcp(t)
    raw.connect(mss(1460) + SACK_OK)
    n = 100000
    start = raw.ack
    raw.send(request_bytes("GET", f"/length/{n}"))
    data = b""
    while not data.endswith(blob(n)[-50:]):
        s = raw.get(10)
        t.check(s is not None and not s.flags & RST, f"stopped after {len(data)} bytes")
        if not s.data or ((raw.ack - s.seq) & MASK) >= len(s.data):
            raw.put(ACK)
            continue
        skip = (raw.ack - s.seq) & MASK
        data += s.data[skip:]
        raw.ack = (s.seq + len(s.data)) & MASK
        if len(data) % 7 == 0:
            raw.put(ACK, ack=raw.ack - 1)
        if len(data) % 5 == 0:
            raw.put(ACK, ack=raw.ack, options=sack((raw.ack + 900000, raw.ack + 950000), (raw.ack - 10, raw.ack - 20)))
            raw.put(ACK, ack=raw.ack, options=sack((raw.ack, raw.ack), (start - 5000, raw.ack + 5000)))
        if len(data) % 11 == 0:
            raw.put(ACK, ack=raw.ack + 500000)
            raw.put(ACK, ack=raw.ack - 0x50000000)
        if len(data) < 4000:
            for _ in range(100):
                raw.put(ACK)
        raw.put(ACK)
    t.check(data.endswith(blob(n)), "the body")
    t.check(t.lacon.counters()["drop_ack"] > 0, "no ack was refused")
    good_after(t, 30000)


@case()
def optimistic(t):
    """A client that acknowledges everything ahead, reading nothing: what was not sent is not believed, and the endpoint's
    connection serves the next one."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect(mss(1460) + wscale(10))
    raw.send(request_bytes("GET", "/length/3000000"))
    at = raw.ack
    for _ in range(400):
        at += 14000
        raw.put(ACK, ack=at)
    while (s := raw.get(0.3)) and not s.flags & RST:
        pass
    raw.close()
    good_after(t, 300000)
    t.check(not origin.errors, f"{origin.errors}")


@case()
def keep_alive_probes(t):
    """Keep-alive probes, with and without their byte of garbage, between and inside exchanges: acknowledged, no more."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    for cut in (None, 10):
        message = request_bytes("POST", "/", body=b"abcd")
        if cut:
            raw.send(message[:cut])
            raw.acked()
        for garbage in (b"", b"\0", b"Z"):
            raw.put(ACK, garbage, seq=raw.seq - 1)
            s = raw.expect(lambda s: True, "an answer to the probe")
            t.equal((s.ack, s.data, s.flags & RST), (raw.seq, b"", 0), "the answer")
        raw.send(message[cut or 0:])
        raw.receive(b"4 ")
    t.equal([r.body for r in origin.requests], [b"abcd"] * 2, "bodies at the endpoint")
