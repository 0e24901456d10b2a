"""How things end: own replies, resets, endpoints that go away, early answers, tunnels."""
import signal

from bed.blob import blob, sha256
from bed.case import NGINX_PORT, case, wait_acked
from bed.lacon import cluster, configuration
from bed.message import Broken, chunk, request_bytes
from bed.origin import answer, send_blob
from bed.wait import Timeout, until


@case()
def own_replies(t):
    """400, 404, 408, 413, 431 and 505: each with a short body and a Content-Length; and Connection: close, but 404."""
    origin = t.origin()
    t.start([cluster("app", [(origin.ip, origin.port)])], routes={"app.test": "app"},
            listener={"head_timeout": "200ms", "max_body": "1000", "head_limit": "2KiB"})
    rows = (
        (400, b"GET / HTTP/1.1\r\nHost : app.test\r\n\r\n"),
        (404, request_bytes("GET", "/", host="other.test")),
        (408, b"GET / HTTP/1.1\r\nHost: app"),
        (413, request_bytes("POST", "/", [("Content-Length", 100000)])),
        (431, request_bytes("GET", "/", [("X-A", "a" * 3000)])),
        (505, b"GET / HTTP/2.0\r\nHost: app.test\r\n\r\n"),
    )
    for status, request in rows:
        c = t.client()
        c.send(request)
        r = c.response()
        t.equal(r.status, status, f"answer to {request[:60]}")
        t.check(0 < r.length < 1000 and r.get("content-length") == str(r.length), f"{status}: body")
        if status != 404:
            t.equal((r.get("connection"), c.ended()), ("close", "fin"), f"{status}: end")
    t.equal(origin.wires, [], "connections to the endpoint")
    log = t.lacon.wait_access(len(rows))
    t.equal(sorted(line["status"] for line in log), sorted(str(status) for status, _ in rows), "statuses in the log")


@case()
def connect_refused(t):
    """CONNECT gets 405 and the end of the connection: what an eager client sends behind it was meant for somebody
    else and is no request."""
    origin = t.start_origin()
    for behind in (b"", request_bytes("GET", "/length/10")):
        c = t.client()
        c.send(request_bytes("CONNECT", "app.test:443", host="app.test:443") + behind)
        r = c.response()
        t.equal((r.status, r.get("connection"), c.ended()), (405, "close", "fin"), "answer and end")
    t.equal(origin.requests, [], "requests at the endpoint")


@case()
def idle_timeout(t):
    """A client that says nothing is closed: before its first request after head_timeout, then after
    idle_timeout."""
    t.start_origin(listener={"idle_timeout": "300ms", "head_timeout": "300ms"})
    c = t.client()
    t.equal(c.ended(), "fin", "end")
    c.close()
    c = t.client()
    t.equal(c.ask("GET", "/length/10").status, 200, "status")
    t.equal(c.ended(), "fin", "end after a request")
    c.close()
    t.wait_counter("close_idle", 2)


@case()
def expect_continue(t):
    """Expect: 100-continue is the endpoint's to answer; a client that waits for it gets it."""
    def serve(wire, origin):
        while r := wire.request_head():
            origin.note(r)
            if r.target == "/no":
                answer(wire, b"no", "417 Expectation Failed")
                return
            t.equal(r.get("expect", "").lower(), "100-continue", "Expect at the endpoint")
            wire.send(b"HTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\n")
            wire.request_body(r)
            answer(wire, r.sha256.encode())

    t.start_origin(serve)
    c = t.client()
    for n in (1, 5000, 200000):
        c.send(request_bytes("POST", "/", [("Expect", "100-continue"), ("Content-Length", n)]))
        interim = c.response_head()
        t.equal((interim.status, interim.get("x-i")), (100, "1"), "interim response")
        c.send(blob(n))
        t.equal(c.response().body.decode(), sha256(n), f"{n} bytes")
    done = t.topo.cli.run(["curl", "-sS", "-f", "-H", "Expect: 100-continue", "--data-binary", "abc",
                           f"http://{t.topo.vip4}/"])
    t.equal(done.returncode, 0, f"curl: {done.stderr}")
    c.send(request_bytes("POST", "/no", [("Expect", "100-continue"), ("Content-Length", 10)]))
    r = c.response()
    t.equal((r.status, r.body), (417, b"no"), "refusal")


