"""settings: what is compared with what. Each function is one of the comparison's settings (bench/README.md says
what it stands for); it fills the table, interleaving the subjects round by round."""
import os
import time

import calm
import cpu
from load import Loadgen, Trouble, wrk
from measure import SIZES, name_of, run_job, run_stretches
from proxies import MEMIF_MAC, Haproxy, KernelForward, Lacon, LaconMemif, LaconPoll, LaconTunnel, Nginx, Origin, Testpmd, wait_for
from wires import ENDPOINT, FRONT

NO_PINS = []


class Nginx_off(Nginx):
    name = "nginx, offloads off"


class Nginx_large(Nginx):
    name = "nginx, large frames"


class Context:
    """What all settings share."""

    def __init__(self, wires, directory, bin_dir, table, progress, quick, rounds, seconds):
        self.wires, self.dir, self.bin = wires, directory, bin_dir
        self.table, self.progress, self.quick, self.rounds, self.seconds = table, progress, quick, rounds, seconds
        self.count = 0  # of generators
        self.nginx_capacity = None  # requests/s at 100B, kept alive, 64 connections

    def start(self, proxy):
        """Starts it on the veths, with the addresses and the offloads that it takes."""
        self.wires.kernel_addresses(proxy.kernel)
        self.wires.offloads(not isinstance(proxy, (Nginx_off, Lacon)))
        proxy.start()
        return self.wires.pin()

    def jobs(self, proxy, loadgen, pins, setting, points, **more):
        """points: (size, close, connections)."""
        for size, close, connections in points:
            keys = {"connections": connections, "close": close, "response_size": SIZES[size],
                    "warmup": 0.3, "duration": self.seconds} | more
            if SIZES[size] >= 1000000:
                keys |= LARGE if connections <= 64 else CROWD
            if proxy.kernel and not isinstance(proxy, Nginx_off):
                keys["checksums"] = "trust"  # left to the device, as its offloads are on
            self.progress.step(f"{setting}: {proxy.name}: {name_of(size, close, connections)}")
            run_job(self.table, setting, name_of(size, close, connections), proxy, loadgen, pins, **keys)


# A veth holds 256 frames and drops the next: windows that fit, and timeouts that do not dominate.
LARGE = {"window": 65536, "rto": 30, "timeout": 20}
# A thousand of them: two segments each at a time are more than it holds all the same. A response takes longer than is
# measured: bytes are counted.
CROWD = {"window": 2920, "rto": 30, "timeout": 40, "warmup": 1, "duration": 4, "by_bytes": SIZES["1MB"]}
# At 1 MB over 1,000 connections a connection per request is no other work: a handshake for 700 frames.
EVERY_POINT = [(s, close, n) for s in SIZES for close in (False, True) for n in (64, 1000)
               if not (s == "1MB" and n == 1000 and close)]
KEEPALIVE = name_of("100B", False, 64)
ONESHOT = name_of("100B", True, 64)
BULK = name_of("1MB", False, 64)
IDLE = "100B, kept alive, {} connections, 64 requests at a time"


def equal(percent):
    """The point at which all of them have the same load."""
    return f"100B, kept alive, 64 connections, {percent} % of nginx's capacity"


EQUAL = equal(50)
EQUAL_MORE = (25, 75, 95)  # where the curves cross


# ---- (1) ordinary: wrk and nginx's own endpoints on the kernel's TCP ----

def ordinary(c):
    points = [(s, False, 64) for s in SIZES] if c.quick else EVERY_POINT
    theirs = c.wires.host_addresses()
    origin = Origin(c.wires, c.dir, c.bin, SIZES.values())
    origin.start()
    try:
        for _ in range(c.rounds):
            for kind in (Nginx, Haproxy, Lacon):
                proxy = kind(c.wires, c.dir, c.bin)
                pins = c.start(proxy)
                try:
                    for point in points:
                        _ordinary_point(c, proxy, origin.pids() + theirs, pins, *point)
                finally:
                    proxy.stop()
    finally:
        origin.stop()
        c.wires.no_host_addresses()


