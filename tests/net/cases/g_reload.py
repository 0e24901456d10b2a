"""Reload: another configuration for a running lacon, by SIGHUP or laconctl, without a lost request."""
import hashlib
import os
import signal
import subprocess

from bed.blob import sha256
from bed.case import NGINX_PORT, case
from bed.lacon import accelerated, cluster, configuration
from bed.memory import no_quarantine, resident
from bed.wait import until
from bed.yamlout import dump


def write(t, config):
    """The file that lacon reads, replaced in one step."""
    config = accelerated(config) | {"admin": config.get("admin", {}) | {"socket": t.lacon.sock}, "logging": {"access_log": t.lacon.log}}
    with open(t.lacon.file + ".new", "w") as f:
        f.write(dump(config) + "\n")
    os.rename(t.lacon.file + ".new", t.lacon.file)


def reload(t):
    """By laconctl; what it says when it did not work."""
    done = subprocess.run([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, "reload"],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def answering(t, i):
    """The configuration in which endpoint i answers everything."""
    return configuration(t.topo, [cluster("app", [(t.topo.ep4[i], NGINX_PORT)])])


@case()
def reload_changes_routes(t):
    """The same client connection gets its answers from another endpoint after a reload; by SIGHUP as by laconctl."""
    t.start_with(answering(t, 0))
    c = t.client()

    seen = [served_by(t, c)]
    write(t, answering(t, 1))
    t.equal(reload(t), None, "laconctl reload")
    seen.append(served_by(t, c))
    write(t, answering(t, 2))
    os.kill(t.lacon.child.process.pid, signal.SIGHUP)
    until(lambda: served_by(t, c) == t.topo.ep4[2], "the third endpoint to answer")
    t.equal(seen, [t.topo.ep4[0], t.topo.ep4[1]], "who answered")


def served_by(t, c):
    """The endpoint that answers a request on connection c, as the access log has it."""
    n = len(t.lacon.access())
    t.equal(c.ask("GET", "/").status, 200, "status")
    return t.lacon.wait_access(n + 1)[n]["ep"].rsplit(":", 1)[0]


@case()
def reload_bad_file(t):
    """A bad file changes nothing and is complained about by line; so does one that would take a restart."""
    good = answering(t, 0)
    t.start_with(good)
    c = t.client()
    t.equal(c.ask("GET", "/").status, 200, "before")
    write(t, good | {"clusters": []})
    why = reload(t)
    t.check(why and "clusters:" in why and "lacon.yaml:" in why, f"the complaint names place and key: {why}")
    write(t, good | {"dpdk": {"workers": 2, "memory": "128MiB"}})
    why = reload(t)
    t.check(why and "section dpdk" in why, f"the complaint names the section: {why}")
    t.equal(c.ask("GET", "/").status, 200, "after")
    t.lacon.child.lines[:] = [line for line in t.lacon.child.lines if " error: " not in line]


@case(timeout=240)
def reload_under_load(t):
    """Reloads, good and bad files in turn, under wrk and a long download: no failed request, no cut connection,
    and memory that does not grow."""
    rounds = 200 if os.environ.get("LACON_FULL") == "1" else 40
    with no_quarantine():
        t.start_with(answering(t, 0))
    wrk = t.background(t.topo.cli, ["wrk", "-t1", "-c64", "-d3600s", "--timeout", "60s", f"http://{t.topo.vip4}/"], "wrk")
    t.wait_counter("requests", 1000)
    slow = t.background(t.topo.cli, ["curl", "-s", "-S", "--limit-rate", "20k", "-o", os.path.join(t.dir, "slow"),
                                     f"http://{t.topo.vip4}/100000"], "curl")
    memory = []
    for i in range(rounds):
        write(t, answering(t, i % 3) if i % 2 == 0 else {"listeners": "nonsense"})
        before = t.lacon.counters()["requests"]
        t.equal(reload(t) is None, i % 2 == 0, f"reload {i}")
        until(lambda n=before: t.lacon.counters()["requests"] > n + 50, "requests to go on")
        if i >= rounds // 2:
            memory.append(resident(t))
    wrk.kill(signal.SIGINT)
    wrk.wait(30)
    said = "\n".join(wrk.lines)
    t.check("Requests/sec" in said, f"wrk tells its figures:\n{said}")
    t.check("Socket errors" not in said and "Non-2xx" not in said, f"wrk lost something:\n{said}")
    t.equal(slow.wait(60), 0, "curl's status")
    with open(os.path.join(t.dir, "slow"), "rb") as f:
        t.equal(hashlib.sha256(f.read()).hexdigest(), sha256(100000), "the long download")
    t.check(max(memory) < memory[0] * 1.1, f"resident kilobytes after half of the reloads and later: {memory}")
    bad = {line["status"] for line in t.lacon.access()} - {"200", "499"}
    t.equal(bad, set(), "statuses in the log")
    t.lacon.child.lines[:] = [line for line in t.lacon.child.lines if " error: " not in line]
