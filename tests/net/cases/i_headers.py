"""What lacon changes in heads: edits with variables, rewrites, what proxies tell each other, affinity cookies. Seen by
real clients and endpoints."""
import os
import re
import subprocess

from bed.blob import sha256
from bed.case import case
from bed.lacon import PORT, address, configuration
from bed.message import request_bytes
from bed.origin import answer, send_blob

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00$")


def echo(wire, origin):
    """Answers with what a test may want edited; /big/N with N bytes, /hint with a 103 first."""
    while request := wire.request():
        origin.note(request)
        if request.target.startswith("/big/"):
            send_blob(wire, int(request.target[5:]), "length", request.method)
            continue
        if request.target.startswith("/hint"):
            wire.send(b"HTTP/1.1 103 Early Hints\r\nServer: early\r\n\r\n")
        answer(wire, origin.name.encode(), headers=[("Server", "origin"), ("X-Powered-By", "a"), ("x-powered-by", "b"),
                                                    ("Set-Cookie", "other=1")], method=request.method)


def start(t, rules, origins=1, listener=None, cluster=None, serve=echo, workers=None):
    """One cluster "app" of so many origins; rules as in the file."""
    made = [t.origin(i, serve) for i in range(origins)]
    config = configuration(t.topo, [{"name": "app", "connect_timeout": "20s"} | (cluster or {}) |
                                    {"endpoints": [{"address": address(o.ip, o.port)} for o in made]}],
                           listener=listener, dpdk={"workers": workers or t.workers})
    config["routes"] = [{"name": "shop", "rules": rules}]
    t.config = config
    t.start_with(config)
    return made


def lines(**named):
    return [{"name": n.replace("_", "-"), "value": v} for n, v in named.items()]


@case()
def header_edits(t):
    """Requests and responses get what listener, rule and cluster say, in this order and the other way round; variables
    stand for what they name; small, large, chunked and pipelined ones, interim responses untouched, own replies too."""
    origin, = start(t, [
        {"matches": [{"path": {"exact": "/gone"}}], "redirect": {"path": "/there"},
         "response_headers": {"set": lines(X_Rule="%{rule}", Location="/never")}},
        {"cluster": "app",
         "request_headers": {"remove": ["x-secret"], "set": lines(X_Who="rule", X_From="%{client_address} %{listener}"),
                             "add": lines(X_Asked="%{method} %{scheme}://%{host}%{path}?%{query}")},
         "response_headers": {"set": lines(X_At="%{endpoint} %{cluster} %{route} %{rule}"), "remove": ["x-powered-by"]}}],
        listener={"request_headers": {"set": lines(X_Who="listener"), "add": lines(X_Seen="%{time_unix}")},
                  "response_headers": {"set": lines(Server="lacon", X_Time="%{time}")}},
        cluster={"request_headers": {"add": lines(X_Who="cluster")},
                 "response_headers": {"set": lines(X_At="the cluster, first", X_Cluster="%{cluster}")}})
    c = t.client()
    r = c.ask("GET", "/a?b=%20c", [("X-Secret", "1"), ("X-Who", "me"), ("x-secret", "2"), ("Accept", "x")])
    seen = origin.requests[0]
    t.equal(seen.all("x-secret"), [], "removed")
    t.equal(seen.all("x-who"), ["rule", "cluster"], "set by the listener, set by the rule, added to by the cluster")
    t.equal(seen.get("x-from"), f"{t.topo.cli4} web4", "variables")
    t.equal(seen.get("x-asked"), "GET http://app.test/a?b=%20c", "variables of the request")
    t.check(re.fullmatch("[0-9]{10}", seen.get("x-seen")), "time_unix")
    t.equal(seen.get("accept"), "x", "what nobody edits")
    t.equal(r.get("x-at"), f"{origin.ip}:{origin.port} app shop 2", "variables of the response")
    t.equal((r.all("server"), r.all("x-powered-by"), r.get("x-cluster")), (["lacon"], [], "app"), "response edits")
    t.check(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r.get("x-time")), "time")
    for n in (1, 14000, 3 << 20):
        r = c.ask("GET", f"/big/{n}")
        t.equal((r.length, r.sha256, r.get("server")), (n, sha256(n), "lacon"), f"a body of {n} bytes")
    r = c.ask("GET", "/hint")
    t.equal(r.interim[0].get("server"), "early", "a 103 is passed as it is")
    t.equal(r.get("server"), "lacon", "the response behind it")
    c.send(b"".join(request_bytes("GET", f"/p{i}", [("X-Secret", "s")]) for i in range(20)))
    for i in range(20):
        t.equal(c.response("GET").get("server"), "lacon", "pipelined")
    t.equal([r.all("x-secret") for r in origin.requests[-20:]], [[]] * 20, "pipelined requests")
    r = c.ask("GET", "/gone")
    t.equal((r.status, r.get("location"), r.get("x-rule"), r.get("server")),
            (302, "http://app.test/there", "1", "lacon"), "a redirect, whose Location is nobody else's to write")
    c.send(b"GET / HTTP/1.1\r\nHost : app.test\r\n\r\n")
    r = c.response("GET")
    t.equal((r.status, r.get("server"), r.get("x-rule")), (400, "lacon", None), "a refusal has the listener's edits")


