"""load: what makes the load: the project's own generator, and wrk."""
import json
import os
import re
import select
import subprocess
import time

from wires import MEASURED

WRK_TRIES = 3
JOB_SECONDS = 40  # and twice what is measured: what a job may take


class Trouble(Exception):
    """A measurement that could not be made."""


class Lines:
    """The lines that a program says, each waited for with a limit."""

    def __init__(self, process, who):
        self.fd, self.who, self.rest = process.stdout.fileno(), who, b""

    def next(self, end, what):
        """The next one. Trouble when there is none until then (of the monotonic clock), or the program ends."""
        while b"\n" not in self.rest:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise Trouble(f"{self.who}: {what}: not in time")
            more = os.read(self.fd, 65536)
            if not more:
                raise Trouble(f"{self.who}: {what}: it ended")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode(errors="replace")


def end_process(process, who, seconds=10):
    """Asks a program to end, and makes it end. Trouble when not even that helps."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Trouble(f"{who}: does not end when killed") from None


class Loadgen:
    """The generator, up from start to stop; jobs run one after the other."""

    def __init__(self, wires, bin_dir, log_dir, ports, more=(), name="loadgen", spins=False):
        client, endpoint = ports
        self.wires = wires
        self.log = open(os.path.join(log_dir, f"{name}.log"), "a", encoding="utf-8")
        cmd = [os.path.join(bin_dir, "loadgen"), "--client-port", client, "--endpoint-port", endpoint, "--jobs", *more]
        self.process = wires.spawn(wires.gen, wires.command("generator", cmd), spins=spins, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=self.log)
        self.lines = Lines(self.process, f"generator (log {name})")
        self.ready = False

    def wait_ready(self, end):
        """Until it has found the proxy."""
        while not self.ready:
            self.ready = json.loads(self.lines.next(end, "finding the proxy")).get("event") == "ready"

    def short_job(self, **keys):
        """The same as job(), before all other work of the machine, as what is measured: that must not be long, for it
        never sleeps."""
        if not self.wires.nice:
            return self.job(**keys)
        pid = self.process.pid
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(MEASURED))
        try:
            return self.job(**keys)
        finally:
            if self.process.poll() is None:
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))

    def job(self, clock=None, at_start=None, at_end=None, **keys):
        """Runs a job; its report, with "cpu" (seconds by group) when a clock was given. Hooks are called when it
        begins and ends measuring. Trouble when it takes too long."""
        end = time.monotonic() + JOB_SECONDS + 2 * float(keys.get("duration", 2)) + float(keys.get("timeout", 5))
        self.wait_ready(end)
        words = [k.replace("_", "-") if v is True else f"{k.replace('_', '-')}={v}"
                 for k, v in keys.items() if v not in (None, False)]
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        cpu, doing = None, "connecting and warming up"
        while True:
            line = json.loads(self.lines.next(end, f"{doing}, {' '.join(words)}"))
            event = line.get("event")
            if event == "measuring":
                doing = "measuring"
                if at_start:
                    at_start()
                if clock:
                    clock.start()
            elif event == "measured":
                doing = "answering and closing what was open"
                cpu = clock.stop() if clock else None
                if at_end:
                    at_end()
            elif "ok" in line:
                return line | ({"cpu": cpu} if cpu else {})

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
        end_process(self.process, "generator")
        self.process.stdout.close()
        self.log.close()


def wrk(wires, url, connections, close, seconds, clock):
    """wrk in the generator's namespace, on its CPU; requests/s, errors, "cpu" in the middle of its run."""
    for _ in range(WRK_TRIES):
        found = _wrk(wires, url, connections, close, seconds, clock)
        if found:
            return found
    raise Trouble(f"wrk: {url}, {connections} connections: ended before we came to the clock, {WRK_TRIES} times")


def _wrk(wires, url, connections, close, seconds, clock):
    """The same; or None when the machine let us come to the clock only when wrk had ended."""
    cmd = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *(["-H", "Connection: close"] if close else []), url]
    process = wires.spawn(wires.gen, wires.command("generator", cmd), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(0.2)
    clock.groups["wrk"] = [process.pid]
    clock.start()
    time.sleep(max(0.5, seconds - 0.6))
    cpu = clock.stop()
    in_time = process.poll() is None
    try:
        said = process.communicate(timeout=seconds + 30)[0]
    except subprocess.TimeoutExpired:
        end_process(process, "wrk")
        raise Trouble(f"wrk: {url}, {connections} connections: not done {seconds + 30} s later") from None
    if not in_time:
        return None
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    # What takes longer than 2 s wrk calls a timeout; it is no fault.
    bad = re.search(r"connect [1-9]|read [1-9]|write [1-9]|Non-2xx", said)
    if not rate or bad:
        return {"ok": False, "said": said[-400:]}
    rps = float(rate[1])
    return {"ok": True, "requests_per_second": rps, "requests": rps * cpu["wall"], "seconds": cpu["wall"], "cpu": cpu}
