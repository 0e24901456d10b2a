"""Which endpoints are asked: checks, ejection, drains, each while requests go on that must not notice."""
import os
import re
import signal
import subprocess
import threading
import time

from bed.case import case, mkdir
from bed.lacon import address, configuration
from bed.names import Names
from bed.nginx import Nginx
from bed.origin import answer
from bed.wait import until

from cases.g_reload import reload, write

SERVER_PORT = 8090
QUICK = {"protocol": "http", "path": "/healthz", "interval": "100ms", "timeout": "1s", "unhealthy_threshold": 2,
         "healthy_threshold": 2}


def states(t, cluster="app"):
    """{endpoint: what laconctl says of it}"""
    return {e["endpoint"]: e for e in t.lacon.ctl("endpoints")["endpoints"] if e["cluster"] == cluster}


def order(t, *words):
    """laconctl with these words; what it complains about, or None."""
    done = subprocess.run([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, *words],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


class Patient:
    """Serves by its mode, which a test changes: well, slow (the next answers wait for another mode), ill (500)."""

    def __init__(self):
        self.mode = "well"

    def __call__(self, wire, origin):
        while request := wire.request():
            origin.note(request)
            if self.mode == "slow":
                until(lambda: self.mode != "slow", "the mode to change", 100)
            ill = self.mode == "ill"
            answer(wire, origin.name.encode(), "500 Ill" if ill else "200 OK", method=request.method)


class Load:
    """Clients that ask one request after the other; what they got."""

    def __init__(self, t, clients=4):
        self.statuses, self.errors, self.stop = {}, [], False
        self.threads = [threading.Thread(target=self._run, args=(t,), daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self, t):
        try:
            client = t.client()
            while not self.stop:
                status = client.ask("GET", "/name").status
                self.statuses[status] = self.statuses.get(status, 0) + 1
        except Exception as why:  # whatever it is, a request was lost
            self.errors.append(f"{type(why).__name__}: {why}")

    def total(self):
        return sum(self.statuses.values())

    def progress(self, n=50):
        """Until n more requests were answered."""
        goal = self.total() + n
        until(lambda: self.errors or self.total() >= goal, f"{n} more requests to be answered", 60)

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join(60)


def server(t):
    """A real server in the first endpoint's namespace."""
    nginx = Nginx(t.topo.ep[0], mkdir(os.path.join(t.dir, "server")), {"healthz": b"fine", "name": b"ep1"}, SERVER_PORT,
                  sendfile="off")
    t.children.append(nginx.child)
    return nginx


def start(t, first, check=None, workers=None, **more):
    """lacon with the first endpoint as given (ip, port) and two that are well."""
    others = [t.origin(i, Patient()) for i in (1, 2)]
    members = [address(*first)] + [address(o.ip, o.port) for o in others]
    cluster = {"name": "app", "connect_timeout": "2s", "response_timeout": "3s", "tries": 5,
               "health_check": check or QUICK} | more | {"endpoints": [{"address": a} for a in members]}
    t.start_with(configuration(t.topo, [cluster], dpdk={"workers": workers or t.workers}))
    until(lambda: all(s["reason"] == "passes its checks" for s in states(t).values()), "the first checks")
    return members[0]


def checked_down(t, which):
    """By its checks, not only because a worker could not connect."""
    state = states(t)[which]
    return state["state"] == "down" and "workers" not in state["reason"]


def outage(t, what, first, begin, end):
    """The first endpoint fails by begin() and is well again by end(), under load. Times from both to lacon's
    knowing; what the clients got."""
    load = Load(t)
    load.progress()
    since = time.monotonic()
    begin()
    until(lambda: load.errors or checked_down(t, first), f"{first} to be down", 50)
    down = time.monotonic() - since
    why = states(t)[first]["reason"]
    # A later check may fail for another reason than the one that was logged: closes first, then refuses.
    until(lambda: t.lacon.child.said(f"endpoint app/{re.escape(first)} is down: ."), "the log to say that it is down")
    load.progress()
    before = states(t)[first]["requests"]
    load.progress()
    asked = states(t)[first]["requests"] - before
    since = time.monotonic()
    end()
    until(lambda: load.errors or states(t)[first]["state"] == "up", f"{first} to be up again", 50)
    up = time.monotonic() - since
    until(lambda: load.errors or states(t)[first]["requests"] > before + asked, f"{first} to get requests again", 50)
    load.end()
    print(f"#   {what}: down after {down:.2f} s ({why}), up after {up:.2f} s; {load.total()} requests, "
          f"{dict(sorted(load.statuses.items()))}, {len(load.errors)} lost", flush=True)
    t.equal(load.errors, [], "requests that were lost")
    t.equal(asked, 0, "requests to the endpoint while it was down")
    until(lambda: t.lacon.child.said(f"endpoint app/{first} is up"), "the log to say that it is up again")
    return load.statuses, why


@case(timeout=150)
def endpoint_killed(t):
    """A server that is killed: no request is lost; it is passed over until its checks pass again."""
    nginx = server(t)

    def again():
        nginx.start()
        t.children.append(nginx.child)

    statuses, why = outage(t, "killed", start(t, (t.topo.ep4[0], SERVER_PORT)), nginx.child.process.kill, again)
    t.equal(list(statuses), [200], "statuses")
    t.check("refuses" in why or "resets" in why or "closes" in why, why)


@case(timeout=150)
def endpoint_frozen(t):
    """A server that is stopped (SIGSTOP): connections are still taken by its kernel, answers do not come."""
    nginx = server(t)
    first = start(t, (t.topo.ep4[0], SERVER_PORT))
    try:
        statuses, why = outage(t, "frozen", first, lambda: nginx.child.kill(signal.SIGSTOP),
                               lambda: nginx.child.kill(signal.SIGCONT))
    finally:
        nginx.child.kill(signal.SIGCONT)
    t.equal(list(statuses), [200], "statuses")
    t.check("in time" in why, why)


@case(timeout=150)
def endpoint_cut_off(t):
    """A server that no packet reaches any more, over an hour-long connection as well as over new ones."""
    server(t)
    first = start(t, (t.topo.ep4[0], SERVER_PORT))
    ns = t.topo.ep[0]
    statuses, why = outage(
        t, "cut off", first,
        lambda: ns.nft("table inet cut {\nchain in {\ntype filter hook prerouting priority 0;\n"
                       f"tcp dport {SERVER_PORT} drop\n}}\n}}\n"),
        lambda: ns.nft("delete table inet cut\n"))
    t.equal(list(statuses), [200], "statuses")
    t.check("does not answer" in why, why)


@case(timeout=150)
def endpoint_slow(t):
    """A server whose answers do not come: requests in flight are asked for elsewhere."""
    patient = Patient()
    origin = t.origin(0, patient)
    first = start(t, (origin.ip, origin.port))
    statuses, why = outage(t, "slow", first, lambda: setattr(patient, "mode", "slow"),
                           lambda: setattr(patient, "mode", "well"))
    t.equal(list(statuses), [200], "statuses")
    t.check("in time" in why, why)


@case(timeout=150)
def endpoint_ill(t):
    """A server that answers 500, to checks as to requests: those are tried again elsewhere, and it gets none as soon as
    that is known."""
    patient = Patient()
    origin = t.origin(0, patient)
    first = start(t, (origin.ip, origin.port),
                  retry={"conditions": ["connect_failure", "reset", "timeout", "500"], "min_concurrency": 100})
    statuses, why = outage(t, "ill", first, lambda: setattr(patient, "mode", "ill"),
                           lambda: setattr(patient, "mode", "well"))
    t.equal(list(statuses), [200], "statuses")
    t.equal(why, "answers with status 500", "why")


@case()
def endpoint_down_at_first(t):
    """What a check finds before the log looks for the first time is logged as well."""
    origin = t.origin(0, Patient())
    gone = address(t.topo.ep4[1], SERVER_PORT)
    t.start_with(configuration(t.topo, [{"name": "app", "health_check": QUICK, "endpoints": [
        {"address": address(origin.ip, origin.port)}, {"address": gone}]}]))
    until(lambda: t.lacon.child.said(f"endpoint app/{re.escape(gone)} is down: refuses connections"),
          "the log to say that it is down")
    t.check(not t.lacon.child.said("is up"), "no news of the one that was up all the time")


@case()
def checks_of_workers(t):
    """With three workers each endpoint is checked by one of them, and all take what it finds."""
    patient = Patient()
    origin = t.origin(0, patient)
    first = start(t, (origin.ip, origin.port), workers=3)
    patient.mode = "ill"
    until(lambda: states(t)[first]["state"] == "down", "it to be down")
    before = len([r for r in origin.requests if r.target == "/name"])
    for _ in range(30):  # a connection each: every worker gets some
        t.equal(t.client().ask("GET", "/name").status, 200, "status")
    t.equal(len([r for r in origin.requests if r.target == "/name"]), before, "requests that it got")
    check = next(r for r in origin.requests if r.target == "/healthz")
    t.equal(check.get("host"), first, "the check's Host")


@case()
def check_tcp_and_body(t):
    """A TCP check, and one that looks for words in the body, on another port."""
    well = t.origin(0, Patient())

    def words(wire, origin):
        while request := wire.request():
            origin.note(request)
            answer(wire, b"all is fine here" if request.target == "/healthz?deep=1" else b"?")

    page = t.origin(1, words, port=9100)
    t.origin(1, Patient())
    clusters = [
        {"name": "app", "health_check": {"protocol": "tcp", "interval": "50ms", "initial_state": "down"},
         "endpoints": [{"address": address(well.ip, well.port)}]},
        {"name": "page", "health_check": {"protocol": "http", "path": "/healthz?deep=1", "port": 9100, "host": "page.test",
                                          "body_contains": "is fine", "interval": "50ms"},
         "endpoints": [{"address": address(page.ip, 9000)}]},
    ]
    t.start_with(configuration(t.topo, clusters))
    until(lambda: states(t)["10.99.0.11:9000"]["state"] == "up", "the TCP check to pass")
    until(lambda: states(t, "page")["10.99.0.12:9000"]["reason"] == "passes its checks", "the body to be found")
    t.equal(page.requests[0].get("host"), "page.test", "Host")
    well.refuse()
    until(lambda: states(t)["10.99.0.11:9000"]["reason"] == "refuses connections", "the TCP check to fail")


@case(timeout=120)
def drains_under_load(t):
    """50 times an endpoint is drained and enabled again under load, on two workers: no request fails, a drained one gets
    none, and that it is drained survives a reload. A download that is under way ends whole."""
    origins = [t.origin(i, Patient()) for i in range(3)]
    members = [address(o.ip, o.port) for o in origins]
    config = configuration(t.topo, [{"name": "app", "endpoints": [{"address": a} for a in members]}],
                           dpdk={"workers": 2})
    t.start_with(config)
    load = Load(t)
    for i in range(50):
        which = members[i % 3]
        t.equal(order(t, "drain", f"app/{which}"), None, "laconctl drain")
        until(lambda w=which: states(t)[w]["state"] == "drained", "what was in flight to end")
        t.equal(states(t)[which]["reason"], "told so by laconctl", "reason")
        before = states(t)[which]["requests"]
        if i == 25:
            write(t, config)
            t.equal(reload(t), None, "laconctl reload")
            t.equal(states(t)[which]["state"], "drained", "after the reload")
        load.progress(20)
        t.equal(states(t)[which]["requests"], before, f"requests while drained, round {i}")
        idle = [c for c in t.lacon.connections() if c["endpoint"] == which and c["state"] == "idle"]
        t.equal(idle, [], "idle connections to it")
        t.equal(order(t, "enable", which), None, "laconctl enable")
        until(lambda w=which, n=before: load.errors or states(t)[w]["requests"] > n, "it to get requests again")
    load.end()
    t.equal(load.errors, [], "requests that were lost")
    t.equal(list(load.statuses), [200], "statuses")
    t.check("no endpoint is" in order(t, "drain", "app/10.99.0.99:1"), "an endpoint that is not there")
    print(f"#   50 drains, {load.total()} requests, {len(load.errors)} lost", flush=True)


@case(timeout=150)
def endpoint_ejected(t):
    """Without checks: a server that answers 500 is ejected by what it does, and is back in time; one that dies as well.
    Both times by each of two workers, and longer for the second time in a row."""
    patient = Patient()
    origins = [t.origin(0, patient), t.origin(1, Patient()), t.origin(2, Patient())]
    members = [address(o.ip, o.port) for o in origins]
    t.start_with(configuration(t.topo, [{
        "name": "app", "endpoints": [{"address": a} for a in members], "connect_timeout": "2s",
        "outlier_detection": {"consecutive_failures": 2, "consecutive_5xx": 3, "base_ejection_time": "1s"}}],
        dpdk={"workers": 2}))
    load = Load(t)
    load.progress()
    since = time.monotonic()
    patient.mode = "ill"
    until(lambda: load.errors or states(t)[members[0]]["state"] == "ejected", "it to be ejected", 30)
    down, why = time.monotonic() - since, states(t)[members[0]]["reason"]
    t.check("5xx" in why and "1 in a row" in why, why)
    until(lambda: load.errors or "2 in a row" in states(t)[members[0]]["reason"], "it to be ejected again", 30)
    patient.mode = "well"
    until(lambda: load.errors or states(t)[members[0]]["state"] == "up", "it to be back", 30)
    bad = load.statuses.get(500, 0)
    before = states(t)[members[0]]["requests"]
    until(lambda: load.errors or states(t)[members[0]]["requests"] > before, "it to get requests again", 30)
    load.end()
    t.equal(load.errors, [], "requests that were lost")
    t.equal(set(load.statuses), {200, 500}, "statuses")
    t.check(bad <= 2 * (2 * 3 + 4), f"answers of 500: {bad}")  # each worker three times, and what was in flight
    print(f"#   ejected after {down:.2f} s; {load.total()} requests, {dict(sorted(load.statuses.items()))}, "
          f"{len(load.errors)} lost", flush=True)
    second = Load(t)
    second.progress()
    origins[1].refuse()
    origins[1].drop_connections()
    until(lambda: second.errors or "requests in a row" in states(t)[members[1]]["reason"], "the dead one to be ejected", 30)
    origins[1].listen()
    until(lambda: second.errors or states(t)[members[1]]["state"] == "up", "it to be back", 30)
    second.end()
    t.equal(second.errors, [], "requests that were lost")
    t.equal(list(second.statuses), [200], "statuses")


# ---- weights ----

def share(t, origins, n=300):
    """How many of n requests each origin gets."""
    before = [len(o.requests) for o in origins]
    client = t.client()
    for _ in range(n):
        t.equal(client.ask("GET", "/name").status, 200, "status")
    return [len(o.requests) - b for o, b in zip(origins, before)]


@case(timeout=300)
def weights_at_run_time(t):
    """laconctl weight changes an endpoint's share at once, for policies with tables as well; a reload leaves it; "file"
    gives it its own again. Weight 0 takes no requests."""
    origins = [t.origin(i, Patient()) for i in range(3)]
    members = [address(o.ip, o.port) for o in origins]
    config = configuration(t.topo, [{"name": "app", "endpoints": [{"address": a} for a in members]}],
                           dpdk={"workers": 2})
    t.start_with(config)
    t.equal(share(t, origins), [100, 100, 100], "as the file says")
    t.equal(order(t, "weight", f"app/{members[0]}", "4"), None, "laconctl weight")
    t.equal(states(t)[members[0]]["weight"], 4, "what laconctl endpoints says")
    t.equal(share(t, origins), [200, 50, 50], "with weight 4")
    t.equal(order(t, "weight", members[1], "0"), None, "laconctl weight 0")
    t.equal(states(t)[members[1]]["state"], "disabled", "state")
    t.equal(share(t, origins, 100), [80, 0, 20], "with 4, 0 and 1")
    maglev = configuration(t.topo, [{"name": "app", "lb_policy": "maglev", "hash_key": "path",
                                     "endpoints": [{"address": a} for a in members]}], dpdk={"workers": 2})
    write(t, maglev)
    t.equal(reload(t), None, "laconctl reload")
    t.equal([states(t)[m]["weight"] for m in members], [4, 0, 1], "after the reload")
    client = t.client()
    seen = [client.ask("GET", f"/{i}").body for i in range(200)]
    t.check(seen.count(b"ep2") == 0 and 110 < seen.count(b"ep1") < 200, f"maglev: {seen.count(b'ep1')} of 200 by ep1")
    for m in members[:2]:
        t.equal(order(t, "weight", m, "file"), None, "laconctl weight file")
    t.equal([states(t)[m]["weight"] for m in members], [1, 1, 1], "the file's again")
    t.check("whole number" in order(t, "weight", members[0], "1001"), "a weight that is too large")
    t.check("no endpoint is" in order(t, "weight", "app/10.0.0.1:1", "1"), "an endpoint that is not there")


@case(timeout=120)
def weights_under_load(t):
    """30 changes of weights under load on two workers: no request is lost."""
    origins = [t.origin(i, Patient()) for i in range(3)]
    members = [address(o.ip, o.port) for o in origins]
    t.start_with(configuration(t.topo, [{"name": "app", "endpoints": [{"address": a} for a in members]}],
                               dpdk={"workers": 2}))
    load = Load(t)
    for i in range(30):
        t.equal(order(t, "weight", members[i % 3], str(i % 7)), None, "laconctl weight")
        load.progress(20)
    load.end()
    t.equal(load.errors, [], "requests that were lost")
    t.equal(list(load.statuses), [200], "statuses")


# ---- names ----

def start_named(t, names, **more):
    names_config = {"servers": [names.address], "min_ttl": "100ms", "timeout": "500ms"}
    config = configuration(t.topo, [{"name": "app", "endpoints": [{"address": "api.test:9000"}]} | more])
    t.start_with(config | {"dns": names_config})


@case(timeout=120)
def names_change(t):
    """Endpoints by name: all of its addresses, of both families, serve; when they change the requests follow without a
    reload, under load, none is lost, and what was ordered of an address stays with it."""
    names = Names(t.topo.lac)
    try:
        for i in range(3):
            t.origin(i, Patient())
        t.origin(0, Patient(), v6=True, name="ep1 v6")
        names.records["api.test"] = [t.topo.ep4[0], t.topo.ep6[0]]
        start_named(t, names)
        t.equal(set(states(t)), {"10.99.0.11:9000", "[fd99::11]:9000"}, "endpoints")
        client = t.client()
        t.equal({client.ask("GET", "/name").body for _ in range(8)}, {b"ep1", b"ep1 v6"}, "who answers")
        load = Load(t)
        load.progress()
        for i in range(12):
            pair = [t.topo.ep4[i % 3], t.topo.ep4[(i + 1) % 3]]
            names.records["api.test"] = pair
            until(lambda p=pair: load.errors or set(states(t)) == {f"{a}:9000" for a in p}, "the addresses to change", 30)
            load.progress(20)
        load.end()
        t.equal(load.errors, [], "requests that were lost")
        t.equal(list(load.statuses), [200], "statuses")
        names.records["api.test"] = t.topo.ep4[:2]
        until(lambda: set(states(t)) == {"10.99.0.11:9000", "10.99.0.12:9000"}, "the first two")
        t.equal(order(t, "drain", "10.99.0.11:9000"), None, "laconctl drain")
        names.records["api.test"] = t.topo.ep4[:3]
        until(lambda: len(states(t)) == 3, "all three")
        t.equal(states(t)["10.99.0.11:9000"]["state"], "drained", "the order stays with the address")
        client = t.client()
        t.equal({client.ask("GET", "/name").body for _ in range(8)}, {b"ep2", b"ep3"}, "who answers")
        names.silent = True
        asked = names.asked
        until(lambda: names.asked > asked + 3, "it to be asked in vain", 30)
        del names.records["api.test"]
        names.silent = False
        until(lambda: t.lacon.child.said("dns: api.test: .*its last addresses stay"), "the failure to be logged", 30)
        t.equal(len(states(t)), 3, "endpoints of a name that is gone")
        t.equal(client.ask("GET", "/name").status, 200, "status")
    finally:
        names.close()


@case()
def names_unknown_at_start(t):
    """lacon starts with a name that cannot be resolved, answers 503 for it, and serves as soon as there are addresses;
    they are checked like others, and asked by their name."""
    names = Names(t.topo.lac)
    try:
        origin = t.origin(0, Patient())
        start_named(t, names, health_check=QUICK)
        t.check(t.lacon.child.said("dns: api.test: .*it has no endpoints"), "the log says so")
        t.equal(t.client().ask("GET", "/name").status, 503, "status without endpoints")
        t.equal(states(t), {}, "endpoints")
        names.records["api.test"] = [t.topo.ep4[0]]
        until(lambda: t.client().ask("GET", "/name").status == 200, "the name to be known", 30)
        until(lambda: states(t)["10.99.0.11:9000"]["reason"] == "passes its checks", "it to be checked")
        check = next(r for r in origin.requests if r.target == "/healthz")
        t.equal(check.get("host"), "api.test:9000", "the check's Host")
    finally:
        names.close()
