"""rawtcp: a TCP peer made by hand, for what no kernel would send. IPv4 from RAW_CLIENT, whose kernel's own
resets never leave; every number is the test's to choose."""
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
MASK = 0xffffffff

Segment = collections.namedtuple("Segment", "flags seq ack window options data")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mss(n):
    return struct.pack("!BBH", 2, 4, n)


class RawTcp:
    def __init__(self, test, isn=None, port=None):
        topo = test.topo
        self.dst = topo.vip4
        self.port = port or random.randrange(20000, 30000)
        self.seq = random.getrandbits(32) if isn is None else isn  # next to send
        self.ack = 0                                               # next expected
        self.acked_to = None                                       # by lacon
        self.window = 65535
        link = json.loads(must(["ip", "-n", topo.lac.name, "-j", "link", "show", "front"]))
        self.mac = bytes.fromhex(link[0]["address"].replace(":", ""))
        self.sock = topo.cli.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("c0", ETH_P_IP))
        test.wires.append(self)
        # The kernel is to answer ARP for this address, and lacon to know it.
        topo.cli.run(["ping", "-c", "1", "-W", "5", "-I", RAW_CLIENT, self.dst])

    def close(self):
        """Leaves with a reset where lacon expects one: a peer that goes silent is kept for minutes."""
        if self.sock.fileno() < 0:
            return
        while self.get(0):
            pass
        if self.acked_to is not None:
            self.put(RST, seq=self.acked_to)
        self.sock.close()

    def put(self, flags, data=b"", seq=None, ack=None, options=b"", bad_checksum=False, ip_options=b"", urgent=0,
            port=None):
        """Sends one segment; self.seq stays."""
        seq = self.seq if seq is None else seq
        ack = self.ack if ack is None else ack
        options += b"\1" * (-len(options) % 4)
        tcp = struct.pack("!HHIIBBHHH", port or self.port, PORT, seq & MASK, ack & MASK if flags & ACK else 0,
                          (20 + len(options)) // 4 << 4, flags, self.window, 0, urgent) + options + data
        src, dst = socket.inet_aton(RAW_CLIENT), socket.inet_aton(self.dst)
        sum_ = checksum(src + dst + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)
        if bad_checksum:
            sum_ ^= 0x5555
        tcp = tcp[:16] + struct.pack("!H", sum_) + tcp[18:]
        head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(ip_options) // 4, 0, 20 + len(ip_options) + len(tcp), 0, 0x4000,
                           64, 6, 0, src, dst) + ip_options
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        self.sock.sendto(head + tcp, ("c0", ETH_P_IP, 0, 0, self.mac))

    def get(self, seconds=10):
        """The next segment for our port, or None when none comes."""
        end = time.monotonic() + seconds
        while select.select([self.sock], [], [], max(0, end - time.monotonic()))[0]:
            packet, (_, _, kind, _, _) = self.sock.recvfrom(65536)
            if kind == socket.PACKET_OUTGOING or packet[9] != 6 or packet[12:16] != socket.inet_aton(self.dst):
                continue
            tcp = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
            _, port, seq, ack, offset, flags, window = struct.unpack("!HHIIBBH", tcp[:16])
            if port == self.port:
                self.acked_to = ack if flags & ACK else self.acked_to
                return Segment(flags, seq, ack, window, tcp[20:(offset >> 4) * 4], tcp[(offset >> 4) * 4:])
        return None

    def expect(self, true, what, seconds=10):
        """The first segment for which true(segment); others are passed over."""
        end = time.monotonic() + seconds
        seen = []
        while (left := end - time.monotonic()) > 0 and (s := self.get(left)):
            if true(s):
                return s
            seen.append(s)
        raise Timeout(f"no {what}; there came {[tuple(s)[:4] + (s.data[:40],) for s in seen[-5:]]}")

    def connect(self, options=mss(1460)):
        """The handshake; lacon's SYN-ACK."""
        self.put(SYN, options=options)
        answer = self.expect(lambda s: s.flags & SYN and s.ack == (self.seq + 1) & MASK, "SYN-ACK")
        self.seq, self.ack = (self.seq + 1) & MASK, (answer.seq + 1) & MASK
        self.put(ACK)
        return answer

    def send(self, data):
        """One segment, in order."""
        self.put(ACK | PSH, data)
        self.seq = (self.seq + len(data)) & MASK

    def acked(self):
        """Until all that was sent in order is acknowledged."""
        return self.expect(lambda s: s.flags & ACK and s.ack == self.seq, f"ack of {self.seq}")

    def receive(self, until, seconds=10):
        """In-order data, acknowledged segment by segment, until `until` is in it; (data, segments)."""
        data, segments = b"", []
        end = time.monotonic() + seconds
        while until not in data:
            s = self.get(max(0, end - time.monotonic()))
            if s is None:
                raise Timeout(f"no {until!r} in {data[-200:]!r}")
            if s.flags & RST:
                raise ConnectionResetError(f"reset after {data[-200:]!r}")
            if s.data and s.seq == self.ack:
                data += s.data
                segments.append(s)
                self.ack = (self.ack + len(s.data)) & MASK
                self.put(ACK)
        return data, segments
