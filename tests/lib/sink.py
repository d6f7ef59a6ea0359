"""Where a mail server's deliveries end: an SMTP and LMTP server that keeps the
octets as they came over the wire."""
import collections
import os
import queue
import socketserver
import threading
import time

# sender and recipients without angle brackets; data with CRLF, dots unstuffed;
# options: the words after MAIL FROM:<…>.
Delivery = collections.namedtuple("Delivery", "sender rcpts data options")

EXTENSIONS = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 52428800"]


class Handler(socketserver.StreamRequestHandler):
    """One connection.  LHLO makes it LMTP: a reply for each recipient."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def greet(self, word):
        lines = ["sink.example", *EXTENSIONS] if word != "HELO" else ["sink.example"]
        for line in lines[:-1]:
            self.say("250-" + line)
        self.say("250 " + lines[-1])

    def data(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None  # cut off: no delivery

    def handle(self):
        self.say("220 sink.example ready")
        lmtp = False
        sender, rcpts, options = "", [], ""
        for line in self.rfile:
            command = line.decode("utf-8", "surrogateescape").strip()
            word = command.split(" ")[0].upper()
            if word in ("EHLO", "HELO", "LHLO"):
                lmtp = word == "LHLO"
                self.greet(word)
            elif word == "MAIL":
                sender, _, options = command[10:].strip().lstrip("<").partition(">")
                rcpts = []
                self.say("250 2.1.0 ok")
            elif word == "RCPT":
                rcpts.append(command[8:].strip().lstrip("<").partition(">")[0])
                self.say("250 2.1.5 ok")
            elif word == "DATA":
                self.say("354 go")
                data = self.data()
                if data is None:
                    return
                self.server.begun += 1
                if self.server.pauses:
                    time.sleep(self.server.pauses.pop(0))
                if self.server.refusal:
                    self.say(self.server.refusal)
                    continue
                self.server.deliveries.put(Delivery(sender, rcpts, data, options.strip()))
                for _ in rcpts if lmtp else [1]:
                    self.say("250 2.0.0 kept")
            elif word == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Sink:
    """Listens on a free loopback port, or on the UNIX socket PATH."""

    def __init__(self, path=None):
        self.server = UnixServer(str(path), Handler) if path else TcpServer(("127.0.0.1", 0), Handler)
        if path:
            os.chmod(path, 0o666)
        self.server.refusal = None
        self.server.begun = 0  # messages that came, kept or not
        self.server.pauses = []  # seconds before the answers to the next ones
        self.port = None if path else self.server.server_address[1]
        self.deliveries = self.server.deliveries = queue.Queue()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, seconds=20):
        """The next Delivery."""
        try:
            return self.deliveries.get(timeout=seconds)
        except queue.Empty:
            raise RuntimeError(f"no delivery within {seconds} s") from None

    def empty(self):
        return self.deliveries.empty()

    def refuse(self, reply):
        """REPLY is the answer to each message from now on; None: they are kept."""
        self.server.refusal = reply

    def pause(self, *seconds):
        """The answers to the next messages come so many SECONDS later."""
        self.server.pauses = list(seconds)

    def begun(self):
        """Messages that came so far, whether they were kept or not."""
        return self.server.begun

    def mails(self):
        """What was kept so far, as octets."""
        return [d.data for d in list(self.deliveries.queue)]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
