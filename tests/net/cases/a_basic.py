"""The plain cases: what every client does all day."""
import signal

from bed.blob import blob, sha256
from bed.case import case, wait_acked
from bed.lacon import cluster, configuration
from bed.message import chunk, request_bytes
from bed.origin import Origin, answer, chunk_sizes, send_blob, standard

# 0, 1, one segment (1440 over IPv6, 1460 over IPv4, less 12 with timestamps) and its neighbours, several
# segments, the adoption limit (10 x 1440), 64 KiB and its neighbours.
SIZES = (0, 1, 2, 1439, 1440, 1441, 1447, 1448, 1449, 1459, 1460, 1461, 2920, 14000, 14400, 14401, 20000,
         65535, 65536, 65537, 300000)


@case()
def answers_arp_and_ping(t):
    """Our addresses answer ARP, neighbour discovery and echo on both arms; the kernel's own address on the
    same device still answers, too."""
    t.start()
    for address in (t.topo.vip4, t.topo.vip6, t.topo.kernel4):
        t.equal(t.topo.cli.run(["ping", "-c", "3", "-i", "0.01", "-W", "5", address]).returncode, 0,
                f"ping {address}")
    for address in (t.topo.back4, t.topo.back6):
        t.equal(t.topo.ep[0].run(["ping", "-c", "1", "-W", "5", address]).returncode, 0, f"ping {address}")
    t.equal(t.topo.cli.run(["ping", "-c", "1", "-s", "1400", "-W", "5", t.topo.vip4]).returncode, 0,
            "ping with 1400 bytes")
    neighbours = t.topo.cli.run(["ip", "neigh", "show", t.topo.vip4]).stdout
    t.check("lladdr" in neighbours, f"no ARP entry: {neighbours}")


@case()
def kernel_keeps_its_own(t):
    """A server on the kernel's own address of the shared device is reached while lacon runs, also on lacon's
    port."""
    t.start()
    server = Origin(t.topo.lac, t.topo.kernel4, 80, standard, "kernel")
    t.origins.append(server)
    done = t.topo.cli.run(["curl", "-sS", "-f", "-m", "20", f"http://{t.topo.kernel4}/name"])
    t.equal((done.returncode, done.stdout), (0, "kernel"), f"curl: {done.stderr}")
    t.equal(t.client().ask("GET", "/100").status, 200, "lacon's own")


@case()
def af_packet(t):
    """driver: af_packet, the fall-back, does the same."""
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    for interface in config["interfaces"]:
        interface["driver"] = "af_packet"
    t.start_with(config)
    t.equal({i["driver"] for i in t.lacon.ctl("status")["interfaces"]}, {"net_af_packet"}, "drivers")
    c = t.client()
    for n in (0, 1000, 20000, 1000000):
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"down {n}")
        t.equal(c.ask("POST", "/", body=blob(n)).body.decode(), f"{n} {sha256(n)}", f"up {n}")


@case()
def xdp_generic(t):
    """driver: xdp_generic runs the program in the kernel's common receive path and does the same. It is taken off at
    the end, and one that a killed lacon left there at the next start, which may then have it elsewhere."""
    def programs():
        shown = t.topo.lac.run(["ip", "link", "show"]).stdout
        return {"common": shown.count(" xdpgeneric"), "device's": shown.count(" xdp ")}
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    arms = len(config["interfaces"])
    for interface in config["interfaces"]:
        interface["driver"] = "xdp_generic"
        t.topo.lac.run(["ethtool", "-K", interface["device"], "gro", "off"])
    t.start_with(config)
    t.equal({i["driver"] for i in t.lacon.ctl("status")["interfaces"]}, {"net_af_xdp"}, "drivers")
    t.equal(programs(), {"common": arms, "device's": 0}, "programs")
    c = t.client()
    for n in (0, 1000, 20000, 1000000):
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"down {n}")
        t.equal(c.ask("POST", "/", body=blob(n)).body.decode(), f"{n} {sha256(n)}", f"up {n}")
    t.equal(t.lacon.child.stop(signal.SIGTERM, 20), 0, "exit status")
    t.equal(programs(), {"common": 0, "device's": 0}, "programs after the end")
    t.start_with(config)
    t.lacon.child.stop(signal.SIGKILL)
    t.equal(programs(), {"common": arms, "device's": 0}, "programs of a killed lacon")
    for interface in config["interfaces"]:
        interface["driver"] = "auto"
    t.start_with(config)
    t.equal(programs(), {"common": 0, "device's": arms}, "programs of the next")
    t.equal(t.client().ask("GET", "/length/1000").sha256, sha256(1000), "from the next")


