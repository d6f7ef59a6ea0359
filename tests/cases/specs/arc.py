"""ARC: which chains are intact, and whose word about the author is believed."""
from scenario import FORGED, case, expect, has, message, signed, zone
from sealer import seal
from signer import key_record

# The list lists.example (sealer s1) sends from the forger's host: nothing of
# SPF and DKIM is left for the author, example.org, who says p=reject.
KEY = key_record()
ZONE = zone(f"""
s1._domainkey.lists.example. TXT {KEY}
s2._domainkey.relay.example. TXT {KEY}
s1._domainkey.stranger.example. TXT {KEY}
short._domainkey.lists.example. TXT {key_record("rsa512")}
k1024._domainkey.lists.example. TXT {key_record("rsa1024")}
$FAULT late._domainkey.lists.example. TXT timeout
""")
SAW_PASS = "mx.lists.example; arc=none smtp.remote-ip=192.0.2.1; dmarc=pass header.from=example.org"
SAW_FAIL = "mx.relay.example; arc=pass; dmarc=fail header.from=example.org"
REJECT = 'dmarc { enforce = "reject" }'
TRUSTED = REJECT + '\narc { trusted-sealers = {"lists.example", "relay.example"} }'


def chain(name, *results, msg, conf=TRUSTED, zone=ZONE, **want):
    case(f"arc-{name}", expect(*results, dmarc="fail", **want), msg=msg, conf=conf, zone=zone,
         args=FORGED)


def passes(name, msg, oldest="0", sets=1, trust=None, **rest):
    detail = {"sets": sets, **({"trust": {"$contains": trust}} if trust else {})}
    chain(name, {"$contains": {"method": "arc", "result": "pass",
                               "properties": {"header.oldest-pass": oldest,
                                              "smtp.remote-ip": "203.0.113.66"},
                               "detail": detail}}, msg=msg, **rest)


def fails(name, msg, reason, **rest):
    chain(name, has("arc", "fail", reason=reason), msg=msg, action="reject", override=None, **rest)


def accepted(name, msg, comment=None, **rest):
    verdict = {"action": "accept", "override": "local_policy", "report_disposition": "none"}
    if comment:
        verdict["override_comment"] = comment
    passes(name, msg, verdict=verdict, **rest)


def refused(name, msg, trust=None, **rest):
    passes(name, msg, trust=trust, action="reject", override=None, **rest)


def at_list(results=SAW_PASS, msg=None, **how):
    return seal(msg or message(), results, **how)


def relayed(results=SAW_FAIL, msg=None, **how):
    how = {"d": "relay.example", "s": "s2", **how}
    return seal(msg or at_list(), results, **how)


# --- none --------------------------------------------------------------------
chain("none", has("arc", "none"), msg=message(), action="reject", override=None,
      header={"$contains": "; arc=none; dmarc=fail"})
chain("off", {"$not": {"$contains": {"method": "arc"}}}, msg=at_list(),
      conf=TRUSTED.replace("{ trusted", "{ verify = false trusted"), action="reject", override=None)

# --- chains ------------------------------------------------------------------
accepted("trusted-list", at_list(),
         comment="arc=pass as[1].d=lists.example as[1].s=s1 remote-ip[1]=192.0.2.1",
         header={"$contains": "arc=pass smtp.remote-ip=203.0.113.66 header.oldest-pass=0"})
accepted("simple-canonicalisation", at_list(canon="simple/simple"))
accepted("key-1024", at_list(s="k1024", key="rsa1024"))
accepted("two-trusted-sealers", relayed(), sets=2, trust="i=1: lists.example saw the author authenticated",
         comment="arc=pass as[2].d=relay.example as[2].s=s2 as[1].d=lists.example as[1].s=s1 "
                 "remote-ip[1]=192.0.2.1")
accepted("body-changed-by-second-sealer", relayed(msg=at_list() + b"-- \nlist footer\n"), oldest="2",
         sets=2)
accepted("signature-of-another-domain-than-the-seal", at_list(ams={"d": "relay.example", "s": "s2"}))
accepted("spf-spared-too", at_list(), zone=ZONE.replace(
    'forger.example.  TXT "v=spf1 ip4:203.0.113.66 -all"', 'forger.example.  TXT "v=spf1 -all"', 1),
         conf=TRUSTED + '\nspf { on-fail = "reject" }')

