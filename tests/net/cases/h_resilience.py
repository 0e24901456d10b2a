"""Who may connect, how much each may have, and what becomes of requests when endpoints fail or are full."""
import os
import threading

from bed.case import NGINX_PORT, case
from bed.lacon import cluster, configuration
from bed.message import Broken, request_bytes
from bed.origin import answer
from bed.wait import until

from cases.g_reload import reload, write


def connects(t, v6=False):
    """Is a connection accepted? False: no answer within a second."""
    try:
        t.client(v6=v6, timeout=1).close()
    except TimeoutError:
        return False
    return True


@case()
def deny_list(t):
    """Clients of a list's file get no answer, an address that is allowed does; a reload reads the file again."""
    origin = t.origin(0)
    deny = os.path.join(t.dir, "deny.txt")
    with open(deny, "w") as f:
        f.write("# ten thousand networks, one of them the client's\n")
        f.writelines(f"198.18.{i // 64}.{i % 64 * 4}/30\n" for i in range(10000))
        f.write(f"{t.topo.cli4} # this one\n2001:db8::/32\n")
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])], listener={"deny_file": deny})
    t.start_with(config)
    t.check(not connects(t), "the client is accepted")
    t.check(t.lacon.counters()["drop_denied"] > 0, "nothing is counted")
    t.equal(t.client(v6=True).ask("GET", "/name").body, b"ep1", "by its other address")
    open(deny, "w").close()
    write(t, config)
    t.equal(reload(t), None, "laconctl reload")
    t.equal(t.client().ask("GET", "/name").body, b"ep1", "after the reload")


@case()
def rate_limit_of_all_workers(t):
    """Two workers share one bucket: of 40 requests on 8 connections as many are served as it has tokens; the rest
    get 429 with Retry-After, and their connections stay. Another address has a bucket of its own."""
    t.start_origin(dpdk={"workers": 2},
                   listener={"rate_limits": [{"rate": 10, "per": "1h", "key": "source"}]})
    clients = [t.client() for _ in range(8)]
    answers = [c.ask("GET", "/name") for _ in range(5) for c in clients]
    t.equal(sorted({r.status for r in answers}), [200, 429], "statuses")
    t.equal(sum(r.status == 200 for r in answers), 10, "requests served")
    waits = [int(r.get("retry-after")) for r in answers if r.status == 429]
    t.check(all(0 < w <= 360 for w in waits), f"Retry-After: {waits}")
    t.equal(t.client(v6=True).ask("GET", "/name").status, 200, "another address")
    t.equal(t.lacon.counters()["requests_limited"], 30, "counter")


@case()
def who_is_refused_uses_up_nothing_of_others(t):
    """A client that is over its own limit takes nothing from the bucket that all share, wherever that stands: of the
    listener and before it, or of the same list."""
    listener = {"rate_limits": [{"rate": 4, "per": "1h"}, {"rate": 3, "per": "1h", "key": "source"}],
                "trusted_proxies": [f"{t.topo.cli4}/32"]}
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])], listener=listener)
    config["routes"][0]["rules"][0] |= {"rate_limits": [{"rate": 2, "per": "1h", "key": "source"}]}
    t.start_with(config)
    c = t.client()
    def asked(who, n):
        return [c.ask("GET", "/name", [("X-Forwarded-For", who)]).status for _ in range(n)]
    t.equal(asked("192.0.2.1", 6), [200, 200, 429, 429, 429, 429], "by the rule's own limit")
    t.equal(asked("192.0.2.2", 1), [200], "somebody else")
    t.equal(asked("192.0.2.1", 6), [429] * 6, "the first one again")
    t.equal(asked("192.0.2.2", 1), [200], "the fourth of all")
    t.equal(asked("192.0.2.3", 1), [429], "the fifth of all")


@case()
def connection_limits(t):
    """So many connections of one address at a time, and so many at all in an hour."""
    t.start_origin(listener={"client_connections": 2,
                             "rate_limits": [{"of": "connections", "rate": 4, "per": "1h", "key": "source"}]})
    first = [t.client(), t.client()]
    for c in first:
        t.equal(c.ask("GET", "/name").status, 200, "status")
    t.check(refused(t), "a third connection at a time")
    for c in first:
        c.close()
    t.wait_counter("close_normal", 2)
    for _ in range(2):
        c = t.client()
        t.equal(c.ask("GET", "/name").status, 200, "status")
        c.close()
    until(lambda: t.lacon.counters()["clients_open"] == 0, "connections to end")
    t.check(refused(t), "a fifth connection in an hour")
    t.check(t.lacon.counters()["drop_client_rate"] > 0, "nothing is counted")


