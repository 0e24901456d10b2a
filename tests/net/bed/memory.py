"""How much memory lacon has, and where that can be told from what it has used."""
import contextlib
import os


def resident(t):
    """Kilobytes of its process."""
    with open(f"/proc/{t.lacon.child.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


@contextlib.contextmanager
def no_quarantine():
    """A lacon under the address sanitizer keeps what is freed, to find later uses of it: that is not memory that grows."""
    before = os.environ.get("ASAN_OPTIONS", "")
    os.environ["ASAN_OPTIONS"] = before + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    try:
        yield
    finally:
        os.environ["ASAN_OPTIONS"] = before
