"""DMARC: records, discovery, alignment, policy, temporary errors."""
from scenario import FORGED, GOOD, case, dmarc, expect, has, message, signed, zone
from signer import key_record

POLICY_DOMAIN = "_dmarc.example.org."


def record(name, text, result="fail", policy=None, more=None, args=FORGED, msg=None, **rest):
    """A forged message against another record at _dmarc.example.org."""
    want = {"result": result, "policy": policy, **(more or {})}
    case(f"dmarc-{name}", expect(dmarc=want, **rest.pop("want", {})), zone=rest.pop("zone", dmarc(text)),
         args=args, msg=msg, **rest)


# --- the record --------------------------------------------------------------
record("p-none", "v=DMARC1; p=none", policy="none", want=dict(action="accept", disposition="none"))
record("p-quarantine", "v=DMARC1; p=quarantine", policy="quarantine",
       want=dict(action="quarantine", disposition="quarantine"))
record("p-reject", "v=DMARC1; p=reject", policy="reject")
record("p-in-capitals", "v=DMARC1; p=REJECT", policy="reject")
record("p-late", "v=DMARC1; adkim=r; p=reject", policy="reject")
record("blanks", "v = DMARC1 ;  p = reject ; ", policy="reject")
record("unknown-and-historic-tags", "v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400; moo=1", policy="reject")
record("version-in-lower-case", "v=dmarc1; p=reject", result="none", want=dict(action="accept"))
record("version-not-first", "p=reject; v=DMARC1", result="none")
record("version-10", "v=DMARC10; p=reject", result="none")
record("no-p-without-rua", "v=DMARC1", result="none")
record("no-p-with-rua", "v=DMARC1; rua=mailto:d@example.org", policy="none")
record("bad-p-without-rua", "v=DMARC1; p=rejct", result="none")
record("bad-p-with-rua", "v=DMARC1; p=rejct; rua=mailto:d@example.org", policy="none")
record("tag-twice", "v=DMARC1; p=reject; p=none", result="none")
record("none-at-all", "", result="none", zone=zone(without=[POLICY_DOMAIN]), want=dict(action="accept"))
record("other-txt-beside", "", policy="reject",
       zone=zone('_dmarc.example.org. TXT "something else"'))
record("two-records-are-none", "", result="none", zone=zone('_dmarc.example.org. TXT "v=DMARC1; p=none"'))
record("two-records-walk-on", "", policy="reject", msg=message("a@sub.example.org"),
       zone=zone('_dmarc.sub.example.org. TXT "v=DMARC1; p=none"\n'
                 '_dmarc.sub.example.org. TXT "v=DMARC1; p=quarantine"'),
       more={"policy_domain": "example.org", "policy_source": "p"})

# --- discovery ---------------------------------------------------------------
SUB = message("a@news.example.org")
record("organization-above", "v=DMARC1; p=reject", policy="reject", msg=SUB,
       more={"policy_domain": "example.org", "organizational_domain": "example.org",
             "discovery": "treewalk", "queries": ["_dmarc.news.example.org", "_dmarc.example.org", "_dmarc.org"]})
record("sp", "v=DMARC1; p=reject; sp=none", policy="none", msg=SUB, more={"policy_source": "sp"},
       zone=dmarc("v=DMARC1; p=reject; sp=none") + "news.example.org. A 192.0.2.9\n")
record("sp-not-for-the-domain-itself", "v=DMARC1; p=reject; sp=none", policy="reject", more={"policy_source": "p"})
record("np", "v=DMARC1; p=none; sp=none; np=reject", policy="reject", msg=SUB, more={"policy_source": "np"})
record("np-not-for-names-that-exist", "", policy="none", msg=SUB, more={"policy_source": "sp"},
       zone=dmarc("v=DMARC1; p=none; sp=none; np=reject") + "news.example.org. A 192.0.2.9\n")
record("np-dangling-cname-exists", "", policy="none", msg=SUB,
       zone=dmarc("v=DMARC1; p=none; np=reject") + "news.example.org. CNAME gone.example.org.\n")
