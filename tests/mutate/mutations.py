"""How scenarios are changed.  A mutation gets the dice and the mutant, changes it, and
knows the structure of what it changes: fields, addresses, tag lists, ARC sets, results,
the envelope, resource records.  Octets without any sense are the last of them."""
import re

OURS = "mx.example.net"
HOSTILE = [b"\0", b"\r", b"\n", b"\t", b" ", b"\x01", b"\x1b[31m", b"\x7f", b"\x80", b"\xff",
           b"\xc2\x9b", b"\xe2\x80\xae", b"(", b")", b'"', b"\\", b"<", b">", b"@", b",", b";",
           b":",
           b"=", b".", b"..", b"[", b"%", b"%{", b"%{d}", b"\r\n", b"\r\n ", b"\n\n",
           b"=?utf-8?q?=40?=",
           "é".encode(), "㍿".encode(), b"xn--", b"xn--a", b"A" * 300, b"-" * 64, b"(" * 300]
NAMES = [b"From", b"from", b"FROM", b"Sender", b"To", b"Subject", b"Date", b"Reply-To", b"List-Id",
         b"Authentication-Results", b"ARC-Authentication-Results", b"ARC-Seal",
         b"ARC-Message-Signature", b"DKIM-Signature", b"Received", b"X-Spam-Flag",
         b"BIMI-Location", b"Content-Type", b"Return-Path"]
AUTHORS = [
    b"a@example.org", b"<a@example.org>", b"A <a@example.org>", b"a@example.org, b@forger.example",
    b"g: a@example.org, b@example.org;", b"g:;", b"@example.org", b"a@", b"a", b"<>", b"",
    b'"a@example.org" <b@forger.example>', b"a@example.org <b@forger.example>",
    b"<@forger.example:a@example.org>", b"<@a,@b:a@example.org>", b"a@[192.0.2.1]", b"a@org",
    b"a@example.org.", b"a@.example.org", b"a@EXAMPLE.ORG", b"a (c) @ (d) example (e) . org",
    b"a@exam\n ple.org", b"=?utf-8?q?a=40example.org?=", b"<b@forger.example>a@example.org",
    b"a\\,@example.org", b'"a\\"b"@example.org', b"a@example.org(@forger.example)",
    b"a@forger.example\0@example.org", b"a@sub.example.org", b"a@" + b"x." * 120 + b"example.org",
    "a@bücher.example".encode(), b"a@xn--bcher-kva.example", b"a@example.org,,,",
    b"a@b@example.org",
    b"\xff@example.org", b"a@\xff.example.org", b"a@example.org;b@forger.example"]
HELOS = [b"mail.example.org", b"[192.0.2.1]", b"", b"x", b"a(b", b'a"b', b"a\\b", b"a\rb",
         b"a\nb: c",
         b"x; dmarc=pass header.from=example.org", b"\xff\xfe", b"h" * 600, b"a..b",
         b"forger.example.",
         b"\xc2\x9b", b"mail.example.org smtp.mailfrom=example.org", "é.example".encode()]
SENDERS = [b"", b"<>", b"a@example.org", b"<a@example.org>", b"<a@example.org(x.forger.example)>",
           b"<(a@example.org>", b"<a@b@example.org>", b'<"a;b spf=pass"@example.org>',
           b"a@[192.0.2.1]",
           b"<@x,@y:a@example.org>", b"a@forger.example", b"a@" + b"l" * 64 + b".example",
           b"\xc3\xa9@example.org", b"a@b\xc3\xbccher.example", b"a b@example.org", b"postmaster",
           b"a\r\n@example.org", b"%{d}@example.org", b"l" * 500 + b"@example.org",
           b"< a@example.org >"]
RECIPIENTS = [b"user@example.net", b"<user@example.net>", b"", b"x", b"a@\xff",
              b"a\x01@example.net",
              b'"a b"@example.net', b"u" * 900 + b"@example.net"]
