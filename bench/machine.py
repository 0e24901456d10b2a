"""What a benchmark's figures belong to: machine, versions, revision, time. Used by bench/micro, scaling, offload."""
import datetime
import os
import platform
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def said(*command):
    """The first line that a command prints; empty where it cannot be run."""
    try:
        done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def package(name):
    """Its version as Debian installed it."""
    return said("dpkg-query", "-W", "-f", "${Version}", name)


def compiler():
    """Of the build that is measured, build/release."""
    try:
        with open(os.path.join(TOP, "build", "release", "CMakeCache.txt"), encoding="utf-8") as f:
            found = re.search(r"^CMAKE_C_COMPILER:[A-Z]*=(.*)$", f.read(), re.M)
    except OSError:
        found = None
    return said(found[1], "--version") if found else ""


def machine(packages=()):
    """{word: value}, plain ones; `packages`: of which Debian packages the versions matter."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            name = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M)
    except OSError:
        name = None
    return {"cpu": name[1] if name else platform.machine(), "cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0],
            "date": datetime.datetime.now().astimezone().isoformat("T", "seconds"), "revision": said("git", "describe", "--always", "--dirty"),
            "compiler": compiler()} | {p: package(p) for p in packages}