@case()
def early_answer(t):
    """A 413 while the upload still runs: the client gets all of it with Connection: close, then FIN."""
    def serve(wire, origin):
        origin.note(wire.request_head())
        answer(wire, b"too large", "413 Content Too Large", [("Connection", "close")])
        wire.finish()
        while wire.more():
            wire.buffer = b""

    t.start_origin(serve)
    for n in (3000, 50000000):
        c = t.client()
        c.send(request_bytes("POST", "/", [("Content-Length", n)]))
        c.sock.setblocking(False)
        sent = 0
        try:
            while sent < min(n - 1, 1 << 20):
                sent += c.sock.send(bytes(min(65536, n - 1 - sent)))
        except OSError:
            pass
        c.sock.settimeout(20)
        r = c.response()
        t.equal((r.status, r.body, r.get("connection")), (413, b"too large", "close"), f"answer, {n}")
        c.close()


@case()
def websocket(t):
    """Upgrade to a tunnel: bytes both ways, by either side first, of any size; then the end by either side."""
    def serve(wire, origin):
        r = origin.note(wire.request())
        t.equal((r.get("upgrade"), "upgrade" in r.get("connection", "").lower()), ("websocket", True), "Upgrade")
        wire.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
        while wire.buffer or wire.more():
            data, wire.buffer = wire.buffer, b""
            wire.send(data)
            if data.endswith(b"bye"):
                return

    t.start_origin(serve)
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    for ending in ("endpoint", "client"):
        c = t.client()
        c.send(request_bytes("GET", "/ws", upgrade))
        r = c.response()
        t.equal((r.status, r.get("upgrade"), r.get("connection", "").lower()), (101, "websocket", "upgrade"),
                "switching")
        t.equal(c.exactly(5), b"hello", "the endpoint's first words")
        for n in (1, 2, 125, 1448, 5000, 60000):
            c.send(blob(n))
            t.equal(c.exactly(n), blob(n), f"echo of {n} bytes")
        c.send(b"GET / HTTP/1.1\r\n\r\n")
        t.equal(c.exactly(18), b"GET / HTTP/1.1\r\n\r\n", "what looks like a request is data")
        if ending == "endpoint":
            c.send(b"bye")
            t.equal(c.exactly(3), b"bye", "last words")
        else:
            c.finish()
        t.equal(c.ended(), "fin", f"end by the {ending}")
        c.close()
    t.equal([line["status"] for line in t.lacon.wait_access(2)], ["101", "101"], "statuses in the log")


@case()
def upgrade_refused(t):
    """An endpoint that ignores Upgrade: nothing becomes a tunnel, the connection goes on with HTTP."""
    t.start_origin()
    c = t.client()
    for _ in range(3):
        r = c.ask("GET", "/length/100", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
        t.equal((r.status, r.length), (200, 100), "plain answer")


@case()
def upgrade_to_unseen_requests(t):
    """Nobody gets a tunnel in which requests would pass by routing: Upgrade is not passed on where it asks for HTTP/2,
    in whatever words, for TLS or for another HTTP; the request itself is served."""
    origin = t.start_origin()
    c = t.client()
    for fields in ([("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")],
                   [("Connection", "Upgrade"), ("Upgrade", "h2c")],
                   [("Connection", "Upgrade"), ("Upgrade", "websocket, H2C")],
                   [("Connection", "Upgrade"), ("Upgrade", "foo"), ("Upgrade", "h2c/1")],
                   [("Connection", "Upgrade"), ("Upgrade", "TLS/1.2")],
                   [("Connection", "Upgrade"), ("Upgrade", "HTTP/2.0")]):
        t.equal(c.ask("GET", "/length/10", fields).status, 200, f"answer to {fields}")
        r = origin.requests[-1]
        t.equal(r.all("upgrade") + r.all("http2-settings") + r.all("connection"), [], f"what the endpoint saw of {fields}")


@case()
def ip_versions(t):
    """IPv6 clients with IPv4 endpoints, IPv4 with IPv6, 6 with 6: bodies both ways, also larger ones."""
    for client6, endpoint6 in ((True, False), (False, True), (True, True)):
        origin = t.start_origin(v6=endpoint6)
        c = t.client(v6=client6)
        for n in (0, 1, 1420, 1428, 1440, 1460, 14400, 65536, 1000000):
            what = f"client IPv{6 if client6 else 4}, endpoint IPv{6 if endpoint6 else 4}, {n} bytes"
            t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"down, {what}")
            t.equal(c.ask("POST", "/", body=blob(n)).body.decode(), f"{n} {sha256(n)}", f"up, {what}")
        forwarded = origin.requests[0].get("x-forwarded-for")
        t.equal(forwarded, t.topo.cli6 if client6 else t.topo.cli4, "X-Forwarded-For")
        t.settle()
        origin.close()


