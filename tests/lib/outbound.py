"""Makes up mail as people and programs hand it in to be sent: what a signer has
to cope with.

Every message comes from a seed of its own (its name), so that one can be made
again alone.  `traits` says what is odd about it.  With plain=True there is only
what SMTP may carry and a mail server passes on as it is.
"""
import random
import re
from dataclasses import dataclass

# The author's: these, or below a label of them.
DOMAIN = "example.org"
U_DOMAIN, A_DOMAIN = "grün.example", "xn--grn-ioa.example"
BOUNDARY = b"=_x y"
DAY = "Sat, 21 Nov 2026 12:00:00 +0000"

WORDS = ["hello", "World", "a", "of", "(comment)", "x:y", "1;2", "\"quoted  text\"", "=3D", "v=1;",
         "b=abc==", "=?utf-8?q?x=C3=A9?=", "<tag>", "w" * 60, "From", "."]
ODD_WORDS = ["été".encode(), "Grüße".encode(), "日本語".encode(), b"\xe9t\xe9", b"\xff\xfe", b"\x80"]


@dataclass
class Outbound:
    id: str
    fields: list      # octets, each with its folding and last CRLF
    body: bytes       # None: there is not even an empty line
    sender: str
    rcpts: list
    domain: str       # of the author, as an A-label
    traits: set

    @property
    def data(self):
        """With CRLF."""
        header = b"".join(self.fields)
        return header if self.body is None else header + b"\r\n" + self.body

    def file(self):
        """As sendmail(1) or a file has it."""
        return self.data if "CRLF in the file" in self.traits else self.data.replace(b"\r\n", b"\n")

    def names(self):
        return [field.split(b":", 1)[0].strip().lower().decode("latin-1") for field in self.fields]


