"""vidimusd under test: a DNS server for all, a daemon and its MTA for each test, and
the names of the tests on the command line.

    @test
    def something(b): ...
    main()
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import traceback

import milterclient
import parts
from milterclient import MilterClient
from parts import Daemon, Process, Tally

TESTS = pathlib.Path(__file__).resolve().parents[1]

# libmilter locks a mutex that it destroyed when it stops.
SUPPRESSIONS = TESTS / "milter" / "tsan.suppressions"
os.environ.setdefault("TSAN_OPTIONS", f"suppressions={SUPPRESSIONS}")

AR = "Authentication-Results"
OUR_ID = "mx.example.net"
GOOD_IP, BAD_IP = "192.0.2.1", "203.0.113.66"
ROOT = os.geteuid() == 0
# Sanitizers make everything slower; what is timed is given more room.
SANITIZED = b"san_init" in pathlib.Path(parts.VIDIMUSD).read_bytes()
ROOM = float(os.environ.get("VIDIMUS_TEST_ROOM", "3" if SANITIZED else "1"))

ZONE = """$ORIGIN .
good.example.            300 TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.good.example.     300 TXT "v=DMARC1; p=reject"
_dmarc.quar.example.     300 TXT "v=DMARC1; p=quarantine"
_dmarc.lax.example.      300 TXT "v=DMARC1; p=none"
_dmarc.asks.example.     300 TXT "v=DMARC1; p=reject; sp=none; adkim=s; rua=mailto:d@asks.example"
asks.example.            300 TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.tells.example.    300 TXT "v=DMARC1; p=none; ruf=mailto:f@tells.example"
tells.example.           300 TXT "v=spf1 ip4:192.0.2.1 -all"
$FAULT _dmarc.mute.example. TXT servfail
attack.example.          300 TXT "v=spf1 ip4:203.0.113.66 -all"
1.2.0.192.in-addr.arpa.  300 PTR mx.good.example.
mx.good.example.         300 A   192.0.2.1
mx.good.example.         300 TXT "v=spf1 ip4:192.0.2.1 -all"
""" + "".join(f"""d{i}.example.        300 TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.d{i}.example. 300 TXT "v=DMARC1; p=reject"
""" for i in range(100))

CONFIG = """
authserv-id = "mx.example.net"
user = "{user}"
resolver {{ servers = {{"127.0.0.1@{port}"}} timeout = {timeout} message-timeout = {message} }}
dmarc {{ enforce = "reject" {dmarc} }}
spf {{ {spf} }}
{more}
"""

tally = Tally()
tests = []


def test(function):
    tests.append(function)
    return function


class Dns:
    """The test's DNS server, in a process of its own."""

    def __init__(self, base, delay=0, zone=ZONE, more=()):
        self.port = parts.free_port()
        self.file = base / f"zone{self.port}"
        self.file.write_text(zone)
        self.log = base / f"asked{self.port}"
        self.process = Process([sys.executable, str(TESTS / "lib" / "dnsserver.py"), "--zone",
                                str(self.file), "--port", str(self.port), "--delay", str(delay),
                                "--log", str(self.log), *more],
                               base / f"dns{self.port}.log")
        if delay < 3000:
            parts.wait_for("dns server", self.answers)

    def answers(self):
        question = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x04good\x07example\0\0\x10\0\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            try:
                s.connect(("127.0.0.1", self.port))  # so that a refusal is told at once
                s.send(question)
                return s.recv(512)[:2] == b"\x12\x34"
            except OSError:
                return False

    def answer_with(self, zone):
        """From now on."""
        self.file.write_text(zone)
        self.process.child.send_signal(signal.SIGHUP)

    def asked(self):
        """The questions so far, each as "NAME TYPE"."""
        return [l.rsplit(" ", 1)[0].lower() for l in self.log.read_text().splitlines()]

    def stop(self):
        self.process.stop()


