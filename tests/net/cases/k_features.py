"""What the list of features promises and no other case shows: each key does what config/README.md says of it, with
real clients and endpoints."""
import email.utils
import signal
import threading
import time

from bed.case import case
from bed.lacon import address, cluster, configuration
from bed.message import TCP_ESTABLISHED, Broken, request_bytes
from bed.origin import answer
from bed.wait import until

from cases.f_balancing import named, names, start
from cases.g_reload import reload, write
from cases.i_health import states


def status_of(status):
    """An endpoint that answers everything so."""
    def serve(wire, origin):
        while request := wire.request():
            origin.note(request)
            answer(wire, origin.name.encode(), status=status, method=request.method)
    return serve


def one_cluster(t, origins, rule=None, dpdk=None, listener=None, **keys):
    """lacon, and what it was configured with."""
    config = configuration(t.topo, [cluster("app", [(o.ip, o.port) for o in origins], **keys)], dpdk=dpdk,
                           listener=listener)
    config["routes"][0]["rules"][0] |= rule or {}
    t.start_with(config)
    return config


@case()
def bodies_of_refused_requests(t):
    """A refused request whose body is short leaves its connection as it is, whether the body comes with it, later, or in
    chunks; a long one's client gets the answer and then the end, though it goes on sending. Each answer has the time."""
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    config["routes"][0]["rules"].insert(0, {"matches": [{"path": {"prefix": "/no"}}], "deny": True})
    t.start_with(config)
    c = t.client()
    for n in (1, 5000, 65536):
        head = request_bytes("POST", "/no", [("Content-Length", str(n))])
        c.send(head)
        refused = c.response("POST")
        t.equal((refused.status, refused.get("connection")), (403, None), f"{n} bytes")
        stamp = email.utils.parsedate_to_datetime(refused.get("date")).timestamp()
        t.check(abs(stamp - time.time()) < 60, f"Date: {refused.get('date')}")
        c.send(b"x" * n)
        t.equal(c.ask("GET", "/name").body, b"ep1", "the next request")
    c.send(request_bytes("POST", "/no", [("Transfer-Encoding", "chunked")]) + b"5\r\nabcde\r\n")
    t.equal(c.response("POST").status, 403, "chunks")
    c.send(b"3\r\nabc\r\n0\r\n\r\n")
    t.equal(c.ask("GET", "/name").body, b"ep1", "the request behind them")
    t.equal(origin.targets(), ["/name"] * 4, "what reached the endpoint")
    long = t.client()
    long.send(request_bytes("POST", "/no", [("Content-Length", "10000000")]))
    refused = long.response("POST")
    t.equal((refused.status, refused.get("connection")), (403, "close"), "a long one")
    try:
        long.send(b"x" * 300000)
    except ConnectionError:
        t.check(False, "the client was reset while it sent")
    t.equal(long.ended(), "fin", "its end")


@case()
def allow_list(t):
    """Only who is on the list may connect; a reload changes that, and the most specific network decides."""
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])],
                           listener={"allow": [f"{t.topo.cli4}/32"]})
    t.start_with(config)
    t.equal(t.client().ask("GET", "/name").body, b"ep1", "who is on the list")
    t.check(not connects(t, v6=True), "who is not is accepted")
    for listener in config["listeners"]:
        listener |= {"allow": ["0.0.0.0/0", "::/0"], "deny": [f"{t.topo.cli4}/32"]}
    write(t, config)
    t.equal(reload(t), None, "laconctl reload")
    t.equal(t.client(v6=True).ask("GET", "/name").body, b"ep1", "by its other address")
    t.check(not connects(t), "who is denied by a more specific network is accepted")


@case()
def tcp_limits_and_health(t):
    """Connections of protocol tcp are limited for each client, and go to endpoints whose checks pass."""
    origins = [t.origin(i, named) for i in range(2)]
    t.start_with(configuration(
        t.topo, [cluster("app", [(o.ip, o.port) for o in origins],
                         health_check={"protocol": "tcp", "interval": "100ms", "unhealthy_threshold": 1})],
        listener={"protocol": "tcp", "cluster": "app", "client_connections": 2}))
    first = [t.client(), t.client()]
    t.equal(sorted(c.ask("GET", "/name").body for c in first), [b"ep1", b"ep2"], "who answers")
    t.check(refused(t), "a third connection at a time")
    origins[1].close()
    until(lambda: states(t)[address(origins[1].ip, origins[1].port)]["state"] == "down", "the check to fail")
    for c in first:
        c.close()
    until(lambda: t.lacon.counters()["clients_open"] == 0, "connections to end")
    for _ in range(4):
        c = t.client()
        t.equal(c.ask("GET", "/name").body, b"ep1", "the one that is up")
        c.close()
        until(lambda: t.lacon.counters()["clients_open"] == 0, "the connection to end")


