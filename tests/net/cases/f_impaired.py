"""Bad networks: Linux TCP on both sides, a seeded relay (relay/) on both of lacon's arms. Whatever it does, every
body arrives whole, at once or late. Congestion control is the senders' own: each test has all that the kernel has."""
import collections
import functools
import socket
import threading

from bed.blob import pieces, sha256
from bed.case import ORIGIN_PORT, case
from bed.lacon import cluster
from bed.message import chunk, request_bytes
from bed.origin import chunk_sizes

# One byte, an endpoint's segment (1440; 1428 over IPv6) and a client's (1460, less 12 with timestamps) and their
# neighbours, the adoption limit, 64 KiB, what takes many round trips.
SIZES = (1, 1440, 1447, 1448, 1460, 14399, 14400, 14401, 65535, 65537, 300000)
EDGES = ((1, 2, 3, 1427, 1428, 1429) + tuple(range(1438, 1463)) + (2879, 2880, 2881, 2896, 14399, 14400, 14401, 14480,
         65535, 65536, 65537, 1000000))
HUGE = 50000000


def profile(front=None, back=None, both=None):
    if both:
        front = back = both
    return {"front": {"both": front} if isinstance(front, str) else front,
            "back": {"both": back} if isinstance(back, str) else back}


# Name: what the relays do on the client's arm and on the endpoints'.
NETWORKS = {
    "clean": profile(),
    "loss": profile(both="loss=1,delay=1"),
    "loss_heavy": profile(front="loss=10", back="loss=5"),
    "bursts": profile(both="loss=2,burst=5,delay=1"),
    "reordered": profile(both="reorder=10,depth=5,delay=1"),
    "doubled": profile(both="duplicate=10,delay=1"),
    "jitter": profile(both="delay=2,jitter=10"),
    "slow_link": profile(front="rate=8,queue=20,delay=5", back="rate=40,queue=64"),
    "one_way": {"front": {"up": "loss=5", "down": "delay=2"}, "back": {"down": "loss=2,reorder=5", "up": "delay=2"}},
    "corrupt": profile(both="corrupt=2,delay=1"),
    "everything": profile(both="loss=1,burst=2,duplicate=1,reorder=2,corrupt=0.5,delay=2,jitter=3,rate=100"),
    "mild": profile(both="loss=0.1,reorder=0.1"),
}


def congestion_controls():
    """What this kernel has of the three; setsockopt() tells."""
    found = []
    for name in ("cubic", "bbr", "reno"):
        with socket.socket() as s:
            try:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode())
                found.append(name)
            except OSError:
                print(f"# no congestion control {name} here: not tested with it", flush=True)
    return found


@functools.lru_cache(None)
def controls():
    return congestion_controls()


def put(c, n, chunked, headers=()):
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", n)
    c.send(request_bytes("PUT", "/", [framing, *headers]))
    if chunked:
        for piece in chunk_sizes(n):
            c.send(chunk(piece))
        c.send(b"0\r\n\r\n")
    else:
        for piece in pieces(n):
            c.send(piece)
    r = c.response()
    return r.body.decode() if r.status == 200 else f"status {r.status}"


