"""A milter client: what an MTA does, one step at a time, over the socket.

    mta = MilterClient("unix:/path")  or  ("inet", port)
    mta.negotiate()
    mta.connect("192.0.2.1")
    mta.helo("mx.example.org")
    verdict = mta.message("<a@example.org>", ["<b@example.net>"], fields, body)
    verdict.action     "continue", "accept", "reject", "tempfail", "reply"
    verdict.edits      ("insert", index, name, value), ("delete", name, index), ("hold", reason)

A step that gets a reply returns it as (letter, payload); one that gets none by
negotiation returns None.
"""
import socket
import struct

ACTIONS_ALL = 0x1FF
STEPS_ALL = 0x1FFFFF
NOEOH, NODATA, NOUNKNOWN, SKIP, LEADSPC = 0x40, 0x200, 0x100, 0x400, 0x100000
NO_REPLY = {"C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000, "T": 0x10000, "L": 0x80,
            "N": 0x40000, "B": 0x80000}
ACTION_NAMES = {"c": "continue", "a": "accept", "r": "reject", "t": "tempfail", "d": "discard",
                "y": "reply", "s": "skip"}
CHUNK = 65535


class Gone(Exception):
    """The daemon closed the connection."""


class Verdict:
    def __init__(self):
        self.action, self.text, self.edits, self.progress = None, "", [], 0

    @property
    def code(self):
        return self.text.split(" ")[0] if self.action == "reply" else self.action

    def inserted(self, name):
        return [e[3] for e in self.edits if e[0] == "insert" and e[2].lower() == name.lower()]

    def deleted(self, name):
        return [e[2] for e in self.edits if e[0] == "delete" and e[1].lower() == name.lower()]

    def __repr__(self):
        return f"Verdict({self.action} {self.text!r} {self.edits})"