@case()
def tcp_tunnel_timeout(t):
    """A connection of protocol tcp on which nothing passes either way ends; one that is in use does not."""
    origin = t.origin(0, named)
    t.start_with(configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])],
                               listener={"protocol": "tcp", "cluster": "app", "tunnel_timeout": "3s"}))
    c = t.client()
    for _ in range(3):
        t.equal(c.ask("GET", "/name").body, b"ep1", "in use")
    t.check(c.ended() in ("fin", "reset"), "its end")
    until(lambda: t.lacon.counters()["clients_open"] == 0, "it to be gone")


@case()
def rate_by_header(t):
    """A rule's rate for each value of a header: who has used up his own gets 429, others and other rules do not."""
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    config["routes"][0]["rules"].insert(0, {"matches": [{"path": {"prefix": "/name"}}], "cluster": "app",
                                            "rate_limits": [{"rate": 2, "per": "1h", "key": "header:X-Key"}]})
    t.start_with(config)
    c = t.client()
    def asked(key, n, target="/name"):
        return [c.ask("GET", target, [("X-Key", key)] if key else []).status for _ in range(n)]
    t.equal(asked("a", 4), [200, 200, 429, 429], "one key")
    t.equal(asked("b", 3), [200, 200, 429], "another")
    t.equal(asked("a", 2, "/other"), [200, 200], "another rule")
    t.equal(asked(None, 3), [200] * 3, "without the header")


@case()
def subsets(t):
    """Two workers, four endpoints, subsets: the requests of one connection, so of one worker, go to two endpoints; those
    of many connections to all."""
    origins = [t.origin(i % 3, named, port=9100 + i, name=f"e{i}") for i in range(4)]
    one_cluster(t, origins, dpdk={"workers": 2}, subset_size=1)
    seen = [frozenset(names(t, 12)) for _ in range(24)]
    t.check(all(len(s) == 2 for s in seen), f"endpoints of one connection: {seen}")
    t.equal(frozenset().union(*seen), frozenset(f"e{i}" for i in range(4)), "endpoints of all")


@case()
def panic(t):
    """Checks fail at two of three endpoints: below the panic threshold all are asked, up or not; when the second is back
    only those that are up."""
    well = [True, False, False]
    def checked(i):
        def serve(wire, origin):
            while request := wire.request():
                ok = request.target != "/health" or well[i]
                answer(wire, origin.name.encode(), status="200 OK" if ok else "500 Ill", method=request.method)
        return serve
    origins = start(t, {i: checked(i) for i in range(3)}, panic_threshold="50%",
                    health_check={"protocol": "http", "path": "/health", "interval": "100ms", "healthy_threshold": 1,
                                  "unhealthy_threshold": 1})
    def up():
        return [states(t)[address(o.ip, o.port)]["state"] for o in origins].count("up")
    until(lambda: up() == 1, "two to be down")
    t.equal(set(names(t, 12)), {"ep1", "ep2", "ep3"}, "who answers in panic")
    well[1] = True
    until(lambda: up() == 2, "one to be back")
    t.equal(set(names(t, 12)), {"ep1", "ep2"}, "who answers without")


@case()
def ejected_by_rate(t):
    """An endpoint of which half the answers are 5xx is ejected for that, and is back when its time is over."""
    def every_second(wire, origin):
        while request := wire.request():
            origin.note(request)
            ill = len(origin.requests) % 2 and not origin.well
            answer(wire, origin.name.encode(), status="500 Ill" if ill else "200 OK", method=request.method)
    origins = [t.origin(i, every_second if i == 0 else named) for i in range(3)]
    origins[0].well = False
    one_cluster(t, origins, outlier_detection={"error_rate": "40%", "window": "60s", "min_requests": 10,
                                               "base_ejection_time": "2s"})
    c = t.client()
    until(lambda: c.ask("GET", "/name") and states(t)[address(origins[0].ip, origins[0].port)]["state"] == "ejected",
          "it to be ejected")
    origins[0].well = True
    before = len(origins[0].requests)
    t.equal(set(names(t, 9, client=c)) if len(origins[0].requests) == before else None, {"ep2", "ep3"}, "meanwhile")
    until(lambda: c.ask("GET", "/name").body == b"ep1", "its turn to come again")


