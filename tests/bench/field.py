"""Where the milters run side by side: the DNS of the bench, its messages, and the
contestants, each in a directory of its own, on loopback."""
import functools
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dkim
import parts
import sign
from parts import Daemon, Process

HERE = pathlib.Path(__file__).resolve().parent
OUR_ID = "mx.example.net"
TICK = os.sysconf("SC_CLK_TCK")
LINE = b"All happy families are alike; each unhappy family is so in its own way.\r\n"

# Of every domain; see nameserver.c.
TEMPLATE = """@ TXT v=spf1 include:one.@ include:two.@ -all
one TXT v=spf1 ip4:192.0.2.0/24 ?all
two TXT v=spf1 ip4:10.0.0.0/7 ?all
nest TXT v=spf1 include:nest1.@ -all
nest1 TXT v=spf1 include:nest2.@ ?all
nest2 TXT v=spf1 ip4:10.0.0.0/7 ?all
a.b.c TXT v=spf1 ip4:10.0.0.0/7 -all
@ MX 10 mx.@
nest MX 10 mx.@
a.b.c MX 10 mx.@
reverse PTR mx.@
mx A client
mx TXT v=spf1 a -all
_dmarc TXT v=DMARC1; p=reject
_dmarc.np TXT v=DMARC1; p=none; np=quarantine; psd=n
_dmarc.other TXT v=DMARC1; p=none; psd=n
s1._domainkey TXT {key}
"""

# What vidimusd adds to a message of one signature.
FIELD = (f" {OUR_ID};\n iprev=pass policy.iprev=10.0.0.1 (mx.d1.example);\n spf=pass smtp.mailfrom=d1.example;\n"
         " dkim=pass header.d=d1.example header.s=s1 header.a=rsa-sha256 header.b=abcdefgh;\n"
         " arc=none;\n dmarc=pass header.from=d1.example policy.dmarc=reject")

CONFIG = """
authserv-id = "mx.example.net"
user = ""
resolver {{ servers = {{"{address}@{port}"}} }}
dmarc {{ enforce = "reject" }}
arc {{ trusted-sealers = {{{trusted}}} }}
{more}
"""

TRUSTED = [f"t{i}.example" for i in range(1, 4)]


def build(base):
    """The programs, with the compiler's usual optimisation."""
    flags = ["cc", "-std=gnu17", "-O2", "-D_GNU_SOURCE", "-o"]
    for name, libraries in (("load", ["-pthread"]), ("nameserver", []), ("nothing", ["-lmilter", "-pthread"]),
                            ("arithmetic", ["-lcrypto"])):
        subprocess.run([*flags, base / name, HERE / f"{name}.c", *libraries], check=True)


def arithmetic(base, size, signatures):
    """Microseconds that libcrypto takes for the message."""
    done = subprocess.run([base / "arithmetic", str(size), str(signatures)], capture_output=True, text=True, check=True)
    return float(done.stdout)


class NameServer:
    """nameserver.c.  As root on port 53 of a loopback address of its own, because
    OpenDKIM and OpenDMARC know no other port; else on a free port."""

    def __init__(self, base, key, ttl=3600, delay=0, slow=5000):
        self.dir = pathlib.Path(base)
        self.template = self.dir / "template"
        self.template.write_text(TEMPLATE.format(key=key.record))
        root = os.geteuid() == 0
        self.address = f"127.53.{os.getpid() >> 8 & 255}.{os.getpid() & 255}" if root else "127.0.0.1"
        self.port = 53 if root else parts.free_port()
        self.log = self.dir / "asked"
        self.start(ttl, delay, slow)

    def start(self, ttl=3600, delay=0, slow=5000, log=True):
        told = self.dir / "nameserver.log"
        told.unlink(missing_ok=True)
        self.process = Process([self.dir / "nameserver", self.address, str(self.port), self.template, str(ttl),
                                str(delay), str(slow), *([self.log] if log else [])], told)
        parts.wait_for("the name server", lambda: self.process.text() or self.process.child.poll() is not None)
        if self.process.child.poll() is not None:
            sys.exit("name server: " + self.process.text())

    def restart(self, **settings):
        self.process.stop()
        self.start(**settings)

    def asked(self):
        """The questions so far, "NAME TYPE" each."""
        return self.log.read_text().splitlines()

    def stop(self):
        self.process.stop()


