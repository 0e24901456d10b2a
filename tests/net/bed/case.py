"""case: what a test is, what it is given, and what it leaves behind."""
import fcntl
import os
import shutil
import signal
import socket
import struct
import termios
import time

from .lacon import PORT, Lacon, cluster, configuration
from .message import Wire
from .origin import Origin, standard
from .relay import Relay
from .wait import until

CASES = {}  # name: Case, in the order in which they run

NGINX_PORT = 8080
ORIGIN_PORT = 9000


class Case:
    def __init__(self, function, shape, timeout, full):
        self.function, self.shape, self.timeout, self.full = function, shape, timeout, full
        self.name = function.__name__
        self.doc = " ".join((function.__doc__ or "").split())


def case(shape="two-armed", timeout=60, full=False):
    """Makes a function a test: it is given a Test, and fails by raising. full: only with LACON_FULL=1, or when it is
    named."""
    def register(function):
        if function.__name__ in CASES:
            raise ValueError(f"two tests are named {function.__name__}")
        CASES[function.__name__] = Case(function, shape, timeout, full)
        return function
    return register


class Test:
    """One run of one case."""

    def __init__(self, topo, nginx, bin_dir, directory, workers=1):
        self.topo, self.nginx, self.bin_dir, self.dir, self.workers = topo, nginx, bin_dir, directory, workers
        self.relayed = []
        self.lacon = None
        self.origins, self.wires, self.children = [], [], []

    # ---- starting ----

    def start(self, clusters=None, **config):
        """lacon; without clusters, "app" with the three nginx. Keywords are those of configuration()."""
        clusters = clusters or [cluster("app", [(ip, NGINX_PORT) for ip in self.topo.ep4])]
        config["dpdk"] = {"workers": self.workers} | config.get("dpdk", {})
        return self.start_with(configuration(self.topo, clusters, **config))

    def start_with(self, config):
        self.lacon = Lacon(self.topo, self.dir, config, self.bin_dir)
        return self.lacon

    def origin(self, i=0, serve=standard, v6=False, port=ORIGIN_PORT, name=None, congestion=None):
        """An endpoint of the test's own in endpoint namespace i."""
        ip = (self.topo.ep6 if v6 else self.topo.ep4)[i]
        origin = Origin(self.topo.ep[i], ip, port, serve, name or f"ep{i + 1}", congestion)
        self.origins.append(origin)
        return origin

    def start_origin(self, serve=standard, v6=False, **config):
        """lacon with one endpoint, which behaves as told."""
        origin = self.origin(0, serve, v6)
        self.start([cluster("app", [(origin.ip, origin.port)], **config.pop("cluster", {}))], **config)
        return origin

    def relays(self, front=None, back=None, seed=1, front_vlan=0):
        """The network of shape "relayed" works from now on; front, back: {"up": what the relay is to do to frames
        towards the endpoints, "down": ..., "both": ...} (bed/relay.py); without: good. front_vlan: lacon's end of
        the client's arm is tagged with it."""
        for relay in self.relayed:
            relay.child.stop()
        self.relay_front = Relay(self, "f0", "f1", front or {}, seed, front_vlan)
        self.relay_back = Relay(self, "b0", "b1", back or {}, seed + 1)
        self.relayed = [self.relay_front, self.relay_back]

    def client(self, v6=False, timeout=30, receive_buffer=None, congestion=None, mss=None):
        """A connection to lacon."""
        sock = self.topo.cli.socket(socket.AF_INET6 if v6 else socket.AF_INET)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if congestion:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        if mss:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
        wire = Wire(sock, timeout)
        self.wires.append(wire)
        sock.connect((self.topo.vip6 if v6 else self.topo.vip4, PORT))
        return wire

    def background(self, ns, cmd, name=None):
        child = ns.start(cmd, name)
        self.children.append(child)
        return child

    # ---- judging ----

    def check(self, good, what):
        if not good:
            raise AssertionError(what)

    def equal(self, got, expected, what):
        if got != expected:
            raise AssertionError(f"{what}: {short(got)}, not {short(expected)}")

    def wait_counter(self, name, least=1, seconds=20):
        until(lambda: self.lacon.counters()[name] >= least, f"counter {name} >= {least}", seconds)

    def wait_standstill(self):
        """Until a request was seen and lacon then sends nothing for a while."""
        self.wait_counter("requests")
        last = [-1]

        def still():
            before, last[0] = last[0], self.lacon.counters()["tx_bytes"]
            if before != last[0]:
                time.sleep(0.1)
            return before == last[0]
        until(still, "lacon to come to a standstill")

    # ---- ending ----

    def settle(self):
        """Every client gone, nothing may be left of what they did; and lacon ends well when told to."""
        for wire in self.wires:
            wire.close()
        if not self.lacon:
            return
        if self.lacon.child.running():
            until(self._quiet, "exchanges and kept bytes to come down to zero")
            until(lambda: not any(e["rules"] for e in self.lacon.ctl("accel")["engines"]), "flow engines to have no rule")
            status = self.lacon.child.stop()
        else:
            status = self.lacon.child.wait()
        self.equal(status, 0, "lacon's exit status")
        bad = [line for line in self.lacon.child.lines
               if " error: " in line or "runtime error" in line or "Sanitizer" in line]
        self.check(not bad, f"lacon complained: {bad}")
        for origin in self.origins:
            self.check(not origin.errors, f"{origin.name}: {origin.errors}")

    def _quiet(self):
        workers = self.lacon.ctl("status")["workers"]
        return all(w["exchanges"] == 0 and w["kept_bytes"] == 0 for w in workers)

    def restart(self):
        """After settle(): as if nothing had been started yet."""
        for origin in self.origins:
            origin.close()
        for child in self.children:
            child.stop()
        self.lacon = None
        self.origins, self.wires, self.children, self.relayed = [], [], [], []

    def clean(self):
        """After settle() or a failure."""
        for wire in self.wires:
            wire.close()
        for origin in self.origins:
            origin.close()
        for child in self.children:
            child.stop()
        if self.lacon and self.lacon.child.running():
            self.lacon.child.stop(signal.SIGKILL)
        self.topo.lose_nothing()
        shutil.rmtree(self.dir, ignore_errors=True)


def short(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:200] + " ... " + text[-200:]


def wait_acked(sock):
    """Until everything that was sent on the socket has been acknowledged."""
    def left():
        return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]
    until(lambda: left() == 0, "sent bytes to be acknowledged")


def mkdir(path):
    os.makedirs(path)
    return path
