"""What tests of peers made by hand (rawtcp.py) share."""
from bed.blob import sha256
from bed.lacon import cluster
from bed.rawtcp import RST, RawEndpoint


def start_raw_endpoint(t, others=(), **more):
    """lacon with one endpoint made by hand (and others behind it in the cluster)."""
    e = RawEndpoint(t)
    t.start([cluster("app", [(e.ip, e.PORT), *others], **more.pop("cluster", {}))], **more)
    return e


def ok(n, extra=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (n, extra)


def is_rst(s):
    return s.flags & RST


def good_after(t, n=1000):
    """Whatever was done: the next client is served."""
    r = t.client().ask("GET", f"/length/{n}")
    t.equal((r.status, r.sha256), (200, sha256(n)), "the next client")
