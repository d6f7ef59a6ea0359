"""Fields that are deleted, that stay and that are added; and what cannot get
into them."""
from scenario import AUTH, FORGED, INSERTED, TRUSTED, case, deleted, expect, has, message

AR = "Authentication-Results"


def fields(*lines):
    return message(extra="".join(line + "\n" for line in lines))


# --- forged results ----------------------------------------------------------
for name, value in [
        ("plain", "mx.example.net; dmarc=pass"),
        ("other-case", "MX.Example.NET; dmarc=pass"),
        ("comment-before", "(hi (there)) mx.example.net; dmarc=pass"),
        ("comment-after", "mx.example.net (hi); dmarc=pass"),
        ("quoted", '"mx.example.net"; dmarc=pass'),
        ("quoted-pair", '"mx\\.example.net"; dmarc=pass'),
        ("folded", "\n mx.example.net\n ; dmarc=pass"),
        ("version", "mx.example.net 1; dmarc=pass"),
        ("unknown-version", "mx.example.net 99; dmarc=pass"),
        ("no-results", "mx.example.net; none"),
        ("id-alone", "mx.example.net"),
        ("unparsable", "mx.example.net; dmarc=pass (not closed"),
        ("unparsable-start", ";;; mx.example.net dmarc=pass")]:
    case(f"forged-results-{name}", expect(plan=deleted(AR, 1) + [INSERTED], action="accept"),
         msg=fields(f"{AR}: {value}"))
for name, value in [
        ("other-host", "mx.other.example; dmarc=pass"),
        ("longer-id", "mx.example.net.other.example; dmarc=pass"),
        ("id-as-suffix", "evil-mx.example.net; dmarc=pass"),
        ("id-inside-a-value", "mx.other.example; spf=pass smtp.mailfrom=mx.example.net")]:
    case(f"kept-results-{name}", expect(plan=[INSERTED]), msg=fields(f"{AR}: {value}"))
case("forged-results-field-name-in-capitals", expect(plan=deleted(AR, 1) + [INSERTED]),
     msg=fields("AUTHENTICATION-RESULTS: mx.example.net; none"))
case("forged-results-among-others", expect(plan=deleted(AR, 4, 2) + [INSERTED]),
     msg=fields(f"{AR}: a.example; none", f"{AR}: mx.example.net; none", f"{AR}: b.example; none",
                f"{AR}: mx.example.net; spf=pass"))
case("forged-results-200", expect(plan=deleted(AR, *range(200, 0, -1)) + [INSERTED]),
     msg=fields(*[f"{AR}: mx.example.net; dmarc=pass"] * 200))
case("forged-results-below-1100-fields", expect(plan=deleted(AR, 1) + [INSERTED]),
     msg=fields(*[f"X-{i}: y" for i in range(1100)], f"{AR}: mx.example.net; dmarc=pass"))
case("second-author-below-1100-fields", expect(dmarc="permerror", action="reject"),
     msg=message().replace(b"\nTo:", b"\n" + b"".join(b"X-%d: y\n" % i for i in range(1100)) +
                           b"From: b@forger.example\nTo:"))
case("forged-results-of-our-other-host", expect(plan=deleted(AR, 1) + [INSERTED]),
     msg=fields(f"{AR}: mx2.example.net; dmarc=pass"), conf='own-authserv-ids = {"mx2.example.net"}')
case("forged-results-of-a-rejected-message", expect(plan=[], action="reject", header={"$contains": "dmarc=fail"}),
     msg=fields(f"{AR}: mx.example.net; dmarc=pass"), args=FORGED, conf='dmarc { enforce = "reject" }')

# --- other fields ------------------------------------------------------------
case("bimi-fields", expect(plan=deleted("BIMI-Location", 1) + deleted("BIMI-Indicator", 2, 1) + [INSERTED]),
     msg=fields("BIMI-Indicator: x", "BIMI-Location: x", "bimi-indicator: y"))
case("quarantine-field-of-the-sender", expect(plan=deleted("X-Spam-Flag", 1) + [INSERTED]),
     msg=fields("x-spam-flag: NO"))
case("quarantine-field-of-our-choice", expect(plan=deleted("X-Junk", 1) + [INSERTED]),
     msg=fields("X-Junk: 0", "X-Spam-Flag: YES"), conf='dmarc { quarantine-header = "X-Junk: 1" }')

# --- who is not judged -------------------------------------------------------
case("trusted-network", expect(origin="trusted", results=[], dmarc=None, header="mx.example.net; none",
                               plan=[INSERTED], action="accept"), args=TRUSTED)
