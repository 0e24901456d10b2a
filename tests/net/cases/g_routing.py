"""Which rule a request meets, and what becomes of it, seen by real clients."""
from bed.case import case
from bed.lacon import address, configuration
from bed.origin import answer


def named(wire, origin):
    while request := wire.request():
        origin.note(request)
        answer(wire, origin.name.encode(), headers=[("X-Origin", origin.name)], method=request.method)


def start(t, routes, **more):
    """Three clusters "ep1", "ep2", "ep3", each with one origin of that name; routes as in the file."""
    origins = [t.origin(i, named) for i in range(3)]
    config = configuration(t.topo, [{"name": o.name, "endpoints": [{"address": address(o.ip, o.port)}]}
                                    for o in origins], **more)
    config["routes"] = routes
    t.start_with(config)
    return origins


def expect(t, rows, host="app.test"):
    """rows: (method, target, headers, who answers, or a status)."""
    c = t.client()
    for method, target, headers, wanted in rows:
        r = c.ask(method, target, list(headers.items()), host=host)
        got = r.status if isinstance(wanted, int) else r.get("x-origin")
        t.equal(got, wanted, f"{method} {target} {headers}")


@case()
def matching(t):
    """Method, header, query and expression matches, with HTTPRoute's precedence: exact path, expression, longest
    prefix, method, most headers, most parameters, first in the file."""
    def rule(cluster, *matches):
        return {"cluster": cluster, "matches": list(matches)}

    start(t, [{"name": "r", "rules": [
        rule("ep1", {"path": {"prefix": "/a"}}),
        rule("ep2", {"path": {"prefix": "/a"}, "method": "PUT"}),
        rule("ep3", {"path": {"prefix": "/a"}, "headers": [{"name": "X-User", "exact": "bob"}]}),
        rule("ep2", {"path": {"prefix": "/a"}, "headers": [{"name": "x-user", "exact": "bob"},
                                                           {"name": "x-debug", "present": True}]}),
        rule("ep2", {"path": {"prefix": "/a"}, "query": [{"name": "v", "regex": "[0-9]+"}]}),
        rule("ep3", {"path": {"exact": "/a/exact"}}),
        rule("ep2", {"path": {"regex": "/a/r[0-9]+"}}),
        rule("ep3", {"path": {"prefix": "/b"}, "source": ["192.0.2.0/24"]}),
        rule("ep1", {"path": {"prefix": "/b"}, "source": [f"{t.topo.cli4}/32", f"{t.topo.cli6}/128"]}),
        rule("ep2", {"path": {"prefix": "/only"}, "headers": [{"name": "x-user", "regex": "(a|b).*"}]}),
    ]}])
    expect(t, [
        ("GET", "/a", {}, "ep1"),
        ("PUT", "/a", {}, "ep2"),
        ("GET", "/a/x", {"x-user": "bob"}, "ep3"),
        ("GET", "/a/x", {"x-user": "bobby"}, "ep1"),
        ("PUT", "/a/x", {"x-user": "bob"}, "ep2"),
        ("GET", "/a/x", {"x-user": "bob", "X-Debug": ""}, "ep2"),
        ("GET", "/a?v=12", {}, "ep2"),
        ("GET", "/a?v=12x", {}, "ep1"),
        ("GET", "/a?v=12", {"x-user": "bob"}, "ep3"),
        ("GET", "/a/exact?v=12", {"x-user": "bob"}, "ep3"),
        ("GET", "/a/r7", {"x-user": "bob"}, "ep2"),
        ("GET", "/a/r7/more", {}, "ep1"),
        ("GET", "/b", {}, "ep1"),
        ("GET", "/only", {"X-User": "alice"}, "ep2"),
        ("GET", "/only", {"X-User": "carl"}, 404),
        ("GET", "/only", {}, 404),
        ("GET", "/", {}, 404),
    ])
    line = t.lacon.wait_access(17)[4]
    t.equal((line["route"], line["cluster"]), ("r", "ep2"), "route and cluster in the log")


@case()
def paths_that_endpoints_may_read_otherwise(t):
    """A path is matched as it was sent; with the expression that config/README.md gives, no path is let through that
    an endpoint may take for another."""
    expression = "(?i).*((//|/[.][.]?/|%2e|%2f|%5c|%[46][1-9a-f]|%[57][0-9a]).*|/[.][.]?)"
    start(t, [{"name": "plain", "hostnames": ["plain.test"], "rules": [
        {"matches": [{"path": {"prefix": "/admin"}}], "deny": True}, {"cluster": "ep1"}]},
              {"name": "strict", "hostnames": ["strict.test"], "rules": [
        {"matches": [{"path": {"prefix": "/admin"}}, {"path": {"regex": expression}}], "deny": True},
        {"matches": [{"path": {"prefix": "/shop"}}], "cluster": "ep2"}, {"cluster": "ep1"}]}])
    odd = ("/x/../admin", "//admin", "/./admin", "/shop/..", "/shop/%2E%2e/admin", "/%61dmin", "/x%2f../admin", "/a/.",
           "/x%5c..%5cadmin")
    expect(t, [("GET", path, {}, "ep1") for path in odd] + [("GET", "/admin", {}, 403)], host="plain.test")
    expect(t, [("GET", path, {}, 403) for path in odd + ("/admin", "/admin/x")] +
           [("GET", "/shop/a.b/...c/.d?x=/../%61", {}, "ep2"), ("GET", "/", {}, "ep1"), ("GET", "/%20%C3%A4%40", {}, "ep1")],
           host="strict.test")


