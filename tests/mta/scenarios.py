"""What goes through either server.  What it is to do is the same for both, but for what
differences.py says."""
import re
import smtplib
import subprocess

import differences as differ
import parts
from bench import OUR_DOMAIN, OUR_ID, message
from parts import fields, first_field


def expect(b, name, reply, expected):
    """EXPECTED: the code of the reply and words of our field.  What was delivered."""
    code, words = b.here(expected)
    if not b.tally.check(f"{name}: {code}", reply[0] == code, reply) or code != 250:
        return b""
    got = b.mta.take()
    b.tally.check(f"{name}: {words}", words in b.results(got), b.results(got))
    return got


# --- judged mail

def signed_mail(b):
    for canon in ("relaxed/relaxed", "simple/simple"):
        data = b.key.sign(message("a@good.example", extra="X-Folded: one\r\n\t two\r\n"), "good.example",
                          "s1", canon)
        code, _ = b.send(data, "a@good.example")
        b.tally.equal(f"signed {canon}: accepted", code, 250)
        got = b.mta.take()
        b.tally.equal(f"signed {canon}: the field is on top", first_field(got),
                      "Authentication-Results")
        results = b.results(got)
        for wanted in (f"{OUR_ID};", "iprev=pass", "spf=pass smtp.mailfrom=good.example",
                       "dkim=pass", "header.d=good.example", "dmarc=pass header.from=good.example"):
            b.tally.check(f"signed {canon}: {wanted}", wanted in results, results)
        b.tally.check(f"signed {canon}: what is delivered verifies",
                      b.key.verifies(got, "good.example", "s1"), got.decode("latin-1"))


def exact_spacing(b):
    """Blanks reach the milter as they are: simple canonicalisation covers them."""
    spaced = "X-None:none\r\nX-Two:  two\r\nX-Tab:\tone\r\n\t two\r\nX-Below:\r\n below\r\nX-End: end \t\r\n"
    names = [line.split(":")[0].encode() for line in spaced.split("\r\n") if line.startswith("X-")]
    data = b.key.sign(message("a@good.example", extra=spaced), "good.example", "s1", "simple/simple",
                      include_headers=[b"From", *names])
    got = expect(b, "blanks within fields", b.send(data, "x@attack.example"), (250, "dkim=pass"))
    b.tally.check("blanks within fields: what is delivered verifies",
                  b.key.verifies(got, "good.example", "s1"), got.decode("latin-1"))


def spoofed_mail(b):
    code, text = b.spoof(message("ceo@good.example"))
    b.tally.equal("spoof of p=reject: refused", code, 550)
    b.tally.check("spoof: 5.7.26 names DMARC and the domain",
                  text.startswith("5.7.26") and "DMARC" in text and "good.example" in text, text)
    code, _ = b.spoof(message("ceo@good.example"), sender="")
    b.tally.equal("spoof with null sender: refused", code, 550)
    code, _ = b.spoof(message("x@lax.example"))
    b.tally.equal("spoof of p=none: accepted", code, 250)
    b.tally.check("spoof of p=none: fail is shown", "dmarc=fail" in b.taken())
    two = b"From: a@attack.example\r\n" + message("ceo@good.example")
    code, text = b.spoof(two)
    b.tally.check("two From fields: refused", code == 550 and text.startswith("5.7.1"), (code, text))


def no_author(b):
    code, text = b.spoof(message(None))
    b.tally.check("no From: refused", code == 550 and text.startswith("5.7.1"), (code, text))
    b.reload(dmarc='bad-from = "accept"')
    code, _ = b.spoof(message(None))
    got = b.mta.take()
    b.tally.equal("no From, accepted: what is added", (code, fields(got, "From")),
                  (250, b.here(differ.LATE_FROM)))
    b.tally.check("no From, accepted: not passed", "dmarc=pass" not in b.results(got), b.results(got))
    b.reload()
    code, _ = b.own(message(None), f"a@{OUR_DOMAIN}")
    got = b.mta.take()
    b.tally.check("no From by our own client: one is added", code == 250 and len(fields(got, "From")) == 1, got)
    b.tally.equal("no From by our own client: signatures", len(fields(got, "DKIM-Signature")),
                  b.here(differ.SIGNED_WITHOUT_FROM))


