"""The verifiers to compare with: Debian's python3-spf and python3-dkim in this
process, libmail-dkim-perl and libmail-spf-perl in a Perl of their own.

Each judge takes a case and returns its answers: one result for SPF, one for
each DKIM-Signature field from the top.
"""
import json
import os
import pathlib
import subprocess
from dataclasses import dataclass

import dkim
import spf

from fixture import Failure

PERL = pathlib.Path(__file__).resolve().parent / "verifiers.pl"


PACKAGES = ["python3-dkim", "python3-spf", "libmail-dkim-perl", "libmail-spf-perl"]


def versions():
    """What is compared with: one line each."""
    return [f"{package} {version_of(package)}" for package in PACKAGES]


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True,
                          text=True)
    return done.stdout or "not a package"


def missing():
    """What is not there of the Perl side; None: it is all there."""
    done = subprocess.run(["perl", "-c", str(PERL)], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.splitlines()[0]


@dataclass
class Answer:
    result: str
    explanation: str = None  # of an SPF fail
    detail: str = ""         # in the verifier's own words


class Clock:
    """What the libraries take for the module `time`."""

    def __init__(self, now):
        self.now = now

    def time(self):
        return self.now


# --- python3-spf

def spf_lookup(dns):
    def look_up(name, kind, strict=True, timeout=0):
        try:
            rows = dns.get(name, kind)
        except Failure as failure:
            raise spf.TempError(f"DNS {failure}") from None
        if kind == "TXT":
            return [((name, kind), tuple(row)) for row in rows]
        return [((name, kind), tuple(row) if kind == "MX" else row[0]) for row in rows]
    return look_up


def python_spf(case):
    spf.DNSLookup = spf_lookup(case.dns)
    spf.time = Clock(case.now)
    try:
        query = spf.query(i=case.ip, s=case.sender, h=case.helo, receiver=case.receiver)
        query.set_default_explanation("DEFAULT")
        result, _, text = query.check()
    except Exception as error:  # it has a few of its own
        return [Answer("died", detail=f"{type(error).__name__}: {error}")]
    explanation = text if result == "fail" and text != "DEFAULT" else None
    return [Answer(result, explanation, text)]


# --- python3-dkim

def key_lookup(dns):
    def look_up(name, timeout=0):
        try:
            rows = dns.get(name.decode("utf-8", "replace"), "TXT")
        except Failure as failure:
            raise dkim.DnsTimeoutError(str(failure)) from None
        return b"".join(rows[0]) if rows else None
    return look_up


class Log:
    """Keeps what the library says went wrong."""

    def __init__(self):
        self.lines = []

    def error(self, text, *more):
        self.lines.append(str(text))

    def debug(self, *text):
        pass


def python_dkim(case):
    dkim.time = Clock(case.now)
    answers = []
    for index in range(case.signatures):
        log = Log()
        try:
            verified = dkim.DKIM(case.message, logger=log).verify(index, key_lookup(case.dns))
            said = " ".join(log.lines)
            failed = "temperror" if said.startswith("DnsTimeoutError") else "no"
            answers.append(Answer("pass" if verified else failed, detail=said))
        except dkim.DKIMException as error:
            answers.append(Answer("no", detail=f"{type(error).__name__}: {error}"))
        except Exception as error:
            answers.append(Answer("died", detail=f"{type(error).__name__}: {error}"))
    return answers


# --- the ones in Perl

def dkim_result(result, detail):
    """In the words of RFC 8601: what Mail::DKIM calls invalid is either."""
    if result == "invalid":
        return "temperror" if "DNS error" in detail else "permerror"
    return result


class Perl:
    """One process, asked in turn."""

    def __init__(self):
        self.child = subprocess.Popen(["perl", str(PERL)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "PERL_HASH_SEED": "0"})

    def ask(self, case):
        self.child.stdin.write(json.dumps(case.plain()) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def judge(self, case):
        answer = self.ask(case)
        if isinstance(answer, dict):
            return [Answer("died", detail=answer["died"].strip())] * case.signatures
        if case.method == "spf":
            return [Answer(*answer)]
        return [Answer(dkim_result(*pair), detail=pair[1]) for pair in answer]

    def close(self):
        self.child.stdin.close()
        self.child.wait()
