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
        r = c.ask(method, target, list(headers.items()))
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
