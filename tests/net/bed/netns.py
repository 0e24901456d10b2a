"""netns: one network namespace: sockets and processes in it."""
import collections
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

from .wait import Timeout

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def must(cmd, **more):
    """Runs a command that has to succeed; its output."""
    done = subprocess.run(cmd, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(cmd)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Netns:
    def __init__(self, janitor, name):
        self.name = name
        janitor.netns(name)
        must(["ip", "netns", "add", name])

    @contextlib.contextmanager
    def entered(self):
        """This thread, and nobody else, is in the namespace. What it opens there stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)
            os.close(there)

    def socket(self, family, kind=socket.SOCK_STREAM, proto=0):
        with self.entered():
            return socket.socket(family, kind, proto)

    def ip(self, lines):
        """Several commands of ip(8), a line each."""
        must(["ip", "-n", self.name, "-batch", "-"], input=lines)

    def nft(self, rules):
        """Rules for nft(8)."""
        must(["ip", "netns", "exec", self.name, "nft", "-f", "-"], input=rules)

    def sysctl(self, **values):
        with self.entered():
            # /proc/sys/net shows the namespace of the process's first thread: ask for this thread's.
            must(["sysctl", "-q"] + [f"{k.replace('__', '.')}={v}" for k, v in values.items()])

    def command(self, cmd):
        """The command line that runs cmd in here, and that ends with the one who started it."""
        return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.name] + [str(c) for c in cmd]

    def run(self, cmd, timeout=60, **more):
        """Runs to the end. Never raises for a status: .returncode, .stdout, .stderr (text)."""
        more = {"text": True, "capture_output": True} | more
        return subprocess.run(self.command(cmd), timeout=timeout, check=False, **more)

    def start(self, cmd, name=None):
        return Child(self.command(cmd), name or os.path.basename(cmd[0]))


class Child:
    """A program that runs beside the test. All it says, on either stream, is kept by line.

    Start it from the main thread: the kernel kills it when the thread that started it ends.
    """

    def __init__(self, cmd, name):
        self.name = name
        self.lines = []
        self.news = threading.Condition()
        self.process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.process.wait()
            self.news.notify_all()

    def running(self):
        return self.process.poll() is None

    def said(self, pattern):
        return any(re.search(pattern, line) for line in self.lines)

    def tail(self, n=15):
        return "\n".join(collections.deque(self.lines, n))

    def wait_line(self, pattern, seconds=30):
        """Until a line with the pattern was said; Timeout when it was not or the program has ended."""
        end = time.monotonic() + seconds
        with self.news:
            while not self.said(pattern):
                left = end - time.monotonic()
                if left <= 0 or not self.reader.is_alive():
                    raise Timeout(f"{self.name} did not say /{pattern}/; it said:\n{self.tail()}")
                self.news.wait(min(left, 0.2))

    def wait(self, seconds=120):
        """Its exit status once it has ended; negative: by that signal."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} does not end; it said:\n{self.tail()}") from None
        self.reader.join(5)
        return self.process.returncode

    def kill(self, sig):
        self.process.send_signal(sig)

    def stop(self, sig=signal.SIGTERM, seconds=20):
        """Asks it to end, makes it end; the exit status."""
        if self.running():
            self.kill(sig)
        try:
            return self.wait(seconds)
        except Timeout:
            self.process.kill()
            self.wait(10)
            raise