# --- broken ------------------------------------------------------------------
fails("body-changed", at_list() + b"More.\n", "ARC-Message-Signature i=1: body hash")
fails("subject-changed", at_list().replace(b"Subject: hello", b"Subject: other"),
      "ARC-Message-Signature i=1: signature did not verify")
fails("results-changed", at_list(SAW_FAIL).replace(b"dmarc=fail", b"dmarc=pass"),
      "ARC-Seal i=1: signature did not verify")
fails("older-results-changed", relayed(msg=at_list(SAW_FAIL)).replace(b"i=1; mx.relay", b"i=1; mx.delay"),
      "ARC-Seal i=2: signature did not verify")
fails("older-seal-not-real", relayed(msg=at_list(key="rsa1024")), "ARC-Seal i=1: signature did not verify")
fails("said-to-be-broken", relayed(cv="fail"), "ARC-Seal i=2: chain broken (cv=fail)")
fails("set-incomplete", b"\n".join(line for line in at_list().split(b"\n")
                                   if not line.startswith(b"ARC-Auth")),
      "ARC-Authentication-Results i=1: missing")
fails("only-a-seal", at_list().split(b"\n")[0] + b"\n" + message(), "missing")
fails("instance-gap", relayed(msg=message(), instance=2), "i=1: missing")
fails("instance-51", relayed(instance=51), "invalid instance (i=)")
fails("duplicate-seal", at_list().split(b"\n")[0] + b"\n" + at_list(), "ARC-Seal i=1: duplicate field")
fails("seal-with-names", at_list(tags={"h": "From"}), "list of names in a seal (h=)")
fails("key-512", at_list(s="short", key="rsa512"), "RSA key too short")
fails("key-missing", at_list(s="nowhere"), "no key")
fails("key-timeout", at_list(s="late"), "temporary")
fails("length-beyond-body", at_list(ams={"l": "9"}), "l= exceeds the body")
fails("expired", at_list(ams={"x": "1759999000"}), "expired")

# --- whose word --------------------------------------------------------------
refused("no-sealer-trusted", at_list(), conf=REJECT)
refused("stranger", at_list(d="stranger.example"), trust="i=1: stranger.example is not in trusted-sealers")
refused("below-a-trusted-sealer", at_list(d="evil.lists.example"),
        zone=ZONE + f"s1._domainkey.evil.lists.example. TXT {KEY}\n")
refused("only-the-signature-is-a-trusted-sealers", at_list(d="stranger.example", ams={"d": "lists.example"}))
refused("stranger-after-trusted", seal(at_list(), SAW_FAIL, d="stranger.example"), sets=2)
refused("stranger-after-trusted-who-saw-pass", seal(at_list(), SAW_PASS, d="stranger.example"), sets=2)
refused("stranger-before-trusted", relayed(msg=at_list(d="stranger.example")), sets=2)
accepted("stranger-before-trusted-who-saw-pass",
         relayed("mx.relay.example; dmarc=pass header.from=example.org", msg=at_list(d="stranger.example")),
         sets=2)
refused("stranger-between", relayed(msg=seal(at_list(), SAW_FAIL, d="stranger.example")), sets=3,
        trust="i=2: stranger.example is not in trusted-sealers")


def forwards(count, first=SAW_PASS, stranger=0):
    """A chain of COUNT sets, all of the list but the one numbered STRANGER."""
    msg = message()
    for i in range(1, count + 1):
        msg = seal(msg, first if i == 1 else SAW_FAIL,
                   d="stranger.example" if i == stranger else "lists.example")
    return msg


accepted("ten-sets", forwards(10), sets=10)
refused("ten-sets-with-a-stranger-at-nine", forwards(10, stranger=9), sets=10)
refused("ten-sets-with-a-stranger-at-one", forwards(10, stranger=1), sets=10)
accepted("fifty-sets", forwards(50), sets=50)


def hundred_keys():
    """50 sets, each signature with a key of its own."""
    msg, names = message(), []
    for i in range(1, 51):
        msg = seal(msg, SAW_PASS if i == 1 else SAW_FAIL, s=f"s{i}x", ams={"s": f"m{i}x"})
        names += [f"s{i}x", f"m{i}x"]
    return msg, "".join(f"{name}._domainkey.lists.example. TXT {KEY}\n" for name in names)


