"""The examples of config/examples as they stand, on the test bed's addresses: each starts, and each of its listeners answers
its clients."""
import glob
import os
import socket

import yaml

from bed.case import NGINX_PORT, case
from bed.lacon import interfaces
from bed.message import Wire, request_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = sorted(glob.glob(os.path.join(HERE, "..", "..", "..", "config", "examples", "*.yaml")))


def on_the_bed(t, config):
    """The example with the bed's interfaces, listeners on lacon's address there, and nginx for all endpoints."""
    number = 0
    for listener in config["listeners"]:
        listener["address"] = f"{t.topo.vip4}:{listener['address'].rsplit(':', 1)[1]}"
        for lists in ("allow", "allow_file", "deny", "deny_file"):  # of the example's own networks and files
            listener.pop(lists, None)
    for cluster in config["clusters"]:
        taken = set()
        for endpoint in cluster["endpoints"]:
            while (at := f"{t.topo.ep4[number % 3]}:{NGINX_PORT + 1000 * (number // 3)}") in taken:
                number += 1
            taken.add(at)
            endpoint["address"] = at
            number += 1
        number = 0
    return config | {"interfaces": interfaces(t.topo), "dpdk": {"workers": 1, "memory": "128MiB"}}


def hosts_of(config):
    names = {h for route in config["routes"] for h in route.get("hostnames", [])}
    return sorted({h.replace("*", "www") for h in names} | {"other.test"})


def answers(t, listener, hosts):
    """Something comes of a client of the listener."""
    for host in hosts:
        sock = t.topo.cli.socket(socket.AF_INET)
        wire = Wire(sock, 30)
        t.wires.append(wire)
        ip, _, port = listener["address"].rpartition(":")
        sock.connect((ip, int(port)))
        if listener.get("protocol", "http") == "tls":
            wire.send(b"no hello at all")
            t.equal(wire.exactly(1), b"\x15", "an alert")
            continue
        wire.send(request_bytes("GET", "/", host=host))
        r = wire.response()
        t.check(200 <= r.status < 500, f"{listener['name']}, {host}: status {r.status}")
        wire.close()


@case(timeout=300)
def examples_run(t):
    """Each example starts; a client of each of its listeners, for each of its hosts, gets an answer; and lacon's explain
    knows what it is."""
    t.check(len(EXAMPLES) > 5, f"the examples are found: {EXAMPLES}")
    for path in EXAMPLES:
        with open(path) as f:
            config = on_the_bed(t, yaml.safe_load(f))
        t.start_with(config)
        for listener in config["listeners"]:
            answers(t, listener, hosts_of(config))
            if listener.get("protocol", "http") == "http":
                said = t.lacon.ctl("explain", "--listener", listener["name"], f"http://{hosts_of(config)[0]}/")
                t.equal(said["listener"], listener["name"], "explain")
        t.settle()
        t.restart()