record("own-record-wins", "", policy="none", msg=SUB,
       zone=zone('_dmarc.news.example.org. TXT "v=DMARC1; p=none"'), more={"policy_domain": "news.example.org"})
record("public-suffix-policy", "", policy="quarantine", msg=message("a@shop.bank"),
       zone=zone('_dmarc.bank. TXT "v=DMARC1; p=quarantine; psd=y"'),
       more={"policy_domain": "bank", "policy_source": "psd", "organizational_domain": "shop.bank"})
record("psd-n-ends-the-walk", "", policy="quarantine", msg=message("a@x.unit.example.org"),
       zone=zone('_dmarc.unit.example.org. TXT "v=DMARC1; p=quarantine; psd=n"'),
       more={"policy_domain": "unit.example.org"})
record("deep-author", "", policy="reject", msg=message("a@a.b.c.d.e.f.g.h.i.j.example.org"), zone=zone(),
       more={"queries": [f"_dmarc.{name}" for name in (
           "a.b.c.d.e.f.g.h.i.j.example.org", "f.g.h.i.j.example.org", "g.h.i.j.example.org",
           "h.i.j.example.org", "i.j.example.org", "j.example.org", "example.org", "org")]})
PSL = 'dmarc { organizational-domain = "psl" }'
record("psl", "v=DMARC1; p=reject", policy="reject", msg=SUB, conf=PSL,
       more={"discovery": "psl", "organizational_domain": "example.org"})
record("psl-public-suffix-has-no-say", "", result="none", msg=message("a@shop.co.uk"), conf=PSL,
       zone=zone('_dmarc.co.uk. TXT "v=DMARC1; p=reject"'))
record("psl-alignment", "", result="pass", policy="reject", msg=SUB, args=GOOD, conf=PSL, zone=zone())

# --- alignment ---------------------------------------------------------------
case("dmarc-spf-aligned", expect(dmarc={"result": "pass", "aligned": {"spf": "example.org", "dkim": None}},
                                 action="accept", disposition="pass"))
case("dmarc-dkim-aligned", expect(dmarc={"result": "pass", "aligned": {"spf": None, "dkim": "example.org"}},
                                  action="accept", disposition="pass"), msg=signed(), args=FORGED)
case("dmarc-both-aligned", expect(dmarc={"result": "pass", "aligned": {"spf": "example.org", "dkim": "example.org"}}),
     msg=signed())
case("dmarc-pass-under-p-none", expect(dmarc={"result": "pass", "policy": "none"}, disposition="none", action="accept"),
     zone=dmarc("v=DMARC1; p=none"))
case("dmarc-nothing-aligned", expect(has("spf", "pass"), has("dkim", "pass"),
                                     dmarc={"result": "fail", "aligned": {"spf": None, "dkim": None}}),
     msg=signed(d="forger.example"), args=FORGED)
SUB_SENDER = GOOD.replace("bounce@example.org", "bounce@mail.example.org")
case("dmarc-spf-relaxed", expect(dmarc={"result": "pass", "aligned": {"spf": "mail.example.org"}}), args=SUB_SENDER)
case("dmarc-spf-strict", expect(has("spf", "pass"), dmarc="fail"), args=SUB_SENDER,
     zone=dmarc("v=DMARC1; p=reject; aspf=s"))
case("dmarc-spf-strict-same", expect(dmarc="pass"), zone=dmarc("v=DMARC1; p=reject; aspf=s"))
SUB_KEY = f"s1._domainkey.mail.example.org. TXT {key_record()}\n"
case("dmarc-dkim-strict", expect(has("dkim", "pass"), dmarc="fail"), msg=signed(d="mail.example.org"), args=FORGED,
     zone=dmarc("v=DMARC1; p=reject; adkim=s") + SUB_KEY)
case("dmarc-dkim-strict-same", expect(dmarc="pass"), msg=signed(), args=FORGED,
     zone=dmarc("v=DMARC1; p=reject; adkim=s"))
