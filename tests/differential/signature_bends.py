"""How signatures are bent: in their tags before they are made, or in the field
afterwards.

Each bend has a name, which becomes a fact of the case, and stands in the table
that says what has to come of it: PASS, or FAIL, which is every other result
(RFC 6376 where no other is named).  Of KEEP, the octets that were signed decide.
"""
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


def change(name, edit):
    return lambda pairs: [(n, edit(v) if n == name else v) for n, v in pairs]


def twice(name, value=None):
    """A second tag NAME at the end, with VALUE or that of the first."""
    return lambda pairs: pairs + [(name, dict(pairs).get(name) if value is None else value)]


def names(edit):
    """What h= names, through EDIT."""
    return change("h", edit)


def both(*bends):
    def bend(pairs):
        for b in bends:
            pairs = b(pairs)
        return pairs
    return bend


def identity(form):
    """i= within the signing domain, which FORM has as "%s"."""
    return lambda pairs: put("i", form.replace(b"%s", dict(pairs)["d"]))(pairs)


def at(seconds):
    return str(NOW + seconds).encode()


def made(seconds):
    """Signed SECONDS from now, and for good."""
    return both(drop("x"), put("t", at(seconds)))


def expires(seconds):
    return both(drop("t"), put("x", at(seconds)))


def other_algorithm(value):
    return b"rsa-sha256" if value.startswith(b"ed25519") else b"ed25519-sha256"


def without_from(listed):
    return [n for n in listed if n.lower() != b"from"] or [b"To"]


TAGS_PASS = {
    "no c=": drop("c"),
    "a= in capitals": change("a", bytes.upper), "c= in capitals": change("c", bytes.title),
    "d= is a U-label": both(drop("i"), put("d", "bücher.example".encode())),  # RFC 8616 §4
    "s= is a U-label": put("s", "schlüssel".encode()),
    "h= is From alone": put("h", [b"From"]), "h= names each twice": names(lambda v: v + v),
    "h= names the signature": names(lambda v: v + [b"DKIM-Signature"]),  # it never means itself
    "h= of 200 names": names(lambda v: v + [b"X-None"] * 200),
    "i= quoted": identity(b"\"a b\"@%s"), "i= holds two @": identity(b"\"a@b\"@%s"),
    "i= is long": identity(b"a" * 300 + b"@%s"),
    "i= in quoted-printable": identity(b"=61=2Eb@%s"),
    "l=0": put("l", b"0"), "l= is short": put("l", b"3"), "l= has a zero": put("l", b"03"),
    "q= ours among others": put("q", b"http/x:dns/txt"), "q= in capitals": put("q", b"DNS/TXT"),
    "q= with blanks": put("q", b" dns/txt : x"),
    "t= in an hour": made(3600), "t= in three days": made(3 * DAY),
    "t= of 12 digits": put("t", b"00" + at(-1)),
    "x= is now": expires(0), "x= far ahead": put("x", b"999999999999"),
    "z= empty": put("z", b""), "z= with odd text": put("z", b"From:=X|a b|\xc3\xa9"),
    "unknown tag in UTF-8": put("note", "é".encode()),  # RFC 8616 §4
    "unknown tag empty": put("note", b""), "two tags joined": put("note", b"a=b"),
    "tag D= in capitals": put("D", b"other.example"), "tag name ends in b": put("xb", b"unknown"),
}

TAGS_FAIL = {
    "no v=": drop("v"), "no a=": drop("a"), "no bh=": drop("bh"), "no d=": drop("d"),
    "no s=": drop("s"), "no h=": drop("h"),
    "tag twice": twice("d"), "t= twice": both(put("t", at(-9)), twice("t", at(-9))),
    "s= twice": twice("s", b"other"), "unknown tag twice": both(twice("k", b"1"), twice("k", b"1")),
    "v=2": put("v", b"2"), "v=0.5": put("v", b"0.5"), "v= empty": put("v", b""),
    "v=01": put("v", b"01"),
    "rsa-sha1": put("a", b"rsa-sha1"), "a= unknown": put("a", b"rsa-md5"),
    "a= empty": put("a", b""),
    "a= of another key": change("a", other_algorithm),
    "c= unknown": put("c", b"nowsp/nowsp"), "c= half": put("c", b"relaxed/"),
    "c= in three": put("c", b"simple/simple/simple"), "c= empty": put("c", b""),
    "d= ends in a dot": put("d", b"example.com."), "d= of one label": put("d", b"com"),
    "d= empty": put("d", b""), "d= holds a blank": put("d", b"exam ple.com"),
    "d= is folded": put("d", b"example.\r\n com"), "d= is no name": put("d", b"ex(am)ple.com"),
    "d= of empty labels": put("d", b"example..com"),
    "s= ends in a dot": put("s", b"s1."), "s= empty": put("s", b""),
    "s= is no name": put("s", b"s/1"), "s= holds a blank": put("s", b"s 1"),
    "From not in h=": names(without_from), "h= empty": put("h", b""),
    "h= ends in a colon": names(lambda v: v + [b""]),
    "h= has an empty name": names(lambda v: v[:1] + [b""] + v[1:]),
    "h= has a blank in a name": names(lambda v: v + [b"X Y"]),
    "h= of 300 names": names(lambda v: v + [b"X-None"] * 300),  # beyond our bound
    "i= elsewhere": put("i", b"@example.invalid"), "i= above d=": put("i", b"@com"),
    "i= only looks below d=": identity(b"@bad%s"), "i= without @": identity(b"%s"),
    "i= only @": put("i", b"@"), "i= of two @": identity(b"a@b@%s"), "i= empty": put("i", b""),
    "i= ends in a dot": identity(b"@%s."),
    "l= is no number": put("l", b"x"), "l= is negative": put("l", b"-1"),
    "l= beyond the body": put("l", b"9999999"), "l= empty": put("l", b""),
    "l= of 77 digits": put("l", b"9" * 77), "l= has a plus": put("l", b"+3"),
    "l= beyond 64 bits": put("l", b"99999999999999999999999"),
    "q= another": put("q", b"http/x"), "q= without /txt": put("q", b"dns"),
    "q= empty": put("q", b""),
    "t= is no number": put("t", b"now"), "t= empty": put("t", b""),
    "t= of 14 digits": put("t", b"0000" + at(-1)), "t= is negative": put("t", b"-1"),
    "x= a second ago": expires(-1), "x= an hour ago": expires(-3600), "x= a day ago": expires(-DAY),
    "x= is no number": put("x", b"never"), "x= empty": put("x", b""),
    "x= before t=": both(put("t", at(-9)), put("x", at(-10))),
    "x= is t=": both(put("t", at(0)), put("x", at(0))),
    "x= before t=, both to come": both(put("t", at(9)), put("x", at(8))),
    "x= of 14 digits": put("x", b"99999999999999"),
    "bh= another": put("bh", base64.b64encode(b"x" * 32)),
    "bh= short": put("bh", base64.b64encode(b"x" * 31)),
    "bh= is not base64": put("bh", b"a*b="), "bh= empty": put("bh", b""),
    "unknown tag in Latin-1": put("note", b"\xe9"),
    "unknown tag with a control": put("note", b"a\x01b"),
    "tag name with a dash": put("x-y", b"1"), "tag name in digits": put("9", b"1"),
    "tag name of one underscore": put("_", b"1"),
}