def quarantine(b):
    spoof = message("a@quar.example", extra="X-Spam-Flag: NO\r\n")
    code, _ = b.spoof(spoof)
    got = b.mta.take()
    b.tally.equal("p=quarantine, tag: accepted", code, 250)
    b.tally.equal("p=quarantine, tag: our field, the forged one gone", fields(got, "X-Spam-Flag"), ["YES"])
    b.tally.equal("p=quarantine, tag: A-R above it", first_field(got), "Authentication-Results")
    b.reload(quarantine="hold")
    code, _ = b.spoof(spoof)
    b.tally.equal("p=quarantine, hold: accepted", code, 250)
    parts.wait_for("hold", b.mta.held)
    b.tally.equal("p=quarantine, hold: one message held", len(b.mta.held()), 1)
    b.tally.check("p=quarantine, hold: nothing delivered", not b.mta.delivered())
    b.mta.release_none()
    b.reload()


def forged_fields(b):
    spellings = ["mx.example.net; spf=pass", "MX.Example.NET; dkim=pass", "(c(d)) mx.example.net 1; dmarc=pass",
                 '"mx.example.net"; spf=pass', '"mx\\.example.net"; spf=pass', "\r\n mx.example.net; spf=pass",
                 "mx.example.net 2; spf=pass", "mx.example.net (( ; spf=pass"]
    foreign = "mx.example.network; spf=pass"
    for count in (1, 200):
        extra = "".join(f"Authentication-Results: {s}\r\n" for s in spellings * count)
        extra = extra[:extra.rindex("Authentication-Results:", 0, 180000)] if count > 1 else extra
        data = message("a@good.example", extra=extra + f"Authentication-Results: {foreign}\r\n")
        code, _ = b.send(data, "a@good.example")
        b.tally.equal(f"{extra.count('Authentication-Results')} forged fields: accepted", code, 250)
        got = fields(b.mta.take(), "Authentication-Results")
        b.tally.check("forged fields are gone, the foreign one and ours stay",
                      len(got) == 2 and got[0].startswith(OUR_ID + ";") and got[1] == foreign, got[:4])
    data = b"Authentication-Results: mx.example.net; spf=pass\r\n" * 200 + message("a@good.example")
    b.send(data, "a@good.example")
    got = fields(b.mta.take(), "Authentication-Results")
    b.tally.check("200 equal forged fields: gone", len(got) == 1 and "dmarc=pass" in got[0], got[:4])
    data = message("a@good.example", extra="BIMI-Location: x\r\nBIMI-Indicator: y\r\n")
    b.send(data, "a@good.example")
    got = b.mta.take()
    b.tally.equal("BIMI fields are gone", fields(got, "BIMI-Location") + fields(got, "BIMI-Indicator"), [])


# --- octets and sizes that servers treat as they like