# Their keys must not take the questions that DMARC needs; oldest-pass suffers.
HUNDRED, HUNDRED_ZONE = hundred_keys()
case("arc-hundred-keys", expect(has("arc", "pass"), dmarc="fail", verdict={"action": "accept"}),
     msg=HUNDRED, zone=ZONE + HUNDRED_ZONE, conf=TRUSTED, args=FORGED)

# --- what he saw -------------------------------------------------------------
refused("saw-fail", at_list(SAW_FAIL), trust="no sealer saw the author authenticated")
refused("saw-nothing", at_list("mx.lists.example; none"))
refused("saw-another-author", at_list("mx.lists.example; dmarc=pass header.from=forger.example"))
refused("saw-no-author", at_list("mx.lists.example; dmarc=pass"))
refused("saw-unaligned-dkim", at_list("mx.lists.example; dkim=pass header.d=forger.example"))
refused("saw-failing-dkim", at_list("mx.lists.example; dkim=fail header.d=example.org"))
refused("saw-fail-beside-aligned-dkim",
        at_list("mx.lists.example; dkim=pass header.d=example.org; dmarc=fail header.from=example.org"))
refused("saw-something-unreadable", at_list("mx.lists.example; dmarc=pass header.from=example.org; ="))
accepted("saw-aligned-dkim", at_list("mx.lists.example; dkim=pass header.i=@mail.example.org"))
accepted("saw-aligned-spf", at_list("mx.lists.example; spf=pass smtp.mailfrom=x@example.org"))
refused("saw-spf-of-helo", at_list("mx.lists.example; spf=pass smtp.helo=example.org"))
accepted("saw-it-as-microsoft-writes",
         at_list("mx.microsoft.com 1; spf=pass smtp.mailfrom=example.org; dmarc=pass action=none "
                 "header.from=example.org; dkim=pass header.d=example.org; arc=none"),
         comment="arc=pass as[1].d=lists.example as[1].s=s1")
accepted("saw-it-as-google-writes",
         at_list("mx.google.com; dkim=pass header.i=@example.org header.s=s1 header.b=\"a/b\"; spf=pass "
                 "(google.com: domain of x@example.org designates 192.0.2.1 as permitted sender) "
                 "smtp.mailfrom=x@example.org; dmarc=pass (p=REJECT sp=REJECT dis=NONE) "
                 "header.from=example.org"))



def saw_domains_below(*domains):
    """As many sealers, each of whom saw a signature of his domain below the author's."""
    msg = message()
    for i, domain in enumerate(domains):
        said = f"mx.lists.example; dkim=pass header.d={domain}.example.org"
        msg = seal(msg, said) if i % 2 == 0 else seal(msg, said, d="relay.example", s="s2")
    return msg


# The first alone saw one that aligns; the others' are organizations of their own.
accepted("saw-domains-below-the-author", saw_domains_below("one", "two", "three", "four"), sets=4,
         trust="i=1: lists.example saw the author authenticated",
         zone=ZONE + "".join(f'_dmarc.{d}.example.org. TXT "v=DMARC1; p=none; psd=n"\n'
                             for d in ("two", "three", "four")))

# --- what the newest signature must cover ------------------------------------
refused("from-not-signed", at_list(h="To:Subject:Date"), trust="does not cover From")
refused("body-open", at_list(ams={"l": "2"}), trust="does not cover the whole body")
refused("second-subject", b"Subject: other\n" + at_list(), trust="does not cover all Subject fields")
accepted("second-subject-signed", at_list(msg=b"Subject: other\n" + message(), h="From:Subject:Subject"))
accepted("length-is-whole-body", at_list(ams={"l": "8"}))
case("arc-two-authors", expect(has("arc", "pass"), action="reject", override=None),
     msg=at_list(msg=b"From: B <b@example.org>\n" + message()), conf=TRUSTED, zone=ZONE, args=FORGED)

# --- beside other rules ------------------------------------------------------
case("arc-of-a-message-that-passes", expect(has("arc", "pass"), dmarc="pass", action="accept", override=None,
                                            disposition="pass"),
     msg=at_list(msg=signed()), conf=TRUSTED, zone=ZONE, args=FORGED)
