"""Our own mail: who is signed for, by which keys; what is refused; what is sealed.

@KEYS@ is where the keys are, for nobody else to read (tests/lib/casefolder.py).
"""
from scenario import AUTH, FORGED, GOOD, INSERTED, TRUSTED, case, deleted, expect, has, message, zone
from sealer import seal
from signer import key_record

AR = "Authentication-Results"
OURS = f"{AR}: mx.example.net; arc=none; dmarc=pass\n"
KEY = 'key "s1" { file = "@KEYS@/rsa2048.pem" }'
PAIR = KEY + ' key "e1" { file = "@KEYS@/ed25519.pem" }'
RULE = f'sign "example.org" {{ {PAIR} }}\n'
SEAL = 'seal { %s key "s1" { file = "@KEYS@/rsa2048.pem" domain = "lists.example" } }\n'
SEAL_ALL = SEAL % "all = true"
LISTS = zone(f"s1._domainkey.lists.example. TXT {key_record()}")


def by(*names, rule="example.org"):
    """Signed by these keys of one rule: "d/s"."""
    made = [{"domain": d, "selector": s, "rule": rule} for d, s in (name.split("/") for name in names)]
    return {"state": "signed", "reason": None, "signatures": made}


def unsigned(state, why=None):
    reason = {"reason": {"$contains": why}} if why else {}
    return {"state": state, "signatures": [], **reason}


def inserted(*parts, name="DKIM-Signature"):
    """A signature on top; PARTS stand in it."""
    return {"action": "insert", "index": 0, "name": name,
            "value": {"$all": [{"$contains": part} for part in parts]}}


def own(name, signing, msg=None, conf=RULE, args=AUTH, action="accept", zone=None, **more):
    case(f"sign-{name}", expect(signing=signing, sealing=None, action=action, **more), msg=msg, conf=conf,
         args=args, **({"zone": zone} if zone else {}))


# --- whose mail --------------------------------------------------------------
own("authenticated", by("example.org/s1", "example.org/e1"), origin="authenticated", dmarc=None,
    header="mx.example.net; auth=pass",
    plan=[INSERTED, inserted("v=1; a=rsa-sha256; d=example.org; s=s1;", "c=relaxed/relaxed; t=1760000000;",
                             "h=From:From:"),
          inserted("v=1; a=ed25519-sha256; d=example.org; s=e1;")])
own("loopback", by("example.org/s1", "example.org/e1"), args=TRUSTED, origin="trusted",
    header="mx.example.net; none")
own("network", by("example.org/s1", "example.org/e1"), args="--ip 198.51.100.7", origin="own",
    conf=RULE + 'sign-networks = {"198.51.100.0/24"}', results=[], header="mx.example.net; none",
    msg=message(extra=f"BIMI-Location: x\nX-Spam-Flag: YES\n"),
    plan=deleted("BIMI-Location", 1) + [INSERTED, inserted("s=s1;"), inserted("s=e1;")])
own("network-without-rules", None, args="--ip 198.51.100.7", origin="outside",
    conf='sign-networks = {"198.51.100.0/24"} dmarc { enforce = "none" }', override="local_policy")
own("trusted-alone", None, args="--ip 198.51.100.7", origin="trusted",
    conf=RULE + 'trusted-networks = {"198.51.100.0/24"}')
own("outside", None, args=GOOD, origin="outside")
own("no-rules", None, conf="")

# --- by which keys -----------------------------------------------------------
own("subdomain", by("example.org/s1", rule=".example.org"), msg=message("a@x.example.org"),
    conf=f'sign ".example.org" {{ {KEY} }}')
own("most-specific", by("x.example.org/k1", rule="x.example.org"), msg=message("a@x.example.org"),
    conf=RULE + f'sign "*" {{ {KEY} }} sign ".example.org" {{ {KEY} }} '
                'sign "x.example.org" { key "k1" { file = "@KEYS@/rsa2048.pem" } }')
own("any", by("esp.example/s1", rule="*"), msg=message("a@customer.example"),
    conf='sign "*" { key "s1" { file = "@KEYS@/rsa2048.pem" domain = "esp.example" } }')
own("any-by-the-author-domain", by("customer.example/s1", rule="*"), msg=message("a@customer.example"),
    conf='sign "*" { key "s1" { file = "@KEYS@/rsa2048.pem" } }')
own("rotation", by("example.org/s1"), conf=f'sign "example.org" {{ {KEY} '
    'key "next" { file = "@KEYS@/ed25519.pem" state = "publish" } '
    'key "last" { file = "@KEYS@/ed25519.pem" state = "retired" } }')
own("tags", by("example.org/s1"),
    conf=f'sign "example.org" {{ {KEY} identity = "@%" canonicalization = "simple/simple" lifetime = 86400 '
         'more-fields = {"X-Ours", "Received"} }',
    msg=message(extra="X-Ours: y\nReceived: z\n"),
    plan=[INSERTED, inserted("c=simple/simple", "i=@example.org", "x=1760086400", "X-Ours:X-Ours")])
