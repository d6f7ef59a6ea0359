"""Makes SPF evaluations: clients, senders, and records good and bad.

Every case comes from a seed of its own, so that one can be made again alone.
"""
import ipaddress
import random
import zlib
from dataclasses import dataclass

import grammar
from fixture import Fixture

NOW = 1_767_225_600
RECEIVER = "mx.rcpt.test"
MADE_UP = "h.test"  # names below it exist or not, as a checksum of the name says

CLIENTS4 = ["192.0.2.1", "192.0.2.77", "198.51.100.200", "203.0.113.9", "10.1.2.3", "127.0.0.1"]
CLIENTS6 = ["2001:db8::1", "2001:db8:0:cd30::f:9", "2001:db8:ffff:1:2:3:4:5", "fe80::1:a"]
DOMAINS = [*["example.com", "mail.example.com", "sender-2.example.org", "x_y.example.net",
             "a.very-long-name.example.co.uk"] * 3, "Sender-1.example.org"]
OTHERS = ["alpha.example.net", "_spf.beta.example.org", "c.gamma.example.com", "delta.test",
          "eps-1.example.net", "zeta.sub.example.com"]
LOCALS = ["user", "strong-bad", "first.last+tag", "o'brien=x", "UPPER_case", "a/b=c-d.e",
          "postmaster", "x", "50%off", "{curly}"]
HELOS = [*["mail.example.com", "mx-1.example.net", "a_b.example", "host", "[192.0.2.1]"] * 4,
         "MAIL.Example.ORG"]

ODD_TERMS = [
    "a:", "mx:", "ip4", "ip4:", "ip4:1.2.3", "ip4:1.2.3.4/33", "ip4:1.2.3.4/", "ip4:1.2.3.4/08",
    "ip4:01.2.3.4", "ip4:1.2.3.4//32", "ip4:192.0.2.1:25", "ip6:::1/129", "ip6:2001:db8::/-1",
    "ip6:2001:db8", "ip6:::ffff:192.0.2.1", "ip6:2001:DB8::/32", "ip6:1:2:3:4:5:6:1.2.3.4",
    "ip4:2001:db8::1", "ip6:192.0.2.1", "ip6:::192.0.2.1/96", "ip6:::/0", "ip4:0.0.0.0/0",
    "all:x", "all/8", "all.", "-all,", "a/0", "a//0", "a/0//0", "a/32//128", "a/33", "a//129",
    "mx/033", "a/24/64", "a///64", "a/", "a//", "exists", "exists:", "include", "include:",
    "exists:example.com/24", "include:example.com/24", "ptr/24", "ptr:", "redirect=", "exp=",
    "foo:bar", "foo", "foo=%{x}", "foo=%", "foo=%(d)", "foo=", "foo=%{d}%%%_%-", "f-o.o_9=bar",
    "9foo=bar", "-foo=bar", "foo=b=r", "FOO=BAR", "ipv4:192.0.2.1", "ip:192.0.2.1", "prt",
    "A:EXAMPLE.COM", "MX", "InClude:alpha.example.net", "a:example.com:80", "exists:%{d0}.x.test",
    "exists:%{s0r}.test", "a:%{c}.x.test", "exists:%{r}.test", "exists:%{t}.test",
    "exists:%{i}.%{", "exists:%{i}.%{d", "a:foo%bar.test", "a:%.test", "exists:%{dr.}.test",
    "exists:%{d-.}.test", "exists:%{d.-}.test", "exists:%{d1r+,/_=}.test", "exists:%{D2R}.test",
    "exists:%{d999}.test", "exists:%{d2x}.test", "exists:%{dd}.test", "exists:%%{d}.test",
    "exists:%{d r}.test", "a:museum", "a:museum.", "a:111.222.33.44", "a:1.2.3.4/24", "a:x.-y",
    "a:x.y-", "a:x.y-z", "a:.x.test", "a:x..test", "a:test..", "a:x!y.test", "a:x:y.test",
    "a:x/y.test", "a:x/24.test", "mx:x/24.test/24", "a:%%.test", "a:%_x.test", "a:%-x.test",
    "include:%{d}", "include:%{h}", "a:%{h}", "a:%{p}.test", "exists:%{p}.h.test",
    "redirect=%{d}", "redirect=alpha.example.net/24", "redirect:alpha.example.net",
    "redirect=alpha.example.net redirect=delta.test", "exp=a.test exp=b.test", "exp=%{d",
    "exp=%{l}", "-redirect=alpha.example.net", "+exp=x.test", "default=-all", "op=auth",
    "v=spf1", "=a", "?", "-", "+-all", "--all", "~?all", "!a", "a=b=c", "a:b.test,", "all\t",
    "a:\x01.test", "a:\x7f.test", "a:b\xe9r.test", "x=\x80", "ip4:1.2.3.4\t-all", "a;mx",
    "exists:" + "x" * 64 + ".test", "exists:" + "y.z" * 130 + ".test", "a:" + "l" * 63 + ".test",
    "exists:%{i}._spf.%{d2}", "exists:%{ir}.%{v}._spf.%{d}", "a:%{d}.", "a:[192.0.2.1]",
]


