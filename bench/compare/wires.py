"""bed: two namespaces joined by two veth pairs, and what runs on which CPU.

    G (generator)                       P (proxy)
    gc  clients' side   ---- veth ----  pf  10.88.0.1   listener
    ge  endpoints' side ---- veth ----  pb  10.99.0.1   towards the endpoints 10.99.0.11

The generator has one CPU, the proxy the other. A veth has no receive hardware: a frame's receive work is done by
whoever sends it, on the sender's CPU, unless it is taken away from there. Here the proxy's receive work is a kernel
thread for each device (threaded NAPI) on the proxy's CPU: who receives pays, as with a NIC. The generator's is left to the
proxy, for all proxies alike: the generator must not be the limit. With users' own programs at the ends (host_addresses())
it is theirs, as the proxy's is its own.
"""
import os
import resource
import subprocess

from bed.netns import Netns, must  # tests/net/bed

import calm
from cpu import kernel_threads

FRONT, BACK, ENDPOINT, GATEWAY = "10.88.0.1", "10.99.0.1", "10.99.0.11", "10.88.0.10"
FILES = 524288  # descriptors that a program should be allowed
PROXY_DEVS, GEN_DEVS = ("pf", "pb"), ("gc", "ge")

# Real-time priority of what is measured, of the receive threads, and of the generator where it measures shortly; what burns the
# rest of a CPU has 1.
MEASURED = 2


