"""Accelerator hooks: an emulated flow engine in front of the worker, between Linux hosts."""
from bed.blob import sha256
from bed.case import case
from bed.lacon import cluster, configuration
from bed.message import request_bytes
from bed.wait import until

MB = 1000000


def engine_of(t):
    return t.lacon.ctl("accel")["engines"][0]


def start(t, **accel):
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    config["accel"] = accel
    t.start_with(config)


def most_by_the_engine(t, c):
    """Whether a flow is worth a rule, and how early that has to go, is a matter of speeds: asked of ever longer ones."""
    for n in (20 * MB, 50 * MB, 100 * MB, 200 * MB, 400 * MB):
        before = engine_of(t)["hit_bytes"]
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"{n} bytes")
        if engine_of(t)["hit_bytes"] - before > n // 2:
            return True
    return False


@case(timeout=180)
def a_flow_engine_carries_large_responses(t):
    """Responses of known length from 100 kB on arrive whole through the emulated engine; of one that lasts far longer than
    the engine takes most bytes never reach the worker; nothing is left in the table afterwards, and what was counted is in the counters."""
    start(t, flow="emu", flow_profile="liquidio", flow_least="64KiB")
    c = t.client()
    for n in (100000, MB, 20 * MB, 5 * MB, 1000):
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"{n} bytes")
    t.check(most_by_the_engine(t, c), f"never most of a response: {engine_of(t)}")
    until(lambda: engine_of(t)["rules"] == 0, "the table is empty", 20)
    until(lambda: t.lacon.counters()["offload_frames"] == engine_of(t)["hits"], "each frame is counted once", 20)
    t.equal(t.lacon.counters()["offload_rules"], 0, "rules that may exist")


@case()
def a_client_that_closes_while_an_engine_carries(t):
    """A client that goes away in the middle of a large response leaves no rule and no port behind."""
    start(t, flow="emu", flow_profile="liquidio", flow_least="64KiB")
    for _ in range(3):
        c, before = t.client(), engine_of(t)["hits"]
        c.send(request_bytes("GET", f"/length/{100 * MB}"))
        c.head()
        while engine_of(t)["hits"] == before:
            c.exactly(MB)
        c.close()
    until(lambda: engine_of(t)["rules"] == 0, "the table is empty", 20)
    until(lambda: t.lacon.counters()["clients_open"] == 0, "no client is left", 60)
    t.equal(t.client().ask("GET", "/length/1000").sha256, sha256(1000), "and lacon goes on")


@case()
def a_faulty_engine_costs_no_byte(t):
    """An engine that refuses, is slow, loses answers, rules and itself: every byte arrives all the same."""
    start(t, flow="faulty", flow_least="64KiB")
    c = t.client()
    for n in (20 * MB, 300000, 10 * MB, MB, 20 * MB):
        t.equal(c.ask("GET", f"/length/{n}").sha256, sha256(n), f"{n} bytes")
    t.check(engine_of(t)["hits"] > 0, f"it carried nothing: {engine_of(t)}")


@case(timeout=180)
def a_lost_engine_gives_its_flows_back(t):
    """An engine that is gone with its rules while it carries a response: software goes on with it, and not a byte is lost."""
    start(t, flow="faulty", flow_least="64KiB")
    c = t.client()
    for _ in range(20):  # each so long that an engine which is gone every second or two is so in the midst of it
        t.equal(c.ask("GET", f"/length/{200 * MB}").sha256, sha256(200 * MB), "whole")
        if engine_of(t)["lost"] > 0:
            break
    t.check(engine_of(t)["lost"] > 0, f"no rule was lost: {engine_of(t)}")
    until(lambda: t.lacon.counters()["offload_rules"] == 0, "no rule may exist any more", 20)


@case()
def who_was_chosen_and_why(t):
    """laconctl accel tells for each hook who was chosen and why; an override is taken; a provider that cannot is passed over."""
    start(t, order=["soft", "simd"], checksum="simd", flow="simd")
    hooks = {h["hook"]: h for h in t.lacon.ctl("accel")["hooks"]}
    t.equal(hooks["head-scan"]["provider"], "soft", "by order")
    t.check(hooks["checksum"]["provider"] in ("simd", "soft") and "ticks for" in hooks["checksum"]["why"], hooks["checksum"])
    t.equal(hooks["flow"]["provider"], "none", "no engine")
    t.check("simd: does not do this; no engine" in hooks["flow"]["why"], hooks["flow"]["why"])
    t.equal(t.lacon.ctl("accel")["engines"], [], "no engine, no figures")
    can = {p["provider"]: p["can"] for p in t.lacon.ctl("accel")["providers"]}
    t.equal((can["simd"], can["device"], can["rte_flow"]), (["checksum", "head-scan"], ["parse", "steer"], ["flow"]), "who can what")
    t.equal(t.client().ask("GET", "/length/300000").sha256, sha256(300000), "all the same")


@case()
def a_device_that_takes_no_rules(t):
    """Named, rte_flow asks every interface: a device without a flow API says no at once, one that has one (net_tap) to each
    form of the rule. The reasons are on record, and everything goes by the workers."""
    origin = t.origin()
    config = configuration(t.topo, [cluster("app", [(origin.ip, origin.port)])])
    config["accel"] = {"flow": "rte_flow", "flow_least": "16KiB"}
    config["interfaces"].append({"name": "tap", "vdev": "net_tap0,iface=lacontap0", "addresses": ["192.0.2.77/24"]})
    t.start_with(config)
    accel = t.lacon.ctl("accel")
    whys = {}
    for i in accel["interfaces"]:
        flow = next(h for h in i["hooks"] if h["hook"] == "flow")
        t.equal(flow["provider"], "none", f"{i['interface']} by {i['driver']}")
        t.check(flow["why"].endswith("; every frame takes the worker's own path"), flow)
        whys[i["driver"]] = flow["why"]
    t.check("rte_flow: asked in " in whys.pop("net_tap"), accel)
    for driver, why in whys.items():
        t.check("rte_flow: its driver takes no flow rules" in why, f"{driver}: {why}")
    flow = next(h for h in accel["hooks"] if h["hook"] == "flow")
    t.check("rte_flow: serves none of the" in flow["why"], flow)
    t.equal(accel["engines"], [], "no engine")
    t.equal(t.client().ask("GET", f"/length/{5 * MB}").sha256, sha256(5 * MB), "in software")
