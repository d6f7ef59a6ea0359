"""Makes signed messages, valid ones and ones that were bent: in the signature,
in the message afterwards, or in the key record.

Every case comes from a seed of its own, so that one can be made again alone.
`facts` says what was put into it, `truths` what has to come of each signature by
construction: pass, temperror or no (any other result).
"""
import base64
import hashlib
import pathlib
import random
import re
import sys
from dataclasses import dataclass

import nacl.signing
from dkim.crypto import RSASSA_PKCS1_v1_5_sign, parse_pem_private_key

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import key_bends  # noqa: E402
import message_bends  # noqa: E402
import signature_bends  # noqa: E402
import signer  # noqa: E402
from fixture import Fixture  # noqa: E402
from signature_bends import DAY, NOW  # noqa: E402

KEYS = ["rsa1024"] * 4 + ["rsa2048"] * 3 + ["ed25519"]


# --- keys

class Key:
    loaded = {}

    def __init__(self, name):
        self.name = name
        self.public = signer.public_key(name)
        pem = (signer.KEYS / f"{name}.pem").read_bytes()
        if name == "ed25519":
            der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
            self.private = nacl.signing.SigningKey(der[-32:])
        else:
            self.private = parse_pem_private_key(pem)

    def sign(self, data, digest):
        hashed = hashlib.new(digest, data)
        if self.name == "ed25519":
            return self.private.sign(hashed.digest()).signature
        return RSASSA_PKCS1_v1_5_sign(hashed, self.private)


def key(name):
    if name not in Key.loaded:
        Key.loaded[name] = Key(name)
    return Key.loaded[name]


# --- messages

@dataclass
class Case:
    id: str
    message: bytes  # with CRLF
    dns: Fixture
    facts: set
    truths: list
    line_feeds: bool = False  # vidimus gets it with LF alone
    method = "dkim"
    now = NOW

    def fields(self):
        header = self.message.split(b"\r\n\r\n", 1)[0]
        return re.split(rb"\r\n(?![ \t])", header)

    @property
    def signatures(self):
        return sum(1 for f in self.fields() if re.match(rb"DKIM-Signature[ \t]*:", f, re.I))

    def arguments(self):
        return ["--ip", "192.0.2.1", "--helo", "mail.example.com", "--mail-from",
                "a@example.com", "--authserv-id", "mx.rcpt.test", "--now", str(NOW)]

    def plain(self):
        return {"method": "dkim", "now": NOW,
                "message": base64.b64encode(self.message).decode(), **self.dns.plain()}

    def show(self):
        lines = [f"facts={sorted(self.facts)} truths={self.truths}"]
        lines += [repr(f)[2:-1] for f in self.fields()]
        lines += ["body: " + repr(self.message.split(b"\r\n\r\n", 1)[-1])[:600]]
        lines += [f"  {name} {kind} {data}" for (name, kind), rows in self.dns.sets.items()
                  for data in rows]
        lines += [f"  {name} {kind} FAULT {what}" for (name, kind), what in self.dns.faults.items()]
        return "\n".join(lines)


@dataclass
class Signed:
    """What a signature was made over."""
    value: bytes  # of b=, folded
    names: list   # in h=
    header_form: str
    body_form: str
    limit: int    # l=; None: there is none
    data: bytes   # of the header, the signature field at its end
    body: bytes   # canonical, up to the limit
    beyond: bool  # the limit is beyond the body
    for_subdomain: bool  # by i=


# Of 20 cases; what the others do with the bends is in their modules.
KINDS = ["valid"] * 8 + ["signature"] * 5 + ["message"] * 4 + ["key"] * 3
BENDS = {"signature": signature_bends, "message": message_bends, "key": key_bends}