USERS = [b"alice", b'a"; dmarc=pass', b"a\r\nX: y", b"\xff", b"a" * 300, b"a@example.org", b"(",
         b"\x1b]0;"]
CLIENTS = ["192.0.2.1", "203.0.113.66", "::ffff:192.0.2.1", "2001:db8::1", "0.0.0.0",
           "255.255.255.255", "198.51.100.7"]
TAG_VALUES = [b"", b"1", b"0", b"-1", b"2", b"51", b"99999999999999999999", b"x", b"*", b"=",
              b"a=b",
              b"rsa-sha1", b"rsa-sha256", b"ed25519-sha256", b"simple", b"relaxed/relaxed",
              b"From", b"from:from:from:to", b"example.org", b"forger.example", b"org", b"s1",
              b"example.org\0.forger.example", b"s1;d=example.org", b"pass", b"fail", b"none",
              b"a(b)", b'"', b"\r\n\t", "é".encode(), b"\x7f", b"A" * 4000, b"h:" * 600, b"dns/txt"]
SPF_TERMS = ["include:example.org", "include:forger.example", "include:missing.example", "a",
             "mx", "ptr",
             "exists:%{i}.example.org", "exists:%{l1r-}.%{d2}", "redirect=forger.example",
             "exp=explain.example.org", "ip4:0.0.0.0/0", "ip4:192.0.2.1", "ip4:300.1.1.1",
             "ip6:::/0",
             "+all", "-all", "?all", "~all", "a:%{z}", "a//129", "a/0", "mx/24//64", "x-odd=%{d}",
             "a:%{d}%{d}%{d}%{d}%{d}%{d}", "include:" + "l" * 70 + ".example", "exists:%{S}.%{H}",
             "unknown", "=", "a:", "\\255", "\\000", "\\194\\155"]
DMARC_TAGS = ["p=none", "p=quarantine", "p=reject", "p=x", "p=", "sp=none", "sp=reject",
              "np=reject",
              "adkim=s", "aspf=s", "adkim=x", "psd=y", "psd=n", "psd=u", "t=y", "v=DMARC1",
              "v=DMARC2",
              "rua=mailto:a@example.org", "rua=\\000", "pct=0", "fo=1:d:s", "=", "\\255=\\007",
              "x" * 300]
KEY_TAGS = ["p=", "p=AAAA", "p=*", "k=rsa", "k=ed25519", "k=x", "t=s", "t=y:s", "h=sha1",
            "h=sha256", "s=email",
            "s=tlsrpt", "v=DKIM1", "v=DKIM2", "n=\\000", "g=", "n=" + "x" * 500]


# --- fields

def pick_field(dice, mutant, prefix=b""):
    """The index of a field, or None when there is none whose name starts with PREFIX."""
    indexes = [i for i, (name, _) in enumerate(mutant.fields) if name.lower().startswith(prefix)]
    return dice.choice(indexes) if indexes else None