class Bed:
    def __init__(self, janitor, tag, cpus, nice, directory):
        """directory: for what DPDK's programs leave behind."""
        self.environment = os.environ | {"RUNTIME_DIRECTORY": directory}
        self.gen_cpu, self.proxy_cpu, self.nice = cpus[0], cpus[1], nice
        self.files = self._allow_files()
        self.calm = {}
        if nice:
            self._before_all_else(janitor, cpus)
            self.calm = calm.unthrottle(janitor)
        # Kernel threads are known by their device's name alone: it must be nobody else's.
        self.dev = {d: f"{d}{tag}" for d in PROXY_DEVS + GEN_DEVS}
        self.gen, self.proxy = Netns(janitor, f"lacon-c{tag}-g"), Netns(janitor, f"lacon-c{tag}-p")
        for ns in (self.gen, self.proxy):
            ns.sysctl(net__ipv4__tcp_congestion_control="reno", net__ipv4__ip_local_port_range="10000 60999",
                      net__ipv4__tcp_tw_reuse=1, net__core__somaxconn=16384, net__ipv4__tcp_max_syn_backlog=16384,
                      net__ipv4__tcp_syncookies=0, net__ipv4__conf__all__rp_filter=0,
                      net__ipv4__conf__default__rp_filter=0, net__ipv6__conf__default__disable_ipv6=1,
                      net__ipv4__tcp_max_tw_buckets=500000)
            ns.ip("link set lo up\n")
        for g, p in (("gc", "pf"), ("ge", "pb")):
            self.gen.ip(f"link add {self.dev[g]} type veth peer name {self.dev[p]} netns {self.proxy.name}\n"
                        f"link set {self.dev[g]} up\n")
            self.proxy.ip(f"link set {self.dev[p]} up\n")
        for dev in GEN_DEVS:
            # Frames of a veth that could do segmentation offload bypass the other end's receive thread.
            self._ethtool(self.gen, dev, "tx", "off", "tso", "off")
        self.kernel_has_addresses = False
        self.offloads(True)

    @staticmethod
    def _allow_files():
        """Raises the limit that our programs inherit, as far as we may; the limit."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        for files in (max(FILES, hard), hard):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
                return files
            except (OSError, ValueError):
                pass
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    @staticmethod
    def _before_all_else(janitor, cpus):
        """Other work of the machine must not hold up what reads the clocks, nor put-off interrupt work."""
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(5))
        for pid in kernel_threads([f"ksoftirqd/{cpu}" for cpu in cpus]).values():
            if os.sched_getscheduler(pid) == os.SCHED_OTHER:
                janitor.timeshare(pid)
                os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(3))

    # ---- the proxy's end ----

    def _ethtool(self, ns, dev, *words):
        must(["ip", "netns", "exec", ns.name, "ethtool", "-K", self.dev[dev], *words])

    def offloads(self, on):
        """What the proxy's kernel may leave to its devices. On, as Linux has it: checksums of what is sent are not
        computed, segments are cut at the last moment, received ones merged. Off: none of it (merging stays on, without
        which a veth has no receive thread, but may merge nothing)."""
        segs, merged = (65535, 65536) if on else (1, 1600)
        for dev in PROXY_DEVS:
            self._ethtool(self.proxy, dev, "tx", "on" if on else "off")
            self._ethtool(self.proxy, dev, "gro", "on")
            # 60000: what the generator's af_packet end can take in one frame.
            self.proxy.ip(f"link set {self.dev[dev]} gso_max_size 60000 gso_max_segs {segs} gro_max_size {merged}\n")

    def kernel_addresses(self, on):
        """The proxy is a program on the kernel's TCP, or has addresses of its own."""
        if on == self.kernel_has_addresses:
            return
        word = "add" if on else "del"
        self.proxy.ip(f"addr {word} {FRONT}/24 dev {self.dev['pf']}\naddr {word} {BACK}/24 dev {self.dev['pb']}\n")
        if on:
            self.proxy.ip(f"route add 10.128.0.0/9 via {GATEWAY} dev {self.dev['pf']}\n")
        self.kernel_has_addresses = on

    def forward(self, on):
        self.proxy.sysctl(net__ipv4__ip_forward=int(on))

    # ---- the generator's end, for programs on the kernel's TCP ----

    def host_addresses(self):
        """The pids of their receive threads."""
        for dev, address in (("gc", GATEWAY), ("ge", ENDPOINT)):
            self._ethtool(self.gen, dev, "gro", "on")
            self.gen.ip(f"addr replace {address}/24 dev {self.dev[dev]}\n")
        return self._receive(self.gen, GEN_DEVS, self.gen_cpu)

    def no_host_addresses(self):
        for dev in GEN_DEVS:
            self._device(self.gen, dev, "threaded", 0)
            self.gen.ip(f"addr flush dev {self.dev[dev]}\n")
            self._ethtool(self.gen, dev, "gro", "off")

    # ---- CPUs ----

    def command(self, side, cmd):
        """A command line that runs on that side's CPU."""
        cpu = self.proxy_cpu if side == "proxy" else self.gen_cpu
        return ["taskset", "-c", str(cpu)] + [str(c) for c in cmd]

    def spawn(self, ns, cmd, spins=False, priority=MEASURED, **more):
        """Starts what is measured, before all other work of the machine: at real-time priority, that of the receive
        threads; what never sleeps would then starve the machine and is made nice to us instead. In a session of
        its own: where the kernel shares CPUs among sessions (autogroup), it is the session's niceness that counts."""
        first = ["nice", "-n", str(self.nice)] if spins or not self.nice else ["chrt", "--rr", str(priority)]
        process = subprocess.Popen(ns.command([*first, *cmd]), text=True, start_new_session=True,
                                   env=self.environment, **more)
        try:
            with open(f"/proc/{process.pid}/autogroup", "w", encoding="ascii") as f:
                f.write(str(self.nice))
        except OSError:
            pass
        return process

    def pin(self):
        """Gives the receive work of the proxy's devices its CPU; after every change of a device's programs. Returns the
        pids of its threads."""
        return self._receive(self.proxy, PROXY_DEVS, self.proxy_cpu)

    def _receive(self, ns, devs, cpu):
        """A receive thread for each device, at the priority of what receives from it: above it would interrupt it for
        each frame, which costs each of the proxies a third of its speed or more."""
        pids = []
        for dev in devs:
            self._device(ns, dev, "threaded", 1)
            for pid in kernel_threads([f"napi/{self.dev[dev]}-"]).values():
                os.sched_setaffinity(pid, {cpu})
                if self.nice:
                    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(MEASURED))
                pids.append(pid)
        return pids

    def _device(self, ns, dev, key, value):
        subprocess.run(["ip", "netns", "exec", ns.name, "sh", "-c", f"echo {value} > /sys/class/net/{self.dev[dev]}/{key}"],
                       stderr=subprocess.DEVNULL, check=False)
