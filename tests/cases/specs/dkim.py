"""DKIM: what a signature or key may be, and what a bad one gives."""
from scenario import (FORGED, case, expect, has, message, no, signed, zone)
from signer import key_record

NATIVE = 'dkim { engine = "native" }'
LIBOPENDKIM = 'dkim { engine = "libopendkim" }'
# SPF of the forger's host passes for another domain: only DKIM can help.
ARGS = FORGED


def key(record):
    """The usual zone with another key s1 of example.org."""
    return zone(f"s1._domainkey.example.org. TXT {record}" if record else "",
                without=["s1._domainkey.example.org."])


def dkim(name, result, dmarc=None, msg=None, reason=None, args=ARGS, more=(), **rest):
    want = expect(has("dkim", result, reason=reason), *more,
                  dmarc=dmarc or ("pass" if result == "pass" else "fail"))
    case(f"dkim-{name}", want, msg=msg if msg is not None else signed(), args=args, **rest)


# --- good signatures ---------------------------------------------------------
dkim("relaxed", "pass", more=[has("dkim", "pass", header_d="example.org", header_s="s1")])
dkim("simple", "pass", msg=signed(canon="simple/simple"))
dkim("relaxed-simple", "pass", msg=signed(canon="relaxed/simple"))
dkim("ed25519", "pass", msg=signed(key="ed25519"), zone=key(key_record("ed25519")))
dkim("rsa-1024", "pass", msg=signed(key="rsa1024"), zone=key(key_record("rsa1024")))
dkim("empty-body", "pass", msg=signed(message(body="")))
dkim("simple-trailing-lines", "pass", msg=signed(message(body="x\n\n\n"), canon="simple/simple"))
dkim("oversigned", "pass", msg=signed(h="From:From:To:Subject:Subject:Date"))
dkim("unknown-tag", "pass", msg=signed(zz="1"))
dkim("identity-below-domain", "pass", msg=signed(i="@mail.example.org"))
dkim("identity-as-u-label-is-for-another-engine", "permerror", reason="engine",
     msg=signed(i="@b\u00fccher.example.org"), conf=LIBOPENDKIM)
dkim("identity-as-u-label", "pass", msg=signed(i="@b\u00fccher.example.org"), conf=NATIVE)
dkim("domain-and-selector-as-u-labels", "pass", conf=NATIVE,
     msg=signed(d="b\u00fccher.example.org", s="\u00e9t\u00e9"),
     zone=zone(f"xn--t-9fab._domainkey.xn--bcher-kva.example.org. TXT {key_record()}"),
     more=[has("dkim", "pass", header_d="xn--bcher-kva.example.org", header_s="xn--t-9fab")])
dkim("length-is-whole-body", "pass", msg=signed(l="8"))
dkim("expires-later", "pass", msg=signed(t="1759990000", x="1760000001"))
dkim("folded-value", "pass",
     msg=signed(message(extra="Subject2: a\n\tb\n"), h="From:Subject2"))
dkim("several-strings-in-key", "pass", zone=key(key_record()))
dkim("key-without-version", "pass", zone=key(key_record(v=None)))
dkim("key-for-mail", "pass", zone=key(key_record(s="email")))
dkim("key-by-cname", "pass",
     zone=zone(f"s1._domainkey.example.org. CNAME k.keys.example.\nk.keys.example. TXT {key_record()}",
               without=["s1._domainkey.example.org."]))
dkim("whitespace-changed-relaxed", "pass",
     msg=signed(sign_as=message(body="Hello  you \n\n")) .replace(b"Hello.\n", b"Hello you\n"))
dkim("author-parent-of-signer", "pass", msg=signed(d="mail.example.org"),
     zone=zone(f"s1._domainkey.mail.example.org. TXT {key_record()}"))

# --- changed on the way ------------------------------------------------------
dkim("body-changed", "fail", msg=signed().replace(b"Hello.", b"Hello!"), reason="body")
dkim("body-appended", "fail", msg=signed() + b"More.\n", reason="body")
dkim("subject-changed", "fail", msg=signed().replace(b"Subject: hello", b"Subject: other"))
dkim("subject-changed-beside-its-copy", "fail", conf=NATIVE,
     msg=signed(z="From:A=20Person=20<a@example.org>|Subject:hello").replace(b"\nSubject: hello", b"\nSubject: other"),
     more=[{"$contains": {"method": "dkim", "detail": {"changed_fields": "Subject"}}}])
dkim("subject-and-more-changed-beside-a-copy", "fail",
     msg=signed(z="Subject:hello").replace(b"\nSubject: hello", b"\nSubject: other").replace(b"A Person", b"B"))