# What verifiers are known to read differently: one thing a case, so that the rest can
# be compared.  The ones that there is no cure for (cures.py) stand by themselves.
ODDITIES = {None: 44, "R": 8, "delimiters alone": 24, "HELO with a dot": 12, "ip6 for all": 6,
            "odd explanation": 6}
ODDITIES_ALONE = ["R", "delimiters alone", "HELO with a dot", "delimiters of names", "capitals",
                  "%% at the end"]
LETTERS_OF = {"HELO with a dot": "h", "delimiters of names": "odh", "delimiters alone": "sl"}


@dataclass
class Case:
    id: str
    ip: str
    helo: str
    sender: str  # "" is the null sender
    dns: Fixture
    facts = frozenset()  # none but those that can be seen
    method = "spf"
    now = NOW
    receiver = RECEIVER
    signatures = 1  # one answer

    @property
    def truths(self):
        return [grammar.result_of(self)]

    def arguments(self):
        return ["--ip", self.ip, "--helo", self.helo, "--mail-from", self.sender or "<>",
                "--authserv-id", RECEIVER, "--now", str(NOW)]

    def plain(self):
        return {"method": "spf", "now": NOW, "ip": self.ip, "helo": self.helo,
                "sender": self.sender, "receiver": RECEIVER, **self.dns.plain()}

    def records(self):
        """Texts of all SPF records of the case."""
        texts = [b"".join(data) for (_, kind), rows in self.dns.sets.items() if kind == "TXT"
                 for data in rows]
        return [t for t in texts if t[:6].lower() == b"v=spf1"]

    def show(self):
        lines = [f"ip={self.ip} helo={self.helo} sender={self.sender} truths={self.truths}"]
        for (name, kind), rows in self.dns.sets.items():
            lines += [f"  {name} {kind} {data}" for data in rows]
        lines += [f"  {name} {kind} FAULT {what}" for (name, kind), what in self.dns.faults.items()]
        return "\n".join(lines)


