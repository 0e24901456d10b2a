"""Clients that people use, none of them told anything special."""
import re
import signal

from bed.blob import blob, sha256
from bed.case import NGINX_PORT, case
from bed.lacon import cluster
from bed.wait import until

HTTP_CLIENT = """
import http.client, sys
c = http.client.HTTPConnection(sys.argv[1], timeout=20)
c.connect()
mine = c.sock.getsockname()
for i in range(50):
    c.request("POST" if i % 2 else "GET", "/up" if i % 2 else "/length/5000", body=b"x" * (i * 997) if i % 2 else None)
    r = c.getresponse()
    body = r.read()
    assert r.status == 200, r.status
    assert len(body) == 5000 if i % 2 == 0 else body.startswith(b"%d " % (i * 997)), body[:100]
assert c.sock.getsockname() == mine, "the connection was not kept"
print("fine")
"""


def number(pattern, text):
    m = re.search(pattern, text)
    return int(m.group(1)) if m else None


@case()
def http_client(t):
    """Python's http.client: 50 requests on one connection, every second an upload."""
    t.start_origin()
    done = t.topo.cli.run(["/usr/bin/python3", "-c", HTTP_CLIENT, t.topo.vip4])
    t.equal((done.returncode, done.stdout.strip()), (0, "fine"), f"http.client: {done.stderr[-300:]}")


@case()
def curl_many(t):
    """curl: two hundred files over one connection, an upload with Expect, HTTP/1.0, HEAD."""
    t.start()
    url = f"http://{t.topo.vip4}"
    done = t.topo.cli.run(["curl", "-sS", "-f", "-m", "60", "-o", "/dev/null",
                           "-w", "%{num_connects} %{size_download}\\n", f"{url}/1000?[1-200]"])
    lines = done.stdout.split("\n")[:-1]
    t.equal((done.returncode, len(lines), sum(int(line.split()[0]) for line in lines)), (0, 200, 1),
            f"status, answers, connections: {done.stderr}")
    t.equal({line.split()[1] for line in lines}, {"1000"}, "sizes")
    for more in (["-0"], ["-I"], ["-T", "/proc/version"], ["-H", "Connection: close"]):
        target = "/up/version" if "-T" in more else "/1000"
        done = t.topo.cli.run(["curl", "-sS", "-f", "-m", "20", "-o", "/dev/null", *more, url + target])
        t.equal(done.returncode, 0, f"curl {more}: {done.stderr}")


@case()
def ab(t):
    """ab: HTTP/1.0 with a connection for each request, then kept alive; no failed request."""
    t.start()
    for more in ([], ["-k"]):
        done = t.topo.cli.run(["ab", "-q", "-n", "3000", "-c", "30", *more, f"http://{t.topo.vip4}/1000"])
        what = f"ab {more}:\n{done.stdout}{done.stderr}"
        t.equal(done.returncode, 0, what)
        t.equal((number(r"Complete requests:\s+(\d+)", done.stdout), number(r"Failed requests:\s+(\d+)", done.stdout),
                 number(r"Non-2xx responses:\s+(\d+)", done.stdout)), (3000, 0, None), what)
        if more:
            t.equal(number(r"Keep-Alive requests:\s+(\d+)", done.stdout), 3000, "kept alive")
    t.lacon.wait_access(6000)


def all_answered(t, requests, clients, path, *more):
    """h2load: so many requests by so many clients, however long that takes, and every one of them answered."""
    done = t.topo.cli.run(["h2load", "--h1", "-n", requests, "-c", clients, *more, f"http://{t.topo.vip4}{path}"],
                          timeout=100)
    m = re.search(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed", done.stdout)
    t.check(m and m.groups() == (str(requests), str(requests), "0"),
            f"h2load {more}: {done.stdout[-600:]}{done.stderr}")


@case(timeout=120)
def h2load(t):
    """h2load --h1: 50 clients that pipeline; every request answered."""
    t.start()
    for more in ([], ["-m", "8"]):
        all_answered(t, 10000, 50, "/1000", *more)


# wrk leaves in the middle of things: a reset of its kernel that is lost to a full ring is not sent again, and
# such a client is collected by these.
IMPATIENT = {"idle_timeout": "5s", "stall_timeout": "5s"}


@case(timeout=120)
def wrk_1000(t):
    """wrk: 1,000 concurrent kept-alive connections, five requests of each and more, not one error."""
    t.start(listener=IMPATIENT)
    wrk = t.background(t.topo.cli, ["wrk", "-t2", "-c1000", "-d3600s", "--timeout", "30s",
                                    f"http://{t.topo.vip4}/100"], "wrk")
    t.wait_counter("clients_accepted", 1000, 60)
    t.wait_counter("exchanges", 5000, 60)
    wrk.kill(signal.SIGINT)
    wrk.wait()
    said = "\n".join(wrk.lines)
    t.check("requests in" in said, f"wrk tells its figures:\n{said}")
    t.check("errors" not in said and "Non-2xx" not in said, f"wrk lost something:\n{said}")
    until(lambda: t.lacon.counters()["clients_open"] == 0, "all clients to be gone")


@case(timeout=120)
def larger(t):
    """50 clients get 1000 answers of 100 kB, which are spliced and not adopted."""
    t.start()
    all_answered(t, 1000, 50, "/100000")


@case(timeout=120)
def two_workers(t):
    """Two workers on one queue: frames are handed over to the connection's owner; both serve."""
    t.start(dpdk={"workers": 2})
    all_answered(t, 10000, 100, "/100")
    all_answered(t, 1000, 50, "/100000")
    workers = t.lacon.ctl("status")["workers"]
    t.equal(len(workers), 2, "workers")
    t.check(all(w["requests"] > 1000 for w in workers), f"{[w['requests'] for w in workers]} requests")


@case(shape="one-armed", timeout=120)
def one_armed(t):
    """One arm: clients and endpoints on the same device; files up and down, then load."""
    t.start()
    all_answered(t, 10000, 100, "/100")
    all_answered(t, 500, 20, "/100000")


@case(shape="one-armed")
def one_armed_mixed(t):
    """One arm with IPv6 clients and IPv4 endpoints."""
    t.start_origin()
    c = t.client(v6=True)
    for n in (0, 1000, 20000, 3000000):
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"down {n}")
        t.equal(c.ask("POST", "/", body=blob(n)).body.decode(), f"{n} {sha256(n)}", f"up {n}")


@case()
def endpoint_stops_under_load(t):
    """One of three nginx is stopped while wrk runs: no request is lost."""
    t.start(listener=IMPATIENT)
    load = t.background(t.topo.cli, ["wrk", "-t", "1", "-c", "50", "-d", "4s", f"http://{t.topo.vip4}/100"])
    t.wait_counter("requests", 2000)
    t.nginx[1].stop()
    try:
        load.wait(30)
    finally:
        t.nginx[1].start()
    text = "\n".join(load.lines)
    t.check("errors" not in text and "Non-2xx" not in text and "requests in" in text, f"wrk said {text}")


@case()
def weights(t):
    """Weights 3 and 1; an endpoint with weight 0 gets nothing."""
    config = cluster("app", [(ip, NGINX_PORT) for ip in t.topo.ep4])
    for endpoint, weight in zip(config["endpoints"], (3, 1, 0)):
        endpoint["weight"] = weight
    t.start([config])
    c = t.client()
    names = [c.ask("GET", "/index.html").body[-2:-1] for _ in range(40)]
    t.equal((names.count(b"1"), names.count(b"2"), names.count(b"3")), (30, 10, 0), "requests by endpoint")
