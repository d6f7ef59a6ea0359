"""How signatures, messages and key records are bent.  Each bend has a name,
which becomes a fact of the case.  MAKER is a dkim_cases.Maker."""
import base64
import re

NOW = 1_767_225_600
DAY = 86400


# --- tags of a signature that is then made properly

def put(name, value):
    """Tag NAME is VALUE, whether it was there or not."""
    def bend(pairs):
        if any(n == name for n, _ in pairs):
            return [(n, value if n == name else v) for n, v in pairs]
        return pairs[:1] + [(name, value)] + pairs[1:]
    return bend


def drop(name):
    return lambda pairs: [(n, v) for n, v in pairs if n != name]


def twice(name, value=None):
    """A second tag NAME at the end, with VALUE or that of the first."""
    return lambda pairs: pairs + [(name, dict(pairs).get(name) if value is None else value)]


def names(change):
    """What h= names, through CHANGE."""
    return lambda pairs: [(n, change(v) if n == "h" else v) for n, v in pairs]


def both(*bends):
    def bend(pairs):
        for b in bends:
            pairs = b(pairs)
        return pairs
    return bend


def at(seconds):
    return str(NOW + seconds).encode()


def without_from(listed):
    return [n for n in listed if n.lower() != b"from"] or [b"To"]


TAGS = {
    "no v=": drop("v"), "no a=": drop("a"), "no bh=": drop("bh"), "no d=": drop("d"),
    "no s=": drop("s"), "no h=": drop("h"), "no c=": drop("c"),
    "tag twice": twice("d"), "t= twice": both(put("t", at(-9)), twice("t", at(-9))),
    "s= twice": twice("s", b"other"), "unknown tag twice": both(twice("k", b"1"), twice("k", b"1")),
    "v=2": put("v", b"2"), "v=0.5": put("v", b"0.5"), "v= empty": put("v", b""),
    "v=01": put("v", b"01"),
    "rsa-sha1": put("a", b"rsa-sha1"), "a= unknown": put("a", b"rsa-md5"),
    "a= in capitals": put("a", b"RSA-SHA256"), "a= empty": put("a", b""),
    "a= ed25519 with RSA key": put("a", b"ed25519-sha256"),
    "a= RSA with another key": put("a", b"rsa-sha256"),
    "c= in capitals": put("c", b"Relaxed/Simple"), "c= unknown": put("c", b"nowsp/nowsp"),
    "c= half": put("c", b"relaxed/"), "c= in three": put("c", b"simple/simple/simple"),
    "c= empty": put("c", b""),
    "d= ends in a dot": put("d", b"example.com."), "d= of one label": put("d", b"com"),
    "d= empty": put("d", b""), "d= holds a blank": put("d", b"exam ple.com"),
    "d= is folded": put("d", b"example.\r\n com"), "d= is no name": put("d", b"ex(am)ple.com"),
    "d= of empty labels": put("d", b"example..com"),
    "d= is a U-label": put("d", "bücher.example".encode()),
    "s= ends in a dot": put("s", b"s1."), "s= empty": put("s", b""),
    "s= is no name": put("s", b"s/1"), "s= is a U-label": put("s", "schlüssel".encode()),
    "s= holds a blank": put("s", b"s 1"),
    "From not in h=": names(without_from), "h= empty": put("h", b""),
    "h= is From alone": put("h", [b"From"]), "h= ends in a colon": names(lambda v: v + [b""]),
    "h= has an empty name": names(lambda v: v[:1] + [b""] + v[1:]),
    "h= has a blank in a name": names(lambda v: v + [b"X Y"]),
    "h= names the signature": names(lambda v: v + [b"DKIM-Signature"]),
    "h= of 200 names": names(lambda v: v + [b"X-None"] * 200),
    "h= of 300 names": names(lambda v: v + [b"X-None"] * 300),
    "h= names each twice": names(lambda v: v + v),
    "i= elsewhere": put("i", b"@example.net"), "i= above d=": put("i", b"@com"),
    "i= only looks below d=": put("i", b"@badexample.com"), "i= without @": put("i", b"example.com"),
    "i= only @": put("i", b"@"), "i= of two @": put("i", b"a@b@example.com"),
    "i= quoted": put("i", b"\"a b\"@example.com"), "i= is long": put("i", b"a" * 300 + b"@example.com"),
    "i= empty": put("i", b""), "i= ends in a dot": put("i", b"@example.com."),
    "i= in quoted-printable": put("i", b"=61=40@example.com"),
    "l=0": put("l", b"0"), "l= is short": put("l", b"3"), "l= is no number": put("l", b"x"),
    "l= is negative": put("l", b"-1"), "l= beyond the body": put("l", b"9999999"),
    "l= empty": put("l", b""), "l= of 77 digits": put("l", b"9" * 77), "l= has a zero": put("l", b"03"),
    "l= beyond 64 bits": put("l", b"99999999999999999999999"), "l= has a plus": put("l", b"+3"),
    "q= another": put("q", b"http/x"), "q= ours among others": put("q", b"http/x:dns/txt"),
    "q= in capitals": put("q", b"DNS/TXT"), "q= without /txt": put("q", b"dns"),
    "q= empty": put("q", b""), "q= with blanks": put("q", b" dns/txt : x"),
    "t= in an hour": put("t", at(3600)), "t= in three days": put("t", at(3 * DAY)),
    "t= is no number": put("t", b"now"), "t= empty": put("t", b""), "t= of 12 digits": put("t", b"0" * 2 + at(-1)),
    "t= of 14 digits": put("t", b"0" * 4 + at(-1)), "t= is negative": put("t", b"-1"),
    "x= a second ago": put("x", at(-1)), "x= is now": put("x", at(0)),
    "x= an hour ago": put("x", at(-3600)), "x= a day ago": put("x", at(-DAY)),
    "x= is no number": put("x", b"never"), "x= empty": put("x", b""),
    "x= before t=": both(put("t", at(-9)), put("x", at(-10))),
    "x= is t=": both(put("t", at(0)), put("x", at(0))),
    "x= before t=, both to come": both(put("t", at(9)), put("x", at(8))),
    "x= far ahead": put("x", b"999999999999"), "x= of 14 digits": put("x", b"99999999999999"),
    "z= empty": put("z", b""), "z= with odd text": put("z", b"From:=X|a b|\xc3\xa9"),
    "bh= another": put("bh", base64.b64encode(b"x" * 32)), "bh= short": put("bh", base64.b64encode(b"x" * 31)),
    "bh= is not base64": put("bh", b"a*b="), "bh= empty": put("bh", b""),
    "unknown tag in UTF-8": put("note", "é".encode()), "unknown tag in Latin-1": put("note", b"\xe9"),
    "unknown tag empty": put("note", b""), "unknown tag with a control": put("note", b"a\x01b"),
    "tag name with a dash": put("x-y", b"1"), "tag name in digits": put("9", b"1"),
    "tag name of one underscore": put("_", b"1"), "tag D= in capitals": put("D", b"other.example"),
    "tag name ends in b": put("xb", b"unknown"),
    "two tags joined": put("note", b"a=b"),
}


