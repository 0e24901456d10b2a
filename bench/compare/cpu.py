"""cpu: who used how much processor time. Times of threads come from /proc/PID/schedstat (nanoseconds; what
interrupts took is in it), those of the machine from /proc/stat."""
import os
import signal
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")


def _read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def process_seconds(pid):
    """All threads of a process."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    return sum(int((_read(f"/proc/{pid}/task/{t}/schedstat") or "0").split()[0]) for t in threads) / 1e9


def machine_seconds():
    """Busy time of all CPUs: everything but idle and waiting for disks; time stolen by the host counts as not ours."""
    fields = [int(v) for v in _read("/proc/stat").split("\n", 1)[0].split()[1:8]]
    user, nice, system, _, _, irq, softirq = fields
    return (user + nice + system + irq + softirq) * TICK


def kernel_threads(prefixes):
    """Kernel threads whose names begin so: {name: pid}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        name = _read(f"/proc/{pid}/comm").strip()
        if any(name.startswith(p) for p in prefixes) and not _read(f"/proc/{pid}/cmdline"):
            found[name] = int(pid)
    return found


class Soak:
    """Burns what is left of the proxy's CPU and counts it (soak/soak.c): used() is what was not left since
    start(). The program under test must be up and without load while this is made: that is its zero."""

    def __init__(self, wires, bin_dir, directory):
        self.path = os.path.join(directory, f"soak{time.monotonic_ns()}")
        self.process = wires.spawn(wires.proxy, wires.command("proxy", [os.path.join(bin_dir, "soak"), self.path]),
                                   priority=1)
        end = time.monotonic() + 10
        while time.monotonic() < end and not self._count():
            time.sleep(0.01)
        before, at = self._count(), time.monotonic()
        time.sleep(0.3)
        self.rate = (self._count() - before) / (time.monotonic() - at)
        self.start()

    def _count(self):
        try:
            with open(self.path, "rb") as f:
                return int.from_bytes(f.read(8), "little")
        except OSError:
            return 0

    def start(self):
        self.before, self.at = self._count(), time.monotonic()

    def used(self):
        """As a share of the time."""
        return max(1e-6, 1 - (self._count() - self.before) / self.rate / (time.monotonic() - self.at))

    def rest(self, seconds):
        """Leaves the CPU to others for so long."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Clock:
    """groups: {name: pids}. start() ... stop() gives seconds per group, and "machine"."""

    def __init__(self, groups):
        self.groups = groups
        self.before = None

    def _now(self):
        now = {name: sum(process_seconds(p) for p in pids) for name, pids in self.groups.items()}
        now["machine"] = machine_seconds()
        return now

    def start(self):
        self.at, self.before = time.monotonic(), self._now()

    def stop(self):
        """And "wall": of the time between, which is to be that of the measurement."""
        now = self._now()
        return {k: v - self.before[k] for k, v in now.items()} | {"wall": time.monotonic() - self.at}


def memory_kib(pid):
    """Resident memory of a process."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def kernel_memory_kib():
    """What the kernel's allocator holds, sockets above all."""
    return sum(int(line.split()[1]) for line in _read("/proc/meminfo").splitlines() if line.startswith("Slab:"))