# --- the field after it was made

def edit(pattern, replacement):
    return lambda maker, field: re.sub(pattern, replacement, field, count=1, flags=re.S)


def flip(maker, field):
    """Another base64 digit somewhere in the value of b=."""
    value = maker.signed.value
    place = maker.rng.randrange(20)
    other = b"A" if value[place:place + 1] != b"A" else b"B"
    return field.replace(value, value[:place] + other + value[place + 1:])


def value_of_b(change_value):
    return lambda maker, field: field.replace(maker.signed.value, change_value(maker.signed.value))


def tag_in_capitals(name):
    return lambda maker, field: re.sub(rb"(?<=[; \t\n]" + name + rb"=)[^;]*",
                                       lambda m: m.group().upper(), field)


FIELD_PASS = {
    "b= without padding": value_of_b(lambda v: v.rstrip(b"=")),  # base64string: it may be left out
}

FIELD_FAIL = {
    "b= changed": flip, "b= cut": value_of_b(lambda v: v[:8]),
    "b= empty": value_of_b(lambda v: b""),
    "b= is not base64": value_of_b(lambda v: b"*!" + v),
    "double semicolon": edit(rb";", rb";;"), "leading semicolon": edit(rb":", rb":;"),
    "text without =": edit(rb";", rb"; text;"), "text at the end": edit(rb"\s*$", rb"; (c)\r\n"),
    "NUL": edit(rb";", rb"; n=\0;"),
    "a tag added afterwards": edit(rb"^(DKIM-Signature:\s*)", rb"\1note=1; "),
    "field empty": lambda maker, field: b"DKIM-Signature:\r\n",
    "field of nonsense": lambda maker, field: b"DKIM-Signature: nonsense\r\n",
}

FIELD_KEEP = {
    "h= in capitals afterwards": tag_in_capitals(b"h"),
    "d= in capitals afterwards": tag_in_capitals(b"d"),
    "a blank added afterwards": edit(rb";", rb" ;"),
    "field name in capitals": edit(rb"^DKIM-Signature", rb"DKIM-SIGNATURE"),
    "blank before the colon": edit(rb"^DKIM-Signature:", rb"DKIM-Signature :"),
    "folded before the value": edit(rb"^DKIM-Signature:", rb"DKIM-Signature:\r\n\t"),
}

TABLES = [(TAGS_PASS, "pass"), (TAGS_FAIL, "no"), (FIELD_PASS, "pass"), (FIELD_FAIL, "no"),
          (FIELD_KEEP, None)]
BENDS = [(name, bend, truth, table in (TAGS_PASS, TAGS_FAIL))
         for table, truth in TABLES for name, bend in table.items()]


def make(maker, turn):
    """The case of TURN: each bend has its turns."""
    name, bend, truth, tags = BENDS[turn % len(BENDS)]
    maker.facts.add(name)
    maker.begin()
    if name == "b= cut":
        maker.key_name = maker.pick("ed25519", maker.key_name)
    own = maker.sign(maker.fields, maker.text_body, bend if tags else None)
    maker.publish(maker.good_record())
    if tags:
        publish_for_generous_readers(maker)
    elif truth is None:
        own = bend(maker, own)
        truth = maker.truth_of(own, maker.fields, maker.text_body)
    else:
        own = bend(maker, own)
    if maker.signed.beyond and truth == "pass":
        truth = "no"
    return maker.finish(maker.place(own), maker.text_body, [truth])


def publish_for_generous_readers(maker):
    """The key stands wherever somebody may look who takes bad names."""
    record = maker.good_record()
    selectors = {"s1", "s 1", "s/1", "xn--schlssel-95a", maker.selector.decode()}
    domains = {"example.com", "com", "xn--bcher-kva.example", "exam ple.com", "ex(am)ple.com",
               maker.domain.decode()}
    for selector in sorted(selectors):
        for domain in sorted(domains):
            if not maker.dns.get(f"{selector}._domainkey.{domain}", "TXT"):
                maker.publish(record, selector, domain)