@case()
def curl(t):
    """curl gets a file of nginx over both families; the access log has a line for each, with the endpoint."""
    t.start()
    for url in (f"http://{t.topo.vip4}/1000?q=1", f"http://[{t.topo.vip6}]/1000"):
        done = t.topo.cli.run(["curl", "-g", "-sS", "-f", "-m", "20", "-A", "test/1", url], text=False)
        t.equal((done.returncode, done.stdout), (0, blob(1000)), url)
    first, second = t.lacon.wait_access(2)
    t.equal((first["request"], first["status"], first["bytes"], first["agent"], first["es"], first["client"]),
            ("GET /1000?q=1 HTTP/1.1", "200", "1000", "test/1", "200", t.topo.cli4), "access log")
    t.check(first["ep"] in [f"{ip}:8080" for ip in t.topo.ep4], f"endpoint in the log: {first}")
    t.equal(second["client"], t.topo.cli6, "client in the log")


@case()
def round_robin(t):
    """30 requests on one kept-alive connection go to three endpoints in turn."""
    t.start()
    c = t.client()
    names = [c.ask("GET", "/index.html").body for _ in range(30)]
    t.equal({n: names.count(n) for n in set(names)},
            {b"endpoint 1\n": 10, b"endpoint 2\n": 10, b"endpoint 3\n": 10}, "requests by endpoint")
    t.equal(len(t.lacon.wait_access(30)), 30, "access-log lines")


@case()
def bodies_down(t):
    """Response bodies of many sizes by Content-Length and in chunks, all on one connection."""
    t.start_origin()
    c = t.client()
    for how in ("length", "chunked"):
        for n in SIZES:
            r = c.ask("GET", f"/{how}/{n}")
            t.equal((r.status, r.length, r.sha256), (200, n, sha256(n)), f"{how} {n}")


@case()
def bodies_down_until_close(t):
    """Response bodies that end with the connection; the client's ends with it, and well."""
    t.start_origin()
    for n in SIZES:
        c = t.client()
        r = c.ask("GET", f"/close/{n}")
        t.equal((r.status, r.length, r.sha256), (200, n, sha256(n)), f"{n} bytes")
        t.equal(r.get("connection"), "close", "Connection")


@case()
def bodies_up(t):
    """Request bodies of many sizes by Content-Length and in chunks, all on one connection."""
    t.start_origin()
    c = t.client()
    for n in SIZES:
        r = c.ask("POST", "/", body=blob(n))
        t.equal((r.status, r.body.decode()), (200, f"{n} {sha256(n)}"), f"Content-Length {n}")
    for n in SIZES:
        body = b"".join(chunk(p) for p in chunk_sizes(n)) + b"0\r\n\r\n"
        r = c.ask("PUT", "/", [("Transfer-Encoding", "chunked")], body)
        t.equal((r.status, r.body.decode()), (200, f"{n} {sha256(n)}"), f"chunked {n}")


@case()
def body_after_head(t):
    """A request body that is sent only when its head has been acknowledged; trailers and chunk extensions."""
    origin = t.start_origin()
    c = t.client()
    for n in (1, 1460, 20000):
        c.send(request_bytes("POST", "/", [("Content-Length", n)]))
        wait_acked(c.sock)
        c.send(blob(n))
        t.equal(c.response().body.decode(), f"{n} {sha256(n)}", f"{n} bytes")
    c.send(request_bytes("POST", "/", [("Transfer-Encoding", "chunked"), ("Trailer", "x-sum")]))
    for part in (b"5;ext=1\r\nhe", b"llo\r", b"\n", b"0\r\nX-Sum: 7\r\n", b"\r\n"):
        c.send(part)
        wait_acked(c.sock)
    t.equal(c.response().body.split()[0], b"5", "length of the chunked body")
    t.equal(len(origin.requests), 4, "requests at the endpoint")


@case()
def no_body(t):
    """Responses that never have a body (HEAD, 204, 304), with a Content-Length or without; then a normal one."""
    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            if r.target == "/204":
                wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            elif r.target == "/304":
                wire.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n")
            else:
                answer(wire, b"x" * 5000, method=r.method)

    t.start_origin(serve)
    c = t.client()
    for _ in range(3):
        t.equal(c.ask("HEAD", "/").get("content-length"), "5000", "Content-Length of HEAD")
        t.equal(c.ask("GET", "/204").status, 204, "status")
        r = c.ask("GET", "/304")
        t.equal((r.status, r.get("content-length")), (304, "500"), "304")
        t.equal(c.ask("GET", "/").length, 5000, "body after those")


