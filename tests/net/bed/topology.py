"""topology: the namespaces and what connects them. Three shapes; a test asks for addresses by role and does not
care which.

    two-armed    cli c0 ---- front lac back ---- sw ---- e0 ep1, ep2, ep3
                 10.88.0.0/24, fd88::/64         10.99.0.0/24, fd99::/64

    one-armed    cli c0 ---- sw ---- front lac
                             |---- e0 ep1, ep2, ep3
                 10.88.0.0/24, fd88::/64

    relayed      cli c0 ---- f0 (rel) f1 ---- front lac back ---- b0 (rel) b1 ---- sw ---- e0 ep1, ep2, ep3
                 two-armed, with a bad network on each arm: between f0 and f1, and between b0 and b1, frames go
                 through a relay (bed/relay.py), which the test starts; without it nothing passes

"sw" is a Linux bridge in a namespace of its own, so lacon's neighbours see a switch and nothing else.
In lacon's namespace the kernel has an address of its own on the same device (.2): sharing is the normal case.
"""
from .netns import Netns, must

ENDPOINTS = 3
CLIENT_NET = ("10.88.0.", "fd88::")
ENDPOINT_NET = ("10.99.0.", "fd99::")
SHAPES = ("one-armed", "two-armed", "relayed")

# Addresses of the client and of the first endpoint for hand-made TCP: their kernels' resets from it never leave.
RAW_CLIENT = "10.88.0.66"
RAW_ENDPOINT = 67


class Topology:
    def __init__(self, janitor, prefix, shape):
        if shape not in SHAPES:
            raise ValueError(shape)
        self.shape = shape
        back = CLIENT_NET if shape == "one-armed" else ENDPOINT_NET
        self.vip4, self.vip6 = CLIENT_NET[0] + "1", CLIENT_NET[1] + "1"
        self.back4, self.back6 = back[0] + "1", back[1] + "1"
        self.kernel4 = CLIENT_NET[0] + "2"
        self.ep4 = [f"{back[0]}{11 + i}" for i in range(ENDPOINTS)]
        self.ep6 = [f"{back[1]}{11 + i}" for i in range(ENDPOINTS)]
        self.cli4, self.cli6 = CLIENT_NET[0] + "10", CLIENT_NET[1] + "10"

        make = lambda name: Netns(janitor, f"{prefix}-{name}")
        self.cli, self.lac, self.sw = make("cli"), make("lac"), make("sw")
        self.ep = [make(f"ep{i + 1}") for i in range(ENDPOINTS)]
        self.rel = make("rel") if shape == "relayed" else None
        for ns in self.all():
            _prepare(ns)
        self.sw.ip("link add br0 type bridge forward_delay 0 mcast_snooping 0\nlink set br0 up\n")

        if shape == "two-armed":
            _wire(self.cli, "c0", self.lac, "front")
            self.front_peer = (self.cli, "c0")
            self._plug(self.lac, "back")
        elif shape == "relayed":
            self.rel.sysctl(net__ipv6__conf__default__disable_ipv6=1)  # it is to say nothing by itself
            _wire(self.cli, "c0", self.rel, "f0")
            _wire(self.lac, "front", self.rel, "f1")
            _wire(self.lac, "back", self.rel, "b0")
            self._plug(self.rel, "b1")
            self.front_peer = (self.rel, "f1")
        else:
            self._plug(self.cli, "c0")
            self.front_peer = (self.sw, self._plug(self.lac, "front"))
        for ns in self.ep:
            self._plug(ns, "e0")

        _host(self.cli, "c0", [self.cli4, RAW_CLIENT, self.cli6])
        for i, ns in enumerate(self.ep):
            _host(ns, "e0", [self.ep4[i], self.ep6[i]])
        self.lac.ip(f"addr add {self.kernel4}/24 dev front\n")
        if shape == "relayed":
            for dev in ("front", "back"):
                _whole_frames(self.lac, dev)  # what its kernel sends goes through a relay, too
        self.raw_ep4 = f"{back[0]}{RAW_ENDPOINT}"
        self.ep[0].ip(f"addr add {self.raw_ep4}/24 dev e0\n")
        for ns, ip in ((self.cli, RAW_CLIENT), (self.ep[0], self.raw_ep4)):
            ns.nft("table ip raw {\nchain out {\ntype filter hook output priority 0;\n"
                   f"ip saddr {ip} tcp flags & rst == rst drop\n}}\n}}\n")

    def all(self):
        return [self.cli, self.lac, self.sw] + self.ep + ([self.rel] if self.rel else [])

    def hosts(self):
        """(namespace, device) of every end that has a TCP of its own."""
        return [(self.cli, "c0")] + [(ns, "e0") for ns in self.ep]

    def _plug(self, ns, dev):
        """Into the switch; the name of its port."""
        port = f"p-{ns.name.rsplit('-', 1)[1]}-{dev}"[:15]
        _wire(ns, dev, self.sw, port)
        self.sw.ip(f"link set {port} master br0\n")
        return port

    def lose(self, percent):
        """From now on every host loses so many of the packets it receives, and as many of those it sends."""
        chains = "".join(f"chain {hook} {{\ntype filter hook {hook} priority 0;\n"
                         f"meta l4proto tcp numgen random mod 100 < {percent} drop\n}}\n"
                         for hook in ("prerouting", "postrouting"))
        for ns, _ in self.hosts():
            ns.nft(f"table inet loss {{\n{chains}}}\n")

    def lose_nothing(self):
        for ns, _ in self.hosts():
            ns.nft("table inet loss {}\ndelete table inet loss\n")


def _prepare(ns):
    # The machine's default differs from one to the next; Reno is what a namespace may always choose.
    ns.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__all__accept_dad=0,
              net__ipv4__tcp_congestion_control="reno", net__ipv4__ip_local_port_range="10000 60999",
              net__ipv4__tcp_tw_reuse=1, net__core__somaxconn=4096, net__ipv4__tcp_max_syn_backlog=4096)
    ns.ip("link set lo up\n")


def _wire(a, adev, b, bdev):
    a.ip(f"link add {adev} type veth peer name {bdev} netns {b.name}\nlink set {adev} up\n")
    b.ip(f"link set {bdev} up\n")


def _whole_frames(ns, dev):
    # With transmit checksums offloaded a veth sends unfinished ones; segmentation offload goes with it.
    must(["ip", "netns", "exec", ns.name, "ethtool", "-K", dev, "tx", "off"])


def _host(ns, dev, addresses):
    _whole_frames(ns, dev)
    ns.ip("".join(f"addr add {a}/{64 if ':' in a else 24} dev {dev}{' nodad' if ':' in a else ''}\n"
                  for a in addresses))
