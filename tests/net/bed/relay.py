"""relay: the bad network of shape "relayed" (relay/relay.c): what it is told to do, and what it did."""
import os
import re
import signal

from .wait import until


class Relay:
    """Runs until the test's end. spec: {"up", "down", "both": settings as relay's usage has them}; vlan: b's tag."""

    def __init__(self, test, a, b, spec, seed, vlan=0):
        cmd = [os.path.join(test.bin_dir, "relay"), "--seed", str(seed), "--vlan", str(vlan)]
        for way, text in spec.items():
            cmd += [f"--{way}", text]
        self.child = test.background(test.topo.rel, cmd + [a, b], f"relay {a}")
        self.child.wait_line("relaying")

    def counts(self):
        """{"up": {"in": frames, "lost": frames, ...}, "down": ...} so far."""
        before = len(self.child.lines)
        self.child.kill(signal.SIGUSR1)
        until(lambda: len(self.child.lines) >= before + 2, "the relay's counts")
        found = {}
        for line in self.child.lines[before:before + 2]:
            way, _, rest = line.partition(": ")
            found[way] = {name: int(n) for name, n in re.findall(r"(\w+) (\d+)", rest)}
        return found

    def total(self, what):
        return sum(way[what] for way in self.counts().values())