class Maker:
    """Makes one case."""

    def __init__(self, name):
        self.name = name
        self.number = int(name.rpartition("-")[2])
        self.rng = random.Random(name)
        self.dns = Fixture()
        self.oddity, = self.rng.choices(list(ODDITIES), ODDITIES.values())
        self.ip = self.client()
        self.domain = self.rng.choice(DOMAINS)
        self.sender = self.rng.choice(LOCALS) + "@" + self.domain
        dotted = self.oddity == "HELO with a dot"
        self.helo = "client.example.test." if dotted else self.rng.choice(HELOS)
        self.hosts = []
        self.dns.maker = self.made_up

    def chance(self, share):
        return self.rng.random() < share

    # --- clients and their addresses

    def client(self):
        if self.chance(0.68):
            return self.rng.choice(CLIENTS4)
        if self.chance(0.85):
            return self.rng.choice(CLIENTS6)
        return "::ffff:" + self.rng.choice(CLIENTS4)

    @property
    def v6(self):
        return ":" in self.ip and not self.ip.startswith("::ffff:")

    def near(self, v6):
        """An address that is often the client's, or near it."""
        if v6:
            own = self.ip if self.v6 else self.rng.choice(CLIENTS6)
            return self.rng.choice([own, own, "2001:db8::", "2001:db8:0:cd30::", "2001:db8:1::7"])
        own = self.ip.removeprefix("::ffff:") if not self.v6 else self.rng.choice(CLIENTS4)
        base = own.rsplit(".", 1)[0]
        return self.rng.choice([own, own, f"{base}.{self.rng.randrange(256)}", f"{base}.0",
                                self.rng.choice(CLIENTS4)])

    def made_up(self, name, kind):
        """Data of a name below MADE_UP: a checksum of the name decides."""
        if not name.endswith("." + MADE_UP):
            return []
        dice = random.Random(zlib.crc32(name.encode("utf-8", "replace")))
        if dice.random() < 0.35:
            return []
        if kind == "A":
            mine = dice.random() < 0.6 and not self.v6
            return [[self.ip.removeprefix("::ffff:") if mine else "198.51.100.77"]]
        if kind == "AAAA":
            return [[self.ip if dice.random() < 0.6 and self.v6 else "2001:db8:77::1"]]
        if kind == "TXT":
            terms = dice.choice(["+all", "-all", "?all", "~all", "a -all", "exists:"])
            return [["v=spf1 " + terms]]
        return []

    # --- hosts

    def host(self):
        """The name of a host, with addresses, one fault or nothing behind it."""
        name = f"h{len(self.hosts)}." + self.rng.choice(OTHERS + [self.domain.lower()])
        self.hosts.append(name)
        dice = self.rng.random()
        if dice < 0.04:
            self.dns.fault(name, "AAAA" if self.v6 else "A", self.failure())
        elif dice < 0.12:
            pass  # does not exist
        elif dice < 0.18:
            self.dns.add(name, "CNAME", "target." + name)
            self.addresses("target." + name)
        else:
            self.addresses(name)
        return name

    def failure(self):
        return self.rng.choice(["timeout", "servfail"])

    def addresses(self, name):
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            self.dns.add(name, "A", self.near(False))
        if self.chance(0.6):
            self.dns.add(name, "AAAA", self.near(True))

    def exchanges(self, name):
        if (name.lower(), "MX") in self.dns.sets:
            return
        count = self.rng.choices([1, 2, 3, 10, 11], [8, 5, 4, 1, 1])[0]
        for i in range(count):
            self.dns.add(name, "MX", 10 * i, self.host())

    def pointers(self):
        """The client's reverse names, some of which lead back."""
        if (self.reverse(), "PTR") in self.dns.sets or self.chance(0.15):
            return
        if self.chance(0.06):
            self.dns.fault(self.reverse(), "PTR", self.failure())
            return
        count = self.rng.choices([1, 2, 3, 10, 11, 12], [8, 5, 4, 1, 1, 1])[0]
        for i in range(count):
            below = self.rng.choice([self.domain, self.domain, *OTHERS])
            name = below if self.chance(0.2) else f"p{i}.{below}"
            self.dns.add(self.reverse(), "PTR", name)
            if self.chance(0.5):
                self.dns.add(name, "AAAA" if self.v6 else "A", self.ip.removeprefix("::ffff:"))
            elif self.chance(0.3):
                self.dns.fault(name, "AAAA" if self.v6 else "A", self.failure())

    def reverse(self):
        return ipaddress.ip_address(self.ip.removeprefix("::ffff:")).reverse_pointer

    # --- records

    def qualifier(self):
        return self.rng.choice(["", "", "", "+", "-", "~", "?"])

    def cidr(self, mechanism):
        any_four = mechanism != "mx"  # "/0" lets hosts that are far away match (cures.py)
        any_six = any_four if self.v6 or mechanism != "ip6" else self.oddity == "ip6 for all"
        four = self.rng.choice(["", "", "/32", "/24", "/16", "/8", "/31", "/27",
                                "/0" if any_four else ""])
        six = self.rng.choice(["", "", "//128", "//64", "//48", "//33", "//0" if any_six else ""])
        if mechanism == "ip4":
            return four
        return six[1:] if mechanism == "ip6" else four + six

    def macro(self, letters="slodiphv"):
        if self.oddity:
            letters = letters.replace("p", "")
        if self.oddity in LETTERS_OF and self.chance(0.6):
            letters = LETTERS_OF[self.oddity]
        letter = self.rng.choice(letters)
        digits = self.rng.choice(["", "", "", "1", "2", "3", "9", "128"])
        turned = self.rng.choice(["", "", "R" if self.oddity == "R" else "r"])
        alone = self.oddity == "delimiters alone"
        if alone and self.chance(0.5):
            digits = turned = ""
        delimiters = ""
        if self.chance(0.6) and (letter in "sl" or self.oddity == "delimiters of names") and (
                digits + turned or alone):
            delimiters = "".join(self.rng.sample(".-+,/_=", self.rng.choice([1, 2, 7])))
        if self.oddity == "capitals" and self.chance(0.4):
            letter = letter.upper()
        return "%{" + letter + digits + turned + delimiters + "}"

    def made_up_name(self):
        parts = [self.macro() if self.chance(0.75) else self.rng.choice(["lit", "_x-1", "%%", "%-"])
                 for _ in range(self.rng.choice([1, 1, 2, 3]))]
        return self.rng.choice([".", ".", "-"]).join(parts) + "." + MADE_UP

    def target(self):
        return self.made_up_name() if self.chance(0.3) else self.host()

    def term(self, depth):
        kind = self.rng.choices(
            ["ip4", "ip6", "a", "mx", "include", "exists", "ptr", "own-a", "own-mx", "odd"],
            [20, 9, 16, 9, 12 if depth < 4 else 0, 10, 4, 4, 3, 3])[0]
        q = self.qualifier()
        if kind in ("ip4", "ip6"):
            return f"{q}{kind}:{self.near(kind == 'ip6')}{self.cidr(kind)}"
        if kind == "a":
            return f"{q}a:{self.target()}{self.cidr('a')}"
        if kind == "mx":
            name = self.rng.choice(OTHERS)
            self.exchanges(name)
            return f"{q}mx:{name}{self.cidr('mx')}"
        if kind == "include":
            return f"{q}include:{self.policy(depth + 1)}"
        if kind == "exists":
            return f"{q}exists:{self.target()}"
        if kind == "ptr":
            self.pointers()
            return q + "ptr" + self.rng.choice(["", "", ":" + self.rng.choice(OTHERS)])
        if kind == "own-a":
            self.addresses(self.domain)
            return q + "a" + self.cidr("a")
        if kind == "own-mx":
            self.exchanges(self.domain)
            return q + "mx" + self.cidr("mx")
        return q + self.rng.choice(ODD_TERMS)

    def explanation(self):
        """A name with a text full of macros."""
        name = f"e{self.rng.randrange(10**6)}." + self.domain.lower()
        words = [self.rng.choice(["See", "http://x.test/?s=", "no,", "100%%", "a%_b", "%-", "(c)"])
                 if self.chance(0.4) else self.macro("slodiphvcrt")
                 for _ in range(self.rng.randrange(1, 7))]
        text = " ".join(words)
        if self.oddity == "odd explanation":
            text += self.rng.choice(["%{x}", "%", " \x07", " \xe9", "%{d0}", "  ", "%{d"])
        if self.oddity == "%% at the end":
            text += " 100%%"
        elif text.endswith("%%"):
            text += "."
        if self.chance(0.05):
            self.dns.add(name, "TXT", "second text")
        if self.chance(0.93):
            self.dns.add(name, "TXT", *self.pieces(text))
        return f"exp={name}"

    def pieces(self, text):
        """The strings of one TXT record."""
        if len(text) <= 255 and self.chance(0.85):
            return [text]
        cuts = sorted(self.rng.sample(range(len(text) + 1), min(2, len(text))))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)])]
        return [p[i:i + 255] for p in parts for i in range(0, max(len(p), 1), 255)]

    def record(self, depth):
        terms = [self.term(depth) for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4, 6]))]
        end = self.rng.random()
        if end < 0.68:
            terms.append(self.rng.choice(["-all", "-all", "-all", "~all", "?all", "all"]))
        elif end < 0.8 and depth < 4:
            target = self.made_up_name() if self.chance(0.15) else self.policy(depth + 1)
            terms.insert(self.rng.randrange(len(terms) + 1), "redirect=" + target)
        if self.chance(0.6 if depth == 0 else 0.15):
            terms.insert(self.rng.randrange(len(terms) + 1), self.explanation())
        if self.chance(0.05):
            terms.insert(self.rng.randrange(len(terms) + 1), "unknown-1.x=%{d}.y")
        blank = "  " if self.chance(0.04) else " "
        text = blank.join(["v=spf1", *terms])
        return self.mutated(text) if self.chance(0.1) else text

    def mutated(self, text):
        """TEXT with a slip of the pen."""
        at = self.rng.randrange(6, len(text) + 1)
        odd = self.rng.choice(" .:/%={}-_+~?0aZ\t\x00\x80,;@\"'()[]")
        end = at + self.rng.choice([1, 1, 2, 5])
        return self.rng.choice([
            lambda: text[:at] + odd + text[at:],
            lambda: text[:at] + text[end:],
            lambda: text[:at] + odd + text[at + 1:],
            lambda: text[:at],
            lambda: text[:at] + text[at:end] * 2 + text[end:],
            lambda: text.upper(),
            lambda: text + " " + self.rng.choice(ODD_TERMS),
            lambda: text.replace(" ", " " + self.rng.choice(ODD_TERMS) + " ", 1),
        ])()

    def policy(self, depth, name=None):
        """Publishes a record; returns its domain."""
        name = name or f"p{depth}{self.rng.randrange(10**6)}." + self.rng.choice(OTHERS)
        dice = self.rng.random()
        if dice < 0.02:
            self.dns.fault(name, "TXT", self.failure())
        elif dice < 0.04:
            self.dns.add(name, "TXT", "nothing of SPF")
        elif dice < 0.05:
            pass
        elif dice < 0.06:
            self.dns.add(name, "CNAME", "other." + name)
            self.dns.add("other." + name, "TXT", *self.pieces(self.record(depth)))
        else:
            self.dns.add(name, "TXT", *self.pieces(self.record(depth)))
        return name

    # --- whole cases

    def usual(self):
        self.policy(0, self.domain)

    def odd_term(self):
        odd = ODD_TERMS[self.turn % len(ODD_TERMS)]
        tail = self.rng.choice(["-all", "~all", "ip4:0.0.0.0/0 ip6:::/0"])
        head = self.rng.choice(["", "", "a:%s " % self.host(), "?ip4:192.0.2.1 "])
        for name in ("example.com", "alpha.example.net", "x.test", "b.test", "delta.test"):
            self.addresses(name)
            if name.lower() != self.domain.lower():
                self.dns.add(name, "TXT", "v=spf1 ?all")
        self.pointers()
        self.dns.add(self.domain, "TXT", *self.pieces(f"v=spf1 {head}{odd} {tail}"))

    def versions(self):
        """What is a record, and how many there are."""
        good = "v=spf1 ip4:0.0.0.0/0 ip6:::/0 -all"
        sets = [
            [good, "v=spf1 -all"], [good, "other"], ["v=spf10 -all"], ["V=SPF1 -all"], ["v=spf1"],
            ["v=spf1 "], ["v=spf1-all"], [" v=spf1 -all"], ["v=spf1\t-all"], [good, "v=spf1"],
            [good, "v=spf10"], [good, good], ["spf2.0/mfrom -all"], [good, "spf2.0/pra -all"],
            ["v=spf1; -all"], ["\"v=spf1 -all\""], [""], [good + " \xe9"], ["v=spf1  -all  "],
            ["v=spf1 -all", "\xff\xfe"], ["v=sPf1 +all"],
            ["v=spf1 " + "ip4:10.0.0.1 " * self.rng.choice([20, 60, 70, 250]) + good[7:]],
            ["v=spf1 " + "?a:nowhere.h.test " * 3 + "-all"]]
        for text in sets[self.turn % len(sets)]:
            self.dns.add(self.domain, "TXT", *self.pieces(text))

    def macros(self):
        """Nothing but names made of macros, and an explanation."""
        self.oddity = ODDITIES_ALONE[self.turn % len(ODDITIES_ALONE)]
        self.domain = self.rng.choice(["sender-2.example.org", "x_y.example.net"])
        local = self.rng.choice(["strong-bad", "first.last+tag", "a/b=c-d.e"])
        self.sender = f"{local}@{self.domain}"
        dotted = self.oddity == "HELO with a dot"
        self.helo = "client.example.test." if dotted else "mx-1.example.net"
        kinds = self.rng.choice([["exists"], ["exists"], ["a"], ["exists", "a"]])
        terms = [f"{self.qualifier()}{kind}:{self.made_up_name()}" for kind in kinds]
        modifier = "EXP" if self.chance(0.1) else "exp"
        self.dns.add(self.domain, "TXT", *self.pieces(
            f"v=spf1 {' '.join(terms)} -all {self.explanation().replace('exp', modifier, 1)}"))

    def many_terms(self):
        """Around the limit of ten, in one record and across includes."""
        count = self.rng.choice([8, 9, 10, 10, 11, 11, 12])
        spread = self.rng.choice(["flat", "chain", "tree"])
        last = self.rng.choice(["ip4:0.0.0.0/0 ip6:::/0", "-all", "a:" + self.host()])
        if spread == "flat":
            kinds = [self.rng.choice(["a:%s", "exists:%s", "mx:%s", "include:%s"])
                     for _ in range(count)]
            terms = []
            for kind in kinds:
                name = f"n{len(terms)}.alpha.example.net"
                if kind.startswith("mx"):
                    self.dns.add(name, "MX", 10, "n0.beta.example.net")
                elif kind.startswith("include"):
                    self.dns.add(name, "TXT", "v=spf1 -all")
                else:
                    self.dns.add(name, "A", "10.9.9.9")
                    self.dns.add(name, "AAAA", "2001:db8:9::9")
                terms.append("?" + kind % name if kind.startswith("exists") else kind % name)
            self.dns.add("n0.beta.example.net", "A", "10.9.9.9")
            self.dns.add("n0.beta.example.net", "AAAA", "2001:db8:9::9")
            terms = [t for t in terms if not t.startswith("?exists")] + \
                    [t for t in terms if t.startswith("?exists")]
            self.dns.add(self.domain, "TXT", *self.pieces("v=spf1 " + " ".join(terms + [last])))
            return
        names = [self.domain] + [f"k{i}.beta.example.net" for i in range(count)]
        how = self.rng.choice(["include:", "redirect="]) if spread == "chain" else "include:"
        for i, name in enumerate(names):
            after = names[i + 1:i + 2] if spread == "chain" else names[3 * i + 1:3 * i + 4]
            terms = [how + n for n in after] + [last if not after else "?all"]
            if how == "redirect=" and after:
                terms = terms[:-1]
            self.dns.add(name, "TXT", *self.pieces("v=spf1 " + " ".join(terms)))

    def voids(self):
        count = self.rng.choice([1, 2, 2, 3, 3, 4])
        terms = [self.rng.choice(["a:v%d.test", "mx:v%d.test", "exists:v%d.test"]) % i
                 for i in range(count)]
        if self.chance(0.3):
            self.dns.add("v0.test", "MX", 10, "w.test")
        if self.chance(0.3):
            self.dns.add("v1.test", "TXT", "there, but no address")
        elif self.chance(0.3):
            self.dns.add("v1.test", "CNAME", "w.test")
        if self.chance(0.2):
            terms.insert(0, "ptr")
        if self.chance(0.2):
            terms.insert(1, "include:in.test")
            self.dns.add("in.test", "TXT", "v=spf1 a:v9.test -all")
        self.dns.add(self.domain, "TXT", "v=spf1 " + " ".join(terms) + " ip4:0.0.0.0/0 ip6:::/0")

    def loops(self):
        how = self.rng.choice(["include:", "redirect="])
        ring = [self.domain] + OTHERS[:self.rng.choice([0, 1, 2])]
        for i, name in enumerate(ring):
            self.dns.add(name, "TXT", f"v=spf1 ?a:{self.host()} {how}{ring[(i + 1) % len(ring)]}")

    def identities(self):
        """Odd senders, null senders, odd HELO."""
        senders = ["", "", "", "postmaster@" + self.domain, "@" + self.domain, "user@localhost",
                   "user@" + self.domain + ".", "User@" + self.domain.upper(), "user@nowhere.test",
                   "user@" + "x" * 63 + ".test", "\"a b\"@" + self.domain,
                   "user@xn--bcher-kva.example"]
        self.sender = senders[self.turn % len(senders)]
        self.helo = self.rng.choice(HELOS + [self.domain, self.domain])
        for name in sorted({self.domain.lower(), self.helo.lower().rstrip("."), "localhost",
                            "xn--bcher-kva.example"}):
            if "." in name or name == "localhost":
                self.dns.add(name, "TXT", "v=spf1 " + self.rng.choice(
                    ["-all exp=e.test", "exists:%{l}.h.test -all exp=e.test",
                     "exists:%{o}.%{h}.h.test ~all"]))
        self.dns.add("e.test", "TXT", "%{s} %{l} %{o} %{d} %{h} %{H1} %{L} %{S} %{i}")

    def make(self):
        kind = KINDS[self.number % len(KINDS)]
        self.turn = self.number // len(KINDS) * KINDS.count(kind)
        self.turn += self.number % len(KINDS) - KINDS.index(kind)
        kind(self)
        return Case(self.name, self.ip, self.helo, self.sender, self.dns)


# Of 25 cases.
KINDS = [Maker.usual] * 11 + [Maker.macros] * 3 + [Maker.odd_term] * 5 + [Maker.identities] * 2 + [
    Maker.versions, Maker.many_terms, Maker.voids, Maker.loops]