def odd_octets(b):
    def signed(body="Hello.\r\n", extra="", **more):
        return b.key.sign(message("a@good.example", extra=extra, body=body), "good.example", "s1", **more)

    good, lax = message("a@good.example"), message("x@lax.example")
    for name, data, expected in (
            ("NUL in the body", signed("one\0two\r\n"), (250, "dkim=pass")),
            ("bare CR in the body", signed("one\rtwo\r\n"), differ.BARE_CR),
            ("bare LF in the body", signed("one\r\ntwo\r\n").replace(b"one\r\n", b"one\n"), differ.BARE_LF),
            ("CR CR LF in the body", signed("one\r\ntwo\r\n").replace(b"one\r\n", b"one\r\r\n"), differ.CR_CR_LF),
            ("8-bit body", signed("gr\xfc\xdfe\r\n"), (250, "dkim=pass")),
            ("NUL in a field", signed(extra="X-Nul: one\0two\r\n", include_headers=[b"From", b"X-Nul"]),
             (250, "dkim=fail")),
            ("NUL in a field name", b"X-N\0ul: one\r\n" + good, differ.NUL_IN_NAME),
            ("8-bit field name", b"X-N\xfcl: one\r\n" + good, (550, "")),
            ("line without colon", b"nonsense\r\n" + good, (550, "")),
            ("first line begins with a blank", b" x\r\n" + good, (550, "")),
            ("From, colon on the next line", b"From\r\n : a@good.example\r\n" + good, (550, "")),
            ("From, blank, colon", good.replace(b"Subject:", b"From : ceo@lax.example\r\nSubject:"), (550, "")),
            ("From, blank, colon on the first line", b"From : ceo@good.example\r\n" + lax, (250, "dmarc=none")),
            ("Content-Length signed", signed(extra="Content-Length: 8\r\n",
                                             include_headers=[b"From", b"Content-Length"]), differ.DROPPED_FIELD)):
        got = expect(b, name, b.send(data, "a@good.example"), expected)
        if name == "NUL in a field":
            b.tally.equal("NUL in a field: what is delivered", fields(got, "X-Nul"), b.here(differ.AFTER_NUL))


def header_limits(b):
    """A field, and fields, beyond what the servers or we take."""
    line = "x" * 900 + "\r\n\t"
    for name, extra, expected in (
            ("60 kB in a field", f"X-Large: {line * 60}x\r\n", (250, "dmarc=pass")),
            ("198 kB in a field", f"X-Large: {line * 220}x\r\n", differ.LARGE_FIELD),
            ("300 kB of header", f"X-Large: {line * 30}x\r\n" * 11, differ.LARGE_HEADER)):
        expect(b, name, b.send(message("a@good.example", extra=extra), "a@good.example"), expected)
    many = "X-N:1\r\n" * 2000
    code, _ = b.send(message("a@good.example", extra=many + "Authentication-Results: mx.example.net; spf=pass\r\n"),
                     "a@good.example")
    results = b.taken()
    b.tally.check("2,000 fields, a forged one and From behind them: judged, the forged one gone",
                  code == 250 and "dmarc=pass" in results, (code, results))
    code, _ = b.spoof(message("ceo@good.example", extra=many))
    b.tally.equal("2,000 fields, a forged From behind them: refused", code, 550)


# --- odd envelopes

def odd_senders(b):
    for name, path, expected in (
            ("source route", b"<@x.example,@y.example:a@good.example>", "spf=pass smtp.mailfrom=good.example"),
            ("no angle brackets", b"a@good.example", "spf=pass smtp.mailfrom=good.example"),
            ("blanks within", b"< a@good.example >", "spf=pass smtp.mailfrom=good.example"),
            ("hostile local part", b'<"a;b spf=pass"@lax.example>', "spf=none"),
            ("CR inside", b"<a\rb@good.example>", differ.CR_INSIDE),
            ("blank inside", b"<a b@good.example>", differ.BLANK_INSIDE),
            ("comment before", b"<(any@good.example>", differ.COMMENT),
            ("comment behind", b"<any@good.example(a.attack.example>", differ.COMMENT),
            ("two @", b"<a@good.example@attack.example>", differ.TWO_AT),
            ("UTF-8 local part", "<\xfc@good.example>".encode(), "spf=pass smtp.mailfrom=good.example"),
            ("UTF-8 local part with octet 0x9f", "<\xdf@good.example>".encode(), differ.HIGH_CONTROL),
            ("UTF-8 domain", "<a@b\xfccher.example>".encode(), differ.WIDE_DOMAIN)):
        expected = b.here(expected)
        client = b.client(b.good)
        code, text = client.raw(b"MAIL FROM:" + path)
        if code == 250:
            client.smtp.rcpt("user@example.net")
            code, text = client.smtp.data(message("x@lax.example"))
        client.quit()
        if code != 250:
            b.tally.check(f"MAIL FROM, {name}", code == expected, (code, text, expected))
            continue
        got = b.mta.take()
        results = b.results(got)
        b.tally.check(f"MAIL FROM, {name}: {expected}", str(expected) in results, results)
        b.tally.check(f"MAIL FROM, {name}: nothing of it is echoed",
                      results.isprintable() and "b spf=pass" not in results, results)


