"""Who may connect, how much each may have, and what becomes of requests when endpoints fail or are full."""
import os

from bed.case import case
from bed.lacon import cluster, configuration
from bed.wait import until

from cases.g_reload import reload, write


def connects(t, v6=False):
    """Is a connection accepted? False: no answer within a second."""
    try:
        t.client(v6=v6, timeout=1).close()
    except TimeoutError:
        return False
    return True


@case()
def deny_list(t):
    """Clients of a list's file get no answer, an address that is allowed does; a reload reads the file again."""
    origin = t.origin(0)
    deny = os.path.join(t.dir, "deny.txt")
    with open(deny, "w") as f:
        f.write("# ten thousand networks, one of them the client's\n")
        f.writelines(f"198.18.{i // 64}.{i % 64 * 4}/30\n" for i in range(10000))
        f.write(f"{t.topo.cli4} # this one\n2001:db8::/32\n")
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])], listener={"deny_file": deny})
    t.start_with(config)
    t.check(not connects(t), "the client is accepted")
    t.check(t.lacon.counters()["drop_denied"] > 0, "nothing is counted")
    t.equal(t.client(v6=True).ask("GET", "/name").body, b"ep1", "by its other address")
    open(deny, "w").close()
    write(t, config)
    t.equal(reload(t), None, "laconctl reload")
    t.equal(t.client().ask("GET", "/name").body, b"ep1", "after the reload")
