"""The verdict: enforcement, quarantine, indirect mail, overrides."""
from scenario import FORGED, INSERTED, case, deleted, dmarc, expect, has, message, signed, zone

REJECT = 'dmarc { enforce = "reject" }'
P_QUARANTINE, P_NONE = dmarc("v=DMARC1; p=quarantine"), dmarc("v=DMARC1; p=none")
TAG = {"action": "insert", "index": 0, "name": "X-Spam-Flag", "value": "YES"}

# --- enforce -----------------------------------------------------------------
case("enforce-none", expect(dmarc="fail", action="accept", override="local_policy", disposition="none", plan=[INSERTED]),
     args=FORGED, conf='dmarc { enforce = "none" }')
case("enforce-none-p-none", expect(action="accept", override=None), args=FORGED, zone=P_NONE,
     conf='dmarc { enforce = "none" }')
case("enforce-default-is-quarantine", expect(action="quarantine", override="local_policy", disposition="quarantine",
                                             plan=[TAG, INSERTED]), args=FORGED)
case("enforce-quarantine-p-quarantine", expect(action="quarantine", override=None, disposition="quarantine"),
     args=FORGED, zone=P_QUARANTINE)
case("enforce-reject", expect(action="reject", override=None, disposition="reject", decided_by="dmarc",
                              reply="550 5.7.26 DMARC policy of example.org", plan=[]), args=FORGED, conf=REJECT)
case("enforce-reject-p-quarantine", expect(action="quarantine", override=None), args=FORGED, zone=P_QUARANTINE,
     conf=REJECT)
case("enforce-reject-p-none", expect(dmarc="fail", action="accept", override=None, disposition="none"), args=FORGED,
     zone=P_NONE, conf=REJECT)
case("enforce-reject-pass", expect(dmarc="pass", action="accept", disposition="pass"), conf=REJECT)

case("would-reject", {"dmarc": {"result": "fail"}, "verdict": {"action": "accept", "would": "reject"}}, args=FORGED,
     conf='dmarc { enforce = "none" }')
case("would-reject-quarantined", {"verdict": {"action": "quarantine", "would": "reject"}}, args=FORGED)
case("would-nothing-more", {"verdict": {"action": "reject", "would": None}}, args=FORGED, conf=REJECT)
case("would-quarantine", {"verdict": {"action": "accept", "would": "quarantine"}}, args=FORGED, zone=P_QUARANTINE,
     conf='dmarc { enforce = "none" }')

# --- quarantine --------------------------------------------------------------
case("quarantine-hold", expect(action="quarantine", plan=[{"action": "quarantine"}, INSERTED]), args=FORGED,
     zone=P_QUARANTINE, conf='dmarc { quarantine = "hold" }')
case("quarantine-tag-of-our-choice",
     expect(plan=[{"action": "insert", "index": 0, "name": "X-Junk", "value": "1; dmarc"}, INSERTED]),
     args=FORGED, conf='dmarc { quarantine-header = "X-Junk: 1; dmarc" }')
case("quarantine-tag-replaces-the-senders", expect(plan=deleted("X-Spam-Flag", 1) + [TAG, INSERTED]),
     args=FORGED, msg=message(extra="X-Spam-Flag: NO\n"))

# --- mailing lists -----------------------------------------------------------
LIST_ZONE = zone("s1._domainkey.lists.example. TXT " + zone().split("s1._domainkey.example.org.  TXT ")[1].split("\n")[0])


def listed(list_id, **how):
    msg = message(extra=f"List-Id: {list_id}\n")
    return signed(msg, **how) if how else msg


UNLISTED = listed("Dev <dev.lists.example>", d="lists.example")
case("list-unlisted-is-quarantined", expect(has("dkim", "pass"), dmarc="fail", action="quarantine", override="mailing_list",
                                            list={"domain": "dev.lists.example", "signed": True}),
     msg=UNLISTED, args=FORGED, conf=REJECT, zone=LIST_ZONE)
case("list-unlisted-is-refused", expect(action="reject", override=None), msg=UNLISTED, args=FORGED, zone=LIST_ZONE,
     conf='dmarc { enforce = "reject" indirect-mail = "reject" }')
case("list-unlisted-p-quarantine", expect(action="quarantine", override=None), msg=UNLISTED, args=FORGED, conf=REJECT,
     zone=LIST_ZONE.replace("p=reject", "p=quarantine"))
case("list-unsigned-is-refused", expect(action="reject", list={"signed": False}),
     msg=listed("Dev <dev.lists.example>"), args=FORGED, conf=REJECT, zone=LIST_ZONE)
