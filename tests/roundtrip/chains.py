"""ARC chains of vidimus: made-up messages over three hops, with what happens on
the way; every chain judged by python3-dkim, Mail::DKIM and vidimus, and the newest
set by arcset.py as well."""
import subprocess

import arcset
import judges
import outbound
from parts import VIDIMUS
from signer import public_key

HOPS = 3
KEY = "rsa2048"
CONFIG = """
authserv-id = "mx.hop{hop}.example"
trusted-networks = {{}}
seal {{ all = true key "r" {{ file = "{place}/{key}.pem" domain = "hop{hop}.example" }} }}
"""


def records():
    return {f"r._domainkey.hop{hop}.example": KEY for hop in range(1, HOPS + 3)}


def on_top(octets):
    """A trace field of the next server, which no seal covers."""
    return b"Received: from x by y;\r\n\tSat, 21 Nov 2026 12:00:00 +0000\r\n" + octets


def another_line(octets):
    return octets + b"another line\r\n"


def without_oldest_seal(octets):
    fields = octets.split(b"ARC-Seal: i=1;", 1)
    return fields[0] + b"X-Seal: i=1;" + fields[1]


def other_results(octets):
    """The first hop says something else than it sealed."""
    return octets.replace(b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=1; x;", 1)


BREAKS = [another_line, without_oldest_seal, other_results]


class Hops:
    def __init__(self, place, dns, now):
        self.dns, self.now = dns, now
        self.configs = {}
        for hop in range(1, HOPS + 3):
            self.configs[hop] = place / f"hop{hop}.conf"
            self.configs[hop].write_text(CONFIG.format(hop=hop, place=place, key=KEY))

    def seal(self, octets, hop, refusal=None):
        """OCTETS as hop HOP sends them on; RuntimeError.  REFUSAL: why no set is added."""
        done = subprocess.run(
            [VIDIMUS, "sign", "-c", str(self.configs[hop]), "--zone", str(self.dns.zone), "--ip",
             "192.0.2.1", "--helo", "mail.example.net", "--mail-from", "a@example.net", "--rcpt",
             "b@example.com", "--now", str(self.now), "-"],
            input=octets, capture_output=True, timeout=120)
        said = done.stderr.decode(errors="replace")
        if refusal and refusal in said:
            return done.stdout or octets
        if done.returncode or refusal:
            raise RuntimeError(f"exit {done.returncode}: {said[:300]}")
        return done.stdout


class Chains:
    """Makes chains, and tells of each step who says something else than wanted."""

    def __init__(self, hops, perl, native):
        self.hops, self.perl, self.native = hops, perl, native
        self.passed, self.failures = 0, []

    def judge(self, name, octets, wanted, sets):
        signed = judges.Signed(name, octets, self.hops.dns, self.hops.now, 0, "arc")
        newest = arcset.Message(octets)
        answers = {"python3-dkim": (judges.python_arc(signed), wanted),
                   "Mail::DKIM": (judges.mail_dkim_arc(self.perl, signed), wanted),
                   "native": (self.native.chain(signed), wanted),
                   "sets": (len(newest.sets), sets),
                   "newest set": (arcset.wrong(octets, public_key(KEY)), None)}
        for who, (got, should) in answers.items():
            if got == should:
                self.passed += 1
            else:
                self.failures.append(f"{name}: {who}: {got}, wanted {should}")

    def run(self, name):
        """One message, three good hops, then something in between: that chain ends."""
        octets = outbound.Maker(name, "rr").make().data
        if not octets.endswith(b"\r\n"):  # what came by SMTP ends so
            octets += b"\r\n"
        try:
            for hop in range(1, HOPS + 1):
                octets = self.hops.seal(octets, hop)
                self.judge(f"{name} hop {hop}", octets, "pass", hop)
                if hop % 2:
                    octets = on_top(octets)
            change = BREAKS[sum(name.encode()) % len(BREAKS)]
            octets = self.hops.seal(change(octets), HOPS + 1)
            self.judge(f"{name} after {change.__name__}", octets, "fail", HOPS + 1)
            octets = self.hops.seal(octets, HOPS + 2, "chain ended with cv=fail")
            self.judge(f"{name} after cv=fail", octets, "fail", HOPS + 1)
        except RuntimeError as error:
            self.failures.append(f"{name}: {error}")
