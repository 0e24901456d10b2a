"""The judgement of reloads and drains: with LACON_FULL=1 200 reloads, 50 drains of endpoints and 50 of lacon itself, under
wrk with 64 connections and a long download: no failed request, no cut connection, memory that does not grow."""
import hashlib
import os
import signal
import threading

from bed.blob import sha256
from bed.case import NGINX_PORT, case
from bed.lacon import cluster, configuration
from bed.memory import no_quarantine, resident
from bed.message import request_bytes
from bed.netns import must
from bed.wait import until
from cases.g_reload import reload, write

FULL = os.environ.get("LACON_FULL") == "1"


class Load:
    """wrk with 64 kept connections, and downloads that take long, one after the other."""

    def __init__(self, t, size=100000, rate="1k" if FULL else "10k"):
        self.t, self.size = t, size
        self.wrk = t.background(t.topo.cli, ["wrk", "-t1", "-c64", "-d3600s", "--timeout", "60s", f"http://{t.topo.vip4}/"], "wrk")
        self.path = os.path.join(t.dir, "slow")
        self.slow = t.background(t.topo.cli, ["curl", "-s", "-S", "--limit-rate", rate, "-o", self.path,
                                              f"http://{t.topo.vip4}/{size}"], "curl")
        t.wait_counter("requests", 1000)

    def goes_on(self):
        before = self.t.lacon.counters()["requests"]
        until(lambda: self.t.lacon.counters()["requests"] > before + 50, "requests to go on")

    def end(self):
        self.wrk.kill(signal.SIGINT)
        self.wrk.wait(60)
        said = "\n".join(self.wrk.lines)
        self.t.check("Requests/sec" in said, f"wrk tells its figures:\n{said}")
        self.t.check("Socket errors" not in said and "Non-2xx" not in said, f"wrk lost something:\n{said}")
        self.t.equal(self.slow.wait(120), 0, "curl's status")
        with open(self.path, "rb") as f:
            self.t.equal(hashlib.sha256(f.read()).hexdigest(), sha256(self.size), "the long download")
        bad = {line["status"] for line in self.t.lacon.access()} - {"200", "499"}
        self.t.equal(bad, set(), "statuses in the log")


def flat(t, memory, what):
    """Half-way and later nothing more is taken than had been taken by then."""
    half = memory[len(memory) // 2:]
    t.check(max(half) < half[0] * 1.05 + 1024, f"resident kilobytes after half of the {what} and later: {half}")


@case(timeout=900)
def judge_reloads_and_drains(t):
    """Reloads, good and bad files in turn, and drains of each endpoint in turn, under load: nothing is lost, and memory
    does not grow."""
    rounds = 200 if FULL else 24
    endpoints = [(ip, NGINX_PORT) for ip in t.topo.ep4]
    files = [configuration(t.topo, [cluster("app", endpoints, tries=n)]) for n in (2, 3, 4)]
    with no_quarantine():
        t.start_with(files[0])
    load, memory, drains = Load(t), [], 0
    for i in range(rounds):
        good = i % 2 == 0
        write(t, files[i // 2 % 3] if good else {"listeners": "nonsense"})
        t.equal(reload(t) is None, good, f"reload {i}")
        if i % 4 == 0:
            which = f"app/{endpoints[drains % 3][0]}:{NGINX_PORT}"
            must([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, "drain", which])
            load.goes_on()
            must([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, "enable", which])
            drains += 1
        load.goes_on()
        memory.append(resident(t))
    load.end()
    flat(t, memory, "rounds")
    t.lacon.child.lines[:] = [line for line in t.lacon.child.lines if " error: " not in line]
    print(f"#   {rounds} reloads, {drains} drains, resident {memory[len(memory) // 2]} to {memory[-1]} kB", flush=True)


@case(timeout=900)
def judge_quits(t):
    """QUIT again and again while requests of many clients are under way: each gets its whole answer, with Connection:
    close, and lacon ends by itself."""
    for n in range(50 if FULL else 4):
        t.start()
        clients = [t.client() for _ in range(16)]
        for c in clients:
            t.equal(c.ask("GET", "/").status, 200, "before")
        going = clients[:8]
        for c in going:
            c.send(request_bytes("GET", "/100000")[:-2])  # all but the empty line: not a request yet
        t.lacon.child.kill(signal.SIGQUIT)
        t.lacon.child.wait_line("draining")
        answers = []

        def finish(c, answers=answers):
            c.send(b"\r\n")
            r = c.response()
            answers.append((r.status, r.sha256 == sha256(100000), r.get("connection"), c.ended()))

        threads = [threading.Thread(target=finish, args=(c,)) for c in going]
        for thread in threads:
            thread.start()
        for c in clients[8:]:
            t.equal(c.ended(), "fin", "a client without a request")
            c.close()
        for thread in threads:
            thread.join(60)
        t.equal(answers, [(200, True, "close", "fin")] * len(going), f"answers while draining, round {n}")
        for c in going:
            c.close()
        t.equal(t.lacon.child.wait(60), 0, f"exit status, round {n}")
        t.settle()
        t.restart()


@case(timeout=300)
def judge_blocked_log(t):
    """Nobody reads the access log's other end: reloads go on, requests are served, and old configurations do not pile
    up."""
    fifo = os.path.join(t.dir, "access.log")
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # it is there, and reads nothing

    def config(n):  # large: one that is kept shows
        many = [cluster(f"spare{i}-" + "x" * 40, [(t.topo.ep4[0], 9000 + k) for k in range(4)]) for i in range(300)]
        return configuration(t.topo, [cluster("app", [(t.topo.ep4[n % 3], NGINX_PORT)])] + many)

    with no_quarantine():
        t.start_with(config(0))
    try:
        reload_with_blocked_log(t, config)
    except BaseException:
        t.lacon.log = "/dev/null"  # not to be read for the report of the failure
        raise
    os.set_blocking(reader, True)
    drain = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b"")])
    drain.start()
    t.settle()
    drain.join(30)
    os.close(reader)


def reload_with_blocked_log(t, config):
    def status():
        return t.lacon.ctl("status")["access_log"]

    def blocked():  # nothing is written any more though requests go on
        before, requests = status()["lines"], t.lacon.counters()["requests"]
        until(lambda: t.lacon.counters()["requests"] > requests + 2000, "requests to go on")
        return status()["lines"] == before

    wrk = t.background(t.topo.cli, ["wrk", "-t1", "-c8", "-d3600s", f"http://{t.topo.vip4}/"], "wrk")
    until(blocked, "the access log to be blocked", 120)
    memory = []
    for i in range(40 if FULL else 16):
        write(t, config(i))
        t.equal(reload(t), None, f"reload {i}")
        requests = t.lacon.counters()["requests"]
        until(lambda n=requests: t.lacon.counters()["requests"] > n + 50, "requests to go on")
        memory.append(resident(t))
    flat(t, memory, "reloads")
    wrk.kill(signal.SIGINT)
    wrk.wait(60)
    print(f"#   resident {memory[0]} to {memory[-1]} kB", flush=True)
