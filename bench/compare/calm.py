"""calm: keeps the kernel from taking the proxy's CPU away. What is measured has real-time priority, and a proxy that is busy or
looks on uses all of its CPU at it. Two things of the kernel's then hold it up for 50 ms of each second, and that is p99:

  throttling    a kernel with RT_GROUP_SCHED lets real-time threads have 950 ms of a second, also where nobody else wants
                the CPU, which then stands idle. It is off for the run, where there is the other to keep the machine alive
  fair server   from Linux 6.12 on, other threads that have had nothing for 950 ms get 50 ms. It cannot be switched off where the
                kernel is locked down, and who did would stop the kernel's own threads, for which others wait. But no stretch
                of a measurement at equal load is as long: before each of them the CPU rests

For all proxies alike. What it does not help is a proxy that never sleeps, on a CPU that others want."""
import fcntl
import os
import platform
import re
import time

THROTTLE = "/proc/sys/kernel/sched_rt_runtime_us"
STRETCH = 0.35  # seconds; with making connections and warming up far below 0.95; three in a second, for a median
WARMUP = 0.1
REST = 0.1  # seconds: the 50 ms that other threads would get, and some


def alone():
    """False where another comparison runs: its settings would become ours, and stay. To be called before the janitor is
    made, so that nobody else begins as long as it cleans up."""
    try:
        fd = os.open(THROTTLE, os.O_RDONLY | os.O_CLOEXEC)  # open until the process ends, and its janitor
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a kernel without real-time limits
    return True


def unthrottle(janitor):
    """What was done, for the result; back as it was by the janitor, also when we are killed."""
    try:
        with open(THROTTLE, encoding="ascii") as f:
            was = f.read().strip()
        if tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups())) < (6, 12) or was == "-1":
            return {"rt_throttling": was}
        janitor.setting(THROTTLE, was)
        with open(THROTTLE, "w", encoding="ascii") as f:
            f.write("-1\n")
        return {"rt_throttling": f"-1 for the run, {was} before"}
    except OSError as why:
        return {"rt_throttling": str(why)}


def stretches(seconds, rest=time.sleep):
    """Lengths of the stretches in which so long is measured; rest(REST) leaves the CPU to others before each."""
    n = max(1, -int(-seconds // STRETCH))
    for _ in range(n):
        rest(REST)
        yield seconds / n