def repeat_field(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        copies = dice.choice([1, 1, 1, 2, 60])
        at = dice.randrange(len(mutant.fields) + 1)
        mutant.fields[at:at] = [mutant.fields[i]] * copies


def remove_field(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        del mutant.fields[i]


def move_field(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        mutant.fields.insert(dice.randrange(len(mutant.fields)), mutant.fields.pop(i))


def rename_field(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        name, value = mutant.fields[i]
        new = dice.choice([dice.choice(NAMES), name.swapcase(), name + b" ", name + b"\t "])
        mutant.fields[i] = (new, value)


def refold_field(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        name, value = mutant.fields[i]
        fold = dice.choice([b"\n ", b"\n\t", b"\r\n ", b"\n \n ", b" \n  "])
        spaced = value.replace(b"\n ", b" ").replace(b"\n\t", b" ")
        mutant.fields[i] = (name, dice.choice([spaced, spaced.replace(b" ", fold), fold + spaced]))


def change_value(dice, mutant):
    """Something hostile within a value."""
    i = pick_field(dice, mutant)
    if i is not None:
        name, value = mutant.fields[i]
        at = dice.randrange(len(value) + 1)
        cut = dice.choice([0, 0, 1, 8])
        mutant.fields[i] = (name, value[:at] + dice.choice(HOSTILE) + value[at + cut:])


def long_value(dice, mutant):
    i = pick_field(dice, mutant)
    if i is not None:
        name, value = mutant.fields[i]
        part = dice.choice([value, b" ", b"x", b"(", b",", b";", b"a@b, ", b"\n "]) or b"x"
        mutant.fields[i] = (name, value + part * (dice.choice([300, 4000, 70000]) // len(part)))


def many_fields(dice, mutant):
    name = dice.choice(NAMES)
    made = [(name, b" %d" % i) for i in range(dice.choice([10, 60, 1100]))]
    at = dice.choice([0, len(mutant.fields)])
    mutant.fields[at:at] = made


def author(dice, mutant):
    i = pick_field(dice, mutant, b"from")
    field = (dice.choice([b"From", b"from", b"From "]), b" " + dice.choice(AUTHORS))
    if i is None or dice.random() < 0.2:
        mutant.fields.insert(dice.randrange(len(mutant.fields) + 1), field)
    else:
        mutant.fields[i] = field


def author_octet(dice, mutant):
    i = pick_field(dice, mutant, b"from")
    if i is not None:
        name, value = mutant.fields[i]
        at = dice.randrange(len(value) + 1)
        mutant.fields[i] = (name, value[:at] + dice.choice(HOSTILE) + value[at:])


# --- signatures and ARC sets

def change_tags(dice, tags):
    i = dice.randrange(len(tags))
    name = tags[i].split(b"=")[0]
    choice = dice.randrange(5)
    if choice == 0:
        tags[i] = name + b"=" + dice.choice(TAG_VALUES)
    elif choice == 1:
        tags.insert(dice.randrange(len(tags) + 1), name + b"=" + dice.choice(TAG_VALUES))
    elif choice == 2:
        del tags[i]
    elif choice == 3:
        tags[i] = tags[i].swapcase()
    else:
        tags.append(dice.choice([b"", b" ", b"l=1", b"x=1", b"i=@example.org",
        b"z=" + b"a|" * 900]))


def signature_tag(dice, mutant):
    prefix = dice.choice([b"dkim-signature", b"arc-", b"arc-seal", b"arc-message"])
    i = pick_field(dice, mutant, prefix)
    if i is not None:
        name, value = mutant.fields[i]
        tags = value.split(b";")
        change_tags(dice, tags)
        mutant.fields[i] = (name, b";".join(tags))


def signature_digit(dice, mutant):
    """One octet of a signature that is still well-formed."""
    i = pick_field(dice, mutant, dice.choice([b"dkim-signature", b"arc-"]))
    if i is not None:
        name, value = mutant.fields[i]
        places = [m.start() for m in re.finditer(rb"[A-Za-z0-9+/]", value)]
        if places:
            at = dice.choice(places)
            mutant.fields[i] = (name, value[:at] + dice.choice([b"A", b"z", b"/",
            b"0"]) + value[at + 1:])


def set_instance(dice, mutant):
    i = pick_field(dice, mutant, b"arc-")
    if i is not None:
        name, value = mutant.fields[i]
        number = dice.choice([b"0", b"1", b"2", b"3", b"49", b"50", b"51", b"01", b"4294967297"])
        mutant.fields[i] = (name, re.sub(rb"i=\d+", b"i=" + number, value, count=1))


# --- results that claim to be ours

def comment(dice, depth=0):
    inner = dice.choice(["", "x", "\\)", "\\(", OURS, "a b", ";", "=", "\n "])
    if depth < 3 and dice.random() < 0.4:
        inner += comment(dice, depth + 1)
    return f"({inner})"


def blank(dice, needed=False):
    """CFWS."""
    parts = [dice.choice([" ", "\t", "\n ", "\n\t", comment(dice)])
             for _ in range(dice.choice([0, 1, 1, 2, 3]))]
    return "".join(parts) or (" " if needed else "")


def spelled(dice):
    """Our authserv-id as a value, in some spelling."""
    name = "".join(dice.choice([c.lower(), c.upper()]) for c in OURS)
    if dice.random() < 0.5:
        return name
    return '"' + "".join(dice.choice([c, c, c, "\\" + c]) for c in name) + '"'


def forged_value(dice):
    version = blank(dice, True) + dice.choice(["1", "2", "99",
    "007"]) if dice.random() < 0.4 else ""
    results = dice.choice([
        "; dmarc=pass header.from=example.org", "; none", ";none", "", ";", ";;;",
        "; dmarc=pass (open",
        '; spf=pass reason="', "; dkim=pass header.d=example.org; dmarc=pass", "; =",
        "\n ; spf=pass",
        "; x-odd/1=pass", "; spf=pass \x01", "; spf=pass smtp.mailfrom=\xe9"])
    return (blank(dice) + spelled(dice) + version + blank(dice) + results).encode("latin-1")


def forged_results(dice, mutant):
    for _ in range(dice.choice([1, 1, 2, 5, 120])):
        name = "".join(dice.choice([c.lower(),
        c.upper()]) for c in "Authentication-Results").encode()
        value = forged_value(dice)
        name += dice.choice([b"", b"", b"", b" ", b"\t"])
        mutant.fields.insert(dice.randrange(len(mutant.fields) + 1), (name, value))
        mutant.forged.append(value)


def others_results(dice, mutant):
    value = dice.choice([b" mx.other.example; spf=pass", b" evil-mx.example.net; dmarc=pass",
    b" ;", b"",
                         b" mx.example.net.other.example; none", b" (mx.example.net) x; none"])
    mutant.fields.insert(dice.randrange(len(mutant.fields) + 1), (b"Authentication-Results", value))


# --- body and bare octets

def change_body(dice, mutant):
    rest = mutant.rest
    at = dice.randrange(len(rest) + 1)
    mutant.rest = dice.choice([
        rest[:at], rest + b"\n" * 9, rest + b"more\n", rest[:at] + dice.choice(HOSTILE) + rest[at:],
        rest.replace(b"\n", b"\r\n"), rest.replace(b"\n", b" \n"), b"", b" " + rest, rest + b"\r",
        rest + b"x" * 70000, rest + b" \r" * 9000, rest + b"\0" * 100])


def change_octets(dice, mutant):
    """Anywhere in the message, without sense."""
    octets = bytearray(mutant.message())
    for _ in range(dice.choice([1, 1, 3, 20])):
        if octets:
            at = dice.randrange(len(octets))
            octets[at:at + dice.choice([0, 1, 1, 40])] = dice.choice(HOSTILE + [b"", b"a"])
    mutant.set_message(bytes(octets))


def cut_message(dice, mutant):
    octets = mutant.message()
    mutant.set_message(octets[:dice.randrange(len(octets) + 1)])


# --- the envelope

def set_option(mutant, option, value):
    mutant.options = [pair for pair in mutant.options if pair[0] != option]
    if value is not None:
        mutant.options.append([option, value])


def lent(octets):
    """OCTETS as an argument of a command, which holds no NUL."""
    return octets.replace(b"\0", b"").decode("utf-8", "surrogateescape")


def envelope(dice, mutant):
    option, values = dice.choice([("--helo", HELOS), ("--mail-from", SENDERS), ("--auth", USERS)])
    if option != "--auth" or dice.random() < 0.3:
        set_option(mutant, option, dice.choice([None] + [lent(value) for value in values]))


def envelope_octet(dice, mutant):
    pairs = [pair for pair in mutant.options if pair[0] in ("--helo", "--mail-from", "--rcpt")]
    if pairs:
        pair = dice.choice(pairs)
        octets = pair[1].encode("utf-8", "surrogateescape")
        at = dice.randrange(len(octets) + 1)
        pair[1] = lent(octets[:at] + dice.choice(HOSTILE) + octets[at:])


def recipient(dice, mutant):
    for _ in range(dice.choice([1, 2, 30])):
        mutant.options.append(["--rcpt", lent(dice.choice(RECIPIENTS))])


def client(dice, mutant):
    set_option(mutant, "--ip", dice.choice(CLIENTS))


# --- resource records

def records(mutant, start):
    """The lines of TXT records that start with START."""
    return [i for i, line in enumerate(mutant.zone) if re.search(rf'\sTXT\s+"{start}', line)]


def change_record(dice, mutant, start, words, glue):
    lines = records(mutant, start)
    if not lines:
        return
    i = dice.choice(lines)
    head, text = mutant.zone[i].split('"', 1)
    parts = text.rstrip().rstrip('"').split(glue)
    at = dice.randrange(1, len(parts) + 1)
    parts[at:at + dice.choice([0, 0, 1])] = dice.choices(words, k=dice.choice([1, 1, 2, 12]))
    mutant.zone[i] = head + strings(glue.join(parts).replace('" "', ""))


def strings(text):
    """TEXT, escaped as in a zone file, in strings of less than 256 octets."""
    octets = re.findall(r"\\\d\d\d|\\.|.", text)
    return " ".join('"' + "".join(octets[i:i + 200]) + '"' for i in range(0, len(octets), 200))


def spf_record(dice, mutant):
    change_record(dice, mutant, "v=spf1", SPF_TERMS, " ")


def dmarc_record(dice, mutant):
    change_record(dice, mutant, "v=DMARC1", DMARC_TAGS, ";")


def key_record(dice, mutant):
    change_record(dice, mutant, "v=DKIM1", KEY_TAGS, ";")


def fault(dice, mutant):
    i = dice.randrange(len(mutant.zone))
    match = re.match(r"([^\s$]\S*)\s+(?:\d+\s+)?(?:IN\s+)?([A-Z]+)\s", mutant.zone[i])
    if match:
        mutant.zone.append(f"$FAULT {match[1]} {match[2]} {dice.choice(['timeout', 'servfail'])}")


def remove_record(dice, mutant):
    del mutant.zone[dice.randrange(len(mutant.zone))]


def odd_names(dice, mutant):
    """What other people's servers put into the names of their answers."""
    name = dice.choice(["a\\.b.example.", "\\000.example.", "\\255\\254.example.",
    "a\\013\\010b.example.",
                        "\\194\\155.example.", "x\\;dmarc=pass.example.", "l" * 63 + ".example.",
                        "."])
    mutant.zone.append(dice.choice([f"1.2.0.192.in-addr.arpa. PTR {name}",
    f"example.org. MX 5 {name}",
                                    f"66.113.0.203.in-addr.arpa. PTR {name}"]))


MUTATIONS = [repeat_field, remove_field, move_field, rename_field, refold_field, change_value,
             change_value,
             long_value, many_fields, author, author, author_octet, signature_tag, signature_tag,
             signature_digit, set_instance, others_results, change_body, change_octets, cut_message,
             envelope, envelope, envelope_octet, recipient, client, spf_record, dmarc_record,
             key_record,
             fault, remove_record, odd_names]


def mutate(dice, mutant):
    """A few of them; forged results last, so that they stay what they are.  What the
    message consists of in the end is read anew."""
    for mutation in dice.choices(MUTATIONS, k=dice.choice([0, 1, 1, 2, 3, 6])):
        mutation(dice, mutant)
        mutant.told.append(mutation.__name__)
    if dice.random() < 0.4:
        forged_results(dice, mutant)
        mutant.told.append("forged_results")
    mutant.set_message(mutant.message())