@case()
def header_edits_are_bounded(t):
    """What makes a request's head too long is answered 431, a response's 502; the connection and others go on."""
    value = "%{path}" * 4
    origin, = start(t, [
        {"matches": [{"path": {"prefix": "/response"}}], "cluster": "app",
         "response_headers": {"add": [{"name": f"x-{i}", "value": "x" * 1000} for i in range(9)]}},
        {"cluster": "app", "request_headers": {"set": lines(X_A=value)}}])
    c = t.client()
    t.equal(c.ask("GET", "/" + "a" * 1900).status, 200, "four times 1900 bytes")
    t.equal(len(origin.requests[0].get("x-a")), 4 * 1901, "four times the path")
    t.equal(c.ask("GET", "/" + "a" * 2100).status, 431, "more than 8 KiB")
    t.equal(c.ask("GET", "/ok").status, 200, "the same connection")
    t.equal(c.ask("GET", "/response").status, 502, "a response that grows by more than 8 KiB")
    t.equal(t.client().ask("GET", "/ok").status, 200, "afterwards")
    t.equal(t.lacon.counters()["edits_refused"], 2, "edits_refused")


@case()
def rewrites(t):
    """Host and path towards endpoints, as HTTPRoute's URLRewrite; the query stays, the log tells what was asked for."""
    def prefix(match, to):
        return {"matches": [{"path": {"prefix": match}}], "cluster": "app", "rewrite": {"prefix": to}}

    origin, = start(t, [
        {"matches": [{"path": {"exact": "/host"}}], "cluster": "app", "rewrite": {"hostname": "in.test"}},
        {"matches": [{"path": {"prefix": "/full"}}], "cluster": "app", "rewrite": {"path": "/one", "hostname": "b.test"}},
        prefix("/xyz", "/abc"), prefix("/slash", "/abc/"), prefix("/root", "/"), prefix("/none", ""),
        prefix("/end/", "/abc"), prefix("/", "/all")],
        listener={"x_forwarded_host": "append"})
    c = t.client()
    for asked, target, host in (
            ("/host?q", "/host?q", "in.test"), ("/full/a/b?q=/full", "/one?q=/full", "b.test"),
            ("/xyz/bar", "/abc/bar", "app.test"), ("/xyz", "/abc", "app.test"), ("/xyz/", "/abc/", "app.test"),
            ("/slash/bar", "/abc/bar", "app.test"), ("/slash", "/abc", "app.test"),
            ("/root/bar?a=b", "/bar?a=b", "app.test"), ("/root", "/", "app.test"), ("/root/", "/", "app.test"),
            ("/none/bar", "/bar", "app.test"), ("/none", "/", "app.test"), ("/none?x", "/?x", "app.test"),
            ("/end/bar", "/abc/bar", "app.test"), ("/end", "/abc", "app.test"),
            ("/other/x", "/all/other/x", "app.test"), ("http://abs.test/xyz/1?2", "/abc/1?2", "abs.test")):
        r = c.ask("POST", asked, body=b"x" * 3000)
        seen = origin.requests[-1]
        t.equal((r.status, seen.target, seen.get("host")), (200, target, host), asked)
        t.equal(seen.get("x-forwarded-host"), "abs.test" if "://" in asked else "app.test", f"{asked}: the host before")
        t.equal(seen.length, 3000, f"{asked}: body")
    line = t.lacon.wait_access(17)[2]
    t.check(line["request"].startswith("POST /xyz/bar "), f"the log: {line['request']}")