@case()
def client_limits_of_all_workers(t):
    """Two workers count one client together: of ten connections as many stay as it may have, of twelve requests at a
    time as many are served; and when they are over it may have as many again."""
    def serve(wire, origin):
        while request := wire.request():
            origin.note(request)
            if request.target == "/slow":
                origin.gate.wait(30)
            answer(wire, b"done")
    origin = t.origin(0, serve)
    origin.gate = threading.Event()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])], dpdk={"workers": 2})
    config["listeners"][0]["client_connections"] = 6
    config["listeners"][1]["client_requests"] = 5
    t.start_with(config)
    for _ in range(2):
        open_now = [c for c in (stays(t) for _ in range(10)) if c]
        t.equal(len(open_now), 6, "connections at a time")
        for c in open_now:
            c.close()
        until(lambda: t.lacon.counters()["clients_open"] == 0, "connections to end")
    for _ in range(2):
        origin.gate.clear()
        clients = [t.client(v6=True) for _ in range(12)]
        for c in clients:
            c.send(request_bytes("GET", "/slow"))
        until(lambda: t.lacon.counters()["requests_limited"] % 7 == 0 and t.lacon.counters()["exchanges_open"] == 5,
              "seven to be refused, five to be in flight")
        origin.gate.set()
        t.equal(sorted(c.response().status for c in clients), [200] * 5 + [429] * 7, "statuses")
        for c in clients:
            c.close()


def stays(t):
    """A connection that is served, or None."""
    try:
        c = t.client()
        if c.ask("GET", "/name").status == 200:
            return c
    except (ConnectionError, Broken):
        pass
    return None


def refused(t):
    """Is a connection reset at once, or before it is answered?"""
    try:
        c = t.client()
        c.ask("GET", "/name")
    except ConnectionError:
        return True
    except Broken as why:
        return "reset" in str(why) or "ended" in str(why)
    c.close()
    return False


def refusing(wire, origin):
    """503 to everything, with a body."""
    while request := wire.request():
        origin.note(request)
        answer(wire, b"not now " * 2000, status="503 Service Unavailable")


@case()
def retry_by_status(t):
    """A 503 of one endpoint is not seen by clients while another one serves; a POST's is, and so is everybody's."""
    ill = threading.Event()

    def falls_ill(wire, origin):
        while request := wire.request():
            origin.note(request)
            if ill.is_set():
                answer(wire, b"not now, either", status="503 Service Unavailable")
            else:
                answer(wire, origin.name.encode())

    bad, good = t.origin(0, refusing), t.origin(1, falls_ill)
    t.start([cluster("app", [(bad.ip, bad.port), (good.ip, good.port)],
                     retry={"conditions": ["connect_failure", "reset", "timeout", 503]})])
    c = t.client()
    for _ in range(10):
        t.equal(c.ask("GET", "/name").body, b"ep2", "who answers a GET")
    t.check(bad.targets(), "the other endpoint was never asked")
    posts = [c.ask("POST", "/post", body=b"x" * 1000).status for _ in range(4)]
    t.equal(sorted(set(posts)), [200, 503], "statuses of POSTs")
    ill.set()
    t.equal(c.ask("GET", "/name").status, 503, "status when everybody says so")
    t.check(t.lacon.counters()["close_retry"] >= 5, "counter")