dkim("subject-tagged", "fail", msg=signed().replace(b"Subject: hello", b"Subject: [list] hello"))
dkim("subject-tag-moved", "fail", msg=signed(sign_as=message().replace(b"hello", b"Re: [list] hello")).replace(
    b"Subject: hello", b"Subject: [list] Re: hello"))
dkim("author-kept-aside", "fail", dmarc="none", msg=signed(h="From:To:Subject:Date:Reply-To").replace(
    b"From: A Person <a@example.org>", b"From: A Person via L <l@lists.example>\nList-Id: <l.lists.example>\n"
    b"Reply-To: A Person <a@example.org>").replace(b"Hello.", b"Hello!"))
dkim("body-changed-header-intact", "fail", conf=NATIVE, msg=signed().replace(b"Hello.", b"Hello!"), reason="body",
     more=[{"$contains": {"method": "dkim", "detail": {"header_intact": True, "body_changed": True}}}])
dkim("author-changed", "fail", msg=signed().replace(b"A Person", b"Another"))
dkim("whitespace-changed-simple", "fail",
     msg=signed(sign_as=message(body="Hello  you\n"), canon="simple/simple").replace(b"Hello.\n", b"Hello you\n"))
dkim("oversigned-subject-added", "fail",
     msg=b"Subject: other\n" + signed(h="From:To:Subject:Subject"))
dkim("unsigned-subject-added", "policy", reason="2 Subject fields, 1 signed",
     msg=b"Subject: other\n" + signed())
dkim("unsigned-type-added", "policy", reason="2 Content-Type fields, 1 signed",
     msg=b"content-type: text/html\n" +
     signed(message(extra="Content-Type: text/plain\n"), h="From:Content-Type"))
dkim("unsigned-trace-added", "pass", msg=b"Received: b\n" +
     signed(message(extra="Received: a\n"), h="From:Received"))
dkim("subject-signed-twice", "pass", msg=signed(message(extra="Subject: other\n"),
                                               h="From:Subject:Subject"))
dkim("wrong-key", "fail", zone=key(key_record("rsa1024")))
dkim("unsigned-octets", "policy", msg=signed(l="2"))
dkim("appended-after-length", "policy", msg=signed(l="8") + b"More.\n")

# --- signatures that are no good ---------------------------------------------
dkim("none", "none", msg=message())
dkim("sha1", "permerror", msg=signed(a="rsa-sha1"))
dkim("short-key", "permerror", msg=signed(key="rsa512"), zone=key(key_record("rsa512")))
dkim("below-configured-bits", "policy", msg=signed(key="rsa1024"), zone=key(key_record("rsa1024")),
     conf="dkim { min-rsa-bits = 2048 }")
dkim("expired", "fail", msg=signed(t="1759990000", x="1759999999"))
dkim("expired-within-clock-skew", "pass", msg=signed(t="1759990000", x="1759999700"),
     conf="dkim { clock-skew = 300 }")
dkim("expired-beyond-clock-skew", "fail", msg=signed(t="1759990000", x="1759999699"),
     conf="dkim { clock-skew = 300 }")
dkim("signed-an-hour-ahead", "pass", msg=signed(t="1760003600"))
dkim("signed-days-ahead", "policy", msg=signed(t="1760200000"), reason="in the future")
dkim("expiry-before-time", "permerror", msg=signed(t="1770000000", x="1769999999"))
dkim("from-not-signed", "permerror", msg=signed(h="To:Subject"))
dkim("version-2", "permerror", msg=signed(v="2"))
dkim("no-version", "permerror", msg=signed(v=None))
dkim("no-selector", "permerror", msg=signed(s=None))
dkim("unknown-algorithm", "permerror", msg=signed().replace(b"a=rsa-sha256", b"a=rsa-sha512"))
dkim("unknown-canonicalisation", "permerror", msg=signed().replace(b"c=relaxed/relaxed", b"c=nofws"))
dkim("duplicate-tag", "permerror", msg=signed(zz="1; d=example.org"))
dkim("identity-elsewhere", "permerror", msg=signed(i="a@forger.example"))
dkim("identity-only-looks-below", "permerror", msg=signed(i="a@badexample.org"))
dkim("empty-signature", "permerror", msg=b"DKIM-Signature: \n" + message())
dkim("quote-in-domain", "permerror", msg=signed(d="example.org'a.forger.example"))
dkim("parenthesis-in-domain", "permerror", msg=signed(d="example.org(a.forger.example"))
dkim("nul-in-selector", "permerror", msg=signed(s="s1._domainkey.forger.example.\0.any"))
dkim("query-method-unknown", "permerror", msg=signed(q="http/get"))
dkim("body-hash-too-short", "permerror", msg=signed(bh="AAAA"))
dkim("signature-not-base64", "permerror", msg=signed().replace(b"b=", b"b=!!", 2))