@case()
def split(t):
    """Clusters share a rule by weight; with a key the same value goes to the same cluster."""
    start(t, [{"name": "r", "rules": [
        {"matches": [{"path": {"prefix": "/chance"}}], "clusters": [{"name": "ep1", "weight": 8}, {"name": "ep2"}]},
        {"matches": [{"path": {"prefix": "/fixed"}}], "split_key": "cookie:sid",
         "clusters": [{"name": "ep1"}, {"name": "ep2"}, {"name": "ep3", "weight": 0}]}]}])
    c = t.client()
    got = [c.ask("GET", "/chance").body for _ in range(450)]
    t.check(20 <= got.count(b"ep2") <= 85 and got.count(b"ep1") + got.count(b"ep2") == 450,
            f"{got.count(b'ep2')} of 450 to the one with a ninth")
    where = lambda: [t.client().ask("GET", "/fixed", [("Cookie", f"sid={k}")]).body for k in range(40)]
    first = where()
    t.equal(where(), first, "where the same cookies go")
    t.check(8 <= first.count(b"ep1") <= 32 and set(first) == {b"ep1", b"ep2"}, f"cookies by cluster: {first}")


@case()
def redirects(t):
    """Redirects change what they name and keep the rest, query included; HEAD, a body, HTTP/1.0 and the same connection
    afterwards."""
    start(t, [{"name": "r", "rules": [
        {"matches": [{"path": {"prefix": "/old"}}], "redirect": {"prefix": "/new", "status": 301}},
        {"matches": [{"path": {"prefix": "/tls"}}], "redirect": {"scheme": "https"}},
        {"matches": [{"path": {"prefix": "/tls8"}}], "redirect": {"scheme": "https", "port": 8443}},
        {"matches": [{"path": {"exact": "/away"}}],
         "redirect": {"hostname": "other.example", "path": "/there", "status": 307}},
        {"cluster": "ep1"}]}])
    c = t.client()
    for target, status, location in (
            ("/old/a/b?x=1&y=%20", 301, "http://app.test/new/a/b?x=1&y=%20"),
            ("/old", 301, "http://app.test/new"),
            ("/tls/x", 302, "https://app.test/tls/x"),
            ("/tls8", 302, "https://app.test:8443/tls8"),
            ("/away?q", 307, "http://other.example/there?q")):
        for method in ("GET", "HEAD"):
            r = c.ask(method, target)
            t.equal((r.status, r.get("location"), r.length), (status, location, 0), f"{method} {target}")
    t.equal(c.ask("GET", "/").body, b"ep1", "the same connection afterwards")
    r = c.ask("POST", "/old/form", body=b"x" * 100)
    t.equal((r.status, r.get("location")), (301, "http://app.test/new/form"), "POST")
    t.equal(c.ask("GET", "/").body, b"ep1", "the same connection after a body that came whole")
    line = t.lacon.wait_access(11)[0]
    t.equal((line["status"], line["route"], line["cluster"]), ("301", "r", "-"), "the log")


@case()
def replies(t):
    """Fixed replies with status, type and body, and 403 for what is denied; no endpoint is asked."""
    origins = start(t, [{"name": "r", "rules": [
        {"matches": [{"path": {"exact": "/health"}}], "reply": {"body": "fine"}},
        {"matches": [{"path": {"prefix": "/gone"}}],
         "reply": {"status": 410, "body": "<p>gone</p>", "content_type": "text/html"}},
        {"matches": [{"path": {"prefix": "/empty"}}], "reply": {"status": 204}},
        {"matches": [{"path": {"prefix": "/no"}}], "deny": True},
        {"cluster": "ep1"}]}])
    c = t.client()
    for _ in range(2):
        r = c.ask("GET", "/health")
        t.equal((r.status, r.get("content-type"), r.body), (200, "text/plain", b"fine"), "/health")
        r = c.ask("GET", "/gone/x")
        t.equal((r.status, r.get("content-type"), r.body), (410, "text/html", b"<p>gone</p>"), "/gone")
        r = c.ask("HEAD", "/gone")
        t.equal((r.status, r.get("content-length")), (410, "11"), "HEAD /gone")
        t.equal(c.ask("GET", "/empty").status, 204, "/empty")
        t.equal(c.ask("GET", "/no/entry").status, 403, "/no")
    t.equal(sum(len(o.requests) for o in origins), 0, "requests at endpoints")
    t.equal(c.ask("GET", "/yes").body, b"ep1", "the same connection afterwards")
    old = t.client()
    for target in ("/health", "/empty", "/no", "/yes"):
        r = old.ask("GET", target, [("Connection", "keep-alive")], version="HTTP/1.0")
        t.equal(r.get("connection"), "keep-alive", f"{target} by HTTP/1.0, kept where asked")
    r = old.ask("GET", "/health", version="HTTP/1.0")
    t.equal((r.body, r.get("connection"), old.ended()), (b"fine", "close", "fin"), "by HTTP/1.0, not asked")
