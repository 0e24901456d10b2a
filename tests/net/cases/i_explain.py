"""laconctl explain: what it says is what happens."""
import json
import os
import subprocess

from bed.case import NGINX_PORT, case
from bed.lacon import cluster, configuration

ROUTES = [
    {"name": "shop", "hostnames": ["shop.example"], "rules": [
        {"matches": [{"path": {"prefix": "/api"}, "method": "POST"}], "cluster": "writes"},
        {"matches": [{"path": {"prefix": "/api"}, "headers": [{"name": "x-canary", "exact": "1"}]}], "cluster": "canary"},
        {"matches": [{"path": {"prefix": "/api"}}], "cluster": "app"},
        {"matches": [{"path": {"exact": "/old"}}], "redirect": {"path": "/new", "status": 301}}]},
    {"name": "rest", "rules": [{"cluster": "app"}]},
]


def explain(t, *words, fails=False):
    done = subprocess.run([os.path.join(t.bin_dir, "laconctl"), "-s", t.lacon.sock, "--json", "explain", *words],
                          capture_output=True, text=True, check=False)
    if fails:
        t.equal(done.returncode, 1, "exit status")
        return done.stderr
    t.equal(done.returncode, 0, f"exit status; it said {done.stderr}")
    return json.loads(done.stdout)


@case()
def explain_names_route_and_endpoint(t):
    """laconctl explain names the match that is taken, why the others are not, and the endpoint that the next request
    then goes to; asking changes nobody's turn."""
    ep = [(ip, NGINX_PORT) for ip in t.topo.ep4]
    t.start_with(configuration(t.topo, [cluster("app", ep), cluster("writes", ep[:1]), cluster("canary", ep[1:2])])
                 | {"routes": ROUTES})
    c = t.client()
    for i in range(6):
        said = [explain(t, f"GET http://shop.example/api/{n}") for n in range(3)][-1]
        t.equal(said["route"], "shop", "route")
        told = {(m["rule"], m["verdict"]) for m in said["considered"] if m["route"] == "shop"}
        t.equal(told, {(0, "no: its method is POST"), (1, "no: header x-canary is not as it asks"), (2, "taken")},
                "verdicts")
        t.equal([m["verdict"] for m in said["considered"] if m["route"] == "rest"],
                ["no: the one taken has a more specific host"], "the route for any host")
        t.check("cluster: app" in said["rule"], f"the rule is told: {said['rule']}")
        c.ask("GET", "/api/0", host="shop.example")
        t.equal(t.lacon.wait_access(i + 1)[i]["ep"], said["workers"][0]["endpoint"], f"endpoint of request {i}")
    t.equal(explain(t, "POST http://shop.example/api")["workers"][0]["cluster"], "writes", "cluster")
    said = explain(t, "http://shop.example/api", "X-Canary: 1")
    t.equal(said["workers"][0]["endpoint"], f"{t.topo.ep4[1]}:{NGINX_PORT}", "endpoint of the canary")
    said = explain(t, "http://shop.example/old")
    t.equal((said["action"], said["status"], said["workers"]), ("redirect", 301, []), "a redirect")
    said = explain(t, "http://shop.example/", "Host: b")
    t.equal((said["action"], said["status"]), ("refuse", 400), "two Host fields")
    t.check("no http listener" in explain(t, "http://shop.example:81/", fails=True), "a port nobody listens on")


@case()
def explain_shows_who_is_down(t):
    """An endpoint that could not be connected to is shown as down, and another is named."""
    dead = (t.topo.ep4[0], 1)
    t.start_with(configuration(t.topo, [cluster("app", [dead, (t.topo.ep4[1], NGINX_PORT)])]))
    c = t.client()
    for _ in range(2):
        t.equal(c.ask("GET", "/").status, 200, "status")
    view = explain(t, "http://x/")["workers"][0]
    t.equal([e["state"] for e in view["endpoints"]], ["down", "up"], "states")
    t.equal(view["endpoint"], f"{t.topo.ep4[1]}:{NGINX_PORT}", "endpoint")