@case()
def edits(t):
    """What reaches the endpoint: X-Forwarded-For added to, hop-by-hop fields gone, the rest untouched; what
    reaches the client: the endpoint's Connection and Keep-Alive gone."""
    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            answer(wire, b"ok", headers=[("Keep-Alive", "timeout=5"), ("Connection", "keep-alive"), ("X-A", "b")])

    origin = t.start_origin(serve)
    c = t.client()
    r = c.ask("GET", "/p?q=%20x", [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("TE", "trailers"),
                                   ("Keep-Alive", "5"), ("Proxy-Connection", "keep-alive"),
                                   ("X-Forwarded-For", "192.0.2.1"), ("Cookie", "a=b; c=d")])
    seen = origin.requests[0]
    t.equal(seen.start, "GET /p?q=%20x HTTP/1.1", "request line")
    forwarded = [a.strip() for v in seen.all("x-forwarded-for") for a in v.split(",")]
    t.equal(forwarded, ["192.0.2.1", t.topo.cli4], "X-Forwarded-For")
    for name in ("x-hop", "te", "keep-alive", "proxy-connection"):
        t.check(not seen.all(name), f"{name} reached the endpoint")
    t.check("close" not in seen.get("connection", ""), "the client's close reached the endpoint")
    t.equal((seen.get("cookie"), seen.get("host")), ("a=b; c=d", "app.test"), "other fields")
    t.equal((r.get("x-a"), r.all("keep-alive"), r.get("connection")), ("b", [], "close"), "response's fields")
    t.equal(c.ended(), "fin", "the client asked for the end")
    c = t.client()
    r = c.ask()
    t.equal((r.all("connection"), r.all("keep-alive")), ([], []), "response's fields when it stays")


@case()
def pool(t):
    """Endpoint connections are used again: 50 clients one after the other need one for each worker, and where the
    machine is so busy that clients seem to be at different distances one for each of the eight classes of these; those
    on which the endpoint had to send bytes again are given up (rule S9)."""
    origin = t.start_origin()
    for i in range(50):
        c = t.client()
        t.equal(c.ask("GET", f"/length/{i * 500}", [("Connection", "close")]).length, i * 500, "length")
        t.equal(c.ended(), "fin", "end")
        c.close()  # its acknowledgement of the last byte goes with this, and not after a while
    most = 8 * t.workers + t.lacon.counters()["close_not_reusable"]
    t.check(len(origin.wires) <= most, f"{len(origin.wires)} connections to the endpoint, {most} at most")


@case()
def http10(t):
    """An HTTP/1.0 client: the endpoint is asked in 1.0; the connection ends unless it asked to keep it."""
    origin = t.start_origin()
    c = t.client()
    r = c.ask("GET", "/length/3000", version="HTTP/1.0")
    t.equal((r.length, r.sha256), (3000, sha256(3000)), "body")
    t.equal(c.ended(), "fin", "end")
    t.equal(origin.requests[0].version, "HTTP/1.0", "version at the endpoint")
    c = t.client()
    for n in (10, 20000, 0):
        r = c.ask("GET", f"/length/{n}", [("Connection", "keep-alive")], version="HTTP/1.0")
        t.equal((r.sha256, r.get("connection", "").lower()), (sha256(n), "keep-alive"), "kept alive")
    r = c.ask("GET", "/length/5", version="HTTP/1.0")
    t.equal((r.length, c.ended()), (5, "fin"), "last one")
    c = t.client()
    c.send(b"GET /length/7 HTTP/1.0\r\n\r\n")
    t.equal((c.response().length, c.ended()), (7, "fin"), "without Host")


@case()
def two_hosts(t):
    """One kept-alive connection with requests to two hosts reaches two clusters, each request logged."""
    a, b = t.origin(0, name="A"), t.origin(1, name="B")
    t.start([cluster("a", [(a.ip, a.port)]), cluster("b", [(b.ip, b.port)])],
            routes={"a.test": "a", "*.b.test": "b"})
    c = t.client()
    for _ in range(10):
        t.equal(c.ask("GET", "/name", host="a.test").body, b"A", "a.test")
        t.equal(c.ask("GET", "/name", host="www.B.test:80").body, b"B", "www.b.test")
    t.equal(c.ask("GET", "/name", host="c.test").status, 404, "host without a route")
    log = t.lacon.wait_access(21)
    t.equal([line["cluster"] for line in log][:20], ["a", "b"] * 10, "clusters in the log")
    t.equal((log[20]["status"], log[20]["host"]), ("404", "c.test"), "the last line")