case("list-signature-broken-is-refused", expect(has("dkim", "fail"), action="reject"),
     msg=UNLISTED.replace(b"Hello.", b"Hello!"), args=FORGED, conf=REJECT, zone=LIST_ZONE)
case("list-signed-by-somebody-else", expect(has("dkim", "pass"), action="reject", list={"signed": False}),
     msg=listed("Dev <dev.lists.example>", d="forger.example"), args=FORGED, conf=REJECT, zone=LIST_ZONE)
TRUSTED = REJECT + '\ntrusted-lists = {"lists.example"}'
case("list-trusted", expect(dmarc="fail", action="accept", override="mailing_list", disposition="none"),
     msg=UNLISTED, args=FORGED, conf=TRUSTED, zone=LIST_ZONE)
case("list-trusted-unsigned", expect(action="reject"), msg=listed("Dev <dev.lists.example>"), args=FORGED,
     conf=TRUSTED, zone=LIST_ZONE)
case("list-trusted-signed-by-forger", expect(has("dkim", "pass"), action="reject", list={"signed": False}),
     msg=listed("Dev <dev.lists.example>", d="forger.example"), args=FORGED, conf=TRUSTED, zone=LIST_ZONE)
case("list-forged-by-its-own-domain", expect(has("dkim", "pass"), action="quarantine", override="mailing_list"),
     msg=listed("<dev.forger.example>", d="forger.example"), args=FORGED, conf=TRUSTED, zone=LIST_ZONE)
case("list-forged-id-with-trusted-prefix", expect(action="quarantine", override="mailing_list"),
     msg=listed("<lists.example.forger.example>", d="forger.example"), args=FORGED, conf=TRUSTED, zone=LIST_ZONE)
case("list-forged-two-ids", expect(action="quarantine", override="mailing_list"),
     msg=signed(message(extra="List-Id: <dev.lists.example>\nList-Id: <dev.forger.example>\n"), d="forger.example"),
     args=FORGED, conf=TRUSTED, zone=LIST_ZONE)
case("list-forged-in-display-text", expect(action="quarantine", override="mailing_list"),
     msg=listed('"<dev.lists.example>" <dev.forger.example>', d="forger.example"), args=FORGED, conf=TRUSTED,
     zone=LIST_ZONE)
case("list-forged-public-suffix", expect(action="reject"),
     msg=listed("<example>", d="forger.example"), args=FORGED, conf=TRUSTED, zone=LIST_ZONE)

# --- forwarders --------------------------------------------------------------
case("forwarder-trusted", expect(dmarc="fail", action="accept", override="trusted_forwarder", disposition="none"),
     args=FORGED, conf=REJECT + '\ntrusted-forwarders = {"203.0.113.66"}')
case("forwarder-elsewhere", expect(action="reject"), args=FORGED,
     conf=REJECT + '\ntrusted-forwarders = {"203.0.113.67"}')
case("forwarder-with-bad-author", expect(action="reject", reply="550 5.7.1 From"), args=FORGED,
     msg=message("nobody"), conf='trusted-forwarders = {"203.0.113.66"}')
case("forwarder-without-effect", expect(dmarc="pass", action="accept", override=None),
     conf='trusted-forwarders = {"192.0.2.1"}')

# --- overrides ---------------------------------------------------------------


def override(name, want, sections, args=FORGED, **rest):
    case(f"override-{name}", want, args=args, conf=REJECT + "\n" + sections, **rest)


SPARED = expect(dmarc="fail", action="accept", override="local_policy", disposition="none")
REFUSED = expect(action="reject", override=None, disposition="reject")
for name, holds, fails in [
        ("network", 'networks = {"203.0.113.0/24"}', 'networks = {"192.0.2.0/24"}'),
        ("from-domain", 'from-domains = {"example.org"}', 'from-domains = {"forger.example"}'),
        ("mail-from-domain", 'mail-from-domains = {"forger.example"}', 'mail-from-domains = {"example.org"}'),
        ("recipient-domain", 'recipient-domains = {"example.net"}', 'recipient-domains = {"example.com"}')]:
    override(name, SPARED, f'override "x" {{ {holds} enforce = "none" }}')
    override(f"{name}-other", REFUSED, f'override "x" {{ {fails} enforce = "none" }}')
override("all-conditions-must-hold", REFUSED,
         'override "x" { networks = {"203.0.113.0/24"} from-domains = {"other.example"} enforce = "none" }')
