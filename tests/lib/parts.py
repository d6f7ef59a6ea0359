"""The real parts that the tests stand on: private, on loopback, stopped by pid.

Everything lives in one scratch directory that is removed at the end; nothing
outside it is written, and only processes started here are ever signalled.
"""
import base64
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("VIDIMUS_BUILD", os.environ.get("top_builddir", TOP))).resolve()
VIDIMUSD = os.environ.get("VIDIMUSD", str(BUILD / "vidimusd"))
VIDIMUS = os.environ.get("VIDIMUS", str(BUILD / "vidimus"))


class Tally:
    """Counts named checks and prints the closing line that runners share."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, ok, seen=""):
        if ok:
            self.passed += 1
            print(f"ok   {name}", flush=True)
        else:
            self.failed += 1
            seen = str(seen)
            print(f"FAIL {name}: {seen[:4000]}{' …' if len(seen) > 4000 else ''}", flush=True)
        return ok

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"got {got!r}, wanted {wanted!r}")

    def skip(self, why):
        """Something is missing: a failure where everything has to be there."""
        if os.environ.get("CI"):
            self.check(why, False, "missing in CI")
        else:
            self.skipped += 1
            print(f"skip {why}", flush=True)

    def done(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}")
        sys.exit(1 if self.failed or not self.passed + self.skipped else 0)


@contextlib.contextmanager
def scratch():
    path = pathlib.Path(tempfile.mkdtemp(prefix="vidimus-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        if os.environ.get("KEEP_SCRATCH"):
            print("scratch kept in", path)
        else:
            shutil.rmtree(path, ignore_errors=True)


def give_to(path, user):
    """Makes USER the owner of PATH."""
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{what}: not ready after {seconds} s")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Process:
    """A child of ours: started, and stopped by its own pid."""

    def __init__(self, argv, log, **more):
        self.log = pathlib.Path(log)
        self.out = open(self.log, "ab")
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.out,
                                      stderr=subprocess.STDOUT, **more)

    def stop(self, seconds=60):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.out.close()
        return self.child.returncode

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Nsd:
    """NSD, authoritative for the root: the whole DNS of a test.  ZONES: texts of other
    zones by their names, or of the root's own."""

    HEAD = "$TTL 300\n. SOA ns.invalid. host.invalid. 1 3600 600 86400 300\n. NS ns.invalid.\n"

    def __init__(self, base, records, port=None, zones=None):
        self.dir = pathlib.Path(base) / "nsd"
        self.dir.mkdir(exist_ok=True)
        self.port = port or free_port()
        zones = {".": self.HEAD + records, **(zones or {})}
        for number, text in enumerate(zones.values()):
            (self.dir / f"{number}.zone").write_text(text)
        (self.dir / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  server-count: 1
  database: ""
  zonesdir: "{self.dir}"
  pidfile: "{self.dir}/nsd.pid"
  xfrdfile: "{self.dir}/xfrd.state"
  zonelistfile: "{self.dir}/zone.list"
  xfrdir: "{self.dir}"
remote-control:
  control-enable: no
""" + "".join(f"""zone:
  name: "{name}"
  zonefile: "{number}.zone"
""" for number, name in enumerate(zones)))
        self.start()

    def start(self):
        program = shutil.which("nsd") or "/usr/sbin/nsd"
        self.process = Process([program, "-d", "-c", str(self.dir / "nsd.conf")],
                               self.dir / "log")
        wait_for("nsd", lambda: answers(self.port))

    def stop(self):
        self.process.stop()


class Daemon:
    """vidimusd in the foreground on a UNIX socket or an inet port.  WRAPPER: the words
    of a command that runs it; PROCESS: more for its Popen."""

    def __init__(self, base, config, listen, name="vidimusd", ready=None, wrapper=(), process=None):
        self.dir = pathlib.Path(base) / name
        self.dir.mkdir(exist_ok=True)
        self.dir.chmod(0o755)
        self.config = self.dir / "vidimus.conf"
        self.listen = listen
        self.control = self.dir / "control"
        self.write_config(config)
        self.wrapper, self.more = list(wrapper), process or {}
        self.ready = ready or self.default_ready
        self.start()

    def write_config(self, config):
        unwatched = "" if "metrics {" in config else 'metrics { listen = "" }\n'
        self.config.write_text(f'listen = "{self.listen}"\ncontrol = "{self.control}"\n' +
                               unwatched + config)

    def default_ready(self):
        if self.listen.startswith("unix:"):
            return os.path.exists(self.listen[5:])
        return answers(int(self.listen.split(":")[1].split("@")[0]))

    def start(self):
        self.process = Process([*self.wrapper, VIDIMUSD, "-f", "-c", str(self.config)],
                               self.dir / "log", **self.more)

        def ready():
            if self.process.child.poll() is not None:
                raise RuntimeError("vidimusd ended: " + self.process.text()[-2000:])
            return self.ready()
        wait_for("vidimusd", ready)

    def stop(self):
        return self.process.stop()

    def log(self):
        return self.process.text()


class SaslServer:
    """The authentication server that Postfix asks (Dovecot's protocol): takes
    one user and password by PLAIN."""

    def __init__(self, path, user, password):
        wanted = base64.b64encode(f"\0{user}\0{password}".encode()).decode()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n"
                                 b"COOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")
                for line in self.rfile:
                    words = line.decode().rstrip("\n").split("\t")
                    if words[0] != "AUTH":
                        continue
                    good = f"resp={wanted}" in words
                    reply = f"OK\t{words[1]}\tuser={user}\n" if good else f"FAIL\t{words[1]}\n"
                    self.wfile.write(reply.encode())

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self.server = Server(str(path), Handler)
        os.chmod(path, 0o666)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Reinjector:
    """An after-queue content filter: takes a message by SMTP and hands it on,
    one field added, to the re-injection port."""

    def __init__(self, to_port):
        self.seen = 0
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                say = lambda text: self.wfile.write(text.encode() + b"\r\n")
                say("220 filter")
                sender, rcpts = "", []
                for line in self.rfile:
                    word = line.strip().decode("latin-1")
                    upper = word.upper()
                    if upper.startswith(("EHLO", "HELO")):
                        say("250 filter")
                    elif upper.startswith("MAIL FROM:"):
                        sender = word[10:].split(">")[0].strip().lstrip("<")
                        say("250 ok")
                    elif upper.startswith("RCPT TO:"):
                        rcpts.append(word[8:].split(">")[0].strip().lstrip("<"))
                        say("250 ok")
                    elif upper == "DATA":
                        say("354 go")
                        lines = []
                        for body in self.rfile:
                            if body == b".\r\n":
                                break
                            lines.append(body[1:] if body.startswith(b"..") else body)
                        outer.seen += 1
                        with smtplib.SMTP("127.0.0.1", to_port, local_hostname="filter") as out:
                            out.sendmail(sender, rcpts, b"X-Filtered: yes\r\n" + b"".join(lines))
                        say("250 handed on")
                        sender, rcpts = "", []
                    elif upper == "QUIT":
                        say("221 bye")
                        return
                    else:
                        say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Postfix:
    """A private Postfix from Debian's own master.cf: chrooted as shipped, with
    its first line put on loopback ports.

    services: list of (port, [main.cf overrides as "name=value"]).
    Mail for example.net users is delivered to Maildirs under dir/mail.
    """

    MASTER = ("/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf")

    def __init__(self, base, services, settings=""):
        self.dir = pathlib.Path(base) / "postfix"
        self.queue, self.conf, self.data = (self.dir / d for d in ("queue", "conf", "data"))
        self.mail = self.dir / "mail"
        for path in (self.dir, self.queue, self.conf, self.data, self.mail):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        self.user = pwd.getpwnam("postfix")
        give_to(self.data, "postfix")
        give_to(self.mail, "postfix")
        self.log_file = self.dir / "maillog"
        self.services = services
        self.write_main(settings)
        self.write_master()
        self.fill_chroot()

    def write_main(self, settings):
        ids = f"static:{self.user.pw_uid}", f"static:{self.user.pw_gid}"
        (self.conf / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {self.data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {self.log_file}
maillog_file_prefixes = /var, /dev/stdout, {self.dir}
myhostname = mx.example.net
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
virtual_mailbox_domains = example.net
virtual_mailbox_base = {self.mail}
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = {ids[0]}
virtual_gid_maps = {ids[1]}
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_banner = mx.example.net ESMTP
milter_default_action = tempfail
message_size_limit = 20971520
header_size_limit = 1048576
disable_dns_lookups = yes
{settings}
""")

    def write_master(self):
        shipped = next(p for p in self.MASTER if os.path.exists(p))
        lines = pathlib.Path(shipped).read_text().splitlines()
        first = next(i for i, l in enumerate(lines) if l.split()[:2] == ["smtp", "inet"])
        chroot = lines[first].split()[4]
        own = []
        for port, overrides in self.services:
            own.append(f"127.0.0.1:{port} inet n - {chroot} - - smtpd")
            own += [f"  -o {o}" for o in overrides]
        (self.conf / "master.cf").write_text(
            "\n".join(lines[:first] + own + lines[first + 1:]) + "\n")
        self.chrooted = chroot == "y"

    def fill_chroot(self):
        for name in ("etc/services", "etc/hosts", "etc/nsswitch.conf", "etc/resolv.conf",
                     "etc/localtime"):
            source = pathlib.Path("/") / name
            if source.exists():
                (self.queue / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, self.queue / name)
        # Where the milter socket lives: seen as /vidimus inside the chroot.
        (self.queue / "vidimus").mkdir(exist_ok=True)

    def client(self, port, ip=None, helo="client.example"):
        """An SMTP client; with IP one that Postfix takes for a host elsewhere."""
        return Client(port, ip=ip, helo=helo)

    def local(self, data, sender, rcpts):
        """Mail of a user of this host (LF line ends), as sendmail(1) takes it."""
        return subprocess.run(["sendmail", "-C", str(self.conf), "-i", "-f", sender, *rcpts],
                              input=data, capture_output=True)

    def command(self, *words):
        return subprocess.run(["postfix", "-c", str(self.conf), *words], capture_output=True,
                              text=True)

    def start(self):
        run = self.command("start")
        if run.returncode:
            raise RuntimeError("postfix start: " + run.stderr + self.log())
        for port, _ in self.services:
            wait_for("postfix", lambda: answers(port))

    def stop(self):
        self.command("stop")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def held(self):
        hold = self.queue / "hold"
        return [p for p in hold.rglob("*") if p.is_file()] if hold.exists() else []

    def release_none(self):
        for path in self.held():
            path.unlink()

    def delivered(self):
        return sorted((self.mail / "inbox" / "new").glob("*"))

    def take(self, seconds=20):
        """The one delivered message (bytes), removed from the mailbox."""
        wait_for("delivery", self.delivered, seconds)
        path = self.delivered()[0]
        data = path.read_bytes()
        path.unlink()
        return data


class Client:
    """An SMTP client.  With IP Postfix takes it for a host elsewhere (XCLIENT);
    with SOURCE it comes from that loopback address.  HELO None: it did not greet yet."""

    def __init__(self, port, ip=None, helo="client.example", name="[UNAVAILABLE]", source=None):
        self.smtp = smtplib.SMTP("127.0.0.1", port, local_hostname=helo or "client.example", timeout=60,
                                 source_address=(source, 0) if source else None)
        if helo:
            self.smtp.ehlo()
        if ip:
            address = f"IPV6:{ip}" if ":" in ip else ip
            code, text = self.smtp.docmd("XCLIENT", f"ADDR={address} NAME={name}")
            if code != 220:
                raise RuntimeError(f"XCLIENT: {code} {text}")
            if helo:
                self.smtp.ehlo()

    def send(self, sender, rcpts, data):
        """(code, text) of the reply that decided."""
        eight_bits = not data.isascii() and self.smtp.has_extn("8bitmime")
        code, text = self.smtp.mail(sender, ["BODY=8BITMIME"] if eight_bits else [])
        if code != 250:
            self.smtp.rset()
            return code, text.decode(errors="replace")
        for rcpt in rcpts:
            code, text = self.smtp.rcpt(rcpt)
            if code != 250:
                self.smtp.rset()
                return code, text.decode(errors="replace")
        code, text = self.smtp.data(data)
        return code, text.decode(errors="replace")

    def raw(self, command):
        """(code, text) of the reply to COMMAND, whatever octets that has."""
        self.smtp.send(command + b"\r\n")
        code, text = self.smtp.getreply()
        return code, text.decode(errors="replace")

    def quit(self):
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self.smtp.quit()


def fields(message, name):
    """Bodies of the fields called NAME in delivered bytes, unfolded."""
    head = message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].decode("latin-1")
    unfolded = head.replace("\n ", " ").replace("\n\t", " ")
    return [line.split(":", 1)[1].strip() for line in unfolded.split("\n")
            if line.lower().startswith(name.lower() + ":")]


def first_field(message):
    """Name of the topmost field below what the delivery agent put on top."""
    for line in message.decode("latin-1").split("\n"):
        name = line.split(":", 1)[0]
        if name not in ("Return-Path", "X-Original-To", "Delivered-To") and line[:1] not in " \t":
            return name
    return ""