@case()
def forwarded_from_strangers(t):
    """No proxy is trusted: what clients claim is replaced, or passed on where that is asked for, and never believed."""
    origin, = start(t, [{"matches": [{"path": {"prefix": "/x"}, "source": ["192.0.2.0/24"]}], "deny": True},
                        {"cluster": "app"}],
                    listener={"x_forwarded_for": "replace", "x_forwarded_host": "replace", "x_forwarded_port": "replace",
                              "forwarded": "append", "x_request_id": "append", "traceparent": "replace"})
    c = t.client()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    c.ask("GET", "/x", [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil"),
                        ("X-Forwarded-Port", "1"), ("Forwarded", "for=192.0.2.1"), ("X-Request-Id", "mine"),
                        ("traceparent", trace), ("tracestate", "a=b")])
    seen = origin.requests[-1]
    t.equal([seen.all(f"x-forwarded-{n}") for n in ("for", "proto", "host", "port")],
            [[t.topo.cli4], ["http"], ["app.test"], [str(PORT)]], "replaced")
    t.equal(seen.get("forwarded"), f'for=192.0.2.1, for={t.topo.cli4};host="app.test";proto=http', "appended to")
    t.equal(seen.get("x-request-id"), "mine", "append: an id that came")
    t.check(TRACE.match(seen.get("traceparent")) and seen.get("traceparent") != trace, "a trace of our own")
    t.equal(seen.all("tracestate"), [], "the tracestate of the other trace")
    for bad in ("a b", "x" * 65, 'a"b', ""):
        c.ask("GET", "/", [("X-Request-Id", bad)])
        t.check(UUID.match(origin.requests[-1].get("x-request-id")), f"an id instead of {bad!r}")
    c.ask("GET", "/", [("X-Request-Id", "a"), ("X-Request-Id", "b")])
    t.check(UUID.match(origin.requests[-1].get("x-request-id")), "one id instead of two")
    ids = [r.get("x-request-id") for r in origin.requests]
    t.equal(len(set(ids)), len(ids), "ids that differ")
    log = t.lacon.wait_access(6)
    t.equal([line["id"] for line in log], ids, "the ids in the log")
    t.equal({line["client"] for line in log}, {t.topo.cli4}, "the client in the log")
    six = t.client(v6=True)
    six.ask("GET", "/")
    t.equal(origin.requests[-1].get("forwarded"), f'for="[{t.topo.cli6}]";host="app.test";proto=http', "IPv6")


@case()
def forwarded_from_trusted_proxies(t):
    """The client sits on a trusted proxy's address: the right-most untrusted address is the client, for routes, hashes,
    variables and the log; what is malformed is not believed; good values pass."""
    origin, = start(t, [{"matches": [{"source": ["192.0.2.0/24"]}], "cluster": "app",
                         "request_headers": {"set": lines(X_Client="%{client_address} %{client_port} %{peer_address}")},
                         "response_headers": {"set": lines(X_Id="%{request_id}")}},
                        {"cluster": "app", "request_headers": {"set": lines(X_Client="peer")}}],
                    listener={"trusted_proxies": [f"{t.topo.cli4}/32", "10.99.0.0/16"], "x_forwarded_for": "replace",
                              "x_forwarded_host": "replace", "x_request_id": "replace", "traceparent": "replace"})
    c = t.client()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for xff, client in (("192.0.2.7", "192.0.2.7 -"), ("8.8.8.8, 192.0.2.7, 10.99.1.1", "192.0.2.7 -"),
                        ("192.0.2.7:4000", "192.0.2.7 4000"), ("192.0.2.7, junk", None), ("junk", None),
                        ("192.0.2.7, 198.51.100.1", None)):
        r = c.ask("GET", "/", [("X-Forwarded-For", xff), ("X-Forwarded-Proto", "https"),
                               ("X-Forwarded-Host", "pub.test:8443"), ("X-Request-Id", "id-1"), ("traceparent", trace),
                               ("tracestate", "a=b")])
        seen = origin.requests[-1]
        t.equal(seen.get("x-client"), f"{client} {t.topo.cli4}" if client else "peer", f"the client of {xff}")
        t.equal(seen.get("x-forwarded-for"), f"{xff}, {t.topo.cli4}", "appended to")
        t.equal((seen.get("x-forwarded-proto"), seen.get("x-forwarded-host"), seen.get("x-request-id"),
                 seen.get("traceparent"), seen.get("tracestate")), ("https", "pub.test:8443", "id-1", trace, "a=b"),
                "passed on")
        if client:
            t.equal(r.get("x-id"), "id-1", "the id told to the client")
    t.equal([line["client"] for line in t.lacon.wait_access(6)],
            ["192.0.2.7"] * 3 + [t.topo.cli4] * 2 + ["198.51.100.1"], "the clients in the log")
    c.ask("GET", "/", [("X-Forwarded-Proto", "a b"), ("X-Forwarded-Host", "a, b"), ("traceparent", trace[:-1])])
    seen = origin.requests[-1]
    t.equal((seen.get("x-forwarded-proto"), seen.get("x-forwarded-host")), ("http", "app.test"), "malformed values")
    t.check(TRACE.match(seen.get("traceparent")), "a malformed traceparent")