class Maker:
    """Makes one message, of an author below LABEL of the domains."""

    def __init__(self, name, label="", plain=False):
        self.name = name
        self.plain = plain
        below = label + "." if label else ""
        self.domain, self.u_domain, self.a_domain = below + DOMAIN, below + U_DOMAIN, below + A_DOMAIN
        self.rng = random.Random(name)
        self.traits = set()

    def chance(self, share):
        return self.rng.random() < share

    def odd(self, share, trait):
        """Whether to be odd this way; what is, is noted."""
        if not self.chance(share):
            return False
        self.traits.add(trait)
        return True

    def pick(self, *choices):
        return self.rng.choice(choices)

    # --- the header

    def fold(self):
        return self.pick(b"\r\n ", b"\r\n\t", b" \r\n ", b"\r\n   ") if not self.plain else b"\r\n\t"

    def gap(self):
        """Between two words."""
        if self.chance(0.12):
            self.traits.add("folded field")
            return self.fold()
        return self.pick(b" ", b" ", b" ", b"  ", b"\t")

    def text(self, most=9):
        words = []
        for _ in range(self.rng.randint(1, most)):
            odd = self.odd(0.03, "8-bit header")
            words += [self.rng.choice(ODD_WORDS) if odd else self.rng.choice(WORDS).encode(), self.gap()]
        return b"".join(words[:-1])

    def long_text(self, octets):
        """One line, hardly folded."""
        return b" ".join(self.rng.choice(WORDS).encode() for _ in range(octets // 6))

    def author(self):
        """(value of From, envelope sender, author's domain)"""
        user = self.pick("a", "alice", "first.last", "a+tag", "x" * 60)
        if self.odd(0.04, "EAI"):
            return f"Jörg <jörg@{self.u_domain}>".encode(), f"alice@{self.a_domain}", self.a_domain
        if self.odd(0.03, "A-label author"):
            return f"{user}@{self.a_domain}".encode(), f"{user}@{self.a_domain}", self.a_domain
        address = f"{user}@{self.domain}"
        forms = [address, f"<{address}>", f"A Person <{address}>", f"\"Person, A\" <{address}>",
                 f"=?utf-8?q?J=C3=B6rg?= <{address}>", f"{address} (A Person)",
                 f"\"A \\\"quoted\\\" one\"\r\n <{address}>", f"A Person\r\n\t<{address}>",
                 f"A Person <{user}@{self.domain.upper()}>", f"<{address}>, B <b@{self.domain}>"]
        # A mail server may write these anew.
        plain = forms[:5]
        return self.rng.choice(plain if self.plain else forms).encode(), address, self.domain

    def recipients(self):
        count = self.pick(1, 1, 1, 2, 5)
        if self.odd(0.03, "many recipients"):
            count = self.pick(50, 200, 400)
        rcpts = [f"{self.pick('b', 'bob', 'B.C', 'list-owner')}{i}@{self.pick('net', 'com')}.example"
                 for i in range(count)]
        join = ",\r\n\t" if count > 3 or self.chance(0.2) else ", "
        return join.join(f"<{r}>" if self.chance(0.3) else r for r in rcpts).encode(), rcpts

    def name_of(self, name):
        if self.chance(0.06):
            self.traits.add("field name in lower case")
            return name.lower()
        if not self.plain and self.chance(0.03):
            self.traits.add("field name in capitals")
            return name.upper()
        return name

    def field(self, name, value, unusual=True):
        """A field line with blanks as they come."""
        before, after = b" ", b""
        if unusual and not self.plain:
            before = self.pick(b" ", b" ", b" ", b"", b"  ", b"\t", b"\r\n ")
            if self.odd(0.05, "blank at the end of a field"):
                after = self.pick(b" ", b"\t", b"  \t")
        return self.name_of(name).encode() + b":" + before + value + after + b"\r\n"

    def optional(self):
        """Fields that may stand there, as (name, value)."""
        fields = []
        for name in ("Cc", "Reply-To", "Sender"):
            if self.chance(0.25):
                fields.append((name, f"c{self.rng.randint(1, 9)}@{DOMAIN}".encode()))
        for name in ("Comments", "X-Mailer", "X-odd_name!#$", "In-Reply-To", "References", "List-Id",
                     "List-Unsubscribe", "List-Post", "Organization"):
            if self.chance(0.15):
                fields.append((name, self.text()))
        if self.chance(0.6):
            kinds = [b"text/plain; charset=utf-8", b"text/plain;\r\n\tcharset=\"utf-8\""]
            if self.odd(0.15, "multipart"):
                kinds = [b"multipart/mixed;\r\n boundary=\"" + BOUNDARY + b"\""]
            fields += [("MIME-Version", b"1.0"), ("Content-Type", self.pick(*kinds)),
                       ("Content-Transfer-Encoding", self.pick(b"7bit", b"8bit"))]
        if self.odd(0.10, "field several times"):
            fields += [(self.pick("Received", "Comments", "X-Tag"), self.text())
                       for _ in range(self.rng.randint(2, 6))]
        if self.odd(0.04, "resent"):
            fields += [("Resent-From", f"d@{DOMAIN}".encode()), ("Resent-To", b"e@net.example"),
                       ("Resent-Date", DAY.encode())] * self.pick(1, 2)
        if self.odd(0.08, "empty field"):
            fields.append((self.pick("X-Empty", "Comments", "Keywords"), b""))
        if not self.plain:
            fields += self.unusual()
        return fields

    def unusual(self):
        fields = []
        if self.odd(0.02, "field of blanks, folded"):
            fields.append(("X-Blank", b"\r\n \t\r\n x"))
        if self.odd(0.03, "long header line"):
            fields.append(("X-Long", self.long_text(self.pick(998, 2000, 30000))))
        if self.odd(0.02, "field that may stand once, twice"):
            fields.append((self.pick("Subject", "To", "Cc", "Content-Type"), b"another <b@net.example>"))
        if self.odd(0.03, "signature of another"):
            fields.append(("DKIM-Signature", b"v=1; a=rsa-sha256; d=other.example; s=x;\r\n h=From; "
                                             b"bh=AAAA; b=AAAA"))
        if self.odd(0.03, "results of another"):
            fields.append(("Authentication-Results", b"mx.other.example; spf=pass"))
        return fields

    def header(self):
        author, sender, domain = self.author()
        to, rcpts = self.recipients()
        fields = [("From", author), ("To", to)]
        if not self.odd(0.05, "no Subject"):
            fields.append(("Subject", b"" if self.odd(0.03, "empty Subject") else self.text()))
        if not self.odd(0.10, "no Date"):
            fields.append(("Date", DAY.encode()))
        if not self.odd(0.10, "no Message-Id"):
            fields.append((self.pick("Message-ID", "Message-Id"), f"<{self.name}@{DOMAIN}>".encode()))
        fields += self.optional()
        self.rng.shuffle(fields)
        return [self.field(*f) for f in fields], sender, rcpts, domain

    # --- the body

    def line(self):
        if self.odd(0.02, "8-bit body"):
            return self.rng.choice(ODD_WORDS) + b" " + self.rng.choice(ODD_WORDS)
        words = [self.rng.choice(WORDS).encode() for _ in range(self.pick(0, 1, 3, 8))]
        return b"".join(w + self.pick(b" ", b" ", b"  ", b"\t", b"") for w in words)

    def long_line(self):
        octets = self.pick(900, 980) if self.plain else self.pick(998, 999, 1500, 5000, 70000)
        return (b"0123456789abc d\te " * (octets // 18 + 1))[:octets - 1] + b"z"

    def lines(self):
        lines = [self.line() for _ in range(self.pick(1, 2, 5, 30))]
        for share, trait, make in (
                (0.06, "long body line", self.long_line),
                (0.05, "From line in the body", lambda: b"From here on"),
                (0.06, "dots in the body", lambda: self.pick(b".", b"..", b".x", b". ")),
                (0.05, "line of blanks", lambda: self.pick(b" ", b"\t", b" \t "))):
            if self.odd(share, trait):
                lines.insert(self.rng.randint(0, len(lines)), make())
        if self.odd(0.15, "empty lines at the end"):
            lines += [b""] * self.rng.randint(1, 9)
        elif self.odd(0.08, "blanks at the end"):
            lines += self.pick([b" "], [b"\t", b""], [b"x \t"], [b" ", b"", b"  "])
        return lines

    def body(self):
        if "multipart" not in self.traits:
            if self.odd(0.04, "empty body"):
                return b""
            if self.odd(0.02, "body of empty lines"):
                return b"\r\n" * self.pick(1, 2, 7)
        if not self.plain:
            if self.odd(0.02, "no body"):
                return None
            if self.odd(0.01, "body of blanks"):
                return self.pick(b" ", b"\t\r\n", b" \r\n \r\n")
        lines = self.lines()
        if self.odd(0.02, "body of 100 kB"):
            lines += [self.line() for _ in range(4000)]
        if "multipart" in self.traits:
            lines = [b"--" + BOUNDARY, b"", *lines, b"--" + BOUNDARY + b"--"]
        body = b"\r\n".join(lines)
        if body and self.odd(0.06 if not self.plain else 0, "no line end at the end"):
            return body
        return body + b"\r\n"

    def make(self):
        fields, sender, rcpts, domain = self.header()
        body = self.body()
        if not self.plain:
            self.odd(0.1, "CRLF in the file")
        return Outbound(self.name, fields, body, sender, rcpts, domain, self.traits)


def big(name, octets, label="", plain=False):
    """One whose body has about OCTETS."""
    maker = Maker(name, label, plain)
    message = maker.make()
    line = b"".join(maker.pick(b"word ", b"x", b"\t", b"  ", b"=20") for _ in range(20)).strip() + b"\r\n"
    message.body = (message.body or b"") + b"\r\n" + line * (octets // len(line))
    message.traits.add("big")
    message.traits -= {"no body", "empty body", "no line end at the end", "empty lines at the end"}
    return message


def without(message, *names):
    """MESSAGE without the fields called so, as a client may leave them to the server."""
    pattern = re.compile("|".join(names), re.I)
    message.fields = [f for f in message.fields
                      if not pattern.fullmatch(f.split(b":", 1)[0].strip().decode("latin-1"))]
    message.traits.update(f"no {name}" for name in names)
    return message
