"""Large bodies and loss."""
import threading

from bed.blob import blob, pieces, sha256
from bed.case import case
from bed.message import chunk, request_bytes
from bed.origin import chunk_sizes

BIG = 100 * 1000 * 1000


def upload(c, n, chunked):
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", n)
    c.send(request_bytes("PUT", "/big", [framing]))
    if chunked:
        for part in chunk_sizes(n):
            c.send(chunk(part))
        c.send(b"0\r\n\r\n")
    else:
        for part in pieces(n):
            c.send(part)
    return c.response()


@case(timeout=120)
def big(t):
    """100 MB down and up, by Content-Length, in chunks, and until close; SHA-256 at both ends."""
    t.start_origin()
    c = t.client()
    for how in ("length", "chunked"):
        r = c.ask("GET", f"/{how}/{BIG}")
        t.equal((r.length, r.sha256), (BIG, sha256(BIG)), f"down, {how}")
    for chunked in (False, True):
        r = upload(c, BIG, chunked)
        t.equal(r.body.decode(), f"{BIG} {sha256(BIG)}", f"up, {'chunked' if chunked else 'length'}")
    r = c.ask("GET", f"/close/{BIG}")
    t.equal((r.length, r.sha256), (BIG, sha256(BIG)), "down, until close")


@case(timeout=120)
def both_ways(t):
    """Ten clients at once, each down and up with 5 MB, over both families."""
    t.start_origin()
    n, wrong = 5000000, []

    def one(c):
        try:
            for _ in range(2):
                if c.ask("GET", f"/length/{n}").sha256 != sha256(n):
                    wrong.append("down")
                if upload(c, n, True).body.decode() != f"{n} {sha256(n)}":
                    wrong.append("up")
        except Exception as why:
            wrong.append(f"{type(why).__name__}: {why}")

    clients = [t.client(v6=i % 2 == 1) for i in range(10)]
    threads = [threading.Thread(target=one, args=(c,), daemon=True) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    t.equal(wrong, [], "what went wrong")
    t.check(not any(thread.is_alive() for thread in threads), "some clients hang")


@case(timeout=120)
def loss(t):
    """Every host loses 1 % of what it gets and 1 % of what it sends: small and large bodies, both ways, chunked
    and not, are whole."""
    t.start_origin()
    t.topo.lose(1)
    for v6 in (False, True):
        c = t.client(v6=v6, timeout=60)
        for n in (0, 1000, 14000, 50000, 3000000):
            for how in ("length", "chunked"):
                r = c.ask("GET", f"/{how}/{n}")
                t.equal((r.length, r.sha256), (n, sha256(n)), f"down, {how}, {n}")
                r = upload(c, n, how == "chunked")
                t.equal(r.body.decode(), f"{n} {sha256(n)}", f"up, {how}, {n}")


@case(timeout=120)
def loss_small(t):
    """The same loss, for 300 small requests on new and kept connections."""
    t.start_origin()
    t.topo.lose(1)
    for i in range(30):
        c = t.client(timeout=60)
        for k in range(10):
            n = (0, 10, 2000, 14000)[k % 4]
            r = c.ask("GET", f"/length/{n}") if k % 3 else c.ask("PUT", "/", body=blob(n))
            t.check(r.status == 200 and (r.sha256 == sha256(n) or r.body.decode() == f"{n} {sha256(n)}"),
                    f"{i} {k}: {r.status}, {r.length} bytes")
        c.close()