@case()
def forwarded_field_tells_the_client(t):
    """client_address: forwarded (RFC 7239); X-Forwarded-For is then nobody's word."""
    origin, = start(t, [{"cluster": "app", "request_headers": {"set": lines(X_Client="%{client_address}")}}],
                    listener={"trusted_proxies": [t.topo.cli4], "client_address": "forwarded", "forwarded": "replace",
                              "x_forwarded_for": "off", "x_forwarded_proto": "off"})
    c = t.client()
    for value, client in (('for="[2001:db8::7]:80";proto=https', "2001:db8::7"), ("for=192.0.2.7;by=_x", "192.0.2.7"),
                          ("for=unknown", t.topo.cli4), ('for="', t.topo.cli4)):
        c.ask("GET", "/", [("Forwarded", value), ("X-Forwarded-For", "8.8.8.8"), ("X-Forwarded-Proto", "https")])
        seen = origin.requests[-1]
        t.equal(seen.get("x-client"), client, value)
        t.check(seen.get("forwarded").startswith(f"{value}, for={t.topo.cli4};"), f"{value}: {seen.get('forwarded')}")
        t.equal((seen.get("x-forwarded-for"), seen.get("x-forwarded-proto")), ("8.8.8.8", "https"), "off: untouched")


def cookie_of(response, name="lb"):
    """(value, attributes) of the cookie that is set; None: none is."""
    found = [v for v in response.all("set-cookie") if v.startswith(name + "=")]
    if not found:
        return None
    value, _, attributes = found[0][len(name) + 1:].partition("; ")
    return value, attributes


COOKIE = {"name": "lb", "key": "a key that nobody can guess"}


@case()
def affinity_cookie(t):
    """A client stays with the endpoint that its cookie names, on any connection; endpoints never see the cookie; forged
    ones name nobody."""
    origins = start(t, [{"cluster": "app"}], origins=3, workers=1, cluster={"affinity": {"cookie": COOKIE | {
        "path": "/shop", "domain": "app.test", "max_age": "90s", "secure": True, "same_site": "strict"}}})
    first = [t.client().ask("GET", f"/{i}") for i in range(9)]
    t.equal(sorted(r.body for r in first), [b"ep1"] * 3 + [b"ep2"] * 3 + [b"ep3"] * 3, "in turn, without a cookie")
    named = {}
    for r in first:
        value, attributes = cookie_of(r)
        t.equal(attributes, "Path=/shop; Domain=app.test; Max-Age=90; Secure; HttpOnly; SameSite=Strict", "attributes")
        t.check(re.fullmatch("[0-9a-f]{16}", value), f"an opaque value: {value}")
        t.equal(named.setdefault(r.body, value), value, "one value for each endpoint")
        t.equal(r.all("set-cookie")[0], "other=1", "the endpoint's own cookie")
    for name, value in named.items():
        c = t.client()
        for i in range(6):
            r = c.ask("GET", "/", [("Cookie", f"a=1; lb={value}; b=2")])
            t.equal((r.body, cookie_of(r)), (name, None), "with a cookie")
    for origin in origins:
        t.equal({r.get("cookie") for r in origin.requests}, {None, "a=1; b=2"}, "what endpoints see")
    for forged in ("0" * 16, named[b"ep1"].upper().replace("0", "O"), named[b"ep1"][:-1], "", "ep1"):
        r = t.client().ask("GET", "/", [("Cookie", f"lb={forged}")])
        t.check(cookie_of(r), f"a new cookie instead of {forged!r}")


