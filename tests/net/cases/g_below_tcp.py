"""Below TCP: packets no stack should take, ICMP, VLANs."""
import struct

from bed.blob import blob, sha256
from bed.byhand import good_after, start_raw_endpoint
from bed.case import case
from bed.lacon import cluster, configuration
from bed.message import request_bytes
from bed.rawtcp import ACK, MASK, PSH, SYN, RawTcp, checksum, ip_bytes, mss, tcp_bytes
from bed.wait import until


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


def heard(host):
    """lacon has dealt with all that was sent before: it answers a ping."""
    host.icmp.clear()
    echo = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
    host.send_ip(ip_bytes(host.mine, host.dst, echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:], 1))
    until(lambda: host.hear(1) and any(m[:1] == b"\0" for m in host.icmp), "an answer to a ping")


@case()
def unreachable_connect(t):
    """ICMP unreachable for a SYN that is under way: the next endpoint at once; with another number:
    nothing."""
    other = t.origin(1, name="B")
    e = start_raw_endpoint(t, [(other.ip, other.port)], cluster={"connect_timeout": "20s"})
    c = t.client()
    for _ in range(2):  # one for each endpoint; which is first is the worker's choice
        before = len(other.requests)
        c.send(request_bytes("GET", "/name"))
        pending = until(lambda: e.syn_if_any() or len(other.requests) > before, "an endpoint to be asked")
        if pending is not True:
            unreachable(e, pending, seq=(pending.syn_seq + 1) & MASK)
            heard(e.host)
            counters = t.lacon.counters()
            t.check(counters["close_unreachable"] == 0, f"believed a wrong number: {pending.syn_seq} {counters}")
            unreachable(e, pending)
            t.wait_counter("close_unreachable")
        t.equal(c.response().body, b"B", "answered by")
        if pending is not True:
            break  # the same SYN may have come twice: a second look would find it again
    e.close()
    t.check(t.lacon.counters()["connect_failures"] >= 1, "not counted")


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