def odd_greetings(b):
    """The first of the connection, and with the null sender: it is all that SPF has."""
    for name, greeting, refused in (
            ("hostile", b"x; spf=pass smtp.mailfrom=good.example", differ.REFUSED_NAME),
            ("comment", b"a(b", differ.REFUSED_NAME), ("quotes", b'"q"', differ.REFUSED_NAME),
            ("600 octets", b"x" * 600, differ.REFUSED_NAME), ("NUL", b"a\0b.example", False),
            ("8-bit", b"\xff.example", True), ("none", None, False)):
        client = b.client(b.bad, helo=None)
        if greeting is not None:
            code, text = client.raw(b"EHLO " + greeting)
            b.tally.check(f"EHLO, {name}: {'refused' if b.here(refused) else 'taken'}",
                          (code != 250) == b.here(refused), (code, text))
        reply = client.send("", ["user@example.net"], message("x@lax.example"))
        expect(b, f"EHLO, {name}", reply, (250, 'spf=none reason="null sender, no domain in HELO"; dkim=none'))
        client.quit()


def international(b):
    address = "gr\xfc\xdf@b\xfccher.example"
    data = message("a@good.example").replace(b"a@good.example", address.encode())
    code, text = b.send(data, "a@good.example")
    b.tally.check("8-bit author: judged by the A-labels", code == 550 and "xn--bcher-kva.example" in text, (code, text))
    client = b.client(b.good)
    offered = client.smtp.has_extn("smtputf8")
    b.tally.equal("SMTPUTF8 is offered", offered, b.here(differ.SMTPUTF8))
    if offered:
        client.raw(f"MAIL FROM:<{address}> SMTPUTF8 BODY=8BITMIME".encode())
        client.smtp.rcpt("user@example.net")
        expect(b, "international address", client.smtp.data(data),
               (250, "dmarc=pass header.from=xn--bcher-kva.example"))
    client.quit()


# --- our own mail, and what goes on

def authenticated(b):
    ceo = f"ceo@{OUR_DOMAIN}"
    client = b.client(b.bad, port=b.server.auth_port)
    client.smtp.login("bob", "secret")
    code, _ = client.send(ceo, ["user@example.net"],
                          message(ceo, extra="Authentication-Results: mx.example.net; dmarc=pass\r\n"))
    b.tally.equal("authenticated client: accepted", code, 250)
    results = b.taken()
    b.tally.check("authenticated client: auth=pass, nothing judged, the forged field gone",
                  "auth=pass" in results and "dmarc" not in results and "bob" not in results, results)
    client.send(ceo, ["user@example.net", "user@example.com"], message(ceo))
    client.quit()
    got, away = b.mta.take(), b.server.outside.take()
    b.tally.check("authenticated client: relayed", away.rcpts == ["user@example.com"], away)
    for where, copy in ("delivered", got), ("relayed", away.data):
        b.tally.check(f"authenticated client: what is {where} verifies", len(fields(copy, "DKIM-Signature")) == 1
                      and b.key.verifies(copy, OUR_DOMAIN, "s1"), copy.decode("latin-1"))
    client = b.client(b.bad, port=b.server.auth_port)
    try:
        client.smtp.login("bob", "wrong")
        b.tally.check("wrong password is refused", False)
    except smtplib.SMTPAuthenticationError:
        b.tally.check("wrong password is refused", True)
    client.quit()