@case()
def client_resets(t):
    """A client that resets, or leaves, in the middle of a response or of a request: the endpoint's connection
    ends, lacon logs it and goes on."""
    ended = []

    def serve(wire, origin):
        r = wire.request_head()
        if r is None:
            return
        origin.note(r)
        try:
            if r.method == "GET":
                send_blob(wire, 50000000, "length")
            else:
                while wire.more():
                    wire.buffer = b""
                ended.append("fin")
        except ConnectionError:
            ended.append("reset")

    t.start_origin(serve)
    c = t.client()
    c.send(request_bytes("GET", "/"))
    c.exactly(100000)
    c.reset()
    until(lambda: ended == ["reset"], f"the endpoint to see the reset, not {ended}")
    c = t.client()
    c.send(request_bytes("POST", "/", [("Content-Length", 50000000)]) + blob(100000))
    wait_acked(c.sock)
    c.reset()
    until(lambda: ended == ["reset"] * 2, f"the endpoint to see the reset, not {ended}")
    c = t.client()
    c.send(request_bytes("POST", "/", [("Content-Length", 50000000)]) + blob(100000))
    wait_acked(c.sock)
    c.finish()
    until(lambda: len(ended) == 3, f"the endpoint to see an end of half an upload, not {ended}")
    t.lacon.wait_access(3)


@case()
def endpoint_ends_early(t):
    """An endpoint that resets, or says FIN, in the middle of a body: never a clean end for the client."""
    def serve(wire, origin):
        r = origin.note(wire.request())
        how, framing = r.target.strip("/").split("/")
        head = {"length": b"Content-Length: 100000", "chunked": b"Transfer-Encoding: chunked"}[framing]
        part = blob(30000) if framing == "length" else chunk(blob(20000)) + b"100\r\nabc"
        wire.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + part)
        wait_acked(wire.sock)
        if how == "rst":
            wire.reset()

    t.start_origin(serve)
    for how in ("rst", "fin"):
        for framing in ("length", "chunked"):
            c = t.client()
            c.send(request_bytes("GET", f"/{how}/{framing}"))
            try:
                c.response()
                ending = "whole"
            except Broken:
                ending = "clean end"
            except ConnectionResetError:
                ending = "reset"
            t.equal(ending, "reset", f"{how} in a body by {framing}")
    t.equal(len(t.lacon.wait_access(4)), 4, "access-log lines")


@case()
def endpoint_closes_idle(t):
    """An endpoint that closes its kept connection just as the next request arrives, by FIN or reset: the
    request succeeds on another connection."""
    def serve(wire, origin):
        first = True
        while True:
            if not first and origin.how == "before":
                return
            r = wire.request()
            if r is None:
                return
            origin.note(r)
            if not first:
                if origin.how == "rst":
                    wire.reset()
                return
            first = False
            answer(wire, f"{r.length} {r.sha256}".encode())

    origin = t.origin(0, serve)
    origin.how = "rst"
    t.start([cluster("app", [(origin.ip, origin.port)])])
    c = t.client()
    for how in ("rst", "fin", "before"):
        origin.how = how
        for i in range(20):
            n = (0, 10)[i % 2]
            r = c.ask("GET", "/") if n == 0 else c.ask("PUT", "/", body=blob(n))
            t.equal((r.status, r.body.decode()), (200, f"{n} {sha256(n)}"), f"{how} {i}")
    t.check(len(origin.wires) >= 50, f"only {len(origin.wires)} connections: nothing was closed")
    t.equal(len(t.lacon.wait_access(60)), 60, "access-log lines")