# --- messages ---------------------------------------------------------------

class Mails:
    """Message files for load.c, numbered: number N is of domain dN.example (sN with
    SLOW), signers beyond the first are xN, yN, zN, and so on; sealers lN and mN."""

    def __init__(self, base, key):
        self.base, self.key = pathlib.Path(base) / "mails", key
        self.base.mkdir()

    def plain(self, domain, size):
        head = (f"From: Somebody <a@{domain}>\r\nTo: user@example.net\r\nSubject: a test of speed\r\n"
                f"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@{domain}>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=us-ascii\r\n\r\n").encode()
        return head + LINE * (size // len(LINE))

    def seal(self, message, sealer, saw, first):
        said = f"Authentication-Results: {sealer}; arc={'none' if first else 'pass'}; {saw}\r\n"
        return b"".join(dkim.arc_sign(said.encode() + message, b"s1", sealer.encode(), self.key.pem,
                                      sealer.encode())) + message

    def chain(self, message, number, sets):
        for i in range(sets):
            sealer = f"{'lm'[i % 2]}{number}.example"
            message = self.seal(message, sealer, f"spf=pass smtp.mailfrom={sealer}", i == 0)
        return message

    def vouched(self, message, domain):
        """Each trusted sealer saw a signature below DOMAIN; only the first's aligns with it."""
        for i, sealer in enumerate(TRUSTED):
            below = f"n{i}.other" if i else "list"
            message = self.seal(message, sealer, f"dkim=pass header.d={below}.{domain}", i == 0)
        return message

    @functools.lru_cache(maxsize=4096)
    def make(self, number, size=3000, signatures=1, sets=0, prefix="", slow=False, mark="", vouched=False):
        """PREFIX stands before the author's domain.  VOUCHED: the author is another's
        domain, wN, for whom trusted sealers vouch.  The path of the file."""
        domain = f"{'s' if slow else 'd'}{number}.example"
        author = f"{prefix}.{domain}" if prefix else domain
        message = self.plain(f"w{number}.example" if vouched else author, size)
        for i in range(signatures):
            message = self.key.sign(message, domain if i == 0 else f"{'xyzuvwpq'[i - 1]}{number}.example", "s1")
        message = self.chain(message, number, sets)
        if vouched:
            message = self.vouched(message, f"w{number}.example")
        ip = ".".join(str(n) for n in (11 if slow else 10, number >> 16, number >> 8 & 255, number & 255))
        path = self.base / f"{number}.{size}.{signatures}.{sets}.{prefix}.{slow:d}.{vouched:d}"
        path.write_bytes(f"{ip} mx.{domain} <a@{author}> <user@example.net> {mark}".rstrip(" ").encode() +
                         b"\n" + message)
        return path

    def judged(self, file, domain):
        """FILE with the field on top that OpenDKIM would have put there."""
        first, _, message = file.read_bytes().partition(b"\n")
        path = file.with_suffix(".judged")
        field = (f"Authentication-Results: {OUR_ID};\r\n\tdkim=pass (2048-bit key; unprotected) header.d={domain}"
                 f" header.i=@{domain} header.a=rsa-sha256 header.s=s1\r\n")
        path.write_bytes(first + b"\n" + field.encode() + message)
        return path


# --- contestants ------------------------------------------------------------

def children_of(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found]


def family_of(pid):
    """PID and its descendants."""
    found = [pid]
    for member in found:
        found += children_of(member)
    return found


class Contestant:
    """A milter that runs; WANTED is in what load.c tells of its answers.  WORK says
    how much it does beside vidimusd: it gets that many fewer messages.  JUDGED: its
    messages carry OpenDKIM's field."""

    def __init__(self, name, address, process, wanted=" i=", work=1, judged=False):
        self.name, self.address, self.process, self.wanted = name, str(address), process, wanted
        self.work, self.judged = work, judged
        self.pid = process.child.pid

    def cpu_seconds(self):
        total = 0
        for pid in family_of(self.pid):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
        return total / TICK

    def status(self, name):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))

    def stop(self):
        self.process.stop()


