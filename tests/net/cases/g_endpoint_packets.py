"""Packet by packet: an endpoint made by hand, with Linux at the other end."""
import struct

from bed.blob import blob, sha256
from bed.byhand import is_rst, ok, start_raw_endpoint
from bed.case import case
from bed.message import request_bytes
from bed.rawtcp import ACK, FIN, MASK, PSH, RST, SACK_OK, SYN, URG, RawTcp, mss
from bed.wait import until


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