def _ordinary_point(c, proxy, others, pins, size, close, connections):
    clock = cpu.Clock({"proxy": proxy.pids() + pins, "others": others})
    point = name_of(size, close, connections)
    c.progress.step(f"ordinary: {proxy.name}: {point}")
    r = wrk(c.wires, f"http://{FRONT}/{SIZES[size]}", connections, close, max(2, round(c.seconds)), clock)
    if not r["ok"]:
        c.table.add("ordinary", point, proxy.name, None, f"wrk: {r['said']}")
        return
    used = r["cpu"]
    everything = used["proxy"] + used["others"] + used["wrk"]
    c.table.add("ordinary", point, proxy.name, {
        "requests_per_second": r["requests_per_second"], "requests_per_cpu": r["requests"] / everything,
        "requests_per_core_second": r["requests"] / used["proxy"], "proxy_cores": used["proxy"] / r["seconds"],
        "cpu_us_per_request": 1e6 * everything / r["requests"]})


# ---- (2) same wire: veths, the project's generator ----

def _wire_loadgen(c, kind="dev", **more):
    """Each has clients of its own: what a proxy's kernel still knows of the last one's connections is none of its."""
    d = c.wires.dev
    more |= {"clients": f"10.{128 + c.count // 16 % 128}.{c.count % 16 * 16}.0*4096"}
    c.count += 1
    args = [w for k, v in more.items() for w in (f"--{k}", str(v))]
    return Loadgen(c.wires, c.bin, c.dir, (f"{kind}:{d['gc']}", f"{kind}:{d['ge']}"), args, spins=True)


def _equal_load(c, proxy, loadgen, pins, percent):
    """A share of what nginx can do, for each of them: latency from the intended time; and once more, what that takes of
    the proxy's CPU (apart, because what measures that takes the CPU out of its sleep)."""
    if not c.nginx_capacity:
        return
    point, rate = equal(percent), round(c.nginx_capacity * percent / 100)
    keys = {"checksums": "trust"} if proxy.kernel and not isinstance(proxy, Nginx_off) else {}
    keys |= {"connections": 64, "rate": rate}
    c.progress.step(f"wire: {proxy.name}: {point}")
    values = run_stretches(c.table, "wire", point, proxy, loadgen, pins, c.seconds, **keys)
    if not values:
        return
    del values["requests_per_core_second"]
    if proxy.polls:
        values["requests_per_cpu"] = values["requests_per_second"]
    else:
        _soaked(c, values, loadgen, keys)


def _soaked(c, values, loadgen, keys):
    soak, used, requests = cpu.Soak(c.wires, c.bin, c.dir), [], []
    try:
        for duration in calm.stretches(c.seconds, soak.rest):
            report = loadgen.short_job(at_start=soak.start, at_end=lambda: used.append(soak.used()), duration=duration,
                                 warmup=calm.WARMUP, **keys)
            if not report.get("ok"):
                return
            requests.append(report["requests_per_second"])
    finally:
        soak.stop()
    values["requests_per_cpu"] = sum(requests) / sum(used)
    values["cpu_us_per_request"] = 1e6 * sum(used) / sum(requests)


def wire(c):
    points = [("100B", False, 64), ("100B", True, 64)]
    kinds = [Nginx, Lacon, LaconPoll]
    if not c.quick:
        points = EVERY_POINT
        kinds = [Nginx, Nginx_off, Haproxy, Lacon, LaconPoll]
    loadgen = _wire_loadgen(c)
    try:
        for _ in range(c.rounds):
            for kind in kinds:
                proxy = kind(c.wires, c.dir, c.bin)
                pins = c.start(proxy)
                try:
                    c.jobs(proxy, loadgen, pins, "wire", [] if kind is LaconPoll else points)
                    c.nginx_capacity = c.nginx_capacity or c.table.median("wire", KEEPALIVE, "nginx",
                                                                          "requests_per_second")
                    for percent in sorted((50,) + (() if c.quick else EQUAL_MORE)):
                        if percent == 50 or kind in (Nginx, Haproxy, Lacon):
                            _equal_load(c, proxy, loadgen, pins, percent)
                finally:
                    proxy.stop()
            _own_limit(c, loadgen, [p for p in points if p[2] == 64])
    finally:
        loadgen.stop()
    if not c.quick:
        _large_frames(c, [("10kB", False, 64), ("1MB", False, 64)])