@case()
def retries_by_method(t):
    """Methods and statuses of one's own: a POST is tried again where that is asked for, a GET that is not on the list is
    not; nothing is where the budget allows none."""
    origins = [t.origin(0, status_of("503 Busy")), t.origin(1, named)]
    one_cluster(t, origins, retry={"conditions": [503], "methods": ["POST"]})
    c = t.client()
    t.equal({c.ask("POST", "/name", body=b"x").status for _ in range(6)}, {200}, "POST")
    t.equal({c.ask("GET", "/name").status for _ in range(6)}, {200, 503}, "GET")


@case()
def retries_by_budget(t):
    """A tenth of the requests in flight may be retries: of one request none is tried again."""
    origins = [t.origin(0, status_of("503 Busy")), t.origin(1, named)]
    one_cluster(t, origins, retry={"conditions": [503], "budget": "10%", "min_concurrency": 0})
    t.equal({r.status for r in (t.client().ask("GET", "/name") for _ in range(6))}, {200, 503}, "statuses")
    t.check(t.lacon.counters()["retries_refused"] > 0, "nothing is counted")


@case()
def connections_of_an_endpoint(t):
    """max_connections: eight clients at once, on two workers, never more than two connections at the endpoint; who waits
    is served."""
    gate = threading.Lock()
    def serve(wire, origin):
        with gate:  # while nobody is answered, no connection ends but an idle one, whose reset may be under way
            wires = list(origin.wires)  # who is open later was open now, whatever opens besides
            until(lambda: sum(w.state() == TCP_ESTABLISHED for w in wires) <= 2, "no more than two connections", 10)
        while request := wire.request():
            with gate:
                origin.note(request)
                answer(wire, origin.name.encode())
    origin = t.origin(0, serve)
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)], queue_timeout="60s")],
                           dpdk={"workers": 2})
    config["clusters"][0]["endpoints"][0]["max_connections"] = 2
    t.start_with(config)
    clients = [t.client() for _ in range(8)]
    for _ in range(5):
        for c in clients:
            c.send(request_bytes("GET", "/name"))
        t.equal({c.response().status for c in clients}, {200}, "statuses")
    t.equal(origin.errors, [], "at the endpoint")


@case()
def pooled_connections_end(t):
    """An idle connection to an endpoint is closed after pool_idle_timeout; of a pool without room none is kept."""
    origin = t.origin(0, named)
    config = one_cluster(t, [origin], pool_idle_timeout="500ms")
    c = t.client()
    c.ask("GET", "/name")
    until(lambda: t.lacon.counters()["endpoints_open"] == 0, "the connection to be closed")
    config["clusters"][0] |= {"pool_size": 0, "pool_idle_timeout": "1h"}
    write(t, config)
    t.equal(reload(t), None, "laconctl reload")
    c.ask("GET", "/name")
    until(lambda: t.lacon.counters()["endpoints_open"] == 0, "no connection to be kept")


@case()
def drain_timeout(t):
    """QUIT while an answer never comes: lacon ends when drain_timeout is over."""
    never = threading.Event()
    def serve(wire, origin):
        origin.note(wire.request())
        never.wait(50)
    origin = t.origin(0, serve)
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    t.start_with(config)
    write(t, config | {"admin": {"socket": t.lacon.sock, "drain_timeout": "1s"}})
    t.equal(reload(t), None, "laconctl reload")
    c = t.client()
    c.send(request_bytes("GET", "/name"))
    until(lambda: origin.requests, "the request to be there")
    t.lacon.child.kill(signal.SIGQUIT)
    t.equal(t.lacon.child.wait(), 0, "lacon's exit status")
    never.set()


def connects(t, v6=False):
    """Is a connection accepted? False: no answer within a second."""
    try:
        t.client(v6=v6, timeout=1).close()
    except TimeoutError:
        return False
    return True


def refused(t):
    """Is a connection reset at once, or before it is answered?"""
    try:
        c = t.client()
        c.ask("GET", "/name")
    except (ConnectionError, Broken):
        return True
    c.close()
    return False