# --- the field after it was made

def field_edit(pattern, replacement):
    return lambda maker, field: re.sub(pattern, replacement, field, count=1, flags=re.S)


def flip(maker, field):
    """Another base64 digit somewhere in the value of b=."""
    found = list(re.finditer(rb"(?<=[; \t\n:])b[ \t]*=\s*([A-Za-z0-9+/]{20})", field))
    if not found:
        return field
    place = found[-1].start(1) + maker.rng.randrange(20)
    return field[:place] + (b"A" if field[place:place + 1] != b"A" else b"B") + field[place + 1:]


FIELD = {
    "b= changed": flip,
    "b= cut": field_edit(rb"([; \t\n:]b=\s*[A-Za-z0-9+/]{8})[A-Za-z0-9+/= \t\r\n]*", rb"\1\r\n"),
    "b= empty": field_edit(rb"([; \t\n:]b=)[A-Za-z0-9+/= \t\r\n]*", rb"\1\r\n"),
    "b= is not base64": field_edit(rb"([; \t\n:]b=\s*)", rb"\1*!"),
    "b= without padding": field_edit(rb"={1,2}(\s*(?:;\s*)?)$", rb"\1"),
    "h= in capitals afterwards": lambda maker, field: re.sub(rb"(?<=[; \t\n]h=)[^;]*", lambda m: m.group().upper(), field),
    "d= in capitals afterwards": lambda maker, field: re.sub(rb"(?<=[; \t\n]d=)[^;]*", lambda m: m.group().upper(), field),
    "a tag added afterwards": field_edit(rb"^(DKIM-Signature:\s*)", rb"\1note=1; "),
    "a blank added afterwards": field_edit(rb";", rb" ;"),
    "double semicolon": field_edit(rb";", rb";;"),
    "leading semicolon": field_edit(rb":", rb":;"),
    "text without =": field_edit(rb";", rb"; text;"),
    "text at the end": field_edit(rb"\s*$", rb"; (c)\r\n"),
    "NUL": field_edit(rb";", rb"; n=\0;"),
    "field name in capitals": field_edit(rb"^DKIM-Signature", rb"DKIM-SIGNATURE"),
    "blank before the colon": field_edit(rb"^DKIM-Signature:", rb"DKIM-Signature :"),
    "folded before the value": field_edit(rb"^DKIM-Signature:", rb"DKIM-Signature:\r\n\t"),
    "field empty": lambda maker, field: b"DKIM-Signature:\r\n",
    "field of nonsense": lambda maker, field: b"DKIM-Signature: nonsense\r\n",
}


