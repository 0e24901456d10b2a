"""Listeners of protocol tcp: connections that are spliced from the first byte, whatever they carry."""
import os
import ssl
import threading

from bed.blob import blob
from bed.case import case
from bed.lacon import cluster, configuration
from bed.netns import must


def start(t, serve):
    """lacon with tcp listeners alone, which need no routes, in front of one endpoint that behaves as told."""
    origin = t.origin(0, serve)
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])],
                           listener={"protocol": "tcp", "cluster": "app"})
    del config["routes"]
    t.start_with(config)
    return origin


@case()
def tcp_echo(t):
    """Bytes of any kind and size both ways, then the end by either side; a line in the log for each connection."""
    def serve(wire, origin):
        wire.send(b"220 an endpoint that speaks first\r\n")
        while wire.buffer or wire.more():
            data, wire.buffer = wire.buffer, b""
            wire.send(data)
            if data.endswith(b"QUIT\r\n"):
                return

    start(t, serve)
    for ending in ("endpoint", "client"):
        c = t.client()
        t.equal(c.exactly(35), b"220 an endpoint that speaks first\r\n", "greeting")
        for n in (1, 2, 1448, 1460, 5000, 60000):
            c.send(blob(n))
            t.equal(c.exactly(n), blob(n), f"echo of {n} bytes")
        if ending == "endpoint":
            c.send(b"QUIT\r\n")
            t.equal(c.exactly(6), b"QUIT\r\n", "last words")
        else:
            c.finish()
        t.equal(c.ended(), "fin", f"end by the {ending}")
        c.close()
    log = t.lacon.wait_access(2)
    t.equal([(line["request"], line["status"], int(line["in"]) > 60000, int(line["bytes"]) > 60000) for line in log],
            [("TCP", "200", True, True)] * 2, "the log")


@case()
def tcp_bulk(t):
    """10 MB both ways at the same time."""
    n = 10_000_000

    def serve(wire, origin):
        sender = threading.Thread(target=wire.send, args=(blob(n),))
        sender.start()
        got = wire.exactly(n)
        sender.join()
        if got != blob(n):
            origin.errors.append("other bytes than the client sent")

    start(t, serve)
    c = t.client()
    sender = threading.Thread(target=c.send, args=(blob(n),))
    sender.start()
    t.equal(c.exactly(n) == blob(n), True, "the endpoint's bytes arrive as they were sent")
    sender.join()
    c.finish()
    t.equal(c.ended(), "fin", "end")


@case()
def tcp_nobody(t):
    """No endpoint takes the connection: the client is reset, and the log says 502."""
    origin = start(t, lambda wire, origin: None)
    origin.close()
    try:
        end = t.client().ended()
    except ConnectionResetError:  # before connect() has returned
        end = "reset"
    t.equal(end, "reset", "end")
    t.equal(t.lacon.wait_access(1)[0]["status"], "502", "status in the log")


@case(timeout=90)
def tls_by_name(t):
    """TLS is routed by the name in the ClientHello and never opened: each client sees its own server's
    certificate; a name without a route is told so, and bytes that are no TLS."""
    names = ("one.test", "two.test")
    origins = [tls_origin(t, i, name) for i, name in enumerate(names)]
    config = configuration(t.topo, [cluster(f"c{i}", [(o.ip, o.port)]) for i, o in enumerate(origins)],
                           routes={name: f"c{i}" for i, name in enumerate(names)}, listener={"protocol": "tls"})
    t.start_with(config)
    for name in names + names[:1]:
        seen = tls_talk(t, name)
        t.equal(seen, f"hello from {name}".encode(), f"what a client of {name} gets")
    try:
        tls_talk(t, "three.test")
    except ssl.SSLError as why:
        t.equal("UNRECOGNIZED_NAME" in str(why), True, f"the alert ({why})")
    else:
        t.check(False, "three.test has no route")
    c = t.client()
    c.send(b"GET / HTTP/1.1\r\n\r\n")
    t.equal(c.exactly(7), b"\x15\x03\x03\0\x02\x02\x0a", "alert: unexpected message")
    t.equal(c.ended(), "fin", "end")
    log = t.lacon.wait_access(5)
    t.equal(sorted((line["status"], line["host"]) for line in log),
            [("200", "one.test")] * 2 + [("200", "two.test"), ("400", "-"), ("404", "three.test")], "the log")


def tls_origin(t, i, name):
    """An endpoint that speaks TLS, as `name`, with a certificate made for this test."""
    key, cert = os.path.join(t.dir, f"{name}.key"), os.path.join(t.dir, f"{name}.crt")
    must(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
          "-keyout", key, "-out", cert, "-days", "1", "-subj", f"/CN={name}"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def serve(wire, origin):
        with context.wrap_socket(wire.sock.dup(), server_side=True) as s:
            s.sendall(f"hello from {name}".encode())
            s.recv(100)
    return t.origin(i, serve)


def tls_talk(t, name):
    """What a client that asks for `name` and checks the certificate is told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(os.path.join(t.dir, f"{name}.crt")
                                  if os.path.exists(os.path.join(t.dir, f"{name}.crt")) else
                                  os.path.join(t.dir, "one.test.crt"))
    context.check_hostname = False
    wire = t.client()
    try:
        with context.wrap_socket(wire.sock.dup(), server_hostname=name) as s:
            got = s.recv(100)
            s.sendall(b"bye")
            return got
    finally:
        wire.close()