class Maker:
    """Makes one case.  Fields are bytes with their folding and last CRLF."""

    def __init__(self, name):
        self.name = name
        self.number = int(name.rpartition("-")[2])
        self.rng = random.Random(name)
        self.dns = Fixture()
        self.facts = set()
        self.signed = None  # the signature made last
        self.limit_share = 0.12  # of signatures with l=

    def chance(self, share):
        return self.rng.random() < share

    def pick(self, *choices):
        return self.rng.choice(choices)

    # --- a message to sign

    def blanks(self):
        return self.pick(b" ", b" ", b" ", b"", b"  ", b"\t", b"\r\n ", b" \r\n\t", b" \t ")

    def text(self):
        words = [b"hello", b"World", b"a", b"=?utf-8?q?x=C3=A9?=", b"(comment)",
                 b"\xc3\xa9t\xc3\xa9", b"x:y", b"1;2", b"\"quoted  text\"", b"=3D", b"\xff", b"w" * 80]
        parts = []
        for _ in range(self.pick(0, 1, 2, 4, 9)):
            parts += [self.rng.choice(words),
                      self.pick(b" ", b" ", b"  ", b"\t", b"\r\n ", b" \r\n  ")]
        if parts and self.chance(0.7):
            parts.pop()
        return b"".join(parts)

    def header(self):
        author = self.pick(b"a@example.com", b"A Person <a@example.com>",
                           b"\"A, B\"\r\n <a@example.com>")
        fields = [(b"From", author), (b"To", b"<b@example.net>"), (b"Subject", self.text()),
                  (b"Date", b"Thu, 01 Jan 2026 00:00:00 +0000"),
                  (b"Message-ID", b"<1@example.com>")]
        for name in (b"Cc", b"Reply-To", b"MIME-Version", b"Content-Type", b"Received", b"Received",
                     b"X-Odd_name!#$", b"x-lower", b"X-EMPTY", b"Comments", b"Comments",
                     b"List-Id"):
            if self.chance(0.3):
                fields.append((name, b"" if name == b"X-EMPTY" else self.text()))
        self.rng.shuffle(fields)
        made = []
        for name, value in fields:
            name = self.pick(name, name, name, name.lower(), name.upper())
            colon = b":"
            if self.chance(0.003):
                colon = self.pick(b" :", b"\t:", b"  :")
            end = self.pick(b"", b"", b"", b" ", b"\t")
            made.append(name + colon + self.blanks() + value + end + b"\r\n")
        return made

    def line(self):
        words = [b"word", b"x", b" ", b" ", b"  ", b"\t", b"\xe9", b"=20", b".", b"a" * 70]
        return b"".join(self.rng.choice(words) for _ in range(self.pick(0, 1, 3, 8)))

    def body(self):
        lines = [self.line() for _ in range(self.pick(0, 0, 1, 2, 5, 30))]
        lines += self.pick([], [], [], [b""], [b"", b"", b""], [b" ", b""], [b"\t"], [b"", b" \t "])
        if self.chance(0.05):
            lines.insert(0, b"")
        if self.chance(0.03):
            lines.append(b"L" * self.pick(998, 5000, 70000))
        if self.chance(0.02) and lines:
            lines[-1] += self.pick(b"\rbare", b" \r", b"\r\r x")
        text = b"".join(line + b"\r\n" for line in lines)
        if text.endswith(b"\r\n") and self.chance(0.1):
            text = text[:-2]
        return text

    # --- a signature

    def names(self, fields):
        """What h= names: each field once or more, some that are not there."""
        present = [f.split(b":")[0].strip() for f in fields]
        names = [n for n in present if n.lower() == b"from" or self.chance(0.8)]
        for name in (b"From", b"Subject", b"X-Missing", b"Resent-From", b"To", b"Received"):
            if self.chance(0.15):
                names.append(name)
        self.rng.shuffle(names)
        return [self.pick(n, n, n.lower(), n.title()) for n in names]

    def style(self):
        """What stands between the parts of a signature field."""
        return self.pick((b"; ", b"=", b":"), (b"; ", b"=", b":"), (b";", b"=", b":"),
                         (b";\r\n\t", b"=", b":"), (b";\r\n ", b"=", b" : "),
                         (b"; ", b"= ", b":\r\n  "), (b";\r\n\t ", b"=\r\n ", b":"),
                         *([(b" ; ", b"=", b":")] if self.chance(0.3) else []))

    def folded(self, value):
        """Base64 in lines."""
        step = self.pick(0, 0, 60, 20)
        if not step:
            return value
        between = self.pick(b"\r\n\t", b"\r\n ", b" ", b"\r\n        ")
        return between.join(value[i:i + step] for i in range(0, len(value), step))

    def tags(self, fields, body, domain, selector, key_name):
        header_form = self.pick("simple", "relaxed", "relaxed")
        body_form = self.pick("simple", "relaxed")
        hashed = signer.canonical_body(body, body_form)
        tags = {"v": b"1", "a": b"ed25519-sha256" if key_name == "ed25519" else b"rsa-sha256",
                "d": domain, "s": selector, "h": self.names(fields)}
        if (header_form, body_form) != ("simple", "simple") or self.chance(0.7):
            tags["c"] = f"{header_form}/{body_form}".encode()
            if body_form == "simple" and self.chance(0.4):
                tags["c"] = header_form.encode()
        if self.chance(0.25):
            tags["t"] = str(NOW - self.pick(0, 1, 3600, 300 * DAY)).encode()
        if self.chance(0.2):
            tags["x"] = str(NOW + self.pick(1, 3600, 30 * DAY)).encode()
        if self.chance(0.3):
            tags["i"] = self.pick(b"@" + domain, b"a@" + domain, b"@sub." + domain,
                                  b"x=20y@" + domain.upper())
        if self.chance(0.15):
            tags["q"] = b"dns/txt"
        if self.chance(0.1):
            tags["z"] = b"From:a@example.com|Subject:x=20y"
        if self.chance(0.1):
            tags["xx_1"] = b"unknown tag"
        if self.chance(self.limit_share):
            tags["l"] = str(len(hashed)).encode()
        tags["bh"] = None  # made at last
        return tags, header_form, body_form

    def sign(self, fields, body, bend=None, by=None):
        """A DKIM-Signature field, by the domain of the case or BY (domain,
        selector, key); BEND may change its tags before it is made."""
        domain, selector, key_name = by or (self.domain, self.selector, self.key_name)
        pairs, header_form, body_form = self.ordered_tags(fields, body, domain, selector, key_name)
        if bend:
            pairs = bend(pairs)
            header_form, body_form = forms_of(dict(pairs).get("c"), header_form, body_form)
        wanted = dict(pairs)
        digest = "sha1" if b"sha1" in (wanted.get("a") or b"") else "sha256"
        hashed = signer.canonical_body(body, body_form)
        limit = wanted.get("l")
        limit = int(limit) if limit and limit.isdigit() else None
        body_hash = base64.b64encode(hashlib.new(digest, hashed[:limit]).digest())
        names = wanted.get("h") or []
        field_with = self.layout(pairs, body_hash)
        hole = b"\0HOLE\0"
        data = self.hashed_header(fields, names, header_form)
        data += signer.canonical_field(without(field_with(hole), hole), header_form)[:-2]
        value = self.folded(base64.b64encode(key(key_name).sign(data, digest)))
        identity = (wanted.get("i") or b"@" + domain).rpartition(b"@")[2]
        self.signed = Signed(value, names, header_form, body_form, limit, data, hashed[:limit],
                             limit is not None and limit > len(hashed),
                             identity.lower() != domain.lower())
        return field_with(value)

    def ordered_tags(self, fields, body, domain, selector, key_name):
        tags, header_form, body_form = self.tags(fields, body, domain, selector, key_name)
        order = list(tags)
        if self.chance(0.5):
            self.rng.shuffle(order)
        order.insert(self.pick(len(order), len(order), len(order), 1), "b")
        return [(name, tags.get(name)) for name in order], header_form, body_form

    def layout(self, pairs, body_hash):
        """A function of the value of b= that gives the field."""
        separator, equals, colon = self.style()
        texts = []
        for name, value in pairs:
            if name == "h" and isinstance(value, list):
                value = colon.join(value)
            if name == "bh" and value is None:
                value = self.folded(body_hash)
            texts.append((name.encode(), value))
        before = self.pick(b" ", b" ", b"", b"\r\n\t", b"  ")
        after = self.pick(b"", b"", b"", b"", b"", b"", b";", b";", b"; ")

        def field_with(signature):
            parts = [name + equals + (signature if value is None else value)
                     for name, value in texts]
            return b"DKIM-Signature:" + before + separator.join(parts) + after + b"\r\n"
        return field_with

    def truth_of(self, own, fields, body):
        """Whether the field OWN still holds for a header of FIELDS and a BODY."""
        made = self.signed
        data = self.hashed_header(fields, made.names, made.header_form)
        data += signer.canonical_field(without(own, made.value), made.header_form)[:-2]
        hashed = signer.canonical_body(body, made.body_form)
        enough = made.limit is None or made.limit <= len(hashed)
        return "pass" if enough and (data, hashed[:made.limit]) == (made.data, made.body) else "no"

    @staticmethod
    def hashed_header(fields, names, form):
        pile = list(fields)
        data = b""
        for name in names:
            at = [i for i, f in enumerate(pile)
                  if f.split(b":")[0].strip().lower() == name.strip().lower()]
            if at:
                data += signer.canonical_field(pile.pop(at[-1]), form)
        return data

    # --- key records

    def key_domain(self):
        return f"{self.selector.decode()}._domainkey.{self.domain.decode()}".lower()

    def publish(self, text, selector=None, domain=None):
        """A key record, in several strings at will."""
        text = text.encode("latin-1")
        places = range(1, len(text))
        cuts = sorted(self.rng.sample(places, min(self.pick(0, 0, 1, 3), len(places))))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
        parts = [p[i:i + 255] for p in parts for i in range(0, max(len(p), 1), 255)]
        name = f"{selector}._domainkey.{domain}" if selector else self.key_domain()
        self.dns.add(name, "TXT", *parts)

    def public(self):
        return key(self.key_name).public

    def kind(self):
        return "ed25519" if self.key_name == "ed25519" else "rsa"

    def record(self, key_name=None, **changes):
        """The text of a key record; CHANGES override its tags, None leaves one out."""
        key_name = key_name or self.key_name
        kind = "ed25519" if key_name == "ed25519" else "rsa"
        tags = {"v": "DKIM1", "k": kind, "p": key(key_name).public}
        if kind == "rsa" and self.chance(0.3):
            del tags["k"]
        if self.chance(0.2):
            del tags["v"]
        tags.update(changes)
        separator = self.pick("; ", "; ", ";", " ; ", ";  ")
        text = separator.join(f"{n}={v}" for n, v in tags.items() if v is not None)
        return text + self.pick("", "", ";", "; ")

    def good_record(self, key_name=None):
        more = {}
        if self.chance(0.15):
            more["s"] = self.pick("*", "email", "email:other", "other:*")
        if self.chance(0.1):
            more["h"] = self.pick("sha256", "sha1:sha256", "sha256:sha1")
        if self.chance(0.1):
            more["t"] = self.pick("y", "y:x", "n")
        if self.chance(0.1):
            more["n"] = self.pick("a note", "")
        return self.record(key_name, **more)

    # --- whole messages

    def begin(self):
        self.fields, self.text_body = self.header(), self.body()
        self.domain = self.pick(b"example.com", b"example.com", b"mail.example.com",
                                b"Example.ORG", b"x_y.example.net")
        self.selector = self.pick(b"s1", b"sel-2026", b"a.b.c", b"UPPER")
        self.key_name = self.rng.choice(KEYS)

    def finish(self, fields, body, truths):
        message = b"".join(fields) + b"\r\n" + body
        line_feeds = self.chance(0.1) and b"\r" not in message.replace(b"\r\n", b"")
        return Case(self.name, message, self.dns, self.facts, truths, line_feeds)

    def place(self, own):
        """OWN among the fields of the message, mostly on top."""
        at = 0 if self.chance(0.85) else self.rng.randrange(len(self.fields) + 1)
        return self.fields[:at] + [own] + self.fields[at:]

    def signed_message(self):
        """The fields of a message that is all right."""
        self.begin()
        own = self.sign(self.fields, self.text_body)
        self.publish(self.good_record())
        return self.place(own)

    def valid_case(self):
        fields, truths = self.signed_message(), ["pass"]
        if self.chance(0.12):
            second = self.pick("rsa1024", "ed25519")
            other = self.sign(fields, self.text_body, by=(b"second.example", b"s2", second))
            self.publish(self.good_record(second), "s2", "second.example")
            fields, truths = [other] + fields, ["pass", "pass"]
        return self.finish(fields, self.text_body, truths)

    def make(self):
        kind = KINDS[self.number % len(KINDS)]
        if kind == "valid":
            return self.valid_case()
        turn = self.number // len(KINDS) * KINDS.count(kind)
        turn += self.number % len(KINDS) - KINDS.index(kind)
        return BENDS[kind].make(self, turn)


# --- signature fields

def without(field, value):
    """FIELD without VALUE and the blanks around it: what a signature signs of
    itself."""
    blanks = rb"(?:[ \t]|\r\n(?=[ \t]))*"
    return re.sub(blanks + re.escape(value) + blanks, b"", field, count=1)


def forms_of(tag, header_form, body_form):
    """The forms that c= names, or that generous readers take it for."""
    if not tag:
        return "simple", "simple"
    parts = tag.decode("latin-1").lower().split("/")
    if len(parts) > 2 or not set(parts) <= {"simple", "relaxed"}:
        return header_form, body_form
    return parts[0], parts[1] if len(parts) == 2 else "simple"