def signature(maker):
    maker.valid = False
    if maker.chance(0.75):
        fact = maker.rng.choice(sorted(TAGS))
        maker.facts.add(fact)
        fields = bent_tags(maker, TAGS[fact])
    else:
        fields = maker.good()
        fact = maker.rng.choice(sorted(FIELD))
        maker.facts.add(fact)
        fields = [FIELD[fact](maker, f) if f.startswith(b"DKIM-Signature:") else f for f in fields]
    return maker.finish(fields, maker.text_body)


def bent_tags(maker, bend):
    """The key is published where a verifier that reads the tags generously looks."""
    fields = maker.good(bend)
    record = maker.good_record(maker.key_name)
    for selector in ("s1", "s 1", "s/1", "xn--schlssel-95a"):
        for domain in ("example.com", "com", "xn--bcher-kva.example", "exam ple.com",
                       "ex(am)ple.com"):
            if not maker.dns.get(f"{selector}._domainkey.{domain}", "TXT"):
                maker.publish(selector, domain, record)
    for selector in ("s 1", "s/1", "xn--schlssel-95a"):
        domain = maker.domain.decode()
        if not maker.dns.get(f"{selector}._domainkey.{domain}", "TXT"):
            maker.publish(selector, domain, record)
    for domain in ("com", "xn--bcher-kva.example", "exam ple.com", "ex(am)ple.com"):
        selector = maker.selector.decode()
        if not maker.dns.get(f"{selector}._domainkey.{domain}", "TXT"):
            maker.publish(selector, domain, record)
    return fields


# --- the message after it was signed

def own(field):
    return field.lower().startswith(b"dkim-signature")


def some_field(maker, fields):
    return maker.rng.choice([i for i, f in enumerate(fields) if not own(f)])


def change_field(edit):
    def bend(maker, fields, body):
        i = some_field(maker, fields)
        return fields[:i] + [edit(maker, fields[i])] + fields[i + 1:], body
    return bend


def remove_field(maker, fields, body):
    i = some_field(maker, fields)
    return fields[:i] + fields[i + 1:], body


def add_field(*lines):
    def bend(maker, fields, body):
        i = maker.pick(0, 0, len(fields), maker.rng.randrange(len(fields) + 1))
        return fields[:i] + [maker.rng.choice(lines)] + fields[i:], body
    return bend


def repeat_field(maker, fields, body):
    i = some_field(maker, fields)
    at_end = maker.pick(0, len(fields))
    return fields[:at_end] + [fields[i]] + fields[at_end:], body


def swap_fields(maker, fields, body):
    i, j = maker.rng.sample(range(len(fields)), 2)
    fields = list(fields)
    fields[i], fields[j] = fields[j], fields[i]
    return fields, body


def value_part(edit):
    """EDIT on what follows the colon, without the last CRLF."""
    def change(maker, field):
        name, value = field[:-2].split(b":", 1)
        return name + b":" + edit(maker, value) + b"\r\n"
    return change_field(change)


def change_body(edit):
    return lambda maker, fields, body: (fields, edit(maker, body))


def body_octet(maker, body):
    if not body:
        return b"x"
    i = maker.rng.randrange(len(body))
    return body[:i] + maker.pick(b"", b"X", b" ", b"\r\n", body[i:i + 1] * 2) + body[i + 1:]


