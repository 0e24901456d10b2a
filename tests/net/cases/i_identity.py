"""Who a client is: PROXY headers in and out, with HAProxy and nginx at the other ends; TLS clients by ALPN."""
import os
import socket
import ssl
import struct

from bed.case import case
from bed.lacon import PORT, address, cluster, configuration
from bed.netns import must
from bed.origin import answer
from bed.wait import until

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(source, to, sport, dport, tlvs=b"", command=0x21):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    body = (socket.inet_pton(family, source) + socket.inet_pton(family, to) + struct.pack(">HH", sport, dport) + tlvs)
    return SIGNATURE + bytes([command, 0x21 if ":" in source else 0x11]) + struct.pack(">H", len(body)) + body


def tell_client(wire, origin):
    """Answers with what X-Forwarded-For says."""
    while request := wire.request():
        origin.note(request)
        answer(wire, request.get("x-forwarded-for", "nobody").encode())


def start_behind(t, serve=tell_client, networks=None, **more):
    origin = t.origin(0, serve)
    networks = networks or [f"{t.topo.cli4}/32", f"{t.topo.cli6}/128"]
    t.start_with(configuration(t.topo, [cluster("app", [(origin.ip, origin.port)], **more.pop("cluster", {}))],
                               listener={"proxy_protocol": {"from": networks}} | more))
    return origin


