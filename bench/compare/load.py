"""load: what makes the load: the project's own generator, and wrk."""
import json
import os
import re
import subprocess
import threading
import time

ERROR_LINES = 20


class Trouble(Exception):
    """A measurement that could not be made."""


class Loadgen:
    """The generator, up from start to stop; jobs run one after the other."""

    def __init__(self, wires, bin_dir, log_dir, ports, more=(), name="loadgen", spins=False):
        client, endpoint = ports
        self.log = open(os.path.join(log_dir, f"{name}.log"), "a", encoding="utf-8")
        cmd = [os.path.join(bin_dir, "loadgen"), "--client-port", client, "--endpoint-port", endpoint, "--jobs", *more]
        self.process = wires.spawn(wires.gen, wires.command("generator", cmd), spins=spins, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=self.log)
        self.ready = False

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Trouble(f"the generator ended: see {self.log.name}")
        return json.loads(line)

    def wait_ready(self):
        """Until it has found the proxy."""
        while not self.ready:
            self.ready = self._line().get("event") == "ready"

    def job(self, clock=None, at_start=None, at_end=None, **keys):
        """Runs a job; its report, with "cpu" (seconds by group) when a clock was given. Hooks are called when it
        begins and ends measuring. Trouble when it takes too long."""
        timer = threading.Timer(40 + 2 * float(keys.get("duration", 2)), self.process.kill)
        timer.start()
        try:
            self.wait_ready()
            return self._job(clock, at_start, at_end, keys)
        finally:
            timer.cancel()

    def _job(self, clock, at_start, at_end, keys):
        words = [k.replace("_", "-") if v is True else f"{k.replace('_', '-')}={v}"
                 for k, v in keys.items() if v not in (None, False)]
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        cpu = None
        while True:
            line = self._line()
            event = line.get("event")
            if event == "measuring":
                if at_start:
                    at_start()
                if clock:
                    clock.start()
            elif event == "measured":
                cpu = clock.stop() if clock else None
                if at_end:
                    at_end()
            elif "ok" in line:
                return line | ({"cpu": cpu} if cpu else {})

    def stop(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def wrk(wires, url, connections, seconds, clock):
    """wrk in the generator's namespace, on its CPU; requests/s, errors, "cpu"."""
    cmd = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    process = wires.spawn(wires.gen, wires.command("generator", cmd), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(0.2)
    clock.groups["wrk"] = [process.pid]
    clock.start()
    before = time.monotonic()
    time.sleep(max(0.5, seconds - 0.6))
    cpu, window = clock.stop(), time.monotonic() - before
    said = process.communicate(timeout=seconds + 30)[0]
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    # What takes longer than 2 s wrk calls a timeout; it is no fault.
    bad = re.search(r"connect [1-9]|read [1-9]|write [1-9]|Non-2xx", said)
    if not rate or bad:
        return {"ok": False, "said": said[-400:]}
    rps = float(rate[1])
    return {"ok": True, "requests_per_second": rps, "requests": rps * window, "seconds": window, "cpu": cpu}