class Traffic:
    """Clients that run beside each other, each in a thread; what went wrong is in .wrong."""

    def __init__(self, t):
        self.t, self.wrong, self.threads = t, [], []
        self.done = collections.Counter()

    def add(self, function, *args, **more):
        def run():
            try:
                function(*args, **more)
            except Exception as why:
                self.wrong.append(f"{args} {more}: {type(why).__name__}: {why}")
        self.threads.append(threading.Thread(target=run, daemon=True))

    def one(self, c, how, n, last=False):
        """One exchange; how: length, chunked, put, put-chunked."""
        headers = [("Connection", "close")] if last else []
        if how.startswith("put"):
            got, wanted = put(c, n, how == "put-chunked", headers), f"{n} {sha256(n)}"
        else:
            r = c.ask("GET", f"/{how}/{n}", headers)
            got, wanted = (r.status, r.length, r.sha256), (200, n, sha256(n))
        if got != wanted:
            self.wrong.append(f"{how} {n}: {got}, not {wanted}")
        if last and (end := c.ended()) != "fin":
            self.wrong.append(f"{how} {n}: ended by {end}")
        self.done[how] += 1

    def kept(self, congestion, sizes, hows, timeout, v6=False):
        """All on one connection."""
        c = self.t.client(v6=v6, timeout=timeout, congestion=congestion)
        for n in sizes:
            for how in hows:
                self.one(c, how, n)
        c.close()

    def not_kept(self, congestion, sizes, hows, timeout, v6=False):
        """Each on a connection of its own, to its orderly end."""
        for n in sizes:
            for how in hows:
                c = self.t.client(v6=v6, timeout=timeout, congestion=congestion)
                self.one(c, how, n, last=True)
                c.close()

    def run(self, seconds):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join(seconds)
        self.t.check(not any(thread.is_alive() for thread in self.threads), f"some hang; wrong so far: {self.wrong}")
        self.t.equal(self.wrong, [], "what went wrong")


HOWS = ("length", "chunked", "put", "put-chunked")


def start(t, network, seed=1):
    """lacon between the relays; three endpoints, of which each has another congestion control."""
    t.relays(**NETWORKS[network], seed=seed)
    origins = [t.origin(i, congestion=c) for i, c in enumerate(controls())]
    # A handshake takes its time where one packet in ten is lost.
    t.start([cluster("app", [(o.ip, ORIGIN_PORT) for o in origins], connect_timeout="20s", response_timeout="60s")])


def transfers(t, network, sizes=SIZES, seed=1, timeout=45, seconds=100):
    start(t, network, seed)
    traffic = Traffic(t)
    for i, congestion in enumerate(controls()):
        traffic.add(traffic.kept, congestion, sizes, HOWS, timeout, v6=i == 1)
        traffic.add(traffic.not_kept, congestion, sizes[i % 2::2], HOWS, timeout, v6=i == 2)
    traffic.run(seconds)


@case(shape="relayed", timeout=120)
def relay_clean(t):
    """Through a relay that does nothing: bodies of every size at which something changes, both ways."""
    transfers(t, "clean", EDGES)
    for relay in (t.relay_front, t.relay_back):
        t.equal([relay.total(what) for what in ("lost", "missed", "unsent", "too_long")], [0] * 4, "what was lost")


@case(shape="relayed", timeout=120)
def relay_loss(t):
    """1 % of frames lost each way on both arms."""
    transfers(t, "loss")
    t.check(t.relay_front.total("lost") and t.relay_back.total("lost"), "nothing was lost")


@case(shape="relayed", timeout=240)
def relay_loss_heavy(t):
    """10 % lost towards the client, 5 % towards the endpoints: handshakes and ends are lost, too."""
    transfers(t, "loss_heavy", (1, 1448, 14400, 14401), timeout=90, seconds=200)


@case(shape="relayed", timeout=120)
def relay_bursts(t):
    """2 % lost, five frames at a time on average."""
    transfers(t, "bursts")


@case(shape="relayed", timeout=120)
def relay_reordered(t):
    """One frame in ten is overtaken by up to five others."""
    transfers(t, "reordered")
    t.check(t.relay_front.total("reordered") and t.relay_back.total("reordered"), "the order was kept")


@case(shape="relayed", timeout=120)
def relay_doubled(t):
    """One frame in ten comes twice."""
    transfers(t, "doubled")
    t.check(t.relay_front.total("duplicated") and t.relay_back.total("duplicated"), "nothing came twice")


@case(shape="relayed", timeout=120)
def relay_jitter(t):
    """Frames take between 2 and 12 ms, and come in bunches."""
    transfers(t, "jitter", SIZES[1::2])


@case(shape="relayed", timeout=120)
def relay_slow_link(t):
    """The client behind 8 Mbit/s with a queue of 20 kB that overflows, the endpoints behind 40 Mbit/s."""
    transfers(t, "slow_link", SIZES[1::2])
    t.check(t.relay_front.total("queue_full") > 0, "the queue never overflowed")