def _own_limit(c, loadgen, points):
    """The generator through the kernel's plain forwarding on the same wires."""
    proxy = KernelForward(c.wires, c.dir, c.bin)
    pins = c.start(proxy)
    try:
        c.jobs(proxy, loadgen, pins, "wire", points, target=f"{ENDPOINT}:80")
    finally:
        proxy.stop()


def _large_frames(c, points):
    """nginx where its kernel can hand frames of up to 64 kB to the device, as to a NIC with segmentation offload.
    AF_XDP cannot take such: the generator's end is af_packet."""
    loadgen = _wire_loadgen(c, "packet", frame=65000, buffers=4096, memory=768)
    try:
        for _ in range(c.rounds):
            proxy = Nginx_large(c.wires, c.dir, c.bin)
            pins = c.start(proxy)
            try:
                c.jobs(proxy, loadgen, pins, "wire", points)
            finally:
                proxy.stop()
    finally:
        loadgen.stop()


# ---- (3) and (4): shared memory, standing for a NIC that is polled ----

def _memif(c, name, more=()):
    """The generator as the server of two sockets; up when it returns."""
    c.count += 1
    sockets = [os.path.join(c.dir, f"{name}{c.count}-{side}.sock") for side in ("client", "endpoint")]
    args = ["--next-hop", f"{MEMIF_MAC}0", *more]
    loadgen = Loadgen(c.wires, c.bin, c.dir, [f"memif:{s}" for s in sockets], args, name, spins=True)
    try:
        wait_for(lambda: all(map(os.path.exists, sockets)), "the generator's sockets", loadgen.process)
    except Trouble:
        loadgen.stop()
        raise
    return loadgen, sockets


def poll(c):
    """lacon on memif, and what the generator does through the plainest forwarder on the same ports."""
    points = [("100B", False, 64), ("100B", True, 64)]
    if not c.quick:
        points = EVERY_POINT
    own = [p for p in points if p[2] == 64]
    for _ in range(c.rounds):
        loadgen, sockets = _memif(c, "poll")
        try:
            for proxy, todo, more in ((LaconMemif(c.wires, c.dir, c.bin, sockets), points, {}),
                                      (Testpmd(c.wires, c.dir, c.bin, sockets, "io"), own, {"target": f"{ENDPOINT}:80"})):
                proxy.start()
                try:
                    c.jobs(proxy, loadgen, NO_PINS, "poll", todo, **more)
                finally:
                    proxy.stop()
        finally:
            loadgen.stop()


def _forward(c, proxy, loadgen, point, keys):
    """A run of large bodies; besides what the generator says, the forwarder's own cycles for each frame."""
    marks = {}
    if isinstance(proxy, Lacon):
        hooks = {"at_start": lambda: marks.update(a=proxy.work()), "at_end": lambda: marks.update(b=proxy.work())}
    else:
        hooks = {"at_start": proxy.clear, "at_end": lambda: marks.update(c=proxy.cycles_per_packet())}
    values = run_job(c.table, "ablation", point, proxy, loadgen, NO_PINS, **keys, **hooks)
    if values:
        values["cycles_per_frame"] = marks["c"] if "c" in marks else \
            (marks["b"][0] - marks["a"][0]) / max(1, marks["b"][1] - marks["a"][1])