@case()
def chunks_tried_again(t):
    """A PUT whose endpoint resets in the middle of its second chunk, having read all that came: another endpoint
    gets it from its first byte on, and the rest."""
    begun, rest = b"5\r\nhello\r\n8\r\n, wo", b"rld!\r\n0\r\n\r\n"
    asked = []

    def first_dies(wire, origin):
        if not (head := wire.head()):
            return
        asked.append((origin.name, head.split(b" ")[0]))
        if len(asked) == 1:
            wire.exactly(len(begun))
            wire.reset()
        else:
            answer(wire, wire.exactly(len(begun + rest)))

    t.start([cluster("app", [(o.ip, o.port) for o in (t.origin(0, first_dies), t.origin(1, first_dies))])])
    c = t.client()
    c.send(request_bytes("PUT", "/", [("Transfer-Encoding", "chunked")]) + begun)
    until(lambda: len(asked) == 2, "the other endpoint is asked")
    c.send(rest)
    t.equal(c.response().body, begun + rest, "what it got")
    t.check(asked[0][0] != asked[1][0] and asked[1][1] == b"PUT", f"who was asked: {asked}")
    t.equal(t.lacon.counters()["retries"], 1, "counter")


@case()
def request_timeout(t):
    """An endpoint that never answers: 504 after the request's time, though each try may take longer; others go on."""
    def silent(wire, origin):
        while request := wire.request():
            origin.note(request)
            if request.target == "/name":
                answer(wire, b"here")

    t.start_origin(silent, listener={"request_timeout": "1s"}, cluster={"response_timeout": "40s"})
    t.equal(t.client().ask("GET", "/").status, 504, "status")
    t.equal(t.client().ask("GET", "/name").body, b"here", "another request")
    t.equal(t.lacon.wait_access(2)[0]["why"], "close_request_timeout", "reason in the access log")


class Busy:
    """An endpoint whose answers wait until they are let go; knows how many requests it had at one time."""

    def __init__(self):
        self.go = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, wire, origin):
        while request := wire.request():
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            origin.note(request)
            self.go.acquire()
            with self.lock:
                self.now -= 1
            answer(wire, request.target.encode())


@case()
def breaker_of_all_workers(t):
    """Two workers, an endpoint that is to have two requests at a time: eight clients' are served, never more than two
    at once; the ninth that would wait gets 503 at once."""
    busy = Busy()
    t.start_origin(busy, dpdk={"workers": 2},
                   cluster={"max_requests": 2, "max_pending": 6, "queue_timeout": "10m"})
    clients = [t.client() for _ in range(8)]
    for i, c in enumerate(clients):
        c.send(request_bytes("GET", f"/{i}"))
        until(lambda n=i: busy.now + t.lacon.counters()["queued"] > n, f"request {i} to be there")
    t.equal(t.client().ask("GET", "/ninth").status, 503, "one more than may wait")
    t.equal(t.lacon.counters()["queue_full"], 1, "counter")
    for _ in clients:
        busy.go.release()
    for i, c in enumerate(clients):
        t.equal(c.response().body, f"/{i}".encode(), "answer")
    t.equal(busy.most, 2, "requests at one time")


@case()
def queue_timeout(t):
    """Who waits for too long gets 503, and may ask again on the same connection; who goes is forgotten."""
    busy = Busy()
    t.start_origin(busy, cluster={"max_requests": 1, "queue_timeout": "1s"})
    first, late, gone = t.client(), t.client(), t.client()
    first.send(request_bytes("GET", "/first"))
    until(lambda: busy.now == 1, "the first request to be there")
    gone.send(request_bytes("GET", "/gone"))
    t.wait_counter("queued", 1)
    gone.close()
    t.equal(late.ask("GET", "/late").status, 503, "status")
    busy.go.release()
    t.equal(first.response().body, b"/first", "answer")
    busy.go.release()
    t.equal(late.ask("GET", "/again").body, b"/again", "answer")
    t.check("/gone" not in t.origins[0].targets(), "the endpoint got a request whose client had gone")


@case()
def breaker_under_load(t):
    """wrk with 64 connections against three nginx behind a limit of six requests: most have to wait, none
    fails."""
    t.start([cluster("app", [(ip, NGINX_PORT) for ip in t.topo.ep4], max_requests=6, queue_timeout="10m")],
            dpdk={"workers": 2})
    out = t.background(t.topo.cli, ["wrk", "-t1", "-c64", "-d2s", f"http://{t.topo.vip4}/"], "wrk")
    until(lambda: not out.running(), "wrk to end", 40)
    text = "\n".join(out.lines)
    t.check("requests in" in text and "Non-2xx" not in text and "Socket errors" not in text, text)
    t.check(t.lacon.counters()["queued"] > 100, "nobody had to wait")
    t.equal(t.lacon.counters()["queue_full"], 0, "requests refused")
