"""Those who judge what vidimus signed and sealed: Debian's python3-dkim in this
process, libmail-dkim-perl in a Perl of its own, opendkim, and vidimus itself with
both engines.  DNS is one fixture; nothing else is asked.

A judge takes Signed messages.  For signatures it gives the results of the fields
of ours, from the top; for a chain one result.
"""
import base64
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys

import dkim

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "differential")]
import signer  # noqa: E402
import verifiers  # noqa: E402
from fixture import Fixture  # noqa: E402
from milterclient import MilterClient, parse_message  # noqa: E402
from parts import VIDIMUS, Process, wait_for  # noqa: E402


def record(key):
    return "".join(re.findall('"([^"]*)"', signer.key_record(key)))


class Dns:
    """The key records, as each judge wants them."""

    def __init__(self, place, keys):
        """KEYS: {"selector._domainkey.domain": name of a key in cases/keys}."""
        self.fixture = Fixture()
        for name, key in keys.items():
            text = record(key)
            self.fixture.add(name, "TXT", *(text[i:i + 250] for i in range(0, len(text), 250)))
        self.zone = place / "zone"
        self.fixture.write(self.zone)
        self.opendkim = place / "opendkim.keys"
        self.opendkim.write_text("".join(f"{name} {record(key)}\n" for name, key in keys.items()))


class Signed:
    """A message that vidimus put fields on."""

    def __init__(self, name, message, dns, now, ours, method="dkim"):
        self.id, self.message, self.dns, self.now = name, message, dns.fixture, now
        self.signatures = ours  # as many on top are ours
        self.method = method

    def plain(self):
        return {"method": self.method, "now": self.now,
                "message": base64.b64encode(self.message).decode(), **self.dns.plain()}


# --- signatures

def python_dkim(signed):
    return [answer.result for answer in verifiers.python_dkim(signed)]


def mail_dkim(perl, signed):
    answer = perl.ask(signed)
    if isinstance(answer, dict):
        return ["died"] * signed.signatures
    return [result for result, _ in answer[:signed.signatures]]


def listens(path):
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


class Opendkim:
    """Debian's opendkim as a milter: we are its MTA."""

    def __init__(self, place, dns):
        path = place / "opendkim.sock"
        config = place / "opendkim.conf"
        config.write_text(f"Socket local:{path}\nTestPublicKeys {dns.opendkim}\nMode v\nSyslog no\n"
                          "InternalHosts 192.0.2.255\nMaximumHeaders 0\nAuthservID opendkim.example\n")
        program = shutil.which("opendkim") or "/usr/sbin/opendkim"
        self.process = Process([program, "-f", "-x", str(config)], place / "opendkim.log")
        wait_for("opendkim", lambda: listens(path))
        self.mta = MilterClient(f"local:{path}", timeout=60).negotiate()
        self.mta.connect("192.0.2.1")
        self.mta.helo("mail.example.net")

    def judge(self, signed):
        fields, body = parse_message(signed.message)
        if body and not body.endswith(b"\r\n"):  # no mail server hands on such a line
            body += b"\r\n"
        verdict = self.mta.message(fields=fields, body=body)
        told = " ".join(verdict.inserted("Authentication-Results"))
        found = re.findall(r"\bdkim=(\w+)", told)[:signed.signatures]
        return found + [verdict.action] * (signed.signatures - len(found))

    def close(self):
        self.mta.quit()
        self.process.stop()


class Vidimus:
    """`vidimus check` with one engine."""

    def __init__(self, place, dns, engine):
        self.dns = dns
        self.config = place / f"check-{engine}.conf"
        self.config.write_text(f'trusted-networks = {{}}\ndkim {{ engine = "{engine}" }}\n')

    def check(self, signed):
        done = subprocess.run(
            [VIDIMUS, "check", "--json", "-c", str(self.config), "--zone", str(self.dns.zone),
             "--ip", "192.0.2.1", "--helo", "mail.example.net", "--mail-from", "a@example.net",
             "--authserv-id", "mx.rcpt.test", "--now", str(signed.now), "-"],
            input=signed.message, capture_output=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.decode(errors='replace')[:400]}")
        return json.loads(done.stdout)

    def judge(self, signed):
        results = self.check(signed)["results"]
        return [r["result"] for r in results if r["method"] == "dkim"][:signed.signatures]

    def chain(self, signed):
        return next(r["result"] for r in self.check(signed)["results"] if r["method"] == "arc")


# --- chains

def python_arc(signed):
    lookup = verifiers.key_lookup(signed.dns)
    dkim.time = verifiers.Clock(signed.now)
    try:
        result, _, _ = dkim.arc_verify(signed.message, dnsfunc=lookup)
    except Exception as error:
        return f"died: {error}"
    return (result or b"fail").decode()  # None: the newest seal says that it failed


def mail_dkim_arc(perl, signed):
    answer = perl.ask(signed)
    return "died" if isinstance(answer, dict) else answer[0][0]
