"""summary: the ratios that the project promises, and the table for people."""
from settings import ABLATION_POINT, BULK, EQUAL, EQUAL_MORE, IDLE, KEEPALIVE, ONESHOT, equal

ENOUGH = 1.3  # the generator's own limit over a figure; below it the figure is a lower bound


def own_limit(table, setting, point):
    """What the generator alone does in that setting, or None."""
    subject = "kernel forwarding" if setting == "wire" else "testpmd io"
    return table.median(setting, point, subject, "requests_per_second")


def is_bound(table, setting, point, subject):
    """Was the generator, and not the subject, the limit?"""
    own = own_limit(table, setting, point)
    value = table.median(setting, point, subject, "requests_per_second")
    return bool(own and value and own < ENOUGH * value)


def ratios(table):
    """name: (spread of the ratio, ">=" or "")."""
    core = "requests_per_core_second"
    memif, nginx, polls = "lacon on memif", "nginx", "lacon, idle: poll"
    wanted = {
        # The default at every load; then what it would be with a CPU of its own, on which it never sleeps.
        "wire_100B_requests_per_cpu": (("wire", EQUAL, "lacon", "requests_per_cpu"),
                                       ("wire", EQUAL, nginx, "requests_per_cpu"), None),
        "wire_100B_p50": (("wire", EQUAL, "lacon", "p50_us"), ("wire", EQUAL, nginx, "p50_us"), None),
        "wire_100B_p99": (("wire", EQUAL, "lacon", "p99_us"), ("wire", EQUAL, nginx, "p99_us"), None),
        "wire_100B_requests_per_cpu_poll": (("wire", EQUAL, polls, "requests_per_cpu"),
                                            ("wire", EQUAL, nginx, "requests_per_cpu"), None),
        "wire_100B_p50_poll": (("wire", EQUAL, polls, "p50_us"), ("wire", EQUAL, nginx, "p50_us"), None),
        "wire_100B_p99_poll": (("wire", EQUAL, polls, "p99_us"), ("wire", EQUAL, nginx, "p99_us"), None),
        # At full load all of the proxy's CPU is used: the same as the next, under a name that says so.
        "wire_100B_requests_per_cpu_full_load": (("wire", KEEPALIVE, "lacon", core), ("wire", KEEPALIVE, nginx, core), KEEPALIVE),
        "wire_100B_keepalive": (("wire", KEEPALIVE, "lacon", core), ("wire", KEEPALIVE, nginx, core), KEEPALIVE),
        "wire_100B_oneshot": (("wire", ONESHOT, "lacon", core), ("wire", ONESHOT, nginx, core), ONESHOT),
        "poll_100B_keepalive": (("poll", KEEPALIVE, memif, core), ("wire", KEEPALIVE, nginx, core), KEEPALIVE),
        "poll_100B_oneshot": (("poll", ONESHOT, memif, core), ("wire", ONESHOT, nginx, core), ONESHOT),
        "poll_1MB_keepalive": (("poll", BULK, memif, core), ("wire", BULK, "nginx, offloads off", core), BULK),
        # Cost of a frame: testpmd's over lacon's.
        "l7_over_5tswap": (("ablation", ABLATION_POINT, "testpmd 5tswap", "cycles_per_frame"),
                           ("ablation", ABLATION_POINT, memif, "cycles_per_frame"), None),
        "l7_over_l4": (("ablation", ABLATION_POINT, "lacon protocol tcp", "cycles_per_frame"),
                       ("ablation", ABLATION_POINT, memif, "cycles_per_frame"), None),
        "idle_1M_over_64k": (("idle", IDLE.format(1000000), memif, "requests_per_second"),
                             ("idle", IDLE.format(65536), memif, "requests_per_second"), None),
        "ordinary_100B_throughput": (("ordinary", KEEPALIVE, "lacon", "requests_per_second"),
                                     ("ordinary", KEEPALIVE, nginx, "requests_per_second"), None),
        "ordinary_100B_cpu": (("ordinary", KEEPALIVE, "lacon", "cpu_us_per_request"),
                              ("ordinary", KEEPALIVE, nginx, "cpu_us_per_request"), None),
        # CPU for a request again, of the proxy alone: nginx's requests for its second over lacon's for its.
        "ordinary_100B_proxy_cpu": (("ordinary", KEEPALIVE, nginx, "requests_per_core_second"),
                                    ("ordinary", KEEPALIVE, "lacon", "requests_per_core_second"), None),
    }
    for percent in EQUAL_MORE:
        for name, field in (("requests_per_cpu", "requests_per_cpu"), ("p50", "p50_us"), ("p99", "p99_us")):
            wanted[f"wire_100B_{name}_at_{percent}"] = (("wire", equal(percent), "lacon", field),
                                                        ("wire", equal(percent), nginx, field), None)
    found = {}
    for name, (above, below, point) in wanted.items():
        r = table.ratio(above, below)
        if r:
            bound = point is not None and is_bound(table, above[0], point, above[2])
            found[name] = (r, ">=" if bound else "")
    return found


SHOWN = (("requests_per_second", "requests/s"), ("requests_per_core_second", "per proxy core s"),
         ("requests_per_cpu", "per CPU s"), ("mbit_per_second", "Mbit/s"), ("p50_us", "p50 us"), ("p99_us", "p99 us"),
         ("p99.9_us", "p99.9 us"), ("cycles_per_frame", "cycles/frame"), ("generator_busy", "gen. busy"),
         ("retransmits", "resent"), ("grown_bytes_per_connection", "bytes/conn"),
         ("kernel_bytes_per_connection", "kernel bytes/conn"))


def number(v):
    if v is None:
        return "-"
    return f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.3g}"


def text(table):
    """All points: a block for each setting and point, a line for each subject; medians (lowest - highest)."""
    lines, last = [], None
    for setting, point, subject in sorted(table.rounds, key=lambda k: (k[0], k[1])):
        if (setting, point) != last:
            lines.append(f"\n{setting}: {point}")
            last = (setting, point)
        values = []
        for field, title in SHOWN:
            v = [x for x in table.values(setting, point, subject, field) if x is not None]
            if v:
                middle = sorted(v)[len(v) // 2] if len(v) % 2 else sum(sorted(v)[len(v) // 2 - 1:len(v) // 2 + 1]) / 2
                values.append(f"{title} {number(middle)} ({number(min(v))} - {number(max(v))})")
        bound = ">= " if is_bound(table, setting, point, subject) and not subject.startswith(("testpmd", "kernel")) else ""
        lines.append(f"  {subject:20} {bound}{', '.join(values) or 'failed'}")
    return "\n".join(lines)
