"""names: a small name server, in a thread of the runner, with its socket in a namespace."""
import socket
import struct
import threading

A, AAAA = 1, 28
NXDOMAIN = 3


class Names:
    """Answers for the names in `records`, {name: [addresses]}, which a test may change at any time; others do not
    exist. silent: answers nothing."""

    def __init__(self, ns, ip="127.0.0.1", port=5300, ttl=1):
        self.records, self.ttl, self.silent, self.asked = {}, ttl, False, 0
        self.address = f"{ip}:{port}"
        self.sock = ns.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                question, peer = self.sock.recvfrom(512)
                if not question:
                    return
                self.asked += 1
                if not self.silent:
                    self.sock.sendto(self._answer(question), peer)
            except OSError:  # closed, between a question and its answer as well
                return

    def _answer(self, question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack_from(">H", question, at + 1)[0]
        addresses = self.records.get(".".join(labels).lower())
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        data = [socket.inet_pton(family, a) for a in addresses or []
                if family and (":" in a) == (family == socket.AF_INET6)]
        flags = 0x8400 | (NXDOMAIN if addresses is None else 0)
        head = question[:2] + struct.pack(">HHHHH", flags, 1, len(data), 0, 0)
        answers = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, self.ttl, len(d)) + d for d in data)
        return head + question[12:at + 5] + answers

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
