"""rawtcp: a TCP peer made by hand, for what no kernel would send: RawTcp is a client, RawEndpoint an endpoint. IPv4,
from addresses of their own (RAW_CLIENT, Topology.raw_ep4) whose kernel's resets never leave; every number is the
test's to choose. Sequence numbers are kept as if nothing were lost: self.seq is what comes next, self.ack what is
expected next; put() sends whatever it is told and changes neither."""
import collections
import json
import random
import select
import socket
import struct
import time

from .lacon import PORT
from .netns import must
from .topology import RAW_CLIENT
from .wait import Timeout

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
ETH_P_IP = 0x0800
SO_RCVBUFFORCE = 33
MASK = 0xffffffff

Segment = collections.namedtuple("Segment", "flags seq ack window options data urgent dport sport")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mss(n):
    return struct.pack("!BBH", 2, 4, n)


def wscale(n):
    return struct.pack("!BBBB", 1, 3, 3, n)


SACK_OK = b"\1\1\4\2"


def sack(*blocks):
    return b"\1\1" + struct.pack("!BB", 5, 2 + 8 * len(blocks)) + b"".join(
        struct.pack("!II", lo & MASK, hi & MASK) for lo, hi in blocks)


def tcp_bytes(src, dst, sport, dport, seq, ack, flags, window, options=b"", data=b"", urgent=0, bad_checksum=False,
              offset=None):
    """A TCP segment with its checksum; offset: the header's length in words that it claims to have."""
    options += b"\1" * (-len(options) % 4)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & MASK, ack & MASK if flags & ACK else 0,
                      (offset or (20 + len(options)) // 4) << 4, flags, window, 0, urgent) + options + data
    sum_ = checksum(socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
    if bad_checksum:
        sum_ ^= 0x5555
    return tcp[:16] + struct.pack("!H", sum_) + tcp[18:]


def ip_bytes(src, dst, payload, proto=6, options=b"", fragment=0x4000, total=None, bad_checksum=False, ttl=64):
    """An IPv4 packet; fragment: the field with flags and offset."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, total or 20 + len(options) + len(payload), 7,
                       fragment, ttl, proto, 0, socket.inet_aton(src), socket.inet_aton(dst)) + options
    sum_ = checksum(head) ^ (0x5555 if bad_checksum else 0)
    return head[:10] + struct.pack("!H", sum_) + head[12:] + payload


class RawHost:
    """An address, a device and lacon's MAC: sends packets, and hears those from lacon, by our port."""

    def __init__(self, test, ns, dev, mine, lacon_dev, lacon_ip):
        self.ns, self.dev, self.mine, self.dst = ns, dev, mine, lacon_ip
        link = json.loads(must(["ip", "-n", test.topo.lac.name, "-j", "link", "show", lacon_dev]))
        self.mac = bytes.fromhex(link[0]["address"].replace(":", ""))
        self.sock = ns.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.sock.bind((dev, ETH_P_IP))
        self.queues = collections.defaultdict(collections.deque)  # by our port: segments that nobody asked for yet
        self.icmp = collections.deque()
    def close(self):
        self.sock.close()

    def send_ip(self, packet):
        self.sock.sendto(packet, (self.dev, ETH_P_IP, 0, 0, self.mac))

    def hear(self, seconds):
        """One packet into its queue; False when none came."""
        if not select.select([self.sock], [], [], max(0, seconds))[0]:
            return False
        packet, (_, _, kind, _, _) = self.sock.recvfrom(65536)
        if kind == socket.PACKET_OUTGOING or packet[12:16] != socket.inet_aton(self.dst):
            return True
        if packet[16:20] != socket.inet_aton(self.mine):
            return True
        payload = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
        if packet[9] == 1:
            self.icmp.append(payload)
        elif packet[9] == 6:
            sport, port, seq, ack, offset, flags, window, _, urgent = struct.unpack("!HHIIBBHHH", payload[:20])
            self.queues[port].append(Segment(flags, seq, ack, window, payload[20:(offset >> 4) * 4],
                                             payload[(offset >> 4) * 4:], urgent, port, sport))
        return True

    def get(self, port, seconds):
        """The next segment for our port, or None when none comes in time."""
        end = time.monotonic() + seconds
        while not self.queues[port]:
            left = end - time.monotonic()
            if not self.hear(left) and left <= 0:
                return None
        return self.queues[port].popleft()


class RawConn:
    """One connection's numbers over a RawHost."""

    def __init__(self, host, port, peer_port):
        self.host, self.port, self.peer_port = host, port, peer_port
        self.seq = self.ack = 0
        self.acked_to = None  # by lacon
        self.window = 65535
        self.scale = 0        # of lacon's windows

    def segment(self, flags, data=b"", seq=None, ack=None, options=b"", bad_checksum=False, urgent=0, port=None,
                window=None, offset=None):
        return tcp_bytes(self.host.mine, self.host.dst, port or self.port, self.peer_port,
                         self.seq if seq is None else seq, self.ack if ack is None else ack, flags,
                         self.window if window is None else window, options, data, urgent, bad_checksum, offset)

    def put(self, flags, data=b"", ip_options=b"", **more):
        """Sends one segment; self.seq stays."""
        self.host.send_ip(ip_bytes(self.host.mine, self.host.dst, self.segment(flags, data, **more), options=ip_options))

    def get(self, seconds=10):
        """The next segment for our port, or None when none comes."""
        s = self.host.get(self.port, seconds)
        if s and s.flags & ACK:
            self.acked_to = s.ack
        return s

    def expect(self, true, what, seconds=10):
        """The first segment for which true(segment); others are passed over."""
        end = time.monotonic() + seconds
        seen = []
        while (left := end - time.monotonic()) > 0 and (s := self.get(left)):
            if true(s):
                return s
            seen.append(s)
        raise Timeout(f"no {what}; there came {[tuple(s)[:4] + (s.data[:40],) for s in seen[-5:]]}")

    def none(self, true, what, seconds=0.3):
        """Fails when a segment comes for which true(segment)."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (s := self.get(left)):
            if true(s):
                raise AssertionError(f"{what}: {tuple(s)[:4] + (s.data[:80],)}")

    def send(self, data, flags=ACK | PSH, **more):
        """One segment, in order."""
        self.put(flags, data, **more)
        self.seq = (self.seq + len(data) + (1 if flags & FIN else 0)) & MASK

    def acked(self):
        """Until all that was sent in order is acknowledged."""
        return self.expect(lambda s: s.flags & ACK and s.ack == self.seq, f"ack of {self.seq}")

    def answered(self, status=200):
        """Until a response head with that status begins (not acknowledged by this)."""
        return self.expect(lambda s: s.data.startswith(b"HTTP/1.1 %d" % status), f"response {status}")

    def receive(self, until, seconds=10, acks=True):
        """In-order data, acknowledged segment by segment, until `until` (bytes, or true(data)) is there; (data,
        segments)."""
        data, segments = b"", []
        end = time.monotonic() + seconds
        whole = until if callable(until) else lambda d: until in d
        while not whole(data):
            s = self.get(max(0, end - time.monotonic()))
            if s is None:
                raise Timeout(f"no {until!r} in {len(data)} bytes that end with {data[-200:]!r}")
            if s.flags & RST:
                raise ConnectionResetError(f"reset after {data[-200:]!r}")
            skip = (self.ack - s.seq) & MASK
            if s.data and skip < len(s.data):
                data += s.data[skip:]
                segments.append(s)
                self.ack = (self.ack + len(s.data) - skip) & MASK
                if acks:
                    self.put(ACK)
            elif s.data and acks:
                self.put(ACK)
        return data, segments


class RawTcp(RawConn):
    """A client."""

    def __init__(self, test, isn=None, port=None):
        host = RawHost(test, test.topo.cli, "c0", RAW_CLIENT, "front", test.topo.vip4)
        # The kernel is to answer ARP for this address, and lacon to know it.
        host.ns.run(["ping", "-c", "1", "-W", "5", "-I", host.mine, host.dst])
        super().__init__(host, port or random.randrange(20000, 30000), PORT)
        self.dst = host.dst
        self.seq = random.getrandbits(32) if isn is None else isn
        test.wires.append(self)

    def close(self):
        """Leaves with a reset where lacon expects one: a peer that goes silent is kept for minutes."""
        if self.host.sock.fileno() < 0:
            return
        while self.get(0):
            pass
        if self.acked_to is not None:
            self.put(RST, seq=self.acked_to)
        self.host.close()

    def connect(self, options=mss(1460)):
        """The handshake; lacon's SYN-ACK."""
        self.put(SYN, options=options)
        answer = self.expect(lambda s: s.flags & SYN and s.ack == (self.seq + 1) & MASK, "SYN-ACK")
        self.seq, self.ack = (self.seq + 1) & MASK, (answer.seq + 1) & MASK
        self.put(ACK)
        return answer


class RawEndpoint:
    """An endpoint in endpoint namespace 1 that does by itself nothing at all."""

    PORT = 9100

    def __init__(self, test):
        dev = "front" if test.topo.shape == "one-armed" else "back"
        self.ip = test.topo.raw_ep4
        self.host = RawHost(test, test.topo.ep[0], "e0", self.ip, dev, test.topo.back4)
        test.wires.append(self)
        self.conns = []

    def close(self):
        """Ends what is still open."""
        if self.host.sock.fileno() < 0:
            return
        self._hear_all()
        for c in list(self.conns):
            c.reset()
        self.host.close()

    def _hear_all(self):
        while s := self.host.get(self.PORT, 0):
            for c in self.conns:
                if c.peer_port == s.sport and s.flags & ACK:
                    c.acked_to = s.ack

    def syn(self, seconds=10):
        """lacon's next SYN, as a connection that has not been answered."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if c := self.syn_if_any(left):
                return c
        raise Timeout("no SYN at the endpoint")

    def syn_if_any(self, seconds=0):
        """The same when the next segment, if one comes within so long, is a SYN; else None."""
        s = self.host.get(self.PORT, seconds)
        if not s or not s.flags & SYN:
            return None
        c = RawEndpointConn(self, s.sport)
        c.seq, c.ack, c.syn_options, c.syn_seq = random.getrandbits(32), (s.seq + 1) & MASK, s.options, s.seq
        self.conns.append(c)
        return c

    def accept(self, options=mss(1460), isn=None, window=None):
        """The handshake."""
        c = self.syn()
        c.answer(options, isn, window)
        return c


class RawEndpointConn(RawConn):
    """One connection of a RawEndpoint; segments of others are passed over."""

    def __init__(self, endpoint, peer_port):
        super().__init__(endpoint.host, endpoint.PORT, peer_port)
        self.endpoint = endpoint

    def reset(self):
        """Ends it with a reset where lacon expects it."""
        self.endpoint._hear_all()
        if self.acked_to is not None:
            self.put(RST | ACK, seq=self.acked_to)
        self.endpoint.conns.remove(self)

    def get(self, seconds=10):
        end = time.monotonic() + seconds
        while True:
            s = super().get(max(0, end - time.monotonic()))
            if s is None or s.sport == self.peer_port:
                return s

    def answer(self, options=mss(1460), isn=None, window=None):
        if isn is not None:
            self.seq = isn
        self.put(SYN | ACK, options=options, window=window)
        self.seq = (self.seq + 1) & MASK
        self.acked_to = self.seq

    def request(self, seconds=10, acks=True):
        """A request head (and what came with it)."""
        return self.receive(b"\r\n\r\n", seconds, acks)[0]
