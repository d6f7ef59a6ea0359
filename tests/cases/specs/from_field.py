"""The From field: whose domain is judged, and when there is none."""
from scenario import FORGED, GOOD, case, expect, message, signed, zone

# --- fields that name one author domain --------------------------------------
for name, author in [
        ("bare", "a@example.org"),
        ("brackets", "<a@example.org>"),
        ("quoted-name", '"Person, A." <a@example.org>'),
        ("dots-in-name", "A. B. Person Jr. <a@example.org>"),
        ("address-as-name", '"b@forger.example" <a@example.org>'),
        ("address-as-name-unquoted-in-comment", "(b@forger.example) <a@example.org>"),
        ("encoded-name", "=?utf-8?Q?B=C3=BCro?= <a@example.org>"),
        ("encoded-name-holding-an-address", "=?utf-8?B?YkBmb3JnZXIuZXhhbXBsZQ==?= <a@example.org>"),
        ("raw-utf-8-name", "Büro <a@example.org>"),
        ("raw-latin-1-name", b"B\xfcro <a@example.org>"),
        ("comments-everywhere", "(x) A (y (z)) <(q) a (r) @ (s) example (t) . (u) org (v)> (w)"),
        ("folded", "A Person\n <a@example.org>"),
        ("folded-inside-address", "<a@\n\texample.org>"),
        ("group-of-one", "Staff: a@example.org;"),
        ("capital-domain", "a@EXAMPLE.Org"),
        ("trailing-blanks", "a@example.org  \t"),
        ("quoted-local-part", '"a b@c"@example.org'),
        ("two-of-one-domain", "a@example.org, B <b@example.org>"),
        ("route", "<@relay.example,@b.example:a@example.org>"),
        ("empty-list-elements", ", a@example.org,,"),
        ("quoted-pair-in-name", '"A \\"B\\" C" <a@example.org>'),
        ("no-space-before-bracket", "Person<a@example.org>")]:
    case(f"from-{name}", expect(dmarc={"result": "pass", "from_domain": "example.org"}, action="accept"),
         msg=message(author))
case("from-u-label", expect(dmarc={"result": "none", "from_domain": "xn--bcher-kva.example"}),
     msg=message("a@bücher.example"))
case("from-name-in-capitals", expect(dmarc="pass"), msg=message().replace(b"From:", b"FROM:"))
case("from-blank-before-colon", expect(dmarc="pass"), msg=message(extra="X-First: 1\n").replace(b"From:", b"From :"))
case("from-mbox-line", expect(dmarc="pass"), msg=b"From a Thu Oct  9 08:53:20 2025\n" + message())
case("from-victim-in-display-name",
     expect(dmarc={"result": "none", "from_domain": "forger.example"}, action="accept"),
     msg=message('"a@example.org" <b@forger.example>'), args=FORGED)

# --- fields that name none ---------------------------------------------------
BAD = [
    ("missing", None), ("empty", ""), ("empty-group", "undisclosed-recipients:;"), ("local-part", "a"),
    ("local-part-in-brackets", "Person <a>"), ("literal", "a@[192.0.2.1]"), ("empty-brackets", "A <>"),
    ("empty-label", "a@example..org"), ("text-after-brackets", "<b@forger.example>a@example.org"),
    ("encoded-word-as-address", "=?utf-8?B?YUBleGFtcGxlLm9yZw==?="),
    ("encoded-word-and-address", "=?utf-8?B?YUBleGFtcGxlLm9yZw==?=, b@forger.example"),
    ("backslash-outside-quotes", "a@example.org\\, <b@forger.example>"),
    ("brackets-not-closed", "<a@example.org"), ("quote-not-closed", '"A <a@example.org>'),
    ("comment-not-closed", "a@example.org (x"), ("two-ats", "a@example.org@forger.example"),
    ("nul", "a@example.org\0.forger.example"),
]
for name, author in BAD:
    case(f"bad-from-{name}", expect(dmarc={"result": "permerror", "policy": None}, action="reject",
                                    reply="550 5.7.1 From", plan=[]),
         msg=message(author), args=FORGED)
case("bad-from-two-fields", expect(dmarc="permerror", action="reject", reply="550 5.7.1 more than one From"),
     msg=message(extra="From: b@forger.example\n"), args=FORGED)
case("bad-from-two-fields-though-authenticated", expect(dmarc="permerror", action="reject"),
     msg=signed(message(extra="From: b@example.org\n"), h="From:From"), args=GOOD)
case("bad-from-second-field-with-blank", expect(dmarc="permerror", action="reject"),
     msg=message().replace(b"To:", b"From : b@forger.example\nTo:"), args=FORGED)
case("bad-from-sender-does-not-help", expect(dmarc="permerror", action="reject"),
     msg=message(None, extra="Sender: b@forger.example\nResent-From: b@forger.example\n"), args=FORGED)
case("bad-from-no-header", expect(dmarc="permerror", action="reject"), msg=b"\n" + message(), args=FORGED)
case("bad-from-starts-with-continuation", expect(dmarc="permerror", action="reject"),
     msg=b" From: b@forger.example\n" + message(), args=FORGED)
deep = "(" * 5000 + "a@example.org"
case("bad-from-nesting-bomb", expect(dmarc="permerror", action="reject"), msg=message(deep), args=FORGED)

# --- authors of several domains ----------------------------------------------
case("from-two-domains-one-foreign", expect(dmarc={"result": {"$not": "pass"}}, action="reject"),
     msg=message("a@example.org, b@forger.example"), args=FORGED, conf='dmarc { enforce = "reject" }')
case("from-two-domains-without-policy", expect(dmarc={"result": {"$not": "pass"}}, action="reject",
                                               reply="550 5.7.1 several domains"),
     msg=message("a@one.example, b@two.example"), args=FORGED)
case("from-two-domains-both-authenticated", expect(dmarc="pass", action="accept"),
     msg=signed(signed(message("a@example.org, b@forger.example")), d="forger.example"), args=FORGED,
     zone=zone('_dmarc.forger.example. TXT "v=DMARC1; p=reject"'))
for name, author in [("unquoted-name", "a@example.org <b@forger.example>"),
                     ("semicolon", "a@example.org; b@forger.example"),
                     ("group", "x: a@example.org, b@forger.example;")]:
    case(f"from-two-domains-{name}", expect(dmarc={"result": {"$not": "pass"}}, action="reject"),
         msg=message(author), args=FORGED)
many = ", ".join(f"a@d{i}.example" for i in range(40))
case("from-forty-domains", expect(dmarc={"result": {"$not": "pass"}}, action="reject"), msg=message(many),
     args=FORGED)

# --- bad-from ----------------------------------------------------------------
case("bad-from-quarantined", expect(dmarc="permerror", action="quarantine", disposition="quarantine"),
     msg=message("nobody"), args=FORGED, conf='dmarc { bad-from = "quarantine" }')
case("bad-from-accepted", expect(dmarc="permerror", action="accept", disposition="none"),
     msg=message("nobody"), args=FORGED, conf='dmarc { bad-from = "accept" }')
case("bad-from-without-enforcement", expect(action="reject", reply="550 5.7.1 From"),
     msg=message("nobody"), args=FORGED, conf='dmarc { enforce = "none" }')
case("bad-from-spared-by-override", expect(action="accept", override="local_policy"),
     msg=message("nobody"), args=FORGED,
     conf='override "printer" { networks = {"203.0.113.66"} enforce = "none" }')