class Bench:
    """One DNS server and one directory for all; a daemon for each test."""

    def __init__(self, base, zone=ZONE):
        self.base = base
        self.dns = Dns(base, zone=zone)
        self.count = 0
        self.started = contextlib.ExitStack()

    def config(self, port=None, timeout=2, message=6, dmarc="", spf="", more="", user=""):
        return CONFIG.format(port=port or self.dns.port, timeout=timeout, message=message,
                             dmarc=dmarc, spf=spf, more=more, user=user)

    def new_name(self):
        self.count += 1
        return f"d{self.count}"

    @contextlib.contextmanager
    def daemon(self, inet=False, wanted_exit=0, config=None, listen=None, wrapper=(), process=None,
               **settings):
        name = self.new_name()
        listen = listen or (f"inet:{parts.free_port()}@127.0.0.1" if inet else
                            f"unix:{self.base}/{name}.sock")
        daemon = Daemon(self.base, config or self.config(**settings), listen, name,
                        ready=lambda: listens(listen), wrapper=wrapper, process=process)
        try:
            yield daemon
        finally:
            status = daemon.stop()
            if status != wanted_exit:
                tally.check("the daemon ends well", False, f"{status}: {daemon.log()[-3000:]}")

    def process(self, argv, log, **more):
        """A process of the present test: it is stopped with the test."""
        process = Process(argv, self.base / log, **more)
        self.started.callback(process.stop)
        return process

    def stop(self):
        self.dns.stop()


def listens(where):
    try:
        MilterClient(where).close()
        return True
    except OSError:
        return False


def session(daemon, ip=GOOD_IP, helo="mx.good.example", steps=milterclient.STEPS_ALL, **macros):
    mta = MilterClient(daemon.listen).negotiate(steps=steps)
    mta.connect(ip, **macros)
    if helo is not None:
        mta.helo(helo)
    return mta


def field_of(verdict):
    """The one A-R field that was inserted, unfolded and without its blank."""
    got = verdict.inserted(AR)
    return re.sub(r"\n[ \t]+", " ", got[0]).strip() if len(got) == 1 else f"{len(got)} fields"


def status_of(daemon):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(daemon.control))
        data = b""
        while more := s.recv(65536):
            data += more
    return json.loads(data)


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.child.pid}/fd"))


def log_lines(daemon, word):
    return [l for l in daemon.log().splitlines() if word in l]


def is_running(pid):
    """PID is a vidimusd (and not a zombie, or somebody else by now)."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe") == os.path.realpath(parts.VIDIMUSD)
    return False


def run_vidimusd(*arguments, **more):
    return subprocess.run([parts.VIDIMUSD, *arguments], capture_output=True, text=True,
                          timeout=60, **more)


def at_once(count, work):
    """Runs WORK(i) in COUNT threads; the results, or the exceptions."""
    results = [None] * count

    def one(i):
        try:
            results[i] = work(i)
        except Exception as e:
            results[i] = e
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def reload_and_wait(daemon, config):
    before = daemon.log().count("reload: ")
    daemon.write_config(config)
    daemon.process.child.send_signal(signal.SIGUSR1)
    parts.wait_for("reload", lambda: daemon.log().count("reload: ") > before)


def new_key(b, name, kind="ed25519"):
    """A key file, and the record of its public half."""
    file = b.base / name
    done = subprocess.run([parts.VIDIMUS, "keygen", "-c", "/dev/null", "--type", kind, "--out", str(file),
                           "--json"], capture_output=True, check=True, timeout=60)
    return file, json.loads(done.stdout)["value"]


def key_config(domain, file, **states):
    keys = "".join(f'key "{selector}" {{ file = "{file}" state = "{state}" }}\n' for selector, state in states.items())
    return f'sign "{domain}" {{\n{keys}}}\n'


@contextlib.contextmanager
def reporting(b, name, user="", more_than_reports="", **settings):
    """(daemon, spool directory), with reports."""
    spool = b.base / name
    more = f'reports {{ enabled = true spool = "{spool}" }}' + more_than_reports
    with b.daemon(user=user, more=more, **settings) as d:
        yield d, spool


def spool_of(daemon):
    return status_of(daemon)["spool"]


def wait_for_rows(daemon, count):
    parts.wait_for(f"{count} rows", lambda: spool_of(daemon)["rows"] == count)


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    left_out = [w[1:] for w in sys.argv[1:] if w.startswith("-")]
    with parts.scratch() as base:
        b = Bench(base)
        try:
            for function in tests:
                name = function.__name__
                if name in left_out or (words and not any(w in name for w in words)):
                    continue
                print(f"--- {name}", flush=True)
                try:
                    with b.started:
                        function(b)
                except Exception as e:
                    traceback.print_exc()
                    tally.check(name, False, repr(e))
        finally:
            b.stop()
    tally.done()
