"""Packet by packet: a client or an endpoint made by hand does what networks and attackers do, with Linux at the other
end."""
import random
import re
import signal
import struct

from bed.blob import blob, sha256
from bed.case import case
from bed.lacon import cluster, configuration
from bed.message import request_bytes
from bed.origin import answer
from bed.rawtcp import (ACK, FIN, MASK, PSH, RST, SACK_OK, SYN, URG, RawEndpoint, RawTcp, checksum, ip_bytes, mss, sack,
                        tcp_bytes, wscale)
from bed.wait import until


def start_raw_endpoint(t, others=(), **more):
    """lacon with one endpoint made by hand (and others behind it in the cluster)."""
    e = RawEndpoint(t)
    t.start([cluster("app", [(e.ip, e.PORT), *others], **more.pop("cluster", {}))], **more)
    return e


def ok(n, extra=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (n, extra)


def is_rst(s):
    return s.flags & RST


def good_after(t, n=1000):
    """Whatever was done: the next client is served."""
    r = t.client().ask("GET", f"/length/{n}")
    t.equal((r.status, r.sha256), (200, sha256(n)), "the next client")


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


# ---- below TCP ----

@case()
def odd_packets(t):
    """Fragments, IP options, bad lengths and checksums, a zero TCP checksum, malformed TCP options, timestamps nobody
    asked for, padding behind the packet, sources that cannot be: each is dropped (or taken, where it is sound) and
    nothing but sound bytes arrives."""
    origin = t.start_origin()
    raw = RawTcp(t)
    raw.connect()
    host, evil = raw.host, request_bytes("GET", "/evil")
    good = raw.segment(ACK | PSH, evil)

    def ip(payload, **more):
        return ip_bytes(host.mine, host.dst, payload, **more)

    host.send_ip(ip(good[:24], fragment=0x2000))
    host.send_ip(ip(good[24:], fragment=3))
    host.send_ip(ip(good, options=b"\x07\x04\x04\0"))
    host.send_ip(ip(good, total=19))
    host.send_ip(ip(good, total=2000))
    host.send_ip(ip(good, bad_checksum=True))
    host.send_ip(ip(good[:16] + b"\0\0" + good[18:]))
    host.send_ip(ip(raw.segment(ACK | PSH, evil, offset=4)))
    host.send_ip(ip(raw.segment(ACK | PSH, evil, offset=15)[:40]))
    host.send_ip(ip(good[:12]))
    host.send_ip(ip(good, proto=17))
    for source in ("255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0", host.dst):
        host.send_ip(ip_bytes(source, host.dst, tcp_bytes(source, host.dst, 5000, 80, 1, 0, SYN, 1000, mss(1460))))
    raw.none(lambda s: s.data, "an answer", 0.3)
    t.equal(origin.requests, [], "requests at the endpoint")
    # Sound: padding that IP's length leaves out, an unknown option, timestamps.
    host.send_ip(ip(raw.segment(ACK | PSH, request_bytes("GET", "/name"), options=b"\x08\x0a" + bytes(8) + b"\xfd\x04ab")) +
                 b"GET /evil HTTP/1.1\r\n\r\n")
    raw.seq = (raw.seq + len(request_bytes("GET", "/name"))) & MASK
    raw.receive(b"ep1")
    for options in (b"\x02\x00\x00\x00", b"\x02\x01\x00\x00", b"\x03\xff\x00\x00", b"\x01\x01\x01\x05", b"\x05\x0b" + bytes(10)):
        raw.put(ACK | PSH, request_bytes("GET", "/name"), options=options)
    raw.none(lambda s: s.data.count(b"HTTP/1.1") > 1, "more than one answer", 0.3)
    t.check("/evil" not in origin.targets(), "an evil packet was believed")
    counters = t.lacon.counters()
    for name in ("drop_ip_fragment", "drop_ip_options", "drop_ip_checksum", "drop_ip_header", "drop_l4_checksum",
                 "drop_tcp_header"):
        t.check(counters[name] > 0, f"{name} is 0: {counters}")
    good_after(t)


@case()
def too_big(t):
    """"Packet too big" that quotes what was sent shrinks that client's segments, and nobody else's; one with a number that
    was never sent, or with an MTU that cannot be, does nothing."""
    for how, mtu, largest in (("right", 800, 760), ("wrong", 800, 1440), ("right", 20, 1440)):
        t.start_origin()  # a new one for each: what a host was told about a path may be remembered for its address
        raw, other = RawTcp(t), RawTcp(t, port=30001)
        raw.connect()
        other.connect()
        raw.send(request_bytes("GET", "/length/60000"))
        first = raw.answered()
        seq = first.seq if how == "right" else first.seq + 0x30000000
        quote = ip_bytes(raw.host.dst, raw.host.mine, struct.pack("!HHI", 80, raw.port, seq & MASK))
        icmp = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + quote
        raw.host.send_ip(ip_bytes(raw.host.mine, raw.host.dst, icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:], 1))
        other.send(request_bytes("GET", "/length/60000"))
        _, segments = other.receive(blob(60000)[-50:])
        t.equal(max(len(s.data) for s in segments), 1440, f"the other client's longest segment, {how} {mtu}")
        raw.ack = first.seq
        data, segments = raw.receive(blob(60000)[-50:], 20)
        later = segments[len(segments) // 2:]
        t.check(data.endswith(blob(60000)), "body")
        biggest = max(len(s.data) for s in later)
        t.check(biggest <= largest and (largest < 1440 or biggest == 1440), f"{how} {mtu}: segments of {biggest} bytes")
        raw.close()
        other.close()
        t.settle()
        t.restart()


def unreachable(e, c, seq=None, code=3):
    """ICMP to lacon that quotes its SYN."""
    quote = ip_bytes(e.host.dst, e.host.mine, struct.pack("!HHI", c.peer_port, e.PORT, c.syn_seq if seq is None else seq))
    icmp = struct.pack("!BBHI", 3, code, 0, 0) + quote
    e.host.send_ip(ip_bytes(e.host.mine, e.host.dst, icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:], 1))


