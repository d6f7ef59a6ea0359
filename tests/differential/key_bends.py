"""How key records are bent.  Each bend has a name, which becomes a fact of the
case, and stands in the table that says what has to come of it (RFC 6376 §3.6.1
where no other is named)."""
import base64

from signature_bends import identity


def other_key(maker):
    return "rsa1024" if maker.key_name != "rsa1024" else "rsa2048"


def spaced(text):
    return " ".join(text[i:i + 40] for i in range(0, len(text), 40))


def pkcs1(maker):
    """The RSA key without what names its algorithm around it."""
    der = base64.b64decode(maker.public())
    start = der.index(b"\x00\x30") + 1
    return base64.b64encode(der[start:]).decode()


def longer(maker):
    return base64.b64encode(base64.b64decode(maker.public()) + b"x").decode()


def record(**changes):
    return lambda maker: [maker.record(**changes)]


def text(form):
    return lambda maker: [form.format(p=maker.public(), k=maker.kind())]


def strict(flags):
    """A key that is not for subdomains."""
    return record(t=flags)


def with_others(*records):
    """RECORDS, of which None stands for the good one."""
    return lambda maker: [maker.good_record() if r is None else r(maker)[0] for r in records]


OF_OTHERS = lambda maker: [maker.record(other_key(maker))]  # noqa: E731
JUST_TEXT = text("just text")

PASS = {
    "key is p= alone": lambda m: [f"p={m.public()}" if m.kind() == "rsa" else m.record()],
    "k= in capitals": lambda m: [m.record(k=m.kind().upper())],
    "key h= with blanks": record(h=" sha1 : sha256 "), "key h= in capitals": record(h="SHA256"),
    "key s= with blanks": record(s="other : email"), "key s= in capitals": record(s="Email"),
    "key t= empty": record(t=""),
    "key g=*": record(g="*"), "key g= empty": record(g=""), "key g= another": record(g="else"),
    "key with unknown tags": record(x="1", y_2="b c"),
    "key n= in UTF-8": record(n="\xc3\xa9"),  # RFC 8616 §4
    "key n= is long": record(n="n" * 1200), "key n= in quotes": record(n='"x"'),
    "p= with blanks": lambda m: [m.record(p=spaced(m.public()))],
    "p= without padding": lambda m: [m.record(p=m.public().rstrip("="))],
    "p= is PKCS#1": lambda m: [m.record(p=pkcs1(m))],
    "key begins with a blank": text(" v=DKIM1; k={k}; p={p}"),
    "same key twice": lambda m: [m.record(), m.record() + " "],
    # undefined (§3.6.2.2): vidimus tries each
    "two keys, first good": with_others(None, OF_OTHERS),
    "two keys, second good": with_others(OF_OTHERS, None),
    "good key after text": with_others(JUST_TEXT, None),
    "text after good key": with_others(None, JUST_TEXT),
    "good key after revoked": with_others(record(p=""), None),
}

FAIL = {
    "key revoked": record(p=""), "key without p=": record(p=None),
    "key is garbage": text("garbage"),
    "key of others": OF_OTHERS, "key record empty": text(""),
    "k= another": lambda m: [m.record(k="ed25519" if m.kind() == "rsa" else "rsa")],
    "k= unknown": record(k="dsa"), "k= empty": record(k=""),
    "key v= another": record(v="DKIM2"), "key v= in lower case": record(v="dkim1"),
    "key v= empty": record(v=""), "key v= late": text("k={k}; v=DKIM1; p={p}"),
    "key h= sha1": record(h="sha1"), "key h= unknown": record(h="md5"),
    "key h= empty": record(h=""), "key s= another": record(s="other"),
    "key s= tlsrpt": record(s="tlsrpt"), "key s= empty": record(s=""),
    "key tag twice": text("v=DKIM1; k={k}; k={k}; p={p}"), "p= twice": text("k={k}; p={p}; p={p}"),
    "key n= in Latin-1": record(n="\xe9"),
    "p= is not base64": lambda m: [m.record(p="*" + m.public())],
    "p= cut": lambda m: [m.record(p=m.public()[:len(m.public()) // 8 * 4])],
    "p= with more after it": lambda m: [m.record(p=longer(m))],
    "key without ;": text("v=DKIM1 k={k} p={p}"), "key with ;;": text("v=DKIM1;; k={k}; p={p}"),
    "key begins with ;": text("; v=DKIM1; k={k}; p={p}"),
    "key text without =": text("v=DKIM1; text; k={k}; p={p}"),
    "key tags in capitals": text("V=DKIM1; K={k}; P={p}"),
    "key in quotes": text('"v=DKIM1; k={k}; p={p}"'),
    "key with =3D": text("v=DKIM1; k={k}; p=3D{p}"),
    "key of 512 bits": record(),  # RFC 8301 §3.2
    # undefined: vidimus looks at five
    "good key is sixth": lambda m: [f"v=DKIM1; n={i}; p=" for i in range(5)] + [m.good_record()],
}

NOT_FOR_SUBDOMAINS = {
    "key t=s": strict("s"), "key t=y:s": strict("y:s"), "key t= with blanks": strict(" y : s "),
    "key t=S in capitals": strict("S"),
}

NO_KEY_TYPE = {"no k=": record(k=None)}  # it is RSA

KEYS = {"p= without padding": "ed25519", "p= is PKCS#1": "rsa2048", "key of 512 bits": "rsa512"}


# --- what is no record

def fault(what):
    def publish(maker):
        maker.dns.fault(maker.key_domain(), "TXT", what)
    return publish


def alias(maker):
    maker.dns.add(maker.key_domain(), "CNAME", "keys.example.net")
    text_made = maker.good_record()
    maker.dns.add("keys.example.net", "TXT",
                  *[text_made[i:i + 200] for i in range(0, len(text_made), 200)])


def address_alone(maker):
    maker.dns.add(maker.key_domain(), "A", "192.0.2.9")


PLACES = {
    "key timeout": (fault("timeout"), "temperror"),
    "key servfail": (fault("servfail"), "temperror"),
    "key missing": (lambda maker: None, "no"), "key by CNAME": (alias, "pass"),
    "key name exists without TXT": (address_alone, "no"),
}

RECORDS = {**PASS, **FAIL, **NOT_FOR_SUBDOMAINS, **NO_KEY_TYPE}
BENDS = [*RECORDS, *PLACES]


def truth_of(maker, name):
    if name in NOT_FOR_SUBDOMAINS:
        return "no" if maker.signed.for_subdomain else "pass"
    if name in NO_KEY_TYPE:
        return "pass" if maker.kind() == "rsa" else "no"
    return "pass" if name in PASS else "no"


def make(maker, turn):
    """The case of TURN: each bend has its turns."""
    name = BENDS[turn % len(BENDS)]
    maker.facts.add(name)
    maker.begin()
    maker.key_name = KEYS.get(name, maker.key_name)
    subdomain = name in NOT_FOR_SUBDOMAINS and maker.chance(0.7)
    own = maker.sign(maker.fields, maker.text_body, identity(b"@sub.%s") if subdomain else None)
    if name in PLACES:
        publish, truth = PLACES[name]
        publish(maker)
    else:
        for text_made in RECORDS[name](maker):
            maker.publish(text_made)
        truth = truth_of(maker, name)
    return maker.finish(maker.place(own), maker.text_body, [truth])
