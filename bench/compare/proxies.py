"""proxies: the programs under test, each started in the proxy's namespace on the proxy's CPU and stopped again."""
import json
import os
import re
import socket
import string
import subprocess
import time

from load import Lines, Trouble, end_process
from wires import BACK, ENDPOINT, FRONT, GATEWAY

MEMIF_MAC = "02:00:00:00:00:0"
CONF = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "conf")


def template(name, **values):
    with open(os.path.join(CONF, name), encoding="utf-8") as f:
        return string.Template(f.read()).substitute(values)


def wait_for(true, what, process=None, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        if process is not None and process.poll() is not None:
            raise Trouble(f"{what}: the program ended")
        if time.monotonic() > end:
            raise Trouble(f"{what}: not in {seconds} s")
        time.sleep(0.01)


class Proxy:
    """kernel: it uses the kernel's TCP, on the kernel's addresses. polls: all of its CPU is its own."""
    kernel = True
    polls = False
    spins = False
    name = "?"

    def __init__(self, wires, directory, bin_dir):
        self.wires, self.dir, self.bin = wires, directory, bin_dir
        self.process = None

    def spawn(self, cmd):
        self.log = open(os.path.join(self.dir, f"{self.name}.log"), "a", encoding="utf-8")
        self.process = self.wires.spawn(self.wires.proxy, self.wires.command("proxy", cmd), spins=self.spins,
                                        stdout=self.log, stderr=self.log)

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def listens(self):
        with self.wires.proxy.socket(socket.AF_INET) as s:
            s.settimeout(1)
            return s.connect_ex((FRONT, 80)) == 0

    def pids(self):
        return [self.process.pid]

    def stop(self):
        if self.process:
            end_process(self.process, self.name)
            self.log.close()
        self.process = None


class Nginx(Proxy):
    name = "nginx"
    conf = "nginx.conf"

    def start(self):
        path = self.file(f"{self.name}.conf", template(
            self.conf, dir=self.dir, front=FRONT, connections=min(200000, self.wires.files - 100)))
        self.spawn(["/usr/sbin/nginx", "-e", "stderr", "-p", self.dir, "-c", path])
        wait_for(self.listens, "nginx", self.process)


class Haproxy(Proxy):
    name = "haproxy"

    def start(self):
        path = self.file("haproxy.cfg", template(
            "haproxy.cfg", front=FRONT, connections=min(150000, (self.wires.files - 500) * 2 // 5 - 300)))
        self.spawn(["/usr/sbin/haproxy", "-db", "-f", path])
        wait_for(self.listens, "haproxy", self.process)


class KernelForward(Proxy):
    """No proxy: the kernel routes between the two wires. The generator's clients talk to its endpoints, so this
    is how much it can do by itself on these wires."""
    name = "kernel forwarding"

    def start(self):
        self.wires.forward(True)

    def pids(self):
        return []

    def stop(self):
        self.wires.forward(False)


class Lacon(Proxy):
    """interfaces: the YAML of where it is; by default the veths."""
    kernel = False
    name = "lacon"
    idle = "adaptive"
    connections, memory = 65536, "256MiB"
    layer4 = ""
    admin = None

    def interfaces(self):
        d = self.wires.dev
        return {side: f"device: {d[dev]}" for side, dev in (("front", "pf"), ("back", "pb"))}

    def start(self):
        self.sock = os.path.join(self.dir, "admin.sock")
        path = self.file("lacon.yaml", template(
            "lacon.yaml", cpu=self.wires.proxy_cpu, socket=self.sock, connections=self.connections,
            memory=self.memory, kept="256MiB" if self.connections > 100000 else "64MiB", front=FRONT, back=BACK,
            gateway=GATEWAY, idle=self.idle, layer4=self.layer4, **{f"{k}_kind": v for k, v in self.interfaces().items()}))
        before = self.ready_lines()
        self.spawn([os.path.join(self.bin, "lacon"), "-c", path])
        wait_for(lambda: self.ready_lines() > before, "lacon", self.process, 60)

    def ready_lines(self):
        try:
            with open(os.path.join(self.dir, f"{self.name}.log"), encoding="utf-8", errors="replace") as f:
                return f.read().count(" ready: ")
        except OSError:
            return 0

    def ask(self, words):
        """Asks the admin socket, at once: a program to do it would first have to be given a CPU."""
        if self.admin is None:
            self.admin = socket.socket(socket.AF_UNIX)
            self.admin.settimeout(30)
            self.admin.connect(self.sock)
        self.admin.sendall(words.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.admin.recv(65536) or b"{}\n"
        return json.loads(answer)

    def stop(self):
        if self.admin:
            self.admin.close()
            self.admin = None
        super().stop()

    def work(self):
        """(cycles in which it had something to do, frames received) so far."""
        frames = sum(c["value"] for c in self.ask("counters")["counters"] if c["name"] == "rx_frames")
        return sum(w["busy_cycles"] for w in self.ask("status")["workers"]), frames


class LaconPoll(Lacon):
    """Never sleeps: for who gives it a CPU of its own."""
    name = "lacon, idle: poll"
    idle = "poll"
    polls = True


class LaconMemif(Lacon):
    name = "lacon on memif"
    spins = True

    def __init__(self, wires, directory, bin_dir, sockets):
        super().__init__(wires, directory, bin_dir)
        self.sockets = sockets

    def interfaces(self):
        return {side: f'vdev: "net_memif{i},role=client,id=0,socket-abstract=no,rsize=11,mac={MEMIF_MAC}{i},socket={path}"'
                for i, (side, path) in enumerate(zip(("front", "back"), self.sockets))}


class LaconTunnel(LaconMemif):
    """The same without HTTP: bytes are spliced from the first one on."""
    name = "lacon protocol tcp"
    layer4 = " protocol: tcp, cluster: endpoints,"


class Testpmd(Proxy):
    """DPDK's plain forwarder on the same memif ports."""
    kernel = False

    def __init__(self, wires, directory, bin_dir, sockets, mode):
        super().__init__(wires, directory, bin_dir)
        self.sockets, self.mode, self.name = sockets, mode, f"testpmd {mode}"

    def start(self):
        vdevs = [w for i, path in enumerate(self.sockets)
                 for w in ("--vdev", f"net_memif{i},role=client,id=0,socket-abstract=no,rsize=11,socket={path}")]
        cpu = self.wires.proxy_cpu
        self.log = open(os.path.join(self.dir, "testpmd.log"), "a", encoding="utf-8")
        # testpmd's first thread only reads commands; the second forwards. taskset would hold both on one CPU.
        cmd = ["stdbuf", "-oL", "dpdk-testpmd", f"--lcores=0@{self.wires.gen_cpu},1@{cpu}",
               "--no-huge", "-m", "256", "--no-shconf", "--no-pci", "--no-telemetry", "--iova-mode=va",
               f"--file-prefix=lacon-testpmd-{os.getpid()}", *vdevs, "--", "-i", "--nb-cores=1", "--total-num-mbufs=16384",
               "--rxd=2048", "--txd=2048", f"--forward-mode={self.mode}", "--record-core-cycles"]
        self.process = self.wires.spawn(self.wires.proxy, cmd, spins=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log)
        self.lines = Lines(self.process, self.name)
        self.tell("start", "show config fwd")
        self.read_until(r"forwarding - ports=2")

    def tell(self, *commands):
        self.process.stdin.write("".join(c + "\n" for c in commands))
        self.process.stdin.flush()

    def read_until(self, pattern):
        """What it says up to a line with the pattern."""
        end, text = time.monotonic() + 30, ""
        while True:
            line = self.lines.next(end, f"waiting for /{pattern}/")
            text += line + "\n"
            self.log.write(line + "\n")
            if re.search(pattern, line):
                return text

    def clear(self):
        self.tell("clear fwd stats all")

    def cycles_per_packet(self):
        """Since clear(); cycles of rounds that found something."""
        self.tell("show fwd stats all")
        return float(re.search(r"CPU cycles/packet=([\d.]+)", self.read_until(r"CPU cycles/packet="))[1])

    def stop(self):
        if self.process:
            try:
                self.process.communicate("stop\nquit\n", timeout=10)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                end_process(self.process, self.name)
            self.log.close()
        self.process = None


class Origin(Proxy):
    """A real nginx as endpoint, on the generator's side."""
    name = "origin"

    def __init__(self, wires, directory, bin_dir, sizes):
        super().__init__(wires, directory, bin_dir)
        self.sizes = sizes

    def start(self):
        www = os.path.join(self.dir, "www")
        os.makedirs(www, exist_ok=True)
        for n in self.sizes:
            with open(os.path.join(www, str(n)), "wb") as f:
                f.write(os.urandom(n))
        path = self.file("origin.conf", template("origin.conf", dir=self.dir, www=www))
        self.log = open(os.path.join(self.dir, "origin.log"), "a", encoding="utf-8")
        cmd = self.wires.command("generator", ["/usr/sbin/nginx", "-e", "stderr", "-p", self.dir, "-c", path])
        self.process = self.wires.spawn(self.wires.gen, cmd, stdout=self.log, stderr=self.log)
        wait_for(self.listens, "origin", self.process)

    def listens(self):
        with self.wires.gen.socket(socket.AF_INET) as s:
            s.settimeout(1)
            return s.connect_ex((ENDPOINT, 80)) == 0
