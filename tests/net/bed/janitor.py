"""janitor: a small process that cleans up after its parent.

It holds the reading end of a pipe. The parent writes down what it creates; when the pipe closes, because the
parent has finished, failed, or was killed with SIGKILL, everything on the list goes, the youngest first.
There is no other way of cleaning up, so the one that counts in a crash is the one that every run tests.
"""
import os
import shutil
import signal
import subprocess
import sys
import time


class Janitor:
    """Make it before any thread: it forks."""

    def __init__(self):
        reading, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _wait_and_clean(reading)
        os.close(reading)

    def netns(self, name):
        self._note("netns", name)

    def directory(self, path):
        self._note("directory", path)

    def timeshare(self, pid):
        """A kernel thread whose scheduling was changed goes back to the usual one."""
        self._note("timeshare", pid)

    def setting(self, path, value):
        """A file of /proc/sys goes back to that value."""
        self._note("setting", f"{path} {value}")

    def _note(self, kind, name):
        os.write(self.pipe, f"{kind} {name}\n".encode())

    def close(self):
        """Cleans up now and waits until it is done."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
            os.waitpid(self.pid, 0)


def _wait_and_clean(reading):
    status = 1
    try:
        # Out of the terminal's process group: Ctrl-C is the parent's affair.
        os.setsid()
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(sig, signal.SIG_IGN)
        # The parent's output must not stay open for us: somebody may be reading it to its end.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        with os.fdopen(reading) as lines:
            todo = [line.rstrip("\n").partition(" ") for line in lines]
        # First of all nobody may run in the namespaces any more.
        for kind, _, name in todo:
            if kind == "netns":
                _end_processes(name)
        undone = [_undo(kind, name) for kind, _, name in reversed(todo)]  # all of it, whatever one of them says
        status = 0 if all(undone) else 1
    except OSError as why:
        print(f"cleaning up: {why}", file=sys.stderr)
    finally:
        os._exit(status)


def _undo(kind, name):
    """Whether it could be."""
    try:
        if kind == "netns":
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        elif kind == "timeshare":
            os.sched_setscheduler(int(name), os.SCHED_OTHER, os.sched_param(0))
        elif kind == "setting":
            path, _, value = name.partition(" ")
            with open(path, "w", encoding="ascii") as f:
                f.write(f"{value}\n")
        else:
            shutil.rmtree(name, ignore_errors=True)
        return True
    except OSError as why:
        print(f"cleaning up: {kind} {name}: {why}", file=sys.stderr)
        return False


def _pids(name):
    found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split() if int(pid) not in (os.getpid(), os.getppid())]


def _end_processes(name):
    give_up = time.monotonic() + 10
    while pids := _pids(name):
        if time.monotonic() > give_up:
            print(f"cleaning up: processes {pids} in {name} do not end", file=sys.stderr)
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)
