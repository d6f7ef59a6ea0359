"""SPF: MAIL FROM and HELO identities, limits, errors, and `on-fail`."""
from scenario import FORGED, GOOD, case, dmarc, expect, has, message, no, signed, zone


def spf(record, more=""):
    """The usual zone with another SPF record at example.org."""
    return zone(f'example.org. TXT "{record}"\nexample.org. MX 10 mail.example.org.\n{more}',
                without=["example.org."])


NATIVE = 'spf { engine = "native" }'


def mail_from(result, **more):
    return has("spf", result, smtp_mailfrom="example.org", **more)


# --- results of the record ---------------------------------------------------
for name, record, result in [
        ("ip4", "v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("ip4-other", "v=spf1 ip4:198.51.100.0/24 -all", "fail"),
        ("softfail", "v=spf1 ~all", "softfail"),
        ("neutral", "v=spf1 ?all", "neutral"),
        ("neutral-by-end", "v=spf1 ip4:198.51.100.1", "neutral"),
        ("all", "v=spf1 +all", "pass"),
        ("version-in-capitals", "V=SPF1 ip4:192.0.2.1 -all", "pass"),
        ("version-10-is-none", "v=spf10 ip4:192.0.2.1 -all", "none"),
        ("unknown-mechanism", "v=spf1 ipv4:192.0.2.1 -all", "permerror"),
        ("unknown-modifier", "v=spf1 ip4:192.0.2.1 moo=x -all", "pass"),
        ("syntax-after-match", "v=spf1 ip4:192.0.2.1 -all ip4:1.2.3", "permerror"),
        ("two-redirects", "v=spf1 redirect=a.example redirect=b.example", "permerror"),
        ("a", "v=spf1 a:mail.example.org -all", "pass"),
        ("a-cidr", "v=spf1 a:mail.example.org/24 -all", "pass"),
        ("a-other", "v=spf1 a:mail.forger.example -all", "fail"),
        ("mx", "v=spf1 mx -all", "pass"),
        ("mx-other", "v=spf1 mx:forger.example -all", "fail"),
        ("ptr", "v=spf1 ptr -all", "pass"),
        ("exists", "v=spf1 exists:mail.example.org -all", "pass"),
        ("exists-not", "v=spf1 exists:nowhere.example.org -all", "fail"),
        ("include", "v=spf1 include:forger.example -all", "fail"),
        ("include-none", "v=spf1 include:nowhere.example -all", "permerror"),
        ("redirect-none", "v=spf1 redirect=nowhere.example", "permerror")]:
    case(f"spf-{name}", expect(mail_from(result), dmarc="pass" if result == "pass" else "fail"),
         zone=spf(record))

case("spf-include-pass", expect(mail_from("pass")),
     zone=spf("v=spf1 include:parts.example -all", 'parts.example. TXT "v=spf1 ip4:192.0.2.1 ?all"'))
case("spf-redirect-pass", expect(mail_from("pass")),
     zone=spf("v=spf1 redirect=parts.example", 'parts.example. TXT "v=spf1 ip4:192.0.2.1 -all"'))
case("spf-two-records", expect(mail_from("permerror"), dmarc="fail"),
     zone=spf("v=spf1 ip4:192.0.2.1 -all", 'example.org. TXT "v=spf1 +all"'))
case("spf-other-txt-beside", expect(mail_from("pass")),
     zone=spf("v=spf1 ip4:192.0.2.1 -all", 'example.org. TXT "something else"'))
case("spf-record-in-strings", expect(mail_from("pass")),
     zone=spf('v=spf1 ip4:192.0.2" ".1 -all'))
case("spf-no-record", expect(mail_from("none"), dmarc="fail"), zone=zone(without=["example.org."]))
case("spf-not-ascii", expect(mail_from("permerror")), zone=spf("v=spf1 ip4:192.0.2.1 a:\\195\\164 -all"))
LISTED = spf("v=spf1 exists:%{l}.%{ir}.%{v}.%{h2}.list.%{d} -all",
             "bounce.1.2.0.192.in-addr.example.org.list.example.org. A 127.0.0.2")
case("spf-macro-is-for-another-engine", expect(mail_from("permerror", reason="engine"), dmarc="fail"),
     zone=LISTED, conf='spf { engine = "libspf2" }')
case("spf-macro", expect(mail_from("pass"), dmarc="pass"), zone=LISTED, conf=NATIVE)
case("spf-macro-of-another-sender", expect(mail_from("fail"), dmarc="fail"), zone=LISTED, conf=NATIVE,
     args=GOOD.replace("bounce@", "other@"))
case("spf-macro-of-a-utf8-local-part-matches-nothing", expect(mail_from("fail"), dmarc="fail"),
     zone=spf("v=spf1 exists:%{L}.example.org -all", "%C3%A9.example.org. A 127.0.0.2"), conf=NATIVE,
     args=GOOD.replace("bounce@", "é@"))
case("spf-500-terms", expect(mail_from("pass")), conf=NATIVE,
     zone=spf('v=spf1" ' + " ".join(f'" ip4:10.0.{i // 250}.{i % 250}"' for i in range(499)) + ' " ip4:192.0.2.1 -all'))
case("spf-mx-of-odd-name", expect(mail_from("pass")), conf=NATIVE,
     zone=spf("v=spf1 mx:odd.example.org -all",
              "odd.example.org. MX 10 a\\058b/c.example.org.\na\\058b/c.example.org. A 192.0.2.1"))
case("spf-ip6", expect(mail_from("pass")), zone=spf("v=spf1 ip6:2001:db8::/32 -all"),
     args=GOOD.replace("192.0.2.1", "2001:db8::1"))
case("spf-ip6-fail", expect(mail_from("fail")), zone=spf("v=spf1 ip6:2001:db8::/32 -all"),
     args=GOOD.replace("192.0.2.1", "2001:db9::1"))
case("spf-mapped-address", expect(mail_from("pass")),
     args=GOOD.replace("192.0.2.1", "::ffff:192.0.2.1"))

# --- limits and errors -------------------------------------------------------
includes = " ".join(f"include:i{i}.example" for i in range(11))
records = "\n".join(f'i{i}.example. TXT "v=spf1 ip4:198.51.100.{i}"' for i in range(11))
case("spf-eleven-lookups", expect(mail_from("permerror")), zone=spf(f"v=spf1 {includes} ip4:192.0.2.1", records))
case("spf-ten-lookups", expect(mail_from("pass")),
     zone=spf(f"v=spf1 {includes.rsplit(' ', 1)[0]} ip4:192.0.2.1", records))
chain = "\n".join(f'c{i}.example. TXT "v=spf1 include:c{i + 1}.example"' for i in range(12))
case("spf-lookups-count-across-includes", expect(mail_from("permerror")),
     zone=spf("v=spf1 include:c0.example ip4:192.0.2.1", chain))
case("spf-include-loop", expect(mail_from("permerror")), zone=spf("v=spf1 include:example.org -all"))
case("spf-three-voids", expect(mail_from("permerror")),
     zone=spf("v=spf1 a:n1.example a:n2.example a:n3.example ip4:192.0.2.1 -all"))
case("spf-two-voids", expect(mail_from("pass")),
     zone=spf("v=spf1 a:n1.example a:n2.example ip4:192.0.2.1 -all"))
many_mx = "\n".join(f"many.example. MX {i} m{i}.example.\nm{i}.example. A 198.51.100.{i}" for i in range(11))
case("spf-eleven-mx", expect(mail_from("permerror")), zone=spf("v=spf1 mx:many.example ip4:192.0.2.1 -all", many_mx))
case("spf-servfail", expect(mail_from("temperror"), dmarc="temperror", action="accept"),
     zone=zone("$FAULT example.org. TXT servfail"))
case("spf-timeout", expect(mail_from("temperror"), dmarc="temperror", action="accept"),
     zone=zone("$FAULT example.org. TXT timeout"))
case("spf-timeout-in-include", expect(mail_from("temperror")),
     zone=spf("v=spf1 include:parts.example -all", "$FAULT parts.example. TXT timeout"))
case("spf-timeout-after-match", expect(mail_from("pass"), dmarc="pass"),
     zone=spf("v=spf1 ip4:192.0.2.1 include:parts.example -all", "$FAULT parts.example. TXT timeout"))

# --- identities --------------------------------------------------------------
case("spf-helo-stands-apart",
     expect(has("spf", "fail", smtp_mailfrom="example.org"),
            has("spf", "pass", smtp_helo="mail.forger.example"), dmarc="fail"),
     args=FORGED.replace("x@forger.example", "x@example.org"))
case("spf-helo-never-helps-dmarc",
     expect(has("spf", "none"), has("spf", "pass", smtp_helo="mail.example.org"), dmarc="fail"),
     args=GOOD.replace("bounce@example.org", "x@nothing.example.org"))
case("spf-helo-none-is-left-out", expect(results=[{"method": "iprev"}, {"method": "spf"},
                                                  {"method": "dkim"}, {"method": "arc"}, {"method": "dmarc"}]),
     args=GOOD.replace("mail.example.org", "nothing.example.org"))
case("spf-null-sender",
     expect(has("spf", "pass", smtp_helo="mail.example.org"), dmarc="pass",
            header={"$not": {"$contains": "smtp.mailfrom"}}),
     args=["--ip", "192.0.2.1", "--helo", "mail.example.org", "--mail-from", "<>"])
case("spf-null-sender-of-forger",
     expect(has("spf", "pass", smtp_helo="mail.forger.example"), dmarc="fail"),
     args=["--ip", "203.0.113.66", "--helo", "mail.forger.example", "--mail-from", ""])
case("spf-null-sender-without-helo", expect(has("spf", "none"), dmarc="fail"),
     args=["--ip", "192.0.2.1", "--mail-from", "<>"])
case("spf-null-sender-with-literal-helo", expect(has("spf", "none"), dmarc="fail"),
     args=["--ip", "192.0.2.1", "--mail-from", "<>", "--helo", "[192.0.2.1]"])
case("spf-no-envelope", expect(has("spf", "none"), dmarc="fail"),
     args=["--ip", "203.0.113.66", "--helo", "mail.example.org"])
case("spf-no-client", expect(has("spf", "none"), no("iprev", "pass"), dmarc="fail", origin="outside"),
     args=["--mail-from", "bounce@example.org"])
for name, sender in [("open-parenthesis", "(any@example.org"), ("comment", "any@example.org(a.forger.example"),
                     ("two-ats", "a@example.org@forger.example"), ("quote", "any@example.org'@any.forger.example"),
                     ("control", "a@exam\x01ple.org"), ("space", "a@example.org x"),
                     ("empty-label", "a@example..org"), ("only-at", "@")]:
    case(f"spf-malformed-sender-{name}", expect(no("spf", "pass"), dmarc="fail", action="quarantine",
                                                override="local_policy"),
         args=["--ip", "192.0.2.1", "--helo", "mail.example.org", "--mail-from", sender])
case("spf-sender-literal", expect(has("spf", "none"), dmarc="fail"),
     args=["--ip", "192.0.2.1", "--mail-from", "a@[192.0.2.1]"])
case("spf-sender-local-part-only", expect(has("spf", "none"), dmarc="fail"),
     args=["--ip", "192.0.2.1", "--mail-from", "postmaster"])
case("spf-source-route", expect(mail_from("pass"), dmarc="pass"),
     args=GOOD.replace("bounce@", "@relay.example,@b.example:bounce@"))
case("spf-sender-in-brackets-and-capitals", expect(mail_from("pass"), dmarc="pass"),
     args=GOOD.replace("bounce@example.org", "'<Bounce@EXAMPLE.org>'"))
case("spf-sender-as-u-label", expect(has("spf", "pass", smtp_mailfrom="xn--bcher-kva.example")),
     zone=zone('xn--bcher-kva.example. TXT "v=spf1 ip4:192.0.2.1 -all"'),
     args=GOOD.replace("example.org --rcpt", "bücher.example --rcpt"))

# --- on-fail -----------------------------------------------------------------
REJECT = 'spf { on-fail = "reject" }'
AT_MAIL = 'spf { on-fail = "reject" reject-at = "mail" }'
NO_DMARC = zone(without=["_dmarc.example.org."])
FAILS = FORGED.replace("x@forger.example", "x@example.org")
case("spf-fail-is-accepted", expect(action="accept"), zone=NO_DMARC, args=FAILS)
case("spf-fail-is-refused", expect(action="reject", reply="550 5.7.23 example.org", disposition="reject",
                                   decided_by="spf"),
     zone=NO_DMARC, args=FAILS, conf=REJECT)
case("spf-softfail-is-not-refused", expect(mail_from("softfail"), action="accept"), conf=REJECT, args=FAILS,
     zone=zone('example.org. TXT "v=spf1 ip4:192.0.2.1 ~all"', without=["example.org.", "_dmarc.example.org."]))
case("spf-fail-with-dkim-is-accepted", expect(dmarc="pass", action="accept"), msg=signed(), args=FAILS,
     conf=REJECT)
case("spf-fail-with-dkim-is-refused-at-mail", expect(action="reject", reply="550 5.7.23 example.org"),
     msg=signed(), args=FAILS, conf=AT_MAIL)
case("spf-pass-at-mail-goes-on", expect(dmarc="pass", action="accept"), conf=AT_MAIL)
case("spf-fail-beside-p-none-is-local-policy",
     expect(action="reject", reply="550 5.7.23 SPF", override="local_policy", disposition="reject"),
     zone=dmarc("v=DMARC1; p=none"), args=FAILS, conf=REJECT)
case("spf-fail-from-forwarder", expect(action="accept", override="trusted_forwarder"), zone=NO_DMARC, args=FAILS,
     conf=REJECT + '\ntrusted-forwarders = {"203.0.113.0/24"}')
case("spf-fail-from-forwarder-at-mail", expect(action="accept", override="trusted_forwarder"), zone=NO_DMARC, args=FAILS,
     conf=AT_MAIL + '\ntrusted-forwarders = {"203.0.113.0/24"}')
case("spf-fail-at-mail-waits-for-an-override", expect(action="accept", override="local_policy"), zone=NO_DMARC,
     args=FAILS, msg=message("b@forger.example"),
     conf=AT_MAIL + '\noverride "spare" { from-domains = {"forger.example"} enforce = "none" }')
case("spf-fail-capped-by-override", expect(action="quarantine", override="local_policy"), zone=NO_DMARC,
     args=FAILS, conf=REJECT + '\noverride "soft" { mail-from-domains = {"example.org"} enforce = "quarantine" }')
EXP = zone('example.org. TXT "v=spf1 -all exp=why.example.org"\nwhy.example.org. TXT "Ask at http://example.org/spf"',
           without=["example.org.", "_dmarc.example.org."])
case("spf-explanation", expect(action="reject", reply="550 5.7.23 explained: Ask at http://example.org/spf",
                               spf_explanation="Ask at http://example.org/spf"),
     zone=EXP, args=FAILS, conf=REJECT)
case("spf-explanation-with-macros",
     expect(action="reject", reply="550 5.7.23 explained: 203.0.113.66 at 1760000000, b%26b",
            spf_explanation="203.0.113.66 at 1760000000, b%26b"),
     zone=EXP.replace("Ask at http://example.org/spf", "%{c} at %{t}, %{L}"),
     args=FAILS.replace("x@", "b&b@"), conf=REJECT)
case("spf-explanation-with-macros-that-cannot-be-printed",
     expect(action="reject", reply="550 5.7.23 does not allow this client"),
     zone=EXP.replace("Ask at http://example.org/spf", "not for %{l}"),
     args=FAILS.replace("x@", "é@"), conf=REJECT)
case("spf-hostile-explanation", expect(action="reject", reply="550 5.7.23 example.org"),
     zone=EXP.replace("Ask at http://example.org/spf", "no\\013\\010250 OK \\195\\164\\127"), args=FAILS, conf=REJECT)
case("spf-temperror-deferred", expect(action="tempfail", reply="451 4.7.24 SPF"),
     zone=zone("$FAULT example.org. TXT timeout"), conf='dmarc { temperror = "tempfail" }')
case("spf-temperror-does-not-matter", expect(action="accept", dmarc="pass"), msg=signed(),
     zone=zone("$FAULT example.org. TXT timeout"), conf='dmarc { temperror = "tempfail" }')

# --- null MX -----------------------------------------------------------------
NULL_MX = zone("example.org. MX 0 .\n" + 'example.org. TXT "v=spf1 ip4:192.0.2.1 -all"', without=["example.org."])
case("null-mx-sender", expect(dmarc="pass", action="reject", reply="550 5.7.27 example.org", override="local_policy"),
     zone=NULL_MX)
case("null-mx-sender-accepted", expect(action="accept", dmarc="pass"), zone=NULL_MX, conf='null-mx-sender = "accept"')
case("null-mx-beside-another", expect(action="accept", dmarc="pass"),
     zone=zone("example.org. MX 0 ."))
case("null-mx-of-null-sender", expect(action="accept", dmarc="pass"), zone=NULL_MX,
     args=["--ip", "192.0.2.1", "--helo", "mail.example.org", "--mail-from", "<>"])
case("null-mx-timeout", expect(action="accept", dmarc="pass"), zone=zone("$FAULT example.org. MX timeout"))

# --- iprev -------------------------------------------------------------------
case("iprev-pass", expect(has("iprev", "pass", policy_iprev="192.0.2.1"), client_name="mail.example.org"))
case("iprev-no-ptr", expect(has("iprev", "permerror"), client_name=None),
     zone=zone(without=["1.2.0.192.in-addr.arpa."]))
case("iprev-no-forward", expect(has("iprev", "fail"), client_name=None),
     zone=zone("1.2.0.192.in-addr.arpa. PTR mail.forger.example.", without=["1.2.0.192.in-addr.arpa."]))
case("iprev-timeout", expect(has("iprev", "temperror"), dmarc="pass"),
     zone=zone("$FAULT 1.2.0.192.in-addr.arpa. PTR timeout"))
case("iprev-name-given", expect(has("iprev", "pass"), client_name="mail.example.org"),
     zone=zone(without=["1.2.0.192.in-addr.arpa."]), args=GOOD + " --ptr Mail.Example.org.")
case("iprev-name-given-wrong", expect(has("iprev", "fail")), args=GOOD + " --ptr mail.forger.example")
