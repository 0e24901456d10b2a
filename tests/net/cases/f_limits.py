"""Clients that are slow or greedy, and what lacon says that it may use at most."""
from bed.blob import sha256
from bed.case import case
from bed.message import request_bytes
from bed.wait import until

HURRY = {"rate_period": "2s", "min_request_rate": "1KiB", "min_response_rate": "64KiB"}
PART = b"GET /length/1 HTTP/1.1\r\nHost: app.test\r\nX: "


def served(t, what):
    t.equal(t.client().ask("GET", "/length/30000").sha256, sha256(30000), what)


@case()
def rate_of_heads(t):
    """A head that stops coming: 408 after the rate's period, closed, and said in the access log."""
    t.start_origin(listener=HURRY)
    c = t.client()
    c.send(PART)
    t.equal(c.response().status, 408, "status")
    t.check(c.ended(), "it stays open")
    served(t, "another client")
    lines = t.lacon.wait_access(2)
    t.equal([line["why"] for line in lines], ["close_slow_request", "-"], "reasons in the access log")


@case()
def rate_of_readers(t):
    """A client that does not read is reset, and its endpoint connection too; others are served meanwhile."""
    t.start_origin(listener=HURRY)
    c = t.client(receive_buffer=4096)
    c.send(request_bytes("GET", "/length/5000000"))
    served(t, "another client")
    t.wait_counter("close_slow_reader", 2)
    served(t, "afterwards")
    lines = t.lacon.wait_access(3)
    t.check("close_slow_reader" in [line["why"] for line in lines], "the access log does not say why")


@case()
def rate_of_a_slow_endpoint(t):
    """A client that waits for its endpoint is not slow, however high the rate."""
    def serve(wire, _):
        wire.request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        until(lambda: t.lacon and ticks(t) >= 3, "three periods", 30)
        wire.send(b"answer")

    start = []

    def ticks(t):
        now = t.lacon.ctl("status")["uptime_s"]
        start.append(now)
        return (now - start[0]) / 2

    t.start_origin(serve, listener=HURRY)
    t.equal(t.client().ask("GET", "/").body, b"answer", "the body")
    t.equal(t.lacon.counters()["close_slow_reader"], 0, "slow readers")


@case()
def client_share(t):
    """Connections beyond one address's share of a worker are reset; another address has its own."""
    t.start_origin(dpdk={"workers": 1, "connections": 1000}, limits={"client_connections": "1%"})
    mine = [t.client() for _ in range(10)]
    t.check(refused(t), "an eleventh connection")
    t.equal(t.client(v6=True).ask("GET", "/length/100").length, 100, "another address")
    mine[0].close()
    until(lambda: not refused(t), "a place that was given back")


def refused(t):
    try:
        t.client().close()
    except ConnectionError:
        return True
    return False


@case()
def memory_bound(t):
    """What laconctl says that memory is at most is not less than what the process ever had, when a table full
    of slow clients has filled the kept bytes."""
    t.start_origin(dpdk={"connections": 1024, "buffers": "2MiB", "workers": 2, "memory": "64MiB"},
                   limits={"client_connections": "0%", "client_buffers": "0%"},
                   listener={"head_timeout": "10m"})
    most = t.lacon.ctl("memory")
    slow = []
    for _ in range(1200):
        try:
            slow.append(t.client(timeout=1))
        except OSError:
            break
    for c in slow:
        try:
            c.send(PART + b"x" * 3000)
        except OSError:
            pass
    until(lambda: sum(w["kept_bytes"] for w in t.lacon.ctl("status")["workers"]) > 2 << 20, "kept bytes")
    with open(f"/proc/{t.lacon.ctl('status')['pid']}/status") as f:
        peak = next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))
    t.check(peak <= most["bytes_max"], f"it had {peak} bytes, said {most['bytes_max']}")
    t.equal(sum(p["bytes"] for p in most["parts"]), most["bytes_max"], "the sum of the parts")
    for c in slow:
        c.close()