MESSAGE = {
    "field changed": value_part(lambda m, v: v + b"x"),
    "field in other case": value_part(lambda m, v: v.swapcase()),
    "field refolded": value_part(lambda m, v: v.replace(b" ", b"\r\n ", 1)),
    "field unfolded": value_part(lambda m, v: v.replace(b"\r\n", b"")),
    "field with more blanks": value_part(lambda m, v: b" " + v.replace(b" ", b" \t") + b" "),
    "field trimmed": value_part(lambda m, v: v.strip()),
    "name in other case": change_field(lambda m, f: f.split(b":")[0].swapcase() + b":" + f.split(b":", 1)[1]),
    "blank before a colon": change_field(lambda m, f: f.replace(b":", b" :", 1)),
    "field removed": remove_field, "field repeated": repeat_field, "fields swapped": swap_fields,
    "second From": add_field(b"From: evil@example.net\r\n"),
    "second Subject": add_field(b"Subject: other\r\n"),
    "second To": add_field(b"To: c@example.net\r\n"),
    "field added": add_field(b"Received: by mx.example.net; now\r\n", b"X-New: 1\r\n", b"Cc: c@example.net\r\n"),
    "text appended": change_body(lambda m, b: b + b"appended\r\n"),
    "blank lines appended": change_body(lambda m, b: b + b"\r\n" * m.pick(1, 2, 50)),
    "lines of blanks appended": change_body(lambda m, b: b + m.pick(b" \r\n", b"\t\r\n\r\n", b" ")),
    "last line end cut": change_body(lambda m, b: b[:-2] if b.endswith(b"\r\n") else b + b"\r\n"),
    "blanks at line ends": change_body(lambda m, b: b.replace(b"\r\n", b" \r\n")),
    "blanks to tabs": change_body(lambda m, b: b.replace(b" ", b"\t")),
    "blanks squeezed": change_body(lambda m, b: re.sub(rb"[ \t]+", b" ", b)),
    "octet changed": change_body(body_octet),
    "octet changed again": change_body(body_octet),
    "body removed": change_body(lambda m, b: b""),
    "body in other case": change_body(lambda m, b: b.swapcase()),
}


def message(maker):
    maker.valid = False
    fields = maker.good()
    fact = maker.rng.choice(sorted(MESSAGE))
    maker.facts.add(fact)
    fields, body = MESSAGE[fact](maker, fields, maker.text_body)
    body = re.sub(rb"(?<!\r)\n", b"\r\n", body)  # what vidimus makes of a line feed
    return maker.finish(fields, body)


# --- key records

def other_key(maker):
    return "rsa1024" if maker.key_name != "rsa1024" else "rsa2048"


def spaced(text):
    return " ".join(text[i:i + 40] for i in range(0, len(text), 40))


def pkcs1(maker):
    """The RSA key without what names its algorithm around it."""
    der = base64.b64decode(maker.public())
    start = der.index(b"\x00\x30") + 1
    return base64.b64encode(der[start:]).decode()


def record(**changes):
    return lambda maker: [maker.record(maker.key_name, **changes)]


def text(form):
    return lambda maker: [form.format(p=maker.public(), k=maker.kind())]