@case()
def affinity_when_the_endpoint_is_gone(t):
    """An endpoint that is down is replaced, and the client told so."""
    origins = start(t, [{"cluster": "app"}], origins=3, cluster={"affinity": {"cookie": COOKIE}})
    c = t.client()
    r = c.ask("GET", "/")
    name, (value, attributes) = r.body, cookie_of(r)
    t.equal(attributes, "Path=/; HttpOnly", "attributes by default")
    mine = next(o for o in origins if o.name.encode() == name)
    mine.close()
    r = c.ask("GET", "/", [("Cookie", f"lb={value}")])
    t.check(r.status == 200 and r.body != name, "another endpoint")
    other, (new, _) = r.body, cookie_of(r)
    for i in range(5):
        r = c.ask("GET", "/", [("Cookie", f"lb={new}")])
        t.equal((r.body, cookie_of(r)), (other, None), "which one stays with")


def laconctl(t, *words):
    done = subprocess.run([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, *words],
                          capture_output=True, text=True, check=False)
    t.equal(done.returncode, 0, f"laconctl {' '.join(words)}: {done.stderr}")


def asked_with(t, value):
    """Who answers a request with this cookie on a connection of its own, and the cookie that is set."""
    r = t.client().ask("GET", "/", [("Cookie", f"lb={value}")])
    t.equal(r.status, 200, "status")
    set_cookie = cookie_of(r)
    return r.body.decode(), set_cookie and set_cookie[0]


@case(timeout=120)
def affinity_through_drain_reload_and_restart(t):
    """On two workers: a drained endpoint's clients go elsewhere, and back when it is enabled; a reload, and with a key a
    restart, too, leave cookies good; with a key that was drawn a restart ends them."""
    for key in (True, False):
        cookie = COOKIE if key else {"name": "lb"}
        origins = start(t, [{"cluster": "app"}], origins=3, cluster={"affinity": {"cookie": cookie}}, workers=2)
        r = t.client().ask("GET", "/")
        name, value = r.body.decode(), cookie_of(r)[0]
        mine = next(o for o in origins if o.name == name)
        for _ in range(8):  # a connection each: both workers get some
            t.equal(asked_with(t, value), (name, None), "the endpoint")
        laconctl(t, "drain", f"{mine.ip}:{mine.port}")
        elsewhere, other = asked_with(t, value)
        t.check(elsewhere != name and other, "while it is drained: another one, and a new cookie")
        t.equal(asked_with(t, other), (elsewhere, None), "the new cookie")
        laconctl(t, "enable", f"{mine.ip}:{mine.port}")
        t.equal(asked_with(t, value), (name, None), "the old cookie, when it is enabled again")
        laconctl(t, "reload")
        t.equal(asked_with(t, value), (name, None), "after a reload")
        for wire in t.wires:
            wire.close()
        t.equal(t.lacon.child.stop(), 0, "lacon's exit status")
        t.start_with(t.config)
        if key:
            t.equal(asked_with(t, value), (name, None), "after a restart")
        else:
            t.check(asked_with(t, value)[1] not in (None, value), "after a restart with another key: a new cookie")
        t.settle()
        t.restart()


@case()
def request_ids_of_several_workers(t):
    """No two requests have the same id, or trace, whichever worker has drawn it."""
    origin, = start(t, [{"cluster": "app"}], listener={"x_request_id": "replace", "traceparent": "replace"}, workers=2)
    for _ in range(20):
        c = t.client()
        for _ in range(20):
            c.ask("GET", "/")
    for field, form in (("x-request-id", UUID), ("traceparent", TRACE)):
        ids = [r.get(field) for r in origin.requests]
        t.equal((len(ids), len(set(ids))), (400, 400), f"{field}: all of them differ")
        t.check(all(form.match(i) for i in ids), f"{field}: their form")
