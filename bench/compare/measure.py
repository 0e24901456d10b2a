"""measure: one point of one proxy, and the table in which all of them are kept."""
import os
import signal
import sys
import time
import traceback

import calm
from cpu import Clock
from load import Trouble
from stats import median, ratio, spread

HERE = os.path.dirname(os.path.abspath(__file__))
STEP_SECONDS = 180
TRIES, CLOCKS_DIFFER = 3, 0.04  # the generator's time and that in which we counted CPU time; more is another measurement
SIZES = {"100B": 100, "10kB": 10000, "1MB": 1000000}


class Progress:
    """A line for each thing that is done, on standard error."""

    def __init__(self, total):
        self.total, self.done, self.start = max(1, total), 0, time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.start:4.0f} s {100 * self.done // self.total:3d} %] {text}", file=sys.stderr,
              flush=True)

    @staticmethod
    def guard(text):
        """A limit for all that is waited for until the next step, whatever it is; Trouble then says where it was."""
        def late(_, frame):
            signal.alarm(STEP_SECONDS)  # and for what is cleaned up because of it
            where = traceback.extract_stack(frame)
            ours = [f for f in where if os.path.dirname(os.path.abspath(f.filename)) == HERE] or where
            raise Trouble(f"{text}: not done in {STEP_SECONDS} s; it was at {os.path.basename(ours[-1].filename)}:{ours[-1].lineno}, "
                          f"{ours[-1].line}")
        signal.signal(signal.SIGALRM, late)
        signal.alarm(STEP_SECONDS)

    def step(self, text):
        self.guard(text)
        self.done = min(self.done + 1, self.total)
        self.say(text)


class Table:
    """Values by (setting, point, subject): one dict per round, None where the round failed."""

    def __init__(self):
        self.rounds, self.problems = {}, []

    def add(self, setting, point, subject, values, problem=None):
        self.rounds.setdefault((setting, point, subject), []).append(values)
        if problem:
            self.problems.append(f"{setting}, {point}, {subject}: {problem}")
            print(f"  problem: {self.problems[-1]}", file=sys.stderr, flush=True)

    def values(self, setting, point, subject, field):
        return [r.get(field) if r else None for r in self.rounds.get((setting, point, subject), [])]

    def median(self, *at):
        return median(self.values(*at))

    def ratio(self, above, below):
        """Each of (setting, point, subject, field), round by round."""
        return ratio(self.values(*above), self.values(*below))

    def as_json(self):
        return [{"setting": s, "point": p, "subject": who,
                 "rounds": len(rounds),
                 "values": {f: spread([r.get(f) if r else None for r in rounds])
                            for f in sorted({f for r in rounds if r for f in r})}}
                for (s, p, who), rounds in self.rounds.items()]


def name_of(size, close, connections):
    kind = "a connection per request" if close else "kept alive"
    return f"{size}, {kind}, {connections} connections"


def loadgen_values(report, proxy_cpu):
    """What is kept of a generator's report. The generator's own process is in none of the CPU times."""
    v = {"requests_per_second": report["requests_per_second"], "mbit_per_second": report["body_bytes_per_second"] * 8e-6,
         "generator_busy": report["generator_busy"]}
    v |= {f"{k}_us": report["latency_us"][k] for k in ("p50", "p99", "p99.9") if "latency_us" in report}
    for k in ("retransmits", "timeouts"):
        v[k] = report["events"].get(k, 0)
    cpu = report.get("cpu")
    if cpu and proxy_cpu:
        v["requests_per_core_second"] = report["requests"] / max(1e-6, cpu["proxy"])
        v["proxy_cores"] = cpu["proxy"] / report["seconds"]
    return v


def run_job(table, setting, point, proxy, loadgen, pins, by_bytes=None, **keys):
    """Runs a job of the generator against what is started and keeps what it says; the values or None. by_bytes: the size of a
    response, of which so many are counted as bytes came, for such as take longer than the measurement."""
    report = _job(table, setting, point, proxy, loadgen.job, pins, keys)
    if by_bytes and report.get("ok"):
        report["body_bytes_per_second"] = report["received_bytes_per_second"]
        report["requests_per_second"] = report["received_bytes_per_second"] / by_bytes
        report["requests"] = report["requests_per_second"] * report["seconds"]
        del report["latency_us"]
    return _keep(table, setting, point, proxy, [report])


def run_stretches(table, setting, point, proxy, loadgen, pins, duration, **keys):
    """The same in stretches with rests before them (calm.py): what is kept are the medians of theirs."""
    reports = [_job(table, setting, point, proxy, loadgen.short_job, pins, keys | {"duration": d, "warmup": calm.WARMUP})
               for d in calm.stretches(duration)]
    return _keep(table, setting, point, proxy, reports)


def _job(table, setting, point, proxy, run, pins, keys):
    clock = Clock({"proxy": proxy.pids() + pins})
    try:
        for _ in range(TRIES):
            report = run(clock=clock, **keys)
            if not report.get("ok") or abs(report["cpu"]["wall"] / report["seconds"] - 1) < CLOCKS_DIFFER:
                break
            print("  taken again: we came to the clock too late", file=sys.stderr, flush=True)
        return report
    except (Trouble, OSError, ValueError) as why:
        table.add(setting, point, proxy.name, None, str(why))
        raise Trouble(str(why)) from why


def _keep(table, setting, point, proxy, reports):
    """One round's values; or None, and a problem, when one of its reports has errors."""
    for report in reports:
        if not report.get("ok"):
            table.add(setting, point, proxy.name, None, f"errors {report.get('errors') or report}")
            return None
    values = [loadgen_values(report, bool(proxy.pids())) for report in reports]
    together = {k: median([v[k] for v in values]) for k in values[0]}
    table.add(setting, point, proxy.name, together)
    return together