@case()
def pipelining(t):
    """Requests sent all at once, with bodies among them and for two clusters: answered in their order."""
    a, b = t.origin(0, name="A"), t.origin(1, name="B")
    t.start([cluster("a", [(a.ip, a.port)]), cluster("b", [(b.ip, b.port)])],
            routes={"a.test": "a", "b.test": "b"})
    wanted, sent = [], b""
    for i in range(60):
        host = "a.test" if i % 3 else "b.test"
        if i % 5 == 0:
            sent += request_bytes("POST", f"/{i}", body=blob(i * 7), host=host)
            wanted.append(f"{i * 7} {sha256(i * 7)}".encode())
        elif i % 7 == 0:
            sent += request_bytes("GET", f"/chunked/{i * 300}", host=host)
            wanted.append(blob(i * 300))
        else:
            sent += request_bytes("GET", f"/length/{i * 500}", host=host)
            wanted.append(blob(i * 500))
    c = t.client()
    c.send(sent)
    for i, body in enumerate(wanted):
        r = c.response()
        t.check(r.body == body, f"response {i}: {r.status}, {r.length} bytes, not {len(body)}")
    t.equal(len(a.requests) + len(b.requests), 60, "requests at the endpoints")
    t.equal(len(t.lacon.wait_access(60)), 60, "access-log lines")


def cut_everywhere(t, send, whole, ask):
    """ask(i) for each place i where the message is cut in two."""
    for i in range(1, len(whole)):
        send(whole[:i])
        ask(i, whole[i:])


@case()
def request_head_cuts(t):
    """A request's head (and two bytes of body) cut in two at every byte: the parts in two segments, each
    acknowledged before the next; then byte by byte."""
    origin = t.start_origin()
    c = t.client()
    whole = request_bytes("POST", "/x?y", [("X-Long", "v" * 20)], b"ab")

    def rest(i, part):
        wait_acked(c.sock)
        c.send(part)
        r = c.response()
        t.equal((r.status, r.body.split()[0]), (200, b"2"), f"cut at {i}")

    cut_everywhere(t, c.send, whole, rest)
    for i in range(len(whole)):
        c.send(whole[i:i + 1])
    t.equal(c.response().status, 200, "byte by byte")
    for i in range(0, len(whole), 3):
        c.send(whole[i:i + 3])
        wait_acked(c.sock)
    t.equal(c.response().status, 200, "by three, each acknowledged")
    t.equal(len({r.raw for r in origin.requests}), 1, "different heads at the endpoint")


@case()
def response_head_cuts(t):
    """A response's head and body, also a chunked one, cut in two at every byte."""
    messages = (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n")

    def serve(wire, origin):
        while r := wire.request():
            which, at = (int(v) for v in r.target[1:].split("/"))
            wire.send(messages[which][:at])
            wait_acked(wire.sock)
            wire.send(messages[which][at:])

    t.start_origin(serve)
    c = t.client()
    for which, message in enumerate(messages):
        for at in range(1, len(message)):
            r = c.ask("GET", f"/{which}/{at}")
            t.equal((r.status, r.body), (200, b"hello"), f"message {which} cut at {at}")


@case()
def large_head(t):
    """Heads of 30 kB in both directions, over many segments."""
    def serve(wire, origin):
        while r := wire.request():
            origin.note(r)
            answer(wire, b"ok", headers=[(f"X-{i}", "r" * 1000) for i in range(29)])

    origin = t.start_origin(serve)
    c = t.client()
    for _ in range(3):
        r = c.ask("GET", "/", [(f"X-{i}", "q" * 1000) for i in range(29)])
        t.equal((r.status, r.body, len(r.all("x-28")[0])), (200, b"ok", 1000), "response")
    t.equal([len(r.get("x-28")) for r in origin.requests], [1000] * 3, "fields at the endpoint")


@case()
def half_close(t):
    """A client that says FIN right after its request gets the response, and an end, all the same."""
    t.start_origin()
    for n in (5, 14000, 500000):
        c = t.client()
        c.send(request_bytes("GET", f"/length/{n}"))
        c.finish()
        r = c.response()
        t.equal((r.sha256, c.ended()), (sha256(n), "fin"), f"{n} bytes")


@case()
def slow_reader(t):
    """A client that does not read while 20 MB come: its closed window reaches the endpoint, which waits; then
    all of it arrives."""
    n = 20000000
    done = []

    def serve(wire, origin):
        wire.request()
        send_blob(wire, n, "length")
        done.append(True)
        wire.request()

    t.start_origin(serve)
    c = t.client(receive_buffer=16384)
    c.send(request_bytes("GET", "/"))
    t.wait_standstill()
    t.check(not done, "20 MB went to a client that does not read")
    r = c.response()
    t.equal((r.length, r.sha256), (n, sha256(n)), "body")