RECORDS = {
    "key revoked": record(p=""), "key without p=": record(p=None), "key is garbage": text("garbage"),
    "key of others": lambda m: [m.record(other_key(m))],
    "key record empty": text(""), "key is p= alone": text("p={p}"),
    "k= another": lambda m: [m.record(m.key_name, k="ed25519" if m.kind() == "rsa" else "rsa")],
    "k= unknown": record(k="dsa"), "k= in capitals": lambda m: [m.record(m.key_name, k=m.kind().upper())],
    "k= empty": record(k=""), "no k=": record(k=None),
    "key v= another": record(v="DKIM2"), "key v= in lower case": record(v="dkim1"),
    "key v= empty": record(v=""), "key v= late": text("k={k}; v=DKIM1; p={p}"),
    "key h= sha1": record(h="sha1"), "key h= unknown": record(h="md5"), "key h= empty": record(h=""),
    "key h= with blanks": record(h=" sha1 : sha256 "), "key h= in capitals": record(h="SHA256"),
    "key s= another": record(s="other"), "key s= tlsrpt": record(s="tlsrpt"), "key s= empty": record(s=""),
    "key s= with blanks": record(s="other : email"), "key s= in capitals": record(s="Email"),
    "key t=s": record(t="s"), "key t=y:s": record(t="y:s"), "key t= with blanks": record(t=" y : s "),
    "key t= empty": record(t=""), "key t=S in capitals": record(t="S"),
    "key g=*": record(g="*"), "key g= empty": record(g=""), "key g= another": record(g="else"),
    "key tag twice": text("v=DKIM1; k={k}; k={k}; p={p}"), "p= twice": text("k={k}; p={p}; p={p}"),
    "key with unknown tags": record(x="1", y_2="b c"), "key n= in Latin-1": record(n="\xe9"),
    "key n= in UTF-8": record(n="\xc3\xa9"), "key n= is long": record(n="n" * 1200),
    "key n= in quotes": record(n='"x"'),
    "p= with blanks": lambda m: [m.record(m.key_name, p=spaced(m.public()))],
    "p= is not base64": lambda m: [m.record(m.key_name, p="*" + m.public())],
    "p= cut": lambda m: [m.record(m.key_name, p=m.public()[:len(m.public()) // 8 * 4])],
    "p= without padding": lambda m: [m.record(m.key_name, p=m.public().rstrip("="))],
    "p= is PKCS#1": lambda m: [m.record(m.key_name, p=pkcs1(m))] if m.kind() == "rsa" else [m.record("ed25519")],
    "p= with more after it": lambda m: [m.record(m.key_name, p=base64.b64encode(base64.b64decode(m.public()) + b"x").decode())],
    "key without ;": text("v=DKIM1 k={k} p={p}"), "key with ;;": text("v=DKIM1;; k={k}; p={p}"),
    "key begins with ;": text("; v=DKIM1; k={k}; p={p}"), "key begins with a blank": text(" v=DKIM1; k={k}; p={p}"),
    "key text without =": text("v=DKIM1; text; k={k}; p={p}"), "key tags in capitals": text("V=DKIM1; K={k}; P={p}"),
    "key in quotes": text('"v=DKIM1; k={k}; p={p}"'), "key with =3D": text("v=DKIM1; k={k}; p=3D{p}"),
    "two keys, first good": lambda m: [m.good_record(m.key_name), m.record(other_key(m))],
    "two keys, second good": lambda m: [m.record(other_key(m)), m.good_record(m.key_name)],
    "good key after text": lambda m: ["just text", m.good_record(m.key_name)],
    "text after good key": lambda m: [m.good_record(m.key_name), "just text"],
    "good key after revoked": lambda m: [m.record(m.key_name, p=""), m.good_record(m.key_name)],
    "good key is sixth": lambda m: [f"v=DKIM1; n={i}; p=" for i in range(5)] + [m.good_record(m.key_name)],
    "same key twice": lambda m: [m.record(m.key_name), m.record(m.key_name) + " "],
}
FAULTS = ["key timeout", "key servfail", "key missing", "key by CNAME", "key of 512 bits",
          "key name exists without TXT"]


def key(maker):
    maker.valid = False
    if maker.chance(0.15):
        return key_fault(maker)
    fact = maker.rng.choice(sorted(RECORDS))
    maker.facts.add(fact)
    maker.begin()
    made = maker.sign(maker.fields, maker.text_body, maker.domain, maker.selector, maker.key_name)
    for text_made in RECORDS[fact](maker):
        maker.publish(maker.selector.decode(), maker.domain.decode(), text_made)
    return maker.finish(maker.place(made), maker.text_body)


def key_fault(maker):
    fact = maker.rng.choice(FAULTS)
    maker.facts.add(fact)
    maker.begin()
    if fact == "key of 512 bits":
        maker.key_name = "rsa512"
    made = maker.sign(maker.fields, maker.text_body, maker.domain, maker.selector, maker.key_name)
    name = f"{maker.selector.decode()}._domainkey.{maker.domain.decode()}".lower()
    if fact == "key timeout":
        maker.dns.fault(name, "TXT", "timeout")
    elif fact == "key servfail":
        maker.dns.fault(name, "TXT", "servfail")
    elif fact == "key name exists without TXT":
        maker.dns.add(name, "A", "192.0.2.9")
    elif fact == "key by CNAME":
        maker.dns.add(name, "CNAME", "keys.example.net")
        maker.dns.add("keys.example.net", "TXT", *pieces(maker.good_record(maker.key_name)))
    elif fact == "key of 512 bits":
        maker.publish(maker.selector.decode(), maker.domain.decode(), maker.record("rsa512"))
    return maker.finish(maker.place(made), maker.text_body)


def pieces(text_made):
    return [text_made[i:i + 200] for i in range(0, len(text_made), 200)]
