"""A siege: SYN and ACK floods and slow clients beside a normal one, who must not lose a request."""
import socket
import time

from bed.blob import sha256
from bed.case import NGINX_PORT, case
from bed.lacon import PORT, cluster, configuration

SOURCES = 250  # addresses of slow clients: 10.89.0.1 and on, routed by way of the client's namespace


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def lacon_pid(t):
    return t.lacon.ctl("status").get("pid") or int(t.lacon.child.lines[-1].rsplit("pid ", 1)[1].split()[0])


class Normal:
    """A client with one kept-alive connection and a new one for every tenth request; nothing may fail."""

    def __init__(self, t):
        self.t, self.times, self.lost, self.connection = t, [], [], None

    def one(self, i):
        n = (100, 1000, 100000)[i % 3]
        start = time.monotonic()
        try:
            if self.connection is None:
                self.connection = self.t.client(timeout=10)
            r = self.connection.ask("GET", f"/{n}")
            if (r.status, r.length, r.sha256) != (200, n, sha256(n)):
                self.lost.append(f"request {i}: {r.status}, {r.length} bytes, {r.headers}")
            if r.get("connection") == "close" and i % 10 != 9:
                self.lost.append(f"request {i}: closed")
        except Exception as why:
            self.lost.append(f"request {i}: {type(why).__name__}: {why}")
            self.connection = None
        self.times.append(time.monotonic() - start)
        if i % 10 == 9 and self.connection:
            self.connection.close()
            self.t.wires.remove(self.connection)
            self.connection = None

    def run(self, seconds, pause=0.005):
        end, i = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            self.one(i)
            i += 1
            time.sleep(pause)

    def text(self):
        ms = sorted(1000 * t for t in self.times)
        return (f"{len(ms)} requests, {len(self.lost)} lost, p50 {ms[len(ms) // 2]:.2f} ms, "
                f"p99 {ms[len(ms) * 99 // 100]:.2f} ms, longest {ms[-1]:.2f} ms")


def start(t, dpdk):
    """lacon that reaches everybody by way of the client's namespace, where the slow clients' addresses are."""
    t.topo.cli.ip("".join(f"addr replace 10.89.0.{1 + i}/32 dev lo\n" for i in range(SOURCES)))
    config = configuration(t.topo, [cluster("app", [(ip, NGINX_PORT) for ip in t.topo.ep4])],
                           dpdk={"workers": t.workers} | dpdk)
    config["interfaces"][0]["gateway"] = t.topo.cli4
    t.start_with(config)
    return [t.bin_dir + "/flood", "c0", mac(t), t.topo.vip4, PORT]


def mac(t):
    link = t.topo.lac.run(["cat", "/sys/class/net/front/address"]).stdout.strip()
    return link


def siege(t, clients, rate, seconds, dpdk):
    flood = start(t, dpdk)
    normal = Normal(t)
    normal.run(1)
    before, quiet = rss_mib(lacon_pid(t)), normal.text()
    slow = t.background(t.topo.cli, [t.bin_dir + "/slow", t.topo.vip4, PORT, clients, 2000, "/100000", "10.89.0.1", SOURCES])
    slow.wait_line(" open", 60)
    floods = [t.background(t.topo.cli, flood + [rate, "syn"]), t.background(t.topo.cli, flood + [rate // 10, "ack"])]
    normal.times.clear()
    normal.run(seconds)
    memory, status = rss_mib(lacon_pid(t)), t.lacon.counters()
    for child in (*floods, slow):
        child.stop()
    print(f"# {clients} slow clients, {rate} SYN/s and {rate // 10} ACK/s for {seconds} s, workers {dpdk}:")
    print(f"#   the normal client alone: {quiet}\n#   besieged: {normal.text()}")
    for line in (*slow.lines, *floods[0].lines, *floods[1].lines):
        print(f"#   {line}")
    print(f"#   lacon: {before:.0f} MiB before, {memory:.0f} MiB in the end; "
          f"{ {k: v for k, v in status.items() if v} }", flush=True)
    t.equal(normal.lost, [], "what the normal client lost")
    t.check(status["syn_cookies"] > 0, "the flood was none")
    t.check(memory < before + 200, f"memory grew from {before} to {memory} MiB")


@case(timeout=120)
def siege_short(t):
    """600 slow clients and 20,000 SYN/s for three seconds: the normal client loses nothing."""
    siege(t, 600, 20000, 3, {"syn_ring": 1024})


@case(timeout=300, full=True)
def siege_full(t):
    """10,000 slow clients and 50,000 SYN/s for a minute: the normal client loses nothing."""
    siege(t, 10000, 50000, 60, {})