own("u-label", by("xn--bcher-kva.example/s1", rule="xn--bcher-kva.example"), msg=message("a@b\u00fccher.example"),
    conf=f'sign "b\u00fccher.example" {{ {KEY} }}')
own("stranger", unsigned("no-rule"), msg=message("a@stranger.example"), plan=[INSERTED])
own("not-active", unsigned("no-active-key"), conf='sign "example.org" { key "s1" { '
    'file = "@KEYS@/rsa2048.pem" state = "retired" } }')
own("key-missing", unsigned("key-missing"), conf='sign "example.org" { key "s1" { file = "@KEYS@/none.pem" } }')
own("key-short", unsigned("key-missing"), conf='sign "example.org" { key "s1" { file = "@KEYS@/rsa1024.pem" } }')
own("key-short-allowed", by("example.org/s1"),
    conf='sign-min-rsa-bits = 1024 sign "example.org" { key "s1" { file = "@KEYS@/rsa1024.pem" } }')

# --- never what carries our field --------------------------------------------
own("handed-back", unsigned("has-our-results"), msg=message(extra=OURS), args=TRUSTED, plan=[], header=None)
own("handed-back-from-our-other-host", unsigned("has-our-results"), args=TRUSTED, plan=[],
    conf=RULE + 'own-authserv-ids = {"mx2.example.net"}', msg=message(extra=f"{AR}: mx2.example.net; none\n"))
own("forged-results", unsigned("has-our-results"), msg=message(extra=f"{AR}: (x) \"MX.example.net\"; spf=pass\n"),
    plan=deleted(AR, 1) + [INSERTED])
own("anothers-results", by("example.org/s1", "example.org/e1"), msg=message(extra=f"{AR}: mx.other.example; none\n"))

# --- what cannot be signed ---------------------------------------------------
TWO = message(extra="From: b@victim.example\n")
REJECTING = RULE + 'unsignable = "reject"'
own("two-from-fields", unsigned("unsignable", "more than one From field"), msg=TWO, plan=[INSERTED])
own("two-from-fields-refused", unsigned("unsignable", "more than one From field"), msg=TWO, conf=REJECTING,
    action="reject", reply="550 5.7.1 cannot be DKIM-signed: more than one From field", plan=[])
own("two-domains", unsigned("unsignable"), msg=message("a@example.org, b@victim.example"))
own("two-domains-of-one-key", by("example.org/s1", "example.org/e1"), msg=message("a@example.org, b@x.example.org"))
own("unparsable", unsigned("unsignable", "malformed"), msg=message("a@example.org\\"))
own("without-author-refused", unsigned("unsignable", "missing"), msg=message(None), conf=REJECTING,
    action="reject", reply="550 5.7.1 From field is missing")
own("1100-fields", unsigned("unsignable", "too many header fields"),
    msg=message(extra="".join(f"X-{i}: y\n" for i in range(1100))))
own("key-missing-deferred", unsigned("key-missing"), action="tempfail", reply="451 4.7.5 at present",
    conf='unsignable = "reject" sign "example.org" { key "s1" { file = "@KEYS@/none.pem" } }')

# --- require-alignment -------------------------------------------------------
ALIGNED = RULE + "require-alignment = true\n"
own("aligned", by("example.org/s1", "example.org/e1"), conf=ALIGNED)
own("unaligned", unsigned("no-rule"), msg=message("a@stranger.example"), conf=ALIGNED, action="reject",
    reply="550 5.7.1 stranger.example", plan=[])
own("unaligned-local", unsigned("no-rule"), msg=message("a@stranger.example"), conf=ALIGNED, action="reject",
    reply="550 5.7.1 stranger.example", args=TRUSTED)
own("aligned-relaxed", by("example.org/s1", rule=".example.org"), msg=message("a@x.example.org"),
    conf=f'require-alignment = true sign ".example.org" {{ {KEY} }}')
own("aligned-strict", unsigned("refused"), msg=message("a@x.example.org"), action="reject",
    reply="550 5.7.1 x.example.org", conf=f'require-alignment = true sign ".example.org" {{ {KEY} }}',
    zone=zone('_dmarc.x.example.org. TXT "v=DMARC1; p=none; adkim=s"'))
own("unaligned-third-party", unsigned("refused"), msg=message("a@customer.example"), action="reject",
    reply="550 5.7.1 customer.example",
    conf='require-alignment = true sign "*" { key "s1" { file = "@KEYS@/rsa2048.pem" domain = "esp.example" } }')
own("unaligned-with-forged-results", unsigned("has-our-results"), conf=ALIGNED, action="reject",
    msg=message("a@stranger.example", extra=OURS), reply="550 5.7.1 stranger.example")
own("unaligned-handed-back", unsigned("has-our-results"), conf=ALIGNED, args=TRUSTED,
    msg=message("a@stranger.example", extra=OURS), plan=[])


# --- seals -------------------------------------------------------------------
def sealed(name, chain, instance=1, msg=None, conf=SEAL_ALL, args=GOOD, **more):
    set_made = {"state": "sealed", "reason": None, "instance": instance, "chain": chain,
                "seal": {"domain": "lists.example", "selector": "s1"}}
    case(f"seal-{name}", expect(sealing=set_made, **more), msg=msg, conf=conf, args=args, zone=LISTS)