def local_mail(b):
    run = b.mta.local(b"From: root@example.net\nSubject: local\n\nx\n", "root@example.net", ["user@example.net"])
    b.tally.equal("sendmail(1): taken", run.returncode, 0)
    results = b.taken()
    b.tally.check("sendmail(1): not judged", results.startswith(f"{OUR_ID};") and "dmarc" not in results, results)
    code, _ = b.own(message("x@quar.example"), "x@quar.example")
    b.tally.equal("trusted network: accepted", code, 250)
    results = b.taken()
    b.tally.check("trusted network: not judged", results == f"{OUR_ID}; none", results)
    code, _ = b.spoof(message(f"ceo@{OUR_DOMAIN}"))
    b.tally.equal("in our name from elsewhere: not signed", (code, fields(b.mta.take(), "DKIM-Signature")), (250, []))


def sealed_mail(b):
    data = b.key.sign(message("a@good.example"), "good.example", "s1")
    for hop in (1, 2):
        code, _ = b.send(data, "a@good.example", rcpt="user@forwarded.example")
        b.tally.equal(f"forwarded, hop {hop}: accepted", code, 250)
        data = b.server.outside.take().data
        seals = fields(data, "ARC-Seal")
        b.tally.check(f"forwarded, hop {hop}: sealed once, on top",
                      len(seals) == hop and f"i={hop};" in seals[0] and f"d={OUR_DOMAIN}" in seals[0]
                      and first_field(data) == "ARC-Seal", data.decode("latin-1"))
    code, _ = b.send(data, "a@good.example")
    results = b.taken()
    b.tally.check("forwarded: the chain passes, and the first signature", code == 250 and "arc=pass" in results
                  and "dkim=pass" in results, results)


def content_filter(b):
    """Sendmail has nothing that hands a message to a filter and takes it back by SMTP."""
    if b.name != "postfix":
        return
    data = b.key.sign(message("a@good.example"), "good.example", "s1", "relaxed/relaxed")
    lines = b.daemon.log().count("dmarc=pass")
    code, _ = b.send(data, "a@good.example", port=b.server.filtered_port)
    b.tally.equal("after-queue filter: accepted", code, 250)
    got = b.mta.take()
    b.tally.equal("after-queue filter: went through it", fields(got, "X-Filtered"), ["yes"])
    results = b.results(got)
    b.tally.check("after-queue filter: judged once, field kept",
                  "dmarc=pass" in results and "spf=pass" in results, results)
    b.tally.equal("after-queue filter: one judgement logged", b.daemon.log().count("dmarc=pass"), lines + 1)


# --- connections and bodies

def connection_reuse(b):
    client = b.client(b.good)
    client.smtp.mail("x@attack.example")
    client.smtp.rcpt("user@example.net")
    client.smtp.rset()
    code, _ = client.send("a@good.example", ["user@example.net"], message("a@good.example"))
    first = b.taken()
    code2, _ = client.send("x@attack.example", ["user@example.net"], message("ceo@good.example"))
    code3, _ = client.send("a@good.example", ["user@example.net"], message("a@good.example"))
    third = b.taken()
    client.quit()
    b.tally.check("after RSET: nothing of the first transaction", code == 250 and "spf=pass" in first
                  and "attack" not in first, first)
    b.tally.equal("second message on the connection: refused", code2, 550)
    b.tally.check("third message: passes again", code3 == 250 and "dmarc=pass" in third, third)


