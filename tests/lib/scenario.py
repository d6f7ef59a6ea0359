"""Writes the folders of tests/cases from short specifications.

The author of the usual message is a@example.org: SPF allows 192.0.2.1, the key
s1 signs, DMARC says reject.  The usual forger is forger.example at 203.0.113.66,
whose own SPF and DKIM (key s1) pass.
"""
import json
import pathlib
import shlex
import shutil

from signer import key_record, sign

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases"

GOOD = ("--ip 192.0.2.1 --helo mail.example.org --mail-from bounce@example.org "
        "--rcpt user@example.net")
FORGED = ("--ip 203.0.113.66 --helo mail.forger.example --mail-from x@forger.example "
          "--rcpt user@example.net")

# Those that are not judged.
TRUSTED = "--ip 127.0.0.1 --helo filter.example.net --mail-from bounce@example.org"
AUTH = "--ip 203.0.113.66 --helo laptop --mail-from a@example.org --auth alice"

ZONE = f"""\
example.org.  TXT "v=spf1 ip4:192.0.2.1 -all"
example.org.  MX 10 mail.example.org.
_dmarc.example.org.  TXT "v=DMARC1; p=reject"
s1._domainkey.example.org.  TXT {key_record()}
mail.example.org.  A 192.0.2.1
mail.example.org.  TXT "v=spf1 ip4:192.0.2.1 -all"
1.2.0.192.in-addr.arpa.  PTR mail.example.org.
forger.example.  TXT "v=spf1 ip4:203.0.113.66 -all"
forger.example.  MX 10 mail.forger.example.
s1._domainkey.forger.example.  TXT {key_record()}
mail.forger.example.  A 203.0.113.66
mail.forger.example.  TXT "v=spf1 ip4:203.0.113.66 -all"
66.113.0.203.in-addr.arpa.  PTR mail.forger.example.
"""


def zone(add="", without=()):
    """The usual zone without the lines that begin with WITHOUT, and ADD."""
    lines = [line for line in ZONE.splitlines() if line.split()[0] not in without]
    return "\n".join(lines + [add.strip("\n")]).strip("\n") + "\n"


def dmarc(record, domain="example.org"):
    """The usual zone with another DMARC record."""
    return zone(f'_dmarc.{domain}. TXT "{record}"', without=[f"_dmarc.{domain}."])


def message(author="A Person <a@example.org>", extra="", body="Hello.\n"):
    """The usual message; AUTHOR None: no From field; EXTRA: fields in front."""
    if isinstance(author, bytes):
        author = author.decode("utf-8", "surrogateescape")
    fields = "" if author is None else f"From: {author}\n"
    text = (f"{extra}{fields}To: user@example.net\nSubject: hello\n"
            "Date: Thu, 09 Oct 2025 08:53:20 +0000\nMessage-ID: <1@example.org>\n\n" + body)
    return text.encode("utf-8", "surrogateescape")


def signed(msg=None, **how):
    return sign(msg if msg is not None else message(), **how)


def has(method, result, **more):
    """A result of METHOD is there; MORE: its properties, with _ for '.'."""
    wanted = {"method": method, "result": result}
    reason = more.pop("reason", None)
    if reason:
        wanted["reason"] = {"$contains": reason}
    if more:
        wanted["properties"] = {k.replace("_", "."): v for k, v in more.items()}
    return {"$contains": wanted}


def no(method, result):
    return {"$not": {"$contains": {"method": method, "result": result}}}


def expect(*results, dmarc=None, action=None, reply=None, override=None, disposition=None,
           decided_by=None, **more):
    """expect.json: RESULTS by has() or no(); REPLY "550 5.7.26 text part"."""
    wanted = dict(more)
    if results:
        wanted["results"] = results[0] if len(results) == 1 else {"$all": list(results)}
    if dmarc is not None:
        wanted["dmarc"] = {"result": dmarc} if isinstance(dmarc, str) else dmarc
    verdict = {}
    if action:
        verdict["action"] = action
    if reply:
        code, enhanced, text = reply.split(" ", 2)
        verdict["reply"] = {"code": int(code), "enhanced": enhanced, "text": {"$contains": text}}
    elif action in ("accept", "quarantine"):
        verdict["reply"] = None
    if override or action:
        verdict["override"] = override
    if disposition:
        verdict["report_disposition"] = disposition
    if decided_by:
        verdict["decided_by"] = decided_by
    if verdict:
        wanted["verdict"] = verdict
    return wanted


INSERTED = {"action": "insert", "index": 0, "name": "Authentication-Results"}


def deleted(name, *indexes):
    return [{"action": "delete", "name": name, "index": i} for i in indexes]


written = set()


def case(name, want, msg=None, args=GOOD, zone=ZONE, conf=None):
    """Writes tests/cases/NAME."""
    assert name not in written, name
    written.add(name)
    folder = CASES / name
    folder.mkdir(exist_ok=True)
    (folder / "msg.eml").write_bytes(message() if msg is None else msg)
    (folder / "zone").write_text(zone)
    line = (args if isinstance(args, str) else shlex.join(args)) + "\n"
    (folder / "args").write_bytes(line.encode("utf-8", "surrogateescape"))
    (folder / "expect.json").write_text(json.dumps(want, indent=1) + "\n")
    if conf is None:
        (folder / "conf").unlink(missing_ok=True)
    else:
        (folder / "conf").write_text(conf.strip() + "\n")


def remove_stale():
    """Folders that a specification wrote once and none writes now."""
    for folder in CASES.iterdir():
        if (folder / "expect.json").exists() and folder.name not in written:
            shutil.rmtree(folder)