@case()
def idle_race(t):
    """The same race on the wire: the endpoint's FIN is lost, so its kernel resets the next request, which is
    tried again elsewhere; with bodies up to many segments."""
    def serve(wire, origin):
        r = origin.note(wire.request())
        answer(wire, f"{r.length} {r.sha256}".encode())

    ns = t.topo.ep[0]
    ns.nft("table inet nofin {\nchain out {\ntype filter hook output priority 0;\n"
           "tcp sport 9000 tcp flags & fin == fin drop\n}\n}\n")
    try:
        origin = t.start_origin(serve)
        c = t.client()
        for n in (0, 0, 10, 1400, 3000, 14000, 0):
            r = c.ask("GET", "/") if n == 0 else c.ask("PUT", "/", body=blob(n))
            t.equal((r.status, r.body.decode()), (200, f"{n} {sha256(n)}"), f"{n} bytes")
            until(lambda: origin.wires[-1].sock.fileno() < 0, "the endpoint to have closed")
        t.equal(len(origin.wires), 7, "connections")
        t.check(t.lacon.counters()["retries"] >= 6, "nothing was tried again")
    finally:
        ns.nft("delete table inet nofin\n")


@case()
def endpoint_down(t):
    """One endpoint refuses: each request is answered by the next. All refuse: 502 or 503; back: 200."""
    a, b = t.origin(0, name="A"), t.origin(1, name="B")
    a.refuse()
    t.start([cluster("app", [(a.ip, a.port), (b.ip, b.port)])])
    c = t.client()
    for i in range(30):
        r = c.ask("GET", "/name") if i % 2 else c.ask("POST", "/", body=blob(i * 100))
        t.equal(r.status, 200, f"request {i}")
    t.equal(len(b.requests), 30, "requests at the other endpoint")
    b.close()
    c = t.client()
    for _ in range(3):
        r = c.ask("GET", "/name")
        t.check(r.status in (502, 503), f"all down: {r.status}")
        if r.get("connection") == "close":
            c = t.client()
    b.listen()

    def back():
        return t.client().ask("GET", "/name").status == 200
    until(back, "an endpoint that is back to be used")


@case()
def endpoint_silent(t):
    """An endpoint that does not answer the handshake: the next one after connect_timeout; all silent: 504."""
    for ns in t.topo.ep[:2]:
        ns.nft("table inet silent {\nchain in {\ntype filter hook input priority 0;\n"
               "tcp dport 9000 drop\n}\n}\n")
    try:
        b = t.origin(2, name="B")
        t.start([cluster("app", [(t.topo.ep4[0], 9000), (b.ip, b.port)], connect_timeout="200ms"),
                 cluster("none", [(ip, 9000) for ip in t.topo.ep4[:2]], connect_timeout="200ms")],
                routes={None: "app", "none.test": "none"})
        c = t.client()
        for i in range(10):
            t.equal(c.ask("GET", "/name").body, b"B", f"request {i}")
        t.equal(t.client().ask("GET", "/name", host="none.test").status, 504, "all silent")
    finally:
        for ns in t.topo.ep[:2]:
            ns.nft("delete table inet silent\n")


@case()
def endpoint_never_answers(t):
    """An endpoint that takes the request and says nothing: 504 after response_timeout."""
    def serve(wire, origin):
        origin.note(wire.request())
        while wire.more():
            pass

    t.start_origin(serve, cluster={"response_timeout": "300ms"})
    r = t.client().ask("GET", "/")
    t.equal(r.status, 504, "status")


@case()
def bad_responses(t):
    """What an endpoint must not say is a 502 for the client, and its connection is not used again."""
    bad = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           b"HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n",
           b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
           b"nonsense\r\n\r\n",
           b"HTTP/1.1 101 Switching Protocols\r\n\r\n")

    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            if r.target == "/extra":
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                          b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
            else:
                wire.send(bad[int(r.target[1:])])

    origin = t.start_origin(serve)
    for i, _ in enumerate(bad):
        t.equal(t.client().ask("GET", f"/{i}").status, 502, f"response {i}")
    connections = len(origin.wires)
    c = t.client()
    for _ in range(3):
        t.equal(c.ask("GET", "/extra").body, b"ok", "surplus bytes")
    t.check(len(origin.wires) >= connections + 3, "a connection with surplus bytes was used again")