def ablation(c):
    """The same bodies through lacon's splicing, with HTTP and without, and through testpmd: exchanging the
    five-tuple (the generator exchanges it back) and the MAC addresses."""
    subjects = [(LaconMemif, []), (Testpmd, ["--swapped"], "5tswap")]
    if not c.quick:
        subjects += [(LaconTunnel, []), (Testpmd, [], "macswap")]
    shapes = {"1460": "1MB in segments of 1460 bytes, 16 connections"}
    if not c.quick:
        shapes["200"] = "1MB in segments of 200 bytes, 16 connections"
    for _ in range(c.rounds):
        for kind, more, *mode in subjects:
            loadgen, sockets = _memif(c, "ablation", more)
            direct = {"target": f"{ENDPOINT}:80"} if kind is Testpmd else {}
            proxy = kind(c.wires, c.dir, c.bin, sockets, *mode)
            try:
                proxy.start()
                for mss, point in shapes.items():
                    c.progress.step(f"ablation: {proxy.name}: {point}")
                    _forward(c, proxy, loadgen, point, {"connections": 16, "response_size": 1000000, "warmup": 0.3,
                                                        "duration": c.seconds, "mss": mss} | LARGE | direct)
            finally:
                proxy.stop()
                loadgen.stop()


ABLATION_POINT = "1MB in segments of 1460 bytes, 16 connections"


# ---- idle connections ----

def idle(c):
    """Throughput with many open connections, 64 requests at a time drawn uniformly over all, and memory for each
    connection."""
    for _ in range(c.rounds):
        for count in (1000, 65536, 1000000):
            loadgen, sockets = _memif(c, "idle", ["--max-connections", str(1 << 20)])
            proxy = LaconMemif(c.wires, c.dir, c.bin, sockets)
            proxy.connections = 2 * (1 << (count - 1).bit_length())
            _idle_run(c, proxy, loadgen, count)
        # Two descriptors for a connection at most, whose number is limited.
        for kind in (Nginx, Haproxy):
            for count in (1000, min(65536, c.wires.files // 2 - 3000)):
                _idle_run(c, kind(c.wires, c.dir, c.bin), _wire_loadgen(c, **{"max-connections": 131072}), count,
                          checksums="trust")


def _idle_run(c, proxy, loadgen, count, **more):
    """The program is a new one for each number: memory that it had for more is not given back."""
    try:
        if proxy.kernel:
            pins = c.start(proxy)
        else:
            proxy.start()
            pins = NO_PINS
        _idle_point(c, proxy, loadgen, pins, count, **more)
    finally:
        proxy.stop()
        loadgen.stop()


def _idle_point(c, proxy, loadgen, pins, count, **more):
    point = IDLE.format(count)
    c.progress.step(f"idle: {proxy.name}: {point}")
    loadgen.job(connections=64, duration=0.2, warmup=0.1, **more)
    before, marks = (cpu.memory_kib(proxy.pids()[0]), cpu.kernel_memory_kib()), {}

    def note():
        marks["after"] = (cpu.memory_kib(proxy.pids()[0]), cpu.kernel_memory_kib())
    clock = cpu.Clock({"proxy": proxy.pids() + pins})
    report = loadgen.job(clock=clock, at_start=note, connections=count, outstanding=64, duration=c.seconds, warmup=0.5,
                         connecting=128, timeout=20, **more)
    if not report.get("ok"):
        c.table.add("idle", point, proxy.name, None, f"errors {report.get('errors') or report}")
        return
    grown = marks["after"][0] - before[0]
    kernel = marks["after"][1] - before[1] if proxy.kernel else 0
    c.table.add("idle", point, proxy.name, {
        "requests_per_second": report["requests_per_second"], "connections": count,
        "requests_per_core_second": report["requests"] / max(1e-6, report["cpu"]["proxy"]),
        "p50_us": report["latency_us"]["p50"], "p99_us": report["latency_us"]["p99"],
        "grown_bytes_per_connection": 1024 * grown / count, "kernel_bytes_per_connection": 1024 * kernel / count,
        "connected_per_second": count / max(1e-3, report["connected_seconds"])})
    time.sleep(0.5)


SETTINGS = {"ordinary": ordinary, "wire": wire, "poll": poll, "ablation": ablation, "idle": idle}
QUICK = ("wire", "poll", "ablation")
