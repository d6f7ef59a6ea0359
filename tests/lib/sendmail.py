"""A private Sendmail, Debian's own program and m4 files.

Its packages exclude Postfix's, so they are fetched and unpacked beside, not
installed; what they link to comes with contrib/packages.
"""
import contextlib
import os
import pathlib
import shutil
import socketserver
import struct
import subprocess
import tempfile
import threading

import parts
from parts import Client, Process, answers, wait_for
from sink import Sink

PACKAGES = ["sendmail-bin", "sendmail-cf"]
PLACE = parts.TOP / "build" / "sendmail"
PROGRAM = PLACE / "usr/libexec/sendmail/sendmail"
HOSTNAME = PLACE / "hostname.so"
CF = PLACE / "usr/share/sendmail/cf"


def fetch():
    """Unpacks the packages under build/, once.  RuntimeError: why not."""
    if PROGRAM.exists():
        return
    PLACE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE.parent, prefix="sendmail-") as place:
        os.chmod(place, 0o755)
        download(place)
        tree = pathlib.Path(place) / "tree"
        for package in pathlib.Path(place).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(tree)], check=True)
        # As shipped it belongs to a group of its own, which would make it safe
        # for others to call; here it would only forget its environment.
        for program in (tree / "usr/libexec/sendmail").iterdir():
            if not program.is_symlink():
                program.chmod(0o755)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(tree / HOSTNAME.name),
                        str(pathlib.Path(__file__).with_name("hostname.c"))], check=True)
        with contextlib.suppress(OSError):  # another run was faster
            tree.rename(PLACE)


def download(place, packages=PACKAGES):
    def apt(*words):
        return subprocess.run(["apt-get", "-qq", *words], cwd=place, capture_output=True, text=True)
    run = apt("download", *packages)
    if run.returncode:  # the lists may be missing, or old
        apt("update")
        run = apt("download", *packages)
    if run.returncode:
        raise RuntimeError("apt-get download: " + run.stderr.strip())


class SaslAuthd:
    """What Cyrus SASL asks for plain passwords (saslauthd's protocol): takes one
    user and password."""

    def __init__(self, path, user, password):
        class Handler(socketserver.StreamRequestHandler):
            def word(self):
                length, = struct.unpack("!H", self.rfile.read(2))
                return self.rfile.read(length).decode()

            def handle(self):
                words = [self.word() for _ in ("user", "password", "service", "realm")]
                answer = b"OK" if words[:2] == [user, password] else b"NO"
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self.server = Server(str(path), Handler)
        os.chmod(path, 0o666)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


# As Debian's sendmail.mc and submit.mc begin, with every path in the private
# directory.  What they put off or refuse for the sake of rates or load is left out.
COMMON = r"""divert(-1)
define(`_USE_ETC_MAIL_')
define(`MAIL_SETTINGS_DIR', `{dir}/')
include(`{cf}/m4/cf.m4')
include(`{cf}/debian/autoconf.m4')
divert(0)dnl
OSTYPE(`debian')dnl
DOMAIN(`{domain}')dnl
undefine(`confCONTROL_SOCKET_NAME')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`QUEUE_DIR', `{queue}')dnl
define(`MSP_QUEUE_DIR', `{queue}')dnl
define(`STATUS_FILE', `{dir}/statistics')dnl
define(`confPID_FILE', `{dir}/{domain}.pid')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confTRUSTED_USER', `root')dnl
define(`confDEF_USER_ID', `nobody:nogroup')dnl
define(`confSERVICE_SWITCH_FILE', `{dir}/service.switch')dnl
define(`confDOMAIN_NAME', `mx.example.net')dnl
define(`confTO_IDENT', `0')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confREFUSE_LA', `10000')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,GroupReadableSASLDBFile,TrustStickyBit')dnl
"""

DAEMON = r"""
FEATURE(`no_default_msa')dnl
{services}
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
LOCAL_DOMAIN(`example.net')dnl
TRUST_AUTH_MECH(`PLAIN')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
define(`confAUTH_OPTIONS', `')dnl
define(`confLOCAL_MAILER', `cyrusv2')dnl
MODIFY_MAILER_FLAGS(`CYRUSV2', `-A')dnl
define(`CYRUSV2_MAILER_ARGS', `FILE {dir}/lmtp')dnl
define(`SMART_HOST', `esmtp:[127.0.0.1]')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {relay}')dnl
define(`confMAX_MESSAGE_SIZE', `20971520')dnl
{milter}
{settings}
MAILER(`cyrusv2')dnl
MAILER(`smtp')dnl
LOCAL_CONFIG
ESASL_CONF_PATH={dir}/sasl
"""

