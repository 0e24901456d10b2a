"""Who gets a request: the lb_policies, priorities and zones, seen by real clients and endpoints.

Every endpoint here answers with its name."""
import select

from bed.case import case
from bed.lacon import address, configuration
from bed.origin import answer
from bed.wait import until


def named(wire, origin):
    while request := wire.request():
        origin.note(request)
        answer(wire, origin.name.encode(), method=request.method)


def start(t, serve=None, endpoints=None, **cluster):
    """lacon and three origins; serve: by index, endpoints: further keys of each."""
    origins = [t.origin(i, (serve or {}).get(i, named)) for i in range(3)]
    members = [{"address": address(o.ip, o.port)} | (endpoints or {}).get(i, {}) for i, o in enumerate(origins)]
    t.start_with(configuration(t.topo, [{"name": "app"} | cluster | {"endpoints": members}]))
    return origins


def names(t, n, headers=(), target="/name", client=None):
    """Who answers n requests of one client."""
    client = client or t.client()
    return [client.ask("GET", target, headers).body.decode() for _ in range(n)]


class Gate:
    """Serves by holding its first request until it is opened."""

    def __init__(self):
        self.held, self.open = False, False

    def __call__(self, wire, origin):
        while request := wire.request():
            origin.note(request)
            if not self.held:
                self.held = True
                until(lambda: self.open, "the gate to open", 50)
            answer(wire, origin.name.encode(), method=request.method)

    def catch(self, t):
        """A client whose request is held; before it there are some that others answer."""
        while True:
            client = t.client()
            client.send(b"GET /name HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: self.held or select.select([client.sock], [], [], 0)[0], "one request's fate")
            if self.held:
                return client


@case()
def least_conn(t):
    """An endpoint with a request in flight is passed by; when it has answered it gets its turns again."""
    gate = Gate()
    start(t, serve={0: gate}, lb_policy="least_conn")
    stuck = gate.catch(t)
    got = names(t, 40)
    t.equal({n: got.count(n) for n in set(got)}, {"ep2": 20, "ep3": 20}, "requests by endpoint")
    gate.open = True
    t.equal(stuck.response().body, b"ep1", "the one that was stuck")
    got = names(t, 30)
    t.check(9 <= got.count("ep1") <= 12, f"idle again, it gets its turns: {got.count('ep1')}")


@case()
def random(t):
    """Every endpoint gets requests, by weight."""
    start(t, endpoints={0: {"weight": 8}}, lb_policy="random")
    got = names(t, 400)
    share = {n: got.count(n) for n in ("ep1", "ep2", "ep3")}
    t.check(270 <= share["ep1"] <= 370 and share["ep2"] >= 15 and share["ep3"] >= 15, f"requests: {share}")


@case()
def ewma(t):
    """An endpoint that answered slowly once gets hardly any request afterwards."""
    gate = Gate()
    start(t, serve={0: gate}, lb_policy="ewma")
    first = gate.catch(t)
    names(t, 1000)  # as long as these take, it has not answered
    gate.open = True
    t.equal(first.response().body, b"ep1", "the slow one")
    got = names(t, 200)
    t.check(got.count("ep1") <= 20, f"{got.count('ep1')} of 200 to the slow one")  # drawn twice: 1 in 48
    t.check(got.count("ep2") and got.count("ep3"), "both of the others get some")


@case()
def source_hash(t):
    """All requests of one client go to one endpoint, over many connections; with that down to one other."""
    origins = start(t, lb_policy="source_hash")
    got = {names(t, 1)[0] for _ in range(20)}
    t.equal(len(got), 1, "endpoints of one address")
    owner = next(o for o in origins if {o.name} == got)
    owner.refuse()
    owner.drop_connections()
    heir = {names(t, 1)[0] for _ in range(20)}
    t.check(len(heir) == 1 and heir != got, f"with {got} down: {heir}")


def keyed(t, policy, **more):
    """100 keys: each has one endpoint, all endpoints have keys; when one goes, only its keys move."""
    origins = start(t, lb_policy=policy, **more)
    client = t.client()

    def where():
        return [names(t, 1, [("X-User", f"u{k}"), ("Cookie", f"x=1; sid={k}")], f"/name?user={k}", client)[0]
                for k in range(100)]

    first = where()
    t.equal(where(), first, "keys go where they went")
    t.check(all(10 <= first.count(o.name) <= 60 for o in origins), f"keys by endpoint: {first}")
    origins[1].refuse()
    origins[1].drop_connections()
    after = where()
    moved = [k for k in range(100) if first[k] != after[k]]
    t.equal(moved, [k for k in range(100) if first[k] == "ep2"], "keys that moved")
    t.equal({after[k] for k in moved}, {"ep1", "ep3"}, "where they went")
    origins[1].listen()
    until(lambda: where() == first, "all keys to come back with their endpoint")


@case()
def maglev(t):
    """maglev with a header as key keeps each value with its endpoint."""
    keyed(t, "maglev", hash_key="header:x-user")


@case()
def maglev_cookie(t):
    """The same with a cookie."""
    keyed(t, "maglev", hash_key="cookie:sid", maglev_table=251)


@case()
def ring_hash(t):
    """ring_hash with a query parameter as key, the same."""
    keyed(t, "ring_hash", hash_key="query:user")


@case()
def hash_of_path(t):
    """The path as key, without its query; a restarted lacon sends it to the same endpoint."""
    origins = start(t, lb_policy="maglev", hash_key="path")

    def where(query):
        client = t.client()
        for k in range(60):
            t.equal(client.ask("GET", f"/{k}{query}").status, 200, "status")
        targets = [{r.target.partition("?")[0] for r in o.requests} for o in origins]
        t.check(all(targets), "every endpoint has paths")
        t.equal(sum(map(len, targets)), 60, "each path is at one endpoint")
        return targets

    first = where("")
    t.equal(where("?q=2"), first, "with another query")
    t.equal(t.lacon.child.stop(), 0, "exit status")
    for o in origins:
        o.requests.clear()
    members = [{"address": address(o.ip, o.port)} for o in reversed(origins)]
    t.start_with(configuration(t.topo, [{"name": "app", "lb_policy": "maglev", "hash_key": "path",
                                         "endpoints": members}], dpdk={"workers": 2}))
    t.equal(where(""), first, "after a restart, with two workers and another order in the file")


@case()
def priorities(t):
    """The second priority gets nothing while the first is up, all when that is down, nothing when it is back."""
    origins = start(t, endpoints={1: {"priority": 1}, 2: {"priority": 2}})
    t.equal(set(names(t, 30)), {"ep1"}, "all up")
    origins[0].refuse()
    origins[0].drop_connections()
    t.equal(set(names(t, 30)), {"ep2"}, "the first is down")
    origins[1].refuse()
    origins[1].drop_connections()
    until(lambda: set(names(t, 10)) == {"ep3"}, "the third to take over")
    origins[0].listen()
    until(lambda: set(names(t, 10)) == {"ep1"}, "the first to be asked again")


@case()
def zones(t):
    """Endpoints of the preferred zone get everything; the others when it is down."""
    origins = start(t, endpoints={0: {"zone": "a"}, 1: {"zone": "b"}, 2: {"zone": "b"}}, prefer_zone="a")
    t.equal(set(names(t, 30)), {"ep1"}, "its zone is up")
    origins[0].refuse()
    origins[0].drop_connections()
    t.equal(set(names(t, 30)), {"ep2", "ep3"}, "its zone is down")


@case()
def slow_start(t):
    """An endpoint that comes back gets a tenth of its share at first."""
    origins = start(t, slow_start="24h")
    got = names(t, 30)
    t.equal({n: got.count(n) for n in set(got)}, {"ep1": 10, "ep2": 10, "ep3": 10}, "nobody is new at the start")
    origins[2].refuse()
    origins[2].drop_connections()
    t.equal(set(names(t, 30)), {"ep1", "ep2"}, "one is down")
    origins[2].listen()
    seen = []
    until(lambda: seen.extend(names(t, 20)) or "ep3" in seen, "the first request to it")
    got = names(t, 400)
    t.check(5 <= got.count("ep3") <= 40, f"{got.count('ep3')} of 400 requests, a tenth of a share is 19")