def not_sealed(name, sealing=None, msg=None, conf=SEAL_ALL, args=GOOD, **more):
    case(f"seal-{name}", expect(sealing=sealing, **more), msg=msg, conf=conf, args=args, zone=LISTS)


def set_of(instance, cv, *said):
    return [inserted(f"i={instance}; mx.example.net;", *said, name="ARC-Authentication-Results"),
            inserted(f"i={instance}; a=rsa-sha256; d=lists.example; s=s1;", "h=From:From:",
                     name="ARC-Message-Signature"),
            inserted(f"i={instance}; a=rsa-sha256; d=lists.example; s=s1; cv={cv};", "t=1760000000;", name="ARC-Seal")]


CHAIN = seal(message(), "mx.lists.example; arc=none")
BROKEN = CHAIN.replace(b"Subject: hello", b"Subject: other")
sealed("all", "none", plan=[INSERTED, *set_of(1, "none", "spf=pass", "dmarc=pass header.from=example.org")],
       signing=None, action="accept")
sealed("by-recipient", "none", conf=SEAL % 'recipient-domains = {"example.net"}')
not_sealed("other-recipient", conf=SEAL % 'recipient-domains = {"example.com"}')
sealed("chain", "pass", 2, msg=CHAIN, plan=[INSERTED, *set_of(2, "pass", "arc=pass smtp.remote-ip=192.0.2.1")])
sealed("chain-broken", "fail", 2, msg=BROKEN, plan=[INSERTED, *set_of(2, "fail", "arc=fail")])
not_sealed("chain-ended", {"state": "not-sealed", "reason": "chain ended with cv=fail"}, plan=[INSERTED],
           msg=seal(BROKEN, "mx.lists.example; arc=fail", cv="fail"), action="accept")
not_sealed("chain-of-fifty", {"state": "not-sealed", "reason": {"$contains": "fifty"}}, plan=[INSERTED],
           msg=CHAIN.replace(b"i=1", b"i=50"))
not_sealed("refused", msg=message("a@example.org"), args=FORGED, conf=SEAL_ALL + 'dmarc { enforce = "reject" }',
           action="reject")
sealed("tagged", "none", msg=message("a@example.org"), args=FORGED, action="quarantine", override="local_policy",
       plan=[{"name": "X-Spam-Flag"}, INSERTED, *set_of(1, "none", "dmarc=fail")])
not_sealed("own-mail", conf=RULE + SEAL_ALL, args=AUTH, signing=by("example.org/s1", "example.org/e1"))
not_sealed("local-mail", args=TRUSTED)
not_sealed("forged-results", msg=message(extra=OURS), args=AUTH, plan=deleted(AR, 1) + [INSERTED])
sealed("handed-back", "none", msg=message(extra=OURS), conf=RULE + SEAL_ALL, args=TRUSTED, header=None,
       signing=unsigned("has-our-results"), plan=set_of(1, "none", "arc=none; dmarc=pass"))
HANDED_BACK = f"{AR}: mx.example.net; arc=%s\n".encode()
sealed("handed-back-changed", "pass", 2, msg=HANDED_BACK % b"pass" + BROKEN, args=TRUSTED,
       plan=set_of(2, "pass", "arc=pass"))
sealed("handed-back-that-came-broken", "fail", 2, msg=HANDED_BACK % b"fail" + BROKEN, args=TRUSTED)
sealed("handed-back-with-fields-merged", "none", args=TRUSTED, conf=SEAL_ALL + 'own-authserv-ids = {"mx2.example.net"}',
       msg=message(extra=f"{AR}: mx2.example.net; spf=pass\n{AR}: other.example; dkim=pass\n"
                         f"{AR}: mx.example.net; x-new=good (a comment)\n"),
       plan=set_of(1, "none", "spf=pass;\n\tx-new=good (a comment)"))
sealed("handed-back-with-octets-that-nobody-may-write", "none", args=TRUSTED,
       msg=message(extra=f"{AR}: mx.example.net; spf=pass smtp.mailfrom=\udce9\n"
                         f"{AR}: mx.example.net; dkim=pass (\x9b31m)\n{AR}: mx.example.net; dkim=pass (\1)\n"
                         f"{AR}: mx.example.net; dmarc=pass\n"),
       plan=set_of(1, "none", "mx.example.net;\n\tdmarc=pass"))
sealed("fields-of-our-choice", "none", conf=SEAL % 'all = true fields = {"to", "from", "nothing", "from"}',
       plan=[INSERTED, {}, inserted("h=to:from:nothing:from;", name="ARC-Message-Signature"), {}])
not_sealed("key-missing", {"state": "no-key", "seal": None}, action="accept",
           conf='seal { all = true key "s1" { file = "@KEYS@/none.pem" domain = "lists.example" } }')
sealed("without-verification", "fail", 2, msg=BROKEN, conf=SEAL_ALL + "arc { verify = false }",
       header={"$not": {"$contains": "; arc="}})