class MilterClient:
    def __init__(self, listen, timeout=30):
        if listen.startswith(("unix:", "local:")):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(listen.split(":", 1)[1])
        else:  # inet:PORT@HOST
            port, host = listen.split(":", 1)[1].split("@", 1)
            self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.settimeout(timeout)
        self.steps = self.actions = 0
        self.macro_lists = {}

    # --- packets ---

    def send(self, letter, payload=b""):
        self.socket.sendall(struct.pack("!I", len(payload) + 1) + letter.encode() + payload)

    def receive_octets(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise Gone()
            data += more
        return data

    def receive(self):
        size, = struct.unpack("!I", self.receive_octets(4))
        data = self.receive_octets(size)
        return data[:1].decode(), data[1:]

    def step(self, letter, payload=b""):
        self.send(letter, payload)
        if self.steps & NO_REPLY.get(letter, 0):
            return None
        return self.receive()

    # --- the session ---

    def negotiate(self, version=6, actions=ACTIONS_ALL, steps=STEPS_ALL):
        self.send("O", struct.pack("!III", version, actions, steps))
        letter, data = self.receive()
        assert letter == "O", letter
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])
        rest = data[12:]
        while len(rest) > 4:
            stage, = struct.unpack("!I", rest[:4])
            text, rest = rest[4:].split(b"\0", 1)
            self.macro_lists[stage] = text.decode().split()
        return self

    def macros(self, letter, **values):
        """Single letters are j, i …; longer names get their braces."""
        payload = letter.encode()
        for name, value in values.items():
            wire = name if len(name) == 1 else "{%s}" % name
            payload += octets(wire) + b"\0" + octets(value) + b"\0"
        self.send("D", payload)

    def connect(self, address="192.0.2.1", name="unknown.example", family=None, port=25, **macros):
        self.macros("C", **{"j": "mx.example.net", **macros})
        if family is None:
            family = "6" if ":" in address else "4"
        payload = octets(name) + b"\0" + family.encode()
        if family != "U":
            payload += struct.pack("!H", port) + octets(address) + b"\0"
        return self.step("C", payload)

    def helo(self, name, **macros):
        self.macros("H", **macros)
        return self.step("H", octets(name) + b"\0")

    def mail(self, sender="<a@good.example>", *arguments, **macros):
        self.macros("M", **macros)
        return self.step("M", b"".join(octets(w) + b"\0" for w in (sender,) + arguments))

    def rcpt(self, recipient="<user@example.net>", **macros):
        self.macros("R", **macros)
        return self.step("R", octets(recipient) + b"\0")

    def data(self):
        return self.step("T") if not self.steps & NODATA else None

    def header(self, name, value):
        """VALUE as it stands after the colon, e.g. " text"."""
        value = octets(value)
        if not self.steps & LEADSPC and value[:1] == b" ":
            value = value[1:]
        return self.step("L", octets(name) + b"\0" + value + b"\0")

    def eoh(self):
        return self.step("N") if not self.steps & NOEOH else None

    def body(self, body):
        """In chunks; stops when the daemon says skip.  Octets sent."""
        body, sent = octets(body), 0
        while sent < len(body):
            chunk = body[sent:sent + CHUNK]
            reply = self.step("B", chunk)
            sent += len(chunk)
            if reply and reply[0] == "s":
                break
        return sent

    def eom(self, last=b"", **macros):
        self.macros("E", **{"i": "4Tz0aQ1xyz", **macros})
        self.send("E", octets(last))
        return self.verdict()

    def verdict(self):
        verdict = Verdict()
        while True:
            letter, data = self.receive()
            if letter == "i":
                index, = struct.unpack("!I", data[:4])
                name, value = data[4:-1].split(b"\0", 1)
                verdict.edits.append(("insert", index, text(name), text(value)))
            elif letter == "m":
                index, = struct.unpack("!I", data[:4])
                name, value = data[4:-1].split(b"\0", 1)
                kind = "change" if value else "delete"
                verdict.edits.append((kind, text(name), index))
            elif letter == "q":
                verdict.edits.append(("hold", text(data[:-1])))
            elif letter == "p":
                verdict.progress += 1
            else:
                verdict.action = ACTION_NAMES.get(letter, letter)
                verdict.text = text(data.rstrip(b"\0"))
                return verdict

    def content(self, fields, body="Hello.\r\n"):
        """Header, body and end."""
        self.data()
        for name, value in fields:
            self.header(name, value)
        self.eoh()
        if body:
            self.body(body)
        return self.eom()

    def message(self, sender="<a@good.example>", recipients=("<user@example.net>",), fields=None,
                body="Hello.\r\n", **mail_macros):
        """One transaction.  The Verdict; of MAIL FROM when that is refused."""
        reply = self.mail(sender, **mail_macros)
        if reply and reply[0] not in "ca":
            verdict = Verdict()
            verdict.action, verdict.text = ACTION_NAMES[reply[0]], text(reply[1].rstrip(b"\0"))
            return verdict
        for recipient in recipients:
            self.rcpt(recipient)
        return self.content(plain_fields() if fields is None else fields, body)

    def abort(self):
        self.send("A")

    def quit(self):
        self.send("Q")
        self.socket.close()

    def quit_nc(self):
        self.send("K")

    def close(self):
        self.socket.close()


def octets(s):
    return s if isinstance(s, bytes) else s.encode("utf-8", "surrogateescape")


def text(b):
    return b.decode("utf-8", "surrogateescape")


def plain_fields(author="a@good.example", before=(), after=()):
    return [*before, ("From", f" Somebody <{author}>"), ("To", " user@example.net"),
            ("Subject", " test"), ("Date", " Sat, 21 Nov 2026 12:00:00 +0000"),
            ("Message-ID", " <1@test>"), *after]


def parse_message(data):
    """Octets of a message as ([(name, value)], body), values as after the colon."""
    head, _, body = data.partition(b"\r\n\r\n")
    fields = []
    for line in head.removesuffix(b"\r\n").split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\n" + line)
        else:
            name, _, value = line.partition(b":")
            fields.append((name, value))
    return fields, body