SUBMIT = r"""
define(`confRUN_AS_USER', `nobody')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`msp', `[127.0.0.1]', `{port}')dnl
"""


class Sendmail:
    """A private Sendmail on loopback ports.

    services: list of (port, [DaemonPortOptions as "name=value"]).  Mail for
    example.net goes to a sink by LMTP, all other by SMTP to the sink `outside`.
    Clients elsewhere are those from 127.0.1.0/24, as there is no XCLIENT.
    """

    GOOD_IP, BAD_IP = "127.0.1.1", "127.0.1.66"

    def __init__(self, base, services, milter=None, settings="", user="bob", password="secret"):
        fetch()
        self.dir = pathlib.Path(base) / "sendmail"
        self.queue, self.client_queue, self.sasl_dir = (
            self.dir / d for d in ("queue", "client-queue", "sasl"))
        for path in (self.dir, self.queue, self.client_queue, self.sasl_dir):
            path.mkdir()
            path.chmod(0o755)
        parts.give_to(self.client_queue, "nobody")
        self.services = services
        self.inbox, self.outside = Sink(self.dir / "lmtp"), Sink()
        self.saslauthd = SaslAuthd(self.dir / "mux", user, password)
        (self.sasl_dir / "Sendmail.conf").write_text(
            f"pwcheck_method: saslauthd\nsaslauthd_path: {self.dir}/mux\nmech_list: PLAIN\n")
        (self.dir / "service.switch").write_text("hosts files\naliases files\n")
        self.traffic = self.dir / "traffic"
        self.write("sendmail.cf", "debian-mta", self.queue, DAEMON.format(
            dir=self.dir, relay=self.outside.port, settings=settings,
            services=self.daemon_options(),
            milter=f"INPUT_MAIL_FILTER(`vidimus', `S={milter}, F=T, T=S:1m;R:1m;E:2m')dnl" if milter else ""))
        self.write("submit.cf", "debian-msp", self.client_queue, SUBMIT.format(port=services[0][0]))

    def daemon_options(self):
        return "\n".join(
            "DAEMON_OPTIONS(`" + ", ".join([f"Name=MTA{i}", "Family=inet", "Addr=127.0.0.1",
                                            f"Port={port}", *options]) + "')dnl"
            for i, (port, options) in enumerate(self.services))

    def write(self, name, domain, queue, rest):
        """NAME from its m4 source."""
        source = self.dir / name.replace(".cf", ".mc")
        source.write_text(COMMON.format(dir=self.dir, cf=CF, domain=domain, queue=queue) + rest)
        run = subprocess.run(["m4", f"-D_CF_DIR_={CF}/", str(source)], capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError("m4: " + run.stderr)
        (self.dir / name).write_text(run.stdout)

    def command(self, *words, config="sendmail.cf", **more):
        """Runs the program to its end."""
        return subprocess.run([str(PROGRAM), "-C", str(self.dir / config), *words],
                              capture_output=True, env=self.environment(), **more)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": str(HOSTNAME)}

    def start(self):
        self.process = Process([str(PROGRAM), "-C", str(self.dir / "sendmail.cf"), "-bD",
                                "-X", str(self.traffic)], self.dir / "log", env=self.environment())

        def ready():
            if self.process.child.poll() is not None:
                raise RuntimeError("sendmail ended: " + self.process.text())
            return all(answers(port) for port, _ in self.services)
        wait_for("sendmail", ready)

    def stop(self):
        self.process.stop()
        for server in (self.inbox, self.outside, self.saslauthd):
            server.stop()

    def log(self):
        traffic = self.traffic.read_text(errors="replace") if self.traffic.exists() else ""
        return self.process.text() + traffic

    def client(self, port, ip=None, helo="client.example"):
        """An SMTP client elsewhere: IP is one of 127.0.1.0/24."""
        return Client(port, helo=helo, source=ip)

    def local(self, data, sender, rcpts):
        """Mail of a user of this host (LF line ends), as sendmail(1) takes it."""
        return self.command("-Am", "-i", "-f", sender, *rcpts, config="submit.cf", input=data)

    def held(self):
        """Queue files of messages in quarantine."""
        return list(self.queue.glob("hf*"))

    def release_none(self):
        for path in self.held():
            for part in "hf", "df":
                (self.queue / (part + path.name[2:])).unlink(missing_ok=True)

    def delivered(self):
        """Whether example.net has mail."""
        return not self.inbox.empty()

    def take(self, seconds=20):
        """The next message that example.net got: its octets, with LF as a file has it."""
        return self.inbox.take(seconds).data.replace(b"\r\n", b"\n")