def large_mail(b):
    body = "".join(f"line {i} of a large message, {'x' * 60}\r\n" for i in range(60000))
    for kind, data in (("unsigned", message("a@good.example", body=body)),
                       ("signed", b.key.sign(message("a@good.example", body=body), "good.example", "s1",
                                             "relaxed/simple"))):
        before = b.octets_read()
        code, _ = b.send(data, "a@good.example")
        read = b.octets_read() - before
        got = b.mta.take()
        results = b.results(got)
        b.tally.check(f"5 MB, {kind}: accepted", code == 250 and "dmarc=pass" in results
                      and ("dkim=pass" in results) == (kind == "signed"), results)
        b.tally.check(f"5 MB, {kind}: what the daemon read of it",
                      read > len(body) if kind == "signed" else read < 200000, read)
        b.tally.check(f"5 MB, {kind}: body untouched",
                      got.split(b"\n\n", 1)[1] == data.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n"))


# --- when something is not there

def reply_at_mail(b):
    b.restart(more='spf { reject-at = "mail" on-fail = "reject" }')
    client = b.client(b.bad, helo="attack.example")
    code, text = client.raw(b"MAIL FROM:<a@good.example>")
    b.tally.check("reject-at mail: refused at MAIL", code == 550 and text.startswith("5.7.23"), (code, text))
    code, _ = client.send("x@attack.example", ["user@example.net"], message("x@lax.example"))
    b.tally.check("reject-at mail: another sender on the connection", code == 250 and "spf=pass" in b.taken(), code)
    client.quit()
    b.restart()


def daemon_gone(b):
    """What the server is told to do without us (milter_default_action, F=T)."""
    b.daemon.stop()
    try:
        code, text = b.spoof(message("ceo@good.example"))
    except smtplib.SMTPException as refused:
        code, text = refused.smtp_code, refused
    b.tally.check("no vidimusd: try again later", code in (421, 451), (code, text))
    b.daemon.start()
    client = b.client(b.good)
    client.smtp.mail("a@good.example")
    client.smtp.rcpt("user@example.net")
    b.daemon.process.child.kill()
    b.daemon.stop()
    code, text = client.smtp.data(message("a@good.example"))
    b.tally.check("vidimusd killed within a message: try again later", code in (421, 451), (code, text))
    client.quit()
    b.daemon.start()  # and it may be a while until it listens, in place of who was killed
    parts.wait_for("vidimusd", lambda: b.send(message("a@good.example"), "a@good.example")[0] == 250)
    results = b.taken()
    b.tally.check("vidimusd is back", "dmarc=pass" in results, results)


def dns_dead(b):
    b.dns.stop()
    fresh = message("a@fresh.example"), "a@fresh.example", b.server.new_ip
    code, _ = b.send(*fresh, helo="fresh.example")
    b.tally.equal("DNS dead: mail flows on", code, 250)
    results = b.taken(30)
    b.tally.check("DNS dead: temperror shown", "spf=temperror" in results and "dmarc=temperror" in results,
                  results)
    b.reload(dmarc='temperror = "tempfail"')
    code, text = b.send(*fresh, helo="fresh.example")
    b.tally.check("DNS dead, temperror=tempfail: 451 4.7.5", code == 451 and text.startswith("4.7.5"), (code, text))
    b.reload()
    b.dns.start()

    def refused():
        return b.spoof(message("ceo@good.example"))[0] == 550
    parts.wait_for("the spoof is refused again", refused, 15)
    b.tally.check("DNS back: the spoof is refused again", True)


def log_lines(b):
    _, text = b.send(message("a@good.example"), "a@good.example")
    b.mta.take()
    queued = re.search(b.here(differ.QUEUED), text)
    line = queued and f"{queued.group(1)}: action=accept from=good.example "
    b.tally.check("log: the queue id that the client was told", line and line in b.daemon.log(), (text, line))
    b.spoof(message("ceo@good.example"))
    log = b.daemon.log()
    b.tally.check("log: queue id first, logfmt",
                  re.search(r"\b[0-9A-Za-z]{8,}: action=reject from=good\.example .*dmarc=fail", log), log[-800:])
    status = subprocess.run([parts.VIDIMUS, "status", "-c", str(b.daemon.config)], capture_output=True, text=True)
    b.tally.check("vidimus status answers", status.returncode == 0 and "reject" in status.stdout,
                  status.stdout + status.stderr)


def chroot(b):
    """Sendmail knows none."""
    if b.name == "postfix":
        b.tally.check("Postfix is chrooted as Debian ships it", b.mta.chrooted)


ALL = (chroot, signed_mail, exact_spacing, spoofed_mail, no_author, quarantine, forged_fields, odd_octets,
       header_limits, odd_senders, odd_greetings, international, authenticated, local_mail, sealed_mail,
       content_filter, connection_reuse, large_mail, reply_at_mail, daemon_gone, dns_dead, log_lines)