@case(shape="relayed", timeout=120)
def relay_one_way(t):
    """What only one direction suffers: acknowledgements are lost where bodies are not, and the other way round."""
    transfers(t, "one_way")


@case(shape="relayed", timeout=120)
def relay_corrupt(t):
    """One frame in fifty is damaged on its way: all bodies are right, the checksums have found every damage, here
    and at the hosts."""
    transfers(t, "corrupt")
    counters = t.lacon.counters()
    reached = t.relay_front.counts()["up"]["corrupted"] + t.relay_back.counts()["down"]["corrupted"]
    t.check(reached > 20, f"only {reached} frames were damaged on their way to lacon")
    t.check(counters["drop_l4_checksum"] > 0 and counters["drop_ip_checksum"] > 0, f"no bad checksum was found: {counters}")
    dropped = sum(n for name, n in counters.items() if name in (
        "drop_l4_checksum", "drop_ip_checksum", "drop_ip_header", "drop_ip_options", "drop_ip_fragment", "drop_short",
        "drop_ip_protocol", "drop_ip_source", "drop_not_ours", "drop_tcp_header", "drop_ethertype"))
    # XDP passes on to the kernel what is not for lacon's addresses any more.
    t.check(dropped <= reached, f"{dropped} frames dropped, {reached} damaged")
    t.check(dropped >= reached * 0.8, f"only {dropped} of {reached} damaged frames were dropped")


@case(shape="relayed", timeout=120)
def relay_everything(t):
    """A little of everything at once, both arms, both ways."""
    transfers(t, "everything", SIZES[::2])


@case(shape="relayed", timeout=120)
def relay_huge(t):
    """50 MB down and up at once with each congestion control, one frame in a thousand lost and one overtaken."""
    start(t, "mild")
    traffic = Traffic(t)
    for i, congestion in enumerate(controls()):
        traffic.add(traffic.kept, congestion, [HUGE], ["length" if i else "chunked"], 100)
        traffic.add(traffic.kept, congestion, [HUGE], ["put" if i else "put-chunked"], 100, v6=i == 2)
    traffic.run(110)


@case(shape="relayed", timeout=120)
def relay_small(t):
    """Clients with a small MSS, others with a tiny receive buffer, while 1 % is lost and frames change places."""
    t.relays(**profile(front="loss=1,reorder=2,delay=1", back="loss=0.5"))
    t.start_origin()
    traffic = Traffic(t)

    def small(mss, receive_buffer):
        c = t.client(timeout=60, mss=mss, receive_buffer=receive_buffer)
        for n in (1, 535, 536, 537, 1460, 14400, 14401, 100000):
            for how in HOWS:
                traffic.one(c, how, n)
        c.close()

    for mss, receive_buffer in ((88, None), (536, None), (1000, None), (1220, None), (None, 2304), (None, 4608), (536, 2304)):
        traffic.add(small, mss, receive_buffer)
    traffic.run(100)


def matrix(t, network):
    """Three seeds of all sizes; then 50 MB each way for each congestion control (5 MB where they would take hours)."""
    hours = network in ("loss_heavy", "bursts", "one_way")
    for seed in (11, 12, 13):
        transfers(t, network, EDGES, seed, timeout=300, seconds=1000)
        t.settle()
        t.restart()
    start(t, network, 14)
    traffic = Traffic(t)
    for i, congestion in enumerate(controls()):
        for how in HOWS:
            traffic.add(traffic.kept, congestion, [HUGE // 10 if hours else HUGE], [how], 600, v6=i == 1)
    traffic.run(3000)


def register(network):
    def run(t):
        matrix(t, network)
    run.__name__ = f"matrix_{network}"
    run.__doc__ = f"Network {network}: sizes, seeds and congestion controls, kept alive and not, 50 MB both ways."
    case(shape="relayed", timeout=5000, full=True)(run)


for name in NETWORKS:
    register(name)