case("trusted-network-v6", expect(origin="trusted", action="accept"), args="--ip ::1")
case("trusted-network-mapped", expect(origin="trusted", action="accept"), args="--ip ::ffff:127.0.0.1")
case("trusted-network-of-our-choice", expect(origin="trusted", action="accept"), args=FORGED,
     conf='trusted-networks = {"203.0.113.0/24"}')
case("loopback-not-trusted", expect(has("iprev", "permerror"), origin="outside", dmarc="fail"), args=TRUSTED,
     conf="trusted-networks = {}")
case("reinjected-by-a-filter", expect(origin="trusted", header=None, plan=[], action="accept"), args=TRUSTED,
     msg=fields(f"{AR}: mx.example.net; dmarc=pass", "X-Spam-Flag: YES", "BIMI-Location: x"))
case("reinjected-from-our-other-host", expect(header=None, plan=[]), args=TRUSTED,
     msg=fields(f"{AR}: mx2.example.net; dmarc=pass"), conf='own-authserv-ids = {"mx2.example.net"}')
case("trusted-with-anothers-results", expect(header="mx.example.net; none", plan=[INSERTED]), args=TRUSTED,
     msg=fields(f"{AR}: mx2.example.net; dmarc=pass"))
case("trusted-without-author", expect(action="accept", origin="trusted"), args=TRUSTED, msg=message(None))
case("authenticated", expect(origin="authenticated", results=[{"method": "auth", "result": "pass", "properties": {}}],
                             dmarc=None, header="mx.example.net; auth=pass", action="accept"), args=AUTH)
case("authenticated-with-name", expect(header="mx.example.net; auth=pass smtp.auth=alice"), args=AUTH,
     conf="show-auth-name = true")
case("authenticated-from-a-trusted-network", expect(origin="authenticated", plan=deleted(AR, 1) + [INSERTED]),
     args=TRUSTED + " --auth alice", msg=fields(f"{AR}: mx.example.net; dmarc=pass"))
case("authenticated-with-forged-fields",
     expect(plan=deleted("BIMI-Location", 1) + deleted(AR, 1) + [INSERTED], action="accept"),
     args=AUTH, msg=fields(f"{AR}: mx.example.net; dmarc=pass", "BIMI-Location: x", "X-Spam-Flag: NO"))
case("authenticated-without-author", expect(action="accept", origin="authenticated"), args=AUTH, msg=message("nobody"))
case("not-authenticated-by-an-empty-name", expect(origin="outside"), args=FORGED + " --auth ''")

# --- nothing foreign gets into our field -------------------------------------
case("order-of-results", expect(results=[{"method": "iprev"}, {"method": "spf"}, {"method": "spf"},
                                         {"method": "dkim"}, {"method": "arc"}, {"method": "dmarc"}],
                                header={"$contains": "smtp.mailfrom=example.org"}))
for name, helo in [("results", "x; dmarc=pass header.from=example.org"), ("comment", "a(b"), ("quote", 'a"b'),
                   ("backslash", "a\\b"), ("control", "a\rb"), ("eight-bit", "\udcff\udcfe"), ("long", "h" * 600)]:
    case(f"hostile-helo-{name}", expect(dmarc="pass", header={"$not": {"$contains": "smtp.helo"}}),
         args=["--ip", "192.0.2.1", "--helo", helo, "--mail-from", "bounce@example.org"])
case("hostile-local-part", expect(dmarc="pass", header={"$not": {"$contains": "forged"}}),
     args=["--ip", "192.0.2.1", "--helo", "mail.example.org", "--mail-from", '"a; forged=pass"@example.org'])
case("hostile-auth-name", expect(header='mx.example.net; auth=pass smtp.auth="a\\"; dmarc=pass"'),
     args=["--ip", "203.0.113.66", "--auth", 'a"; dmarc=pass'], conf="show-auth-name = true")
case("hostile-auth-name-control", expect(header="mx.example.net; auth=pass"),
     args=["--ip", "203.0.113.66", "--auth", "a\r\nX: y"], conf="show-auth-name = true")
case("hostile-auth-name-eight-bit", expect(header="mx.example.net; auth=pass"),
     args=["--ip", "203.0.113.66", "--auth", "a\udcff"], conf="show-auth-name = true")
case("id-given-by-configuration", expect(authserv_id="mx.example.net"), conf='authserv-id = "other.example"')
