"""lacon: the program under test in its namespace, its configuration, and what it tells."""
import json
import os
import re
import shlex

from .netns import must
from .wait import until
from .yamlout import dump

PORT = 80

ACCESS_LINE = re.compile(
    r'(?P<client>\S+) - - \[(?P<time>[^]]+)\] "(?P<request>[^"]*)" (?P<status>\d+) (?P<bytes>\d+) '
    r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)" host="(?P<host>[^"]*)" (?P<more>.*)')


def address(ip, port):
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def interfaces(topo):
    front = {"name": "front", "device": "front", "addresses": [f"{topo.vip4}/24", f"{topo.vip6}/64"]}
    if topo.shape == "one-armed":
        return [front]
    return [front, {"name": "back", "device": "back", "addresses": [f"{topo.back4}/24", f"{topo.back6}/64"]}]


def cluster(name, endpoints, **more):
    """endpoints: pairs (address, port). A busy machine is no dead endpoint: unless a test asks, connecting may take
    its time."""
    return {"name": name, "connect_timeout": "20s"} | more | {"endpoints": [{"address": address(*e)} for e in endpoints]}


def configuration(topo, clusters, routes=None, dpdk=None, listener=None, limits=None):
    """routes: {host or None: cluster's name}; without them everything goes to the first cluster."""
    routes = routes or {None: clusters[0]["name"]}
    listener = listener or {}
    return {
        "dpdk": {"workers": 1, "memory": "128MiB"} | (dpdk or {}),
        "interfaces": interfaces(topo),
        "listeners": [{"name": "web4", "address": address(topo.vip4, PORT)} | listener,
                      {"name": "web6", "address": address(topo.vip6, PORT)} | listener],
        "routes": [{"name": f"r{i}"} | ({"hostnames": [host]} if host else {}) | {"rules": [{"cluster": to}]}
                   for i, (host, to) in enumerate(routes.items())],
        "clusters": clusters,
    } | ({"limits": limits} if limits else {})


def accelerated(config):
    """With the provider that the whole run is to use (run --provider), where a test names none."""
    provider = os.environ.get("LACON_PROVIDER")
    if not provider or "accel" in config:
        return config
    name, _, profile = provider.partition(":")
    if name not in ("rte_flow", "emu", "faulty"):
        return config | {"accel": {"order": [name]}}
    return config | {"accel": {"flow": name, "flow_least": "16KiB"} | ({"flow_profile": profile} if profile else {})}


class Lacon:
    """Starts it and waits until it is ready."""

    def __init__(self, topo, directory, config, bin_dir):
        self.dir = directory
        self.bin = bin_dir
        self.log = os.path.join(directory, "access.log")
        self.sock = os.path.join(directory, "admin.sock")
        self.file = os.path.join(directory, "lacon.yaml")
        self.forced = "accel" not in config
        config = accelerated(config) | {"admin": {"socket": self.sock}, "logging": {"access_log": self.log}}
        with open(self.file, "w") as f:
            f.write(dump(config) + "\n")
        wrapper = shlex.split(os.environ.get("LACON_WRAPPER", ""))
        self.child = topo.lac.start(wrapper + [os.path.join(bin_dir, "lacon"), "-c", self.file], "lacon")
        try:
            self.child.wait_line(r" ready: ", 60)
        except BaseException:
            self.child.process.kill()
            raise

    def ctl(self, *words):
        return json.loads(must([os.path.join(self.bin, "laconctl"), "-s", self.sock, "--json", *words]))

    def counters(self):
        return {c["name"]: c["value"] for c in self.ctl("counters", "--all")["counters"]}

    def connections(self):
        return self.ctl("connections")["connections"]

    def access(self):
        """The access log so far: a dict for each line."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, errors="replace") as f:
            text = f.read()
        lines = []
        for line in text[:text.rfind("\n") + 1].splitlines():
            m = ACCESS_LINE.match(line)
            if not m:
                raise AssertionError(f"access log line of another form: {line}")
            lines.append(m.groupdict() | dict(kv.split("=", 1) for kv in m["more"].split()))
        return lines

    def wait_access(self, n, seconds=20):
        """The log once it has n lines."""
        until(lambda: len(self.access()) >= n, f"{n} access-log lines", seconds)
        return self.access()