# --- keys --------------------------------------------------------------------
dkim("key-missing", "permerror", zone=key(None))
dkim("key-revoked", "permerror", zone=key(key_record(p="")))
dkim("key-without-p", "permerror", zone=key('"v=DKIM1; k=rsa"'))
dkim("key-not-for-mail", "permerror", zone=key(key_record(s="tlsrpt")))
dkim("key-for-other-hash", "permerror", zone=key(key_record(h="sha1")))
dkim("key-of-other-type", "permerror", zone=key(key_record("ed25519")))
dkim("key-version-wrong", "permerror", zone=key(key_record(v="DKIM2")))
dkim("key-is-garbage", "permerror", zone=key('"v=DKIM1; p=!!!"'))
dkim("key-for-exact-domain", "permerror", msg=signed(i="@mail.example.org"), zone=key(key_record(t="s")))
dkim("key-for-exact-domain-kept", "pass", msg=signed(i="@example.org"), zone=key(key_record(t="s")))
dkim("key-beside-other-text", "pass", conf=NATIVE,
     zone=zone('s1._domainkey.example.org. TXT "v=spf1 -all"'))
dkim("key-beside-another", "pass", conf=NATIVE,
     zone=key(key_record("rsa1024") + f"\ns1._domainkey.example.org. TXT {key_record()}"))
dkim("key-beside-another-in-other-order", "pass", conf=NATIVE,
     zone=zone(f's1._domainkey.example.org. TXT {key_record("rsa1024")}'))
dkim("key-revoked-beside-another", "fail", conf=NATIVE,
     zone=key(key_record(p="") + f'\ns1._domainkey.example.org. TXT {key_record("rsa1024")}'))
dkim("key-timeout", "temperror", dmarc="temperror", zone=zone("$FAULT s1._domainkey.example.org. TXT timeout"))
dkim("key-servfail", "temperror", dmarc="temperror", zone=zone("$FAULT s1._domainkey.example.org. TXT servfail"))
dkim("key-timeout-deferred", "temperror", dmarc="temperror", conf='dmarc { temperror = "tempfail" }',
     zone=zone("$FAULT s1._domainkey.example.org. TXT timeout"))
case("dkim-key-timeout-reply", expect(action="tempfail", reply="451 4.7.5 DKIM"), msg=signed(), args=ARGS,
     conf='dmarc { temperror = "tempfail" }', zone=zone("$FAULT s1._domainkey.example.org. TXT timeout"))
case("dkim-key-timeout-of-a-stranger", expect(has("dkim", "temperror"), dmarc="pass", action="accept"),
     msg=signed(d="forger.example"), zone=zone("$FAULT s1._domainkey.forger.example. TXT timeout"),
     conf='dmarc { temperror = "tempfail" }')

# --- several -----------------------------------------------------------------
case("dkim-two-signatures", expect(has("dkim", "pass", header_d="example.org"),
                                   has("dkim", "permerror", header_s="s2"), dmarc="pass"),
     msg=signed(signed(), s="s2"), args=ARGS)
case("dkim-unaligned-pass-does-not-help", expect(has("dkim", "pass", header_d="forger.example"),
                                                 has("dkim", "fail", header_d="example.org"), dmarc="fail"),
     msg=signed(signed().replace(b"Hello.", b"Hello!"), d="forger.example"), args=ARGS)
many = message()
for number in range(8):
    many = signed(many, d="forger.example", s=f"n{number}")
case("dkim-signatures-beyond-the-bound", expect(no("dkim", "pass"), dmarc="fail"),
     msg=many[:-len(message())] + signed(), args=ARGS)
case("dkim-signatures-within-the-bound", expect(has("dkim", "pass"), dmarc="pass"),
     msg=many[:-len(message())] + signed(), args=ARGS, conf="dkim { max-signatures = 9 }")
long = ".".join(["a" * 60] * 3)
case("dkim-fifty-long-names-fit-the-field",
     expect(no("dkim", "pass"), dmarc="fail", action="quarantine", override="local_policy",
            header={"$contains": f"d=d49{long}.example header.s=s1"}),
     msg=b"".join(f"DKIM-Signature: d=d{i}{long}.example; s=s1{long}\n".encode() for i in range(50))
     + message(), args=FORGED, conf="dkim { max-signatures = 50 }")
case("dkim-unparsable-ones-count", expect(no("dkim", "pass"), dmarc="fail"),
     msg=b"DKIM-Signature: x\n" * 8 + signed(), args=ARGS)