@case()
def unreachable_connect(t):
    """ICMP unreachable for a SYN that is under way: the next endpoint at once; with another number, or for an open
    connection: nothing."""
    other = t.origin(1, name="B")
    e = start_raw_endpoint(t, [(other.ip, other.port)], cluster={"connect_timeout": "20s"})
    c = t.client()
    for _ in range(2):  # one for each endpoint; which is first is the worker's choice
        before = len(other.requests)
        c.send(request_bytes("GET", "/name"))
        pending = until(lambda: e.syn_if_any() or len(other.requests) > before, "an endpoint to be asked")
        if pending is not True:
            unreachable(e, pending, seq=(pending.syn_seq + 1) & MASK)
            t.check(t.lacon.counters()["close_unreachable"] == 0, "believed a wrong number")
            unreachable(e, pending)
            t.wait_counter("close_unreachable")
        t.equal(c.response().body, b"B", "answered by")
    e.close()
    t.check(t.lacon.counters()["connect_failures"] >= 1, "not counted")


# ---- an endpoint's bytes ----

@case()
def endpoint_other_bytes(t):
    """A response head, a chunk size, a trailer that an endpoint sends again with other bytes before the client has
    acknowledged them: neither is mixed; both connections are reset."""
    e = start_raw_endpoint(t)
    rows = ((ok(5) + b"hello", ok(4) + b"hello"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: 1\r\n\r\n", None))
    lies = (None, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: 2\r\n\r\n")
    for (first, second), lie in zip(rows, lies):
        raw = RawTcp(t)
        raw.connect()
        raw.send(request_bytes("GET", "/"))
        c = e.accept()
        c.request()
        c.put(ACK | PSH, first)
        got = raw.answered().data
        c.put(ACK | PSH, second or lie)
        while s := raw.get(0.2):
            got += s.data if s.seq == raw.ack + len(got) else b""
            t.check(not s.data or s.data in first or s.data in got or first.startswith(b"HTTP"), f"{s.data}")
        wanted = first[first.index(b"\r\n\r\n"):]
        t.check(wanted.startswith(got[got.index(b"\r\n\r\n"):]) or got.endswith(wanted), f"mixed: {got}")
        c.reset()
        raw.close()


@case()
def endpoint_pieces(t):
    """A response in segments of one byte, backwards, doubled; with its FIN before its bytes (read until close): whole, once,
    and ended well."""
    e = start_raw_endpoint(t)
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nT: x\r\n\r\n"
    n = len(whole)
    for order in (range(n), reversed(range(n)), [i for i in range(n) for _ in (1, 2)]):
        order = list(order)
        client = t.client()
        client.send(request_bytes("GET", "/"))
        c = e.accept(mss(1460) + SACK_OK)
        c.request()
        for _ in range(30):
            for i in order:
                c.put(ACK | PSH, whole[i:i + 1], seq=c.seq + i)
            s = c.get(0.2)
            while s and s.ack != (c.seq + n) & MASK:
                s = c.get(0.2)
            if s:
                break
        c.seq = (c.seq + n) & MASK
        t.equal(client.response().body, b"abcdefg", "body")
        client.close()
        c.put(ACK | FIN)
        e.conns.remove(c)
        c.expect(lambda s: s.flags & FIN, "FIN")
        c.put(ACK, seq=c.seq + 1, ack=c.ack + 1)
    client = t.client()
    client.send(request_bytes("GET", "/"))
    c = e.accept()
    c.request()
    body = b"HTTP/1.1 200 OK\r\n\r\n" + blob(2500)
    c.put(ACK | FIN, seq=c.seq + len(body))
    c.put(ACK | FIN | PSH, body[1400:], seq=c.seq + 1400)
    c.put(ACK | PSH, body[:1400])
    c.put(ACK | FIN | PSH, body[1400:], seq=c.seq + 1400)
    r = client.response()
    t.equal((r.sha256, client.ended()), (sha256(2500), "fin"), "read until close")
    c.seq = (c.seq + len(body) + 1) & MASK


@case()
def endpoint_handshakes(t):
    """How an endpoint may answer a SYN: with a bare ACK of an old connection (reset, tried again at once), an ACK of another
    number (likewise), the SYN-ACK twice, without any option, with a closed window that opens later."""
    e = start_raw_endpoint(t, cluster={"connect_timeout": "20s"})
    client = t.client()
    client.send(request_bytes("POST", "/", body=blob(5000)))
    for wrong in (0x1234567, 5):
        c = e.syn()
        c.put(ACK, ack=c.ack + wrong)
        rst = c.expect(is_rst, "RST of the old connection")
        t.equal(rst.seq, (c.ack + wrong) & MASK, "its number")
        c.acked_to = None
    c = e.syn()
    c.put(SYN | ACK, ack=c.ack + 77, options=mss(1460))
    c.expect(is_rst, "RST for a SYN-ACK of another SYN")
    c.acked_to = None
    c = e.syn()
    c.answer(b"", window=0)
    c.put(SYN | ACK, seq=c.seq - 1, window=0)
    c.none(lambda s: len(s.data) > 1, "more than a probe into a closed window", 0.3)
    c.window = 4000
    c.put(ACK)
    data, segments = c.receive(blob(5000)[-50:], 20)
    t.check(max(len(s.data) for s in segments) <= 536, "segments longer than 536 without an MSS option")
    t.check(data.endswith(blob(5000)), "body")
    c.send(ok(2) + b"ok")
    t.equal(client.response().body, b"ok", "answer")


@case()
def endpoint_resets(t):
    """RST beside the window, inside it and at the exact place, in the middle of a response: only the last one counts; SYN
    and data of another time are answered with an ACK."""
    e = start_raw_endpoint(t)
    client = t.client()
    client.send(request_bytes("GET", "/"))
    c = e.accept()
    c.request()
    c.send(ok(100) + b"x" * 10)
    client.sock.recv(1)
    c.put(RST, seq=c.seq + 100)
    c.put(RST, seq=c.seq - 100)
    c.put(RST, seq=c.seq + 0x10000000)
    c.put(SYN, seq=c.seq + 500)
    c.put(ACK | PSH, b"evil", seq=c.seq + 0x20000000)
    c.put(ACK | PSH, b"evil", ack=c.ack + 100000)
    c.put(PSH, b"evil")
    t.wait_counter("drop_rst_seq", 3)
    t.check(t.lacon.counters()["challenge_acks"] > 0, "no challenge")
    c.send(b"y" * 90)
    client.buffer = b"H"
    t.equal(client.response().body, b"x" * 10 + b"y" * 90, "body")
    client.send(request_bytes("GET", "/"))
    c.request()
    c.send(ok(100) + b"x" * 10)
    client.sock.recv(1)
    c.put(RST, seq=c.seq)
    t.wait_counter("close_peer_reset")
    try:
        while client.more():
            pass
        ended = "fin"
    except ConnectionResetError:
        ended = "reset"
    t.equal(ended, "reset", "the client's end")
    c.acked_to = None


@case()
def endpoint_dies(t):
    """An endpoint that acknowledges the head and says nothing more: 504 in time, and its connection is given up."""
    e = start_raw_endpoint(t, cluster={"response_timeout": "500ms"})
    client = t.client()
    client.send(request_bytes("GET", "/"))
    c = e.accept()
    c.request()
    t.equal(client.response().status, 504, "status")
    c.expect(is_rst, "RST")
    c.acked_to = None


@case()
def endpoint_idle(t):
    """An idle endpoint connection: keep-alive probes are answered, data nobody asked for ends it, a FIN that crosses the
    next request makes that go elsewhere; URG is cleared on the way to the client."""
    e = start_raw_endpoint(t)
    client = t.client()
    client.send(request_bytes("GET", "/"))
    c = e.accept()
    c.request()
    c.send(ok(8) + b"urgently", ACK | PSH | URG, urgent=5)
    t.equal(client.response().body, b"urgently", "body")
    until(lambda: t.lacon.counters()["endpoints_idle"] == 1, "an idle endpoint connection")
    for garbage in (b"", b"\0"):
        while c.get(0.05):
            pass
        c.put(ACK, garbage, seq=c.seq - 1)
        s = c.expect(lambda s: True, "an answer to the probe")
        t.equal((s.ack, s.data), (c.seq, b""), "the answer")
    # The FIN crosses the request: nothing of it was answered, so it goes out again on a new connection.
    client.send(request_bytes("GET", "/crossed"))
    c.expect(lambda s: b"/crossed" in s.data, "the request")
    c.put(ACK | FIN)
    second = e.accept()
    t.check(b"/crossed" in second.request(), "the request on the new connection")
    second.send(ok(2) + b"ok")
    t.equal(client.response().body, b"ok", "answer")
    until(lambda: t.lacon.counters()["endpoints_idle"] == 1, "an idle endpoint connection")
    second.put(ACK | PSH, ok(4) + b"evil")
    t.wait_counter("close_pool_data")
    e.conns.clear()
    client.send(request_bytes("GET", "/next"))
    third = e.accept()
    third.request()
    third.send(ok(4) + b"good")
    t.equal(client.response().body, b"good", "the next answer")


@case()
def endpoint_small(t):
    """An endpoint with MSS 536, no SACK, no window scale, or with a window of a few bytes, takes an upload whose client has
    them all."""
    e = start_raw_endpoint(t)
    for options, window in ((mss(536), 65535), (mss(1460) + SACK_OK, 2000), (b"", 300), (mss(88), 1000)):
        client = t.client()
        client.send(request_bytes("PUT", "/", body=blob(20000)))
        c = e.syn()
        c.window = window
        c.answer(options)
        data, segments = c.receive(blob(20000)[-50:], 30)
        t.check(data.endswith(blob(20000)), "body")
        largest = max(len(s.data) for s in segments)
        t.check(largest <= min(struct.unpack("!H", options[2:4])[0] if options else 536, window), f"segments of {largest}")
        c.send(ok(2) + b"ok")
        t.equal(client.response().body, b"ok", "answer")
        until(lambda: t.lacon.counters()["endpoints_idle"] == 1, "an idle endpoint connection")
        c.reset()
        until(lambda: t.lacon.counters()["endpoints_open"] == 0, "the endpoint's connection to end")
        client.close()


# ---- interfaces, crashes ----

@case(shape="relayed")
def vlan(t):
    """An interface with vlan: 7 behind a switch (a relay that tags): frames with the tag are served and answered with it;
    untagged ones and those of another VLAN are not."""
    t.relays(front_vlan=7)
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    config["interfaces"][0]["vlan"] = 7
    t.start_with(config)
    for v6 in (False, True):
        c = t.client(v6=v6)
        for n in (0, 1000, 1428, 1440, 1460, 20000, 1000000):
            t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"down {n}")
            t.equal(c.ask("POST", "/", body=blob(n)).body.decode(), f"{n} {sha256(n)}", f"up {n}")
    t.equal(t.topo.cli.run(["ping", "-c", "1", "-W", "5", t.topo.vip4]).returncode, 0, "ping")
    before = t.lacon.counters()["requests"]
    for tag in (0, 8):
        t.relays(front_vlan=tag)
        done = t.topo.cli.run(["curl", "-sS", "-m", "1", f"http://{t.topo.vip4}/name"])
        t.check(done.returncode != 0, f"served with tag {tag}")
    t.relays(front_vlan=7)  # for the ends of the connections
    t.equal(t.lacon.counters()["requests"], before, "requests")


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