case("dmarc-suffix-is-not-alignment", expect(has("spf", "pass"), dmarc="fail"),
     args=FORGED.replace("x@forger.example", "x@badexample.org"),
     zone=zone('badexample.org. TXT "v=spf1 ip4:203.0.113.66 -all"'))
case("dmarc-public-suffix-does-not-align", expect(has("spf", "pass"), dmarc="fail"),
     msg=message("a@shop.bank"), args=FORGED.replace("x@forger.example", "x@rival.bank"),
     zone=zone('_dmarc.bank. TXT "v=DMARC1; p=reject; psd=y"\nrival.bank. TXT "v=spf1 ip4:203.0.113.66 -all"'))
case("dmarc-softfail-does-not-pass", expect(has("spf", "softfail"), dmarc="fail"),
     zone=zone('example.org. TXT "v=spf1 ~all"', without=["example.org."]))
case("dmarc-forger-below-the-domain", expect(dmarc={"result": "fail", "policy": "reject"}),
     msg=message("a@nowhere.example.org"), args=FORGED)

# --- test mode ---------------------------------------------------------------
record("t-y-reject", "v=DMARC1; p=reject; t=y", policy="quarantine",
       more={"testing": True}, want=dict(action="quarantine", override="policy_test_mode"),
       conf='dmarc { enforce = "reject" }')
record("t-y-quarantine", "v=DMARC1; p=quarantine; t=y", policy="none", more={"testing": True},
       want=dict(action="accept", override="policy_test_mode", disposition="none"))
record("t-n", "v=DMARC1; p=reject; t=n", policy="reject", more={"testing": False},
       want=dict(action="reject", reply="550 5.7.26 DMARC", disposition="reject"), conf='dmarc { enforce = "reject" }')

# --- temporary errors --------------------------------------------------------
TIMEOUT = zone("$FAULT _dmarc.example.org. TXT timeout")
case("dmarc-timeout", expect(dmarc="temperror", action="accept", disposition="none"), zone=TIMEOUT, args=FORGED)
case("dmarc-servfail", expect(dmarc="temperror", action="accept"), zone=zone("$FAULT _dmarc.example.org. TXT servfail"),
     args=FORGED)
case("dmarc-timeout-deferred", expect(dmarc="temperror", action="tempfail", reply="451 4.7.5 DMARC", plan=[]),
     zone=TIMEOUT, args=FORGED, conf='dmarc { temperror = "tempfail" }')
case("dmarc-timeout-above-the-author", expect(dmarc="temperror"), zone=zone("$FAULT _dmarc.example.org. TXT timeout"),
     msg=SUB, args=FORGED)
case("dmarc-spf-timeout-with-dkim-pass", expect(has("spf", "temperror"), dmarc="pass"), msg=signed(),
     zone=zone("$FAULT example.org. TXT timeout"))
case("dmarc-spf-timeout-of-a-stranger", expect(has("spf", "temperror"), dmarc="fail"),
     zone=zone("$FAULT forger.example. TXT timeout"), args=FORGED)
case("dmarc-np-timeout", expect(dmarc="temperror"), msg=SUB, args=FORGED,
     zone=dmarc("v=DMARC1; p=none; np=reject") + "$FAULT news.example.org. A timeout\n")

# --- our own bound -----------------------------------------------------------
# A message that uses up its DNS questions must not turn the victim's policy into
# a temporary error.
MANY = ", ".join(f"a@a.b.c.d.e.f.x{i}.test" for i in range(9)) + ", ceo@example.org"
case("dmarc-starved-by-many-authors", expect(dmarc="permerror", action="reject", reply="550 5.7.1 From"),
     msg=message(MANY), args=FORGED, conf="resolver { questions = 20 }")
HEAD, BODY = message(MANY).split(b"\n\n", 1)
case("dmarc-starved-key-is-no-temperror",  # the key is asked for last
     expect(has("dkim", "permerror", reason="too many DNS questions"), dmarc="permerror", action="reject"),
     msg=HEAD + b"\n" + signed(message(MANY))[:-len(message(MANY))] + b"\n" + BODY, args=FORGED,
     conf="resolver { questions = 20 }")