@case()
def drain(t):
    """QUIT finishes a running download and a kept-alive client's, refuses new clients, then ends by itself."""
    n = 30000000
    t.start_origin()
    c, kept = t.client(receive_buffer=65536), t.client()
    t.equal(kept.ask("GET", "/length/5").status, 200, "before")
    c.send(request_bytes("GET", f"/length/{n}"))
    c.more()
    t.lacon.child.kill(signal.SIGQUIT)
    t.lacon.child.wait_line("draining")
    t.equal(kept.ended(), "fin", "an idle client at the drain")
    kept.close()
    try:
        t.client(timeout=1)
        t.check(False, "a new client was accepted")
    except OSError:
        pass
    t.check(t.lacon.child.running(), "ended before the download had")
    r = c.response()
    t.equal((r.status, r.sha256), (200, sha256(n)), "the running download")
    t.equal(c.ended(), "fin", "its end")
    c.close()
    t.equal(t.lacon.child.wait(), 0, "exit status")
    t.check(t.lacon.child.said("drained"), "did not say so")


@case()
def term(t):
    """TERM ends at once, whatever runs; the kernel has its device back and a new lacon can start."""
    t.start_origin()
    c = t.client(receive_buffer=65536)
    c.send(request_bytes("GET", "/length/30000000"))
    c.exactly(1000)
    t.equal(t.lacon.child.stop(signal.SIGTERM, 5), 0, "exit status")
    t.equal(t.topo.cli.run(["ping", "-c", "1", "-W", "5", t.topo.kernel4]).returncode, 0, "kernel's address")
    t.start([cluster("app", [(t.topo.ep4[0], NGINX_PORT)])])
    t.equal(t.client().ask("GET", "/100").length, 100, "from a new lacon")


@case()
def killed(t):
    """After SIGKILL, the next lacon starts on the same device and serves at once."""
    origin = t.origin()
    config = [cluster("app", [(origin.ip, origin.port)])]
    t.start(config)
    for _ in range(5):
        t.equal(t.client().ask("GET", "/length/100").length, 100, "before")
    t.lacon.child.stop(signal.SIGKILL)
    t.start(config)
    for _ in range(5):
        t.equal(t.client().ask("GET", "/length/100").length, 100, "after")


@case()
def table_full(t):
    """More clients than the table holds: new ones are refused and counted, those there go on."""
    t.start_origin(dpdk={"connections": 64}, listener={"idle_timeout": "30s"}, limits={"client_connections": "0%"})
    first = t.client()
    t.equal(first.ask("GET", "/length/100").length, 100, "first client")
    refused = 0
    for _ in range(100 * t.workers):
        try:
            t.client(timeout=0.5)
        except OSError:
            refused += 1
            if refused == 3:
                break
    t.wait_counter("drop_overload")
    t.equal(first.ask("GET", "/length/20000").sha256, sha256(20000), "an old connection")


@case()
def link_down(t):
    """A link that goes down and comes back: said in the log, and traffic goes on."""
    t.start_origin()
    c = t.client()
    t.equal(c.ask("GET", "/length/100").length, 100, "before")
    ns, dev = t.topo.front_peer
    ns.ip(f"link set {dev} down\n")
    try:
        t.lacon.child.wait_line(r"front.*down")
    finally:
        ns.ip(f"link set {dev} up\n")
        # The addresses of IPv6 go with the link.
        t.topo.cli.ip(f"addr replace {t.topo.cli6}/64 dev c0 nodad\n")
    t.lacon.child.wait_line(r"front.*\bup\b(?!.*mtu)")
    t.equal(c.ask("GET", "/length/5000").length, 5000, "after, on the same connection")
    t.equal(t.client(v6=True).ask("GET", "/length/100").length, 100, "after, IPv6")


@case()
def device_missing(t):
    """A device that is not there: a clear message, exit status 1."""
    config = configuration(t.topo, [cluster("app", [(t.topo.ep4[0], NGINX_PORT)])])
    config["interfaces"][0]["device"] = "eth77"
    try:
        t.start_with(config)
        t.check(False, "it started")
    except Timeout as why:
        t.check("eth77" in str(why) and "error" in str(why), f"it said {why}")