@case()
def proxy_headers_in(t):
    """Versions 1 and 2 of a PROXY header name the client of every request on the connection, in either family, whatever
    the segments; LOCAL and UNKNOWN keep the connection's own address; the access log has it too."""
    start_behind(t)
    rows = [(b"PROXY TCP4 203.0.113.7 203.0.113.80 4711 80\r\n", "203.0.113.7"),
            (b"PROXY TCP6 2001:db8::7 2001:db8::80 4711 80\r\n", "2001:db8::7"),
            (b"PROXY UNKNOWN and more\r\n", None),
            (v2("203.0.113.7", "203.0.113.80", 4711, 80), "203.0.113.7"),
            (v2("2001:db8::7", "2001:db8::80", 4711, 80, b"\x02\0\x04name"), "2001:db8::7"),
            (v2("203.0.113.7", "203.0.113.80", 4711, 80, command=0x20), None)]
    n = 0
    for header, wanted in rows:
        for pieces in (1, 2, len(header)):
            c = t.client(v6=pieces == 2)
            own = t.topo.cli6 if pieces == 2 else t.topo.cli4
            c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(pieces):
                c.send(header[i * len(header) // pieces:(i + 1) * len(header) // pieces])
            for _ in range(2):
                t.equal(c.ask("GET", "/").body.decode(), wanted or own, f"{header!r} in {pieces} pieces")
                n += 1
            c.close()
    log = t.lacon.wait_access(n)
    t.equal({line["client"] for line in log} - {t.topo.cli4, t.topo.cli6}, {"203.0.113.7", "2001:db8::7"}, "the log")


@case()
def proxy_header_due(t):
    """Who has to send a header and does not, or a broken one, is reset; a header that nobody asked for is a bad
    request."""
    start_behind(t, head_timeout="1s")
    for n, bad in enumerate((b"GET / HTTP/1.1\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", b"PROXY " + b"x" * 120,
                             SIGNATURE + b"\x31\x11\0\x0c", b"PROXY TCP4 1.2")):
        c = t.client()
        c.send(bad)
        t.equal(c.ended(), "reset", f"{bad!r}")
        t.wait_counter("close_proxy_header", n + 1)
    t.settle()
    t.restart()
    start_behind(t, networks=["198.51.100.0/24"])
    c = t.client()
    c.send(b"PROXY TCP4 203.0.113.7 203.0.113.80 4711 80\r\n")
    t.equal(c.response().status, 400, "a header of a stranger")
    t.equal(t.client().ask("GET", "/").body.decode(), t.topo.cli4, "the client itself")


HAPROXY = """
defaults
    mode tcp
    timeout connect 20s
    timeout client 60s
    timeout server 60s
listen one
    bind 127.0.0.1:{one}
    server lacon {vip}:{port} send-proxy
listen two
    bind 127.0.0.1:{two}
    server lacon {vip}:{port} send-proxy-v2 proxy-v2-options crc32c,unique-id
"""


@case()
def proxy_headers_of_haproxy(t):
    """HAProxy's own headers, of version 1, and of version 2 with its checksum, name the client that came to it."""
    start_behind(t)
    conf = os.path.join(t.dir, "haproxy.cfg")
    with open(conf, "w") as f:
        f.write(HAPROXY.format(one=7001, two=7002, vip=t.topo.vip4, port=PORT))
    must(["ip", "-n", t.topo.cli.name, "link", "set", "lo", "up"])
    t.background(t.topo.cli, ["haproxy", "-db", "-f", conf], "haproxy")
    for port in (7001, 7002):
        until(lambda p=port: connects(t, p), "haproxy to listen")
        got = must(["ip", "netns", "exec", t.topo.cli.name, "curl", "-sS", "-m", "30", f"http://127.0.0.1:{port}/"])
        t.equal(got, "127.0.0.1", f"the client behind port {port}")


def connects(t, port):
    with t.topo.cli.socket(socket.AF_INET) as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


NGINX = """
daemon off; master_process off; pid {dir}/ng.pid; error_log stderr crit;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {dir}/t; proxy_temp_path {dir}/t; fastcgi_temp_path {dir}/t; uwsgi_temp_path {dir}/t;
    scgi_temp_path {dir}/t;
    server {{ listen 8099 proxy_protocol; location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port $connection"; }} }}
}}
"""


@case()
def proxy_headers_out(t):
    """nginx as endpoint gets a header of each version, of the client whose request it is: its own, or the one that a
    header to lacon has named. A client keeps its connection; it never gets another client's."""
    conf = os.path.join(t.dir, "ng.conf")
    with open(conf, "w") as f:
        f.write(NGINX.format(dir=t.dir))
    nginx = t.background(t.topo.ep[0], ["nginx", "-c", conf], "nginx")
    until(lambda: port_open(t, t.topo.ep[0], t.topo.ep4[0], 8099) or not nginx.running(), "nginx to listen")
    for version in ("v1", "v2"):
        clusters = [cluster("app", [(t.topo.ep4[0], 8099)], proxy_protocol=version)]
        t.start_with(configuration(t.topo, clusters,
                                   listener={"proxy_protocol": {"from": [f"{t.topo.cli6}/128"]}}))
        first, second, named = t.client(), t.client(), t.client(v6=True)
        named.send(b"PROXY TCP4 203.0.113.7 203.0.113.80 4711 80\r\n")
        seen = {}
        for _ in range(3):
            for c, ip, port in ((first, t.topo.cli4, first.sock.getsockname()[1]),
                                (second, t.topo.cli4, second.sock.getsockname()[1]), (named, "203.0.113.7", 4711)):
                told = c.ask("GET", "/").body.decode().split()
                t.equal(told[:2], [ip, str(port)], f"{version}: the client")
                t.equal(seen.setdefault(c, told[2]), told[2], "nginx's connection stays the client's")
        t.equal(len(set(seen.values())), 3, "connections at nginx")
        t.equal(t.lacon.counters()["connects"], 3, "connections made")
        for c in seen:
            c.close()
        until(lambda: not [c for c in t.lacon.connections() if c["side"] == "endpoint" and c["state"] == "open"],
              "their connections to end with the clients")
        t.settle()
        t.lacon = None


def port_open(t, ns, ip, port):
    with ns.socket(socket.AF_INET) as s:
        return s.connect_ex((ip, port)) == 0


@case()
def tls_by_alpn(t):
    """TLS clients are routed by the protocols they offer, beside the name they ask for: h2 and http/1.1 to endpoints of
    their own, others elsewhere; each handshake is the endpoint's own."""
    cert, key = os.path.join(t.dir, "cert.pem"), os.path.join(t.dir, "key.pem")
    must(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
          "-subj", "/CN=shop.test", "-keyout", key, "-out", cert])

    def serve(protocols):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(protocols)

        def run(wire, origin):
            with context.wrap_socket(wire.sock, server_side=True) as tls:
                tls.sendall(f"{origin.name} {tls.selected_alpn_protocol()}".encode())
        return run

    origins = [t.origin(0, serve(["h2"]), name="two"), t.origin(1, serve(["http/1.1"]), name="one"),
               t.origin(2, serve(["x"]), name="other")]
    config = configuration(t.topo, [{"name": o.name, "endpoints": [{"address": address(o.ip, o.port)}]}
                                    for o in origins], listener={"protocol": "tls"})
    config["routes"] = [{"name": "shop", "hostnames": ["shop.test"], "rules": [
        {"cluster": "other"},
        {"matches": [{"alpn": ["http/1.1"]}], "cluster": "one"},
        {"matches": [{"alpn": ["h2"], "source": [f"{t.topo.cli4}/32"]}], "cluster": "two"}]}]
    t.start_with(config)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for offer, wanted in ((["h2"], "two h2"), (["http/1.1"], "one http/1.1"), (["x"], "other x"), ([], "other None"),
                          (["x", "h2"], "two h2")):
        context.set_alpn_protocols(offer)
        c = t.client()
        with context.wrap_socket(c.sock, server_hostname="shop.test") as tls:
            t.equal(tls.recv(100).decode(), wanted, f"who answers one that offers {offer}")
    said = t.lacon.ctl("explain", "https://shop.test:80/", "--alpn", "x,h2", "--source", t.topo.cli4)
    t.equal(said["workers"][0]["cluster"], "two", "explain")


@case()
def mirroring(t):
    """Each GET that fits retry_buffer is copied to a second cluster, body and all where it has one; a mirror that answers
    badly, slowly or not at all is not noticed."""
    def bad(wire, origin):
        while request := wire.request():
            origin.note(request)
            if request.target == "/silent":
                wire.more()  # until lacon gives it up
                return
            wire.send(b"HTTP/1.1 500 No\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 200000)

    app, mirror = t.origin(0), t.origin(1, bad)
    config = configuration(t.topo, [cluster("app", [(app.ip, app.port)]),
                                    cluster("mirror", [(mirror.ip, mirror.port)], response_timeout="2s")])
    config["routes"] = [{"name": "r", "rules": [{"cluster": "app", "mirror": {"cluster": "mirror"}}]}]
    t.start_with(config)
    c = t.client()
    t.equal(c.ask("GET", "/name").body, b"ep1", "the answer")
    t.equal(c.ask("POST", "/up", body=b"b" * 9000).body.split()[0], b"9000", "an upload")
    t.equal(c.ask("POST", "/large", body=b"b" * 90000).body.split()[0], b"90000", "a large one")
    t.equal(c.ask("GET", "/silent").status, 200, "while the mirror is silent")
    until(lambda: len(mirror.requests) == 3, "the copies")
    got = {r.target: (r.method, r.length, r.get("connection"), r.get("x-forwarded-for")) for r in mirror.requests}
    t.equal(got, {"/name": ("GET", 0, "close", t.topo.cli4), "/up": ("POST", 9000, "close", t.topo.cli4),
                  "/silent": ("GET", 0, "close", t.topo.cli4)}, "what the mirror got")
    t.equal((t.lacon.counters()["mirrored"], t.lacon.counters()["mirrors_skipped"]), (3, 1), "counters")
    until(lambda: not [x for x in t.lacon.connections() if x["cluster"] == "mirror" and x["state"] == "open"],
          "what is silent to be given up")
    mirror.refuse()
    for _ in range(20):
        t.equal(c.ask("GET", "/name").status, 200, "without a mirror")