class Field:
    """Everything that stands while the parts of the bench run."""

    def __init__(self, base, settings):
        self.base = base
        build(base)
        self.key = sign.Key()
        self.mails = Mails(base, self.key)
        self.dns = NameServer(base, self.key)
        self.contestants = {}
        self.settings = settings

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for contestant in self.contestants.values():
            contestant.stop()
        self.dns.stop()

    def get(self, name):
        """A contestant, started when it is first asked for; None: not installed."""
        if name not in self.contestants:
            place = self.base / "run" / name
            place.mkdir(parents=True)
            started = STARTS[name](self, place)
            if not started:
                return None
            self.contestants[name] = started
        return self.contestants[name]

    def fresh(self, name):
        """The same, started anew: nothing cached."""
        if name in self.contestants:
            self.contestants.pop(name).stop()
            shutil.rmtree(self.base / "run" / name)
        return self.get(name)

    def load(self, contestant, files, connections=4, messages=None, per_connection=1, pause=0, between=0):
        """What load.c said: {"p50": ..., "class": {...}}, times in ms."""
        if contestant.judged:
            files = [self.mails.judged(f, domain_of(f)) for f in files]
        words = ["-c", connections, "-n", messages or len(files), "-m", per_connection, "-p", pause, "-b", between,
                 contestant.address, *files]
        done = subprocess.run([self.base / "load", *map(str, words)], capture_output=True, text=True, check=False)
        if contestant.wanted not in done.stdout:
            sys.exit(f"{contestant.name}: {done.stdout}{done.stderr}{contestant.process.text()[-2000:]}")
        return read_load(done.stdout)

    def cost(self, contestant, files, messages, **more):
        """Microseconds of CPU a message."""
        before = contestant.cpu_seconds()
        self.load(contestant, files, messages=messages, **more)
        return (contestant.cpu_seconds() - before) / messages * 1e6

    def median_cost(self, contestant, files, messages, runs=5, **more):
        self.cost(contestant, files, max(len(files), 20), **more)
        return statistics.median(self.cost(contestant, files, messages, **more) for _ in range(runs))


def domain_of(file):
    return "d" + file.name.split(".")[0] + ".example"


def read_load(text):
    found = {"class": {}}
    for line in text.splitlines():
        numbers = {k: int(v) for k, v in re.findall(r"\b(messages|errors|p50|p90|p99|max) (\d+)", line)}
        for k in ("p50", "p90", "p99", "max"):
            numbers[k] /= 1000
        if line.startswith("class "):
            found["class"][line.split()[1]] = numbers
        else:
            found.update(numbers)
    return found


# --- how each is started ----------------------------------------------------

def vidimusd(more):
    def start(field, place):
        port = parts.free_port()
        trusted = ", ".join(f'"{d}"' for d in TRUSTED)
        config = CONFIG.format(address=field.dns.address, port=field.dns.port, trusted=trusted, more=more)
        daemon = Daemon(place, config, f"inet:{port}@127.0.0.1")
        return Contestant(place.name, port, daemon.process)
    return start


def do_nothing(*field_value):
    """With a value: it adds a field of it to each message."""
    def start(field, place):
        port = parts.free_port()
        process = Process([field.base / "nothing", str(port), *field_value], place / "log")
        parts.wait_for("nothing", lambda: parts.answers(port))
        return Contestant(place.name, port, process, " a=")
    return start


def program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def on_socket(place, argv, **more):
    """A contestant that listens on PLACE/socket."""
    process = Process(argv, place / "log")
    socket = place / "socket"

    def ready():
        if process.child.poll() is not None:
            sys.exit(f"{place.name} ended: {process.text()}")
        return socket.exists()
    parts.wait_for(place.name, ready)
    return Contestant(place.name, socket, process, **more)