override("subdomain-of-author", SPARED, 'override "x" { from-domains = {"org"} enforce = "none" }')
override("to-quarantine", expect(action="quarantine", override="local_policy", disposition="quarantine"),
         'override "x" { networks = {"203.0.113.0/24"} enforce = "quarantine" }')
override("first-one-counts", expect(action="quarantine", override="local_policy"),
         'override "a" { networks = {"203.0.113.66"} enforce = "quarantine" }\n'
         'override "b" { from-domains = {"example.org"} enforce = "none" }')
case("override-can-be-stricter", expect(action="reject", override=None), args=FORGED,
     conf='override "x" { from-domains = {"example.org"} enforce = "reject" }')
TWO = FORGED + " --rcpt other@example.com"
ONE_OF_TWO = 'override "x" { recipient-domains = {"example.net"} enforce = "none" }'
override("for-one-of-two-recipients",
         expect(action="quarantine", override="local_policy", disposition="quarantine", plan=[TAG, INSERTED]),
         ONE_OF_TWO, args=TWO)
case("override-for-one-of-two-recipients-never-holds", expect(action="quarantine", override="local_policy", plan=[TAG, INSERTED]), args=TWO,
     zone=P_QUARANTINE, conf='dmarc { quarantine = "hold" }\n' + ONE_OF_TWO)
override("for-all-recipients", SPARED,
         'override "x" { recipient-domains = {"example.net", "example.com"} enforce = "none" }', args=TWO)
override("by-two-rows-for-all-recipients", SPARED, ONE_OF_TWO +
         '\noverride "y" { recipient-domains = {"example.com"} enforce = "none" }', args=TWO)
override("without-recipients", REFUSED, ONE_OF_TWO, args=FORGED.split(" --rcpt")[0])
override("never-worsens-a-pass", expect(dmarc="pass", action="accept", override=None), ONE_OF_TWO,
         args="--ip 192.0.2.1 --helo mail.example.org --mail-from b@example.org --rcpt u@example.net")
override("would-reject", {"verdict": {"action": "accept", "would": "reject"}},
         'override "x" { networks = {"203.0.113.0/24"} }')
override("allow", {"verdict": {"action": "accept", "would": None, "override": "local_policy",
                               "override_comment": 'override "x" allows it'}},
         'override "x" { networks = {"203.0.113.0/24"} allow = true }')
override("allow-for-one-of-two-recipients", {"verdict": {"action": "quarantine", "would": "reject"}},
         'override "x" { recipient-domains = {"example.net"} allow = true }', args=TWO)
override("allow-bad-from", {"verdict": {"action": "accept", "would": None}},
         'override "x" { networks = {"203.0.113.0/24"} allow = true }', msg=message("a@"))
override("listener", SPARED, 'override "x" { listeners = {"Submission"} allow = true }',
         args=FORGED + " --listener submission")
override("listener-other", REFUSED, 'override "x" { listeners = {"submission"} allow = true }',
         args=FORGED + " --listener smtp")
override("listener-not-told", REFUSED, 'override "x" { listeners = {"submission"} allow = true }')
override("of-reports-leaves-enforcement", REFUSED, 'override "x" { networks = {"203.0.113.0/24"} reports = false }')
override("of-reports-leaves-the-next", SPARED, 'override "x" { networks = {"203.0.113.0/24"} reports = false }\n'
         'override "y" { from-domains = {"example.org"} allow = true }')
MACRO = zone("sender.example. TXT \"v=spf1 exists:%{i}.sender.example -all\"\n"
             "192.0.2.7.sender.example. A 127.0.0.2")
BY_MACRO = "--ip 192.0.2.7 --helo mx.sender.example --mail-from a@sender.example --rcpt user@example.net"
override("spf-engine", expect(has("spf", "permerror")), args=BY_MACRO, zone=MACRO,
         sections='override "x" { mail-from-domains = {"sender.example"} spf-engine = "libspf2" }')
override("spf-engine-of-other-mail", expect(has("spf", "pass")), args=BY_MACRO, zone=MACRO,
         sections='override "x" { mail-from-domains = {"example.com"} spf-engine = "libspf2" }')
override("spf-engine-back", expect(has("spf", "pass")), args=BY_MACRO, zone=MACRO,
         sections='spf { engine = "libspf2" }\n'
         'override "x" { mail-from-domains = {"sender.example"} spf-engine = "native" }')
override("dkim-engine", expect(has("dkim", "permerror", reason="engine")), msg=signed(i="@b\u00fccher.example.org"),
         sections='override "x" { networks = {"203.0.113.66"} dkim-engine = "libopendkim" }')