def opendkim(field, place):
    if not program("opendkim") or field.dns.port != 53:
        return None
    (place / "nobody").write_text("192.0.2.255\n")
    (place / "conf").write_text(f"""Mode v
Socket local:{place}/socket
Nameservers {field.dns.address}
AuthservID {OUR_ID}
InternalHosts {place}/nobody
AlwaysAddARHeader yes
Background no
Syslog no
UMask 007
""")
    return on_socket(place, [program("opendkim"), "-f", "-x", place / "conf"], work=4)


def opendmarc(field, place):
    """It knows no other servers than resolv.conf's: it gets one of its own."""
    if not program("opendmarc") or field.dns.port != 53:
        return None
    (place / "nobody").write_text("192.0.2.255\n")
    (place / "resolv.conf").write_text(f"nameserver {field.dns.address}\n")
    (place / "conf").write_text(f"""Socket local:{place}/socket
AuthservID {OUR_ID}
TrustedAuthservIDs {OUR_ID}
IgnoreHosts {place}/nobody
SPFSelfValidate true
SPFIgnoreResults true
RejectFailures true
PidFile {place}/pid
Background false
Syslog false
UMask 007
""")
    script = f"mount --bind {place}/resolv.conf /etc/resolv.conf && exec {program('opendmarc')} -f -c {place}/conf"
    return on_socket(place, ["unshare", "-m", "sh", "-c", script], work=4, judged=True)


# A proxy in front of a process that scans, as Debian's package has it; or a proxy that
# scans by itself.
RSPAMD_SCANNER = """worker "rspamd_proxy" {{
  bind_socket = "{place}/socket mode=0666"; milter = yes; timeout = 120s; count = 1;
  upstream "local" {{ default = yes; hosts = "127.0.0.1:{port}"; }}
}}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""
RSPAMD_SELF = """worker "rspamd_proxy" {{
  bind_socket = "{place}/socket mode=0666"; milter = yes; timeout = 120s; count = 1;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
"""


def rspamd(workers):
    return lambda field, place: start_rspamd(field, place, workers.format(place=place, port=parts.free_port()))


def start_rspamd(field, place, workers):
    """With its modules for authentication only, and the log of Debian's package."""
    if not program("rspamd"):
        return None
    share = "/usr/share/rspamd"
    (place / "conf").write_text(f"""options {{
  pidfile = "{place}/pid"; tempdir = "{place}"; local_addrs = []; check_all_filters = true;
  filters = "dkim";
  dns {{ nameserver = ["{field.dns.address}:{field.dns.port}:1"]; timeout = 10s; retransmits = 2; }}
}}
logging {{ type = "file"; filename = "{place}/rspamd.log"; level = "info"; }}
actions {{ reject = 1000; add_header = 900; greylist = 800; }}
lua = "{place}/rules.lua"
modules {{ path = "{place}/plugins/"; }}
{workers}
spf {{ spf_cache_size = 2k; spf_cache_expire = 1d; }}
dkim {{ dkim_cache_size = 2k; dkim_cache_expire = 1d; trusted_only = false; skip_multi = false; }}
dmarc {{ }}
arc {{ sign_inbound = false; sign_local = false; }}
milter_headers {{ use = ["authentication-results"]; authenticated_headers = []; }}
""")
    (place / "rules.lua").write_text("")
    (place / "plugins").mkdir()
    for name in "spf", "dmarc", "arc", "milter_headers":
        (place / "plugins" / f"{name}.lua").symlink_to(f"{share}/plugins/{name}.lua")
    argv = [program("rspamd"), "-f", "-i", "-c", place / "conf", "--var", f"DBDIR={place}", "--var", f"RUNDIR={place}",
            "--var", f"LOGDIR={place}", "--var", f"CONFDIR={place}", "--var", f"LOCAL_CONFDIR={place}"]
    return on_socket(place, argv, work=8)


STARTS = {
    "nothing": do_nothing(),
    "a field": do_nothing(FIELD),
    "vidimusd": vidimusd(""),
    "libraries": vidimusd('spf { engine = "libspf2" } dkim { engine = "libopendkim" }'),
    "opendkim": opendkim,
    "opendmarc": opendmarc,
    "rspamd": rspamd(RSPAMD_SCANNER),
    "rspamd-self": rspamd(RSPAMD_SELF),
}
