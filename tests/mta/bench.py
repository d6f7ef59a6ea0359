"""The set-up that every scenario uses, and short words for what they do."""
import re
import signal
import time

import differences
import parts
import sign
from parts import Daemon, Nsd, Reinjector, fields
from servers import PostfixServer, SendmailServer

OUR_ID = "mx.example.net"
OUR_DOMAIN = "ours.example"

ZONE = """
good.example.      TXT "v=spf1 ip4:{good} -all"
good.example.      MX  10 mx.good.example.
mx.good.example.   A   {good}
mx.good.example.   TXT "v=spf1 ip4:{good} -all"
{reverse}.in-addr.arpa. PTR mx.good.example.
_dmarc.good.example. TXT "v=DMARC1; p=reject"
_dmarc.quar.example. TXT "v=DMARC1; p=quarantine"
_dmarc.lax.example.  TXT "v=DMARC1; p=none"
xn--bcher-kva.example. TXT "v=spf1 ip4:{good} -all"
_dmarc.xn--bcher-kva.example. TXT "v=DMARC1; p=reject"
attack.example.    TXT "v=spf1 ip4:{bad} -all"
s1._domainkey.good.example. TXT {key}
s1._domainkey.ours.example. TXT {key}
"""

CONFIG = """
authserv-id = "mx.example.net"
user = "nobody"
socket-group = "{group}"
socket-mode = "0660"
trusted-networks = {{"127.0.0.1"}}
sign-networks = {{"127.0.0.1"}}
resolver {{ servers = {{"127.0.0.1@{dns}"}} timeout = 2 message-timeout = 6 }}
dmarc {{ enforce = "reject" quarantine = "{quarantine}" {dmarc} }}
sign "ours.example" {{ key "s1" {{ file = "{key}" }} }}
seal {{
    recipient-domains = {{"forwarded.example"}}
    key "s1" {{ file = "{key}" domain = "ours.example" }}
}}
{more}
"""


def message(author, extra="", body="Hello.\r\n"):
    """A message from AUTHOR, or without a From field."""
    author = f"From: Somebody <{author}>\r\n" if author else ""
    return (f"{extra}{author}To: user@example.net\r\nSubject: test\r\n"
            f"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{time.monotonic_ns()}@test>\r\n"
            f"\r\n{body}").encode()


class FilteringPostfix(PostfixServer):
    """With an after-queue content filter behind filtered_port."""

    def __init__(self, base):
        self.filtered_port, self.reinject_port = parts.free_port(), parts.free_port()
        self.filter = Reinjector(self.reinject_port)
        super().__init__(base, [
            (self.reinject_port, ["smtpd_authorized_xclient_hosts="]),
            (self.filtered_port, [f"content_filter=scan:[127.0.0.1]:{self.filter.port}"]),
        ])
        with open(self.mta.conf / "master.cf", "a") as master:
            master.write("scan unix - - y - 2 smtp\n")

    def stop(self):
        super().stop()
        self.filter.stop()


class Bench:
    """A server, the daemon behind it, and the DNS."""

    def __init__(self, base, tally, name):
        self.tally, self.name = tally, name
        self.key = sign.Key()
        self.key_file = base / "key.pem"
        self.key_file.write_bytes(self.key.pem)
        self.key_file.chmod(0o600)
        self.server = {"postfix": FilteringPostfix, "sendmail": SendmailServer}[name](base)
        self.mta = self.server.mta
        self.good, self.bad = self.server.good_ip, self.server.bad_ip
        self.dns = Nsd(base, ZONE.format(good=self.good, bad=self.bad, key=self.key.zone_strings(),
                                         reverse=".".join(reversed(self.good.split(".")))))
        self.daemon = Daemon(base, self.config(), self.server.listen)
        self.mta.start()

    def here(self, expected):
        """What of an Either this server is to do."""
        return getattr(expected, self.name) if isinstance(expected, differences.Either) else expected

    # --- the daemon

    def config(self, quarantine="tag", dmarc="", more=""):
        return CONFIG.format(group=self.server.group, dns=self.dns.port, key=self.key_file,
                             quarantine=quarantine, dmarc=dmarc, more=more)

    def reload(self, **config):
        before = self.daemon.log().count("reload")
        self.daemon.write_config(self.config(**config))
        self.daemon.process.child.send_signal(signal.SIGUSR1)
        parts.wait_for("reload", lambda: self.daemon.log().count("reload") > before)

    def restart(self, **config):
        self.tally.equal("vidimusd ends well", self.daemon.stop(), 0)
        self.daemon.write_config(self.config(**config))
        self.daemon.start()

    def octets_read(self):
        """How many octets the daemon has read."""
        with open(f"/proc/{self.daemon.process.child.pid}/io") as io:
            return int(re.search(r"rchar: (\d+)", io.read()).group(1))

    # --- mail

    def client(self, ip, port=None, helo="mx.good.example"):
        return self.mta.client(port or self.server.port, ip=ip, helo=helo)

    def send(self, data, sender, ip=None, rcpt="user@example.net", **more):
        """(code, text) of the reply; IP: by default one that good.example lists."""
        client = self.client(ip or self.good, **more)
        try:
            return client.send(sender, [rcpt], data)
        finally:
            client.quit()

    def spoof(self, data, sender="x@attack.example", **more):
        return self.send(data, sender, ip=self.bad, helo="attack.example", **more)

    def own(self, data, sender, **more):
        """By a client on this host."""
        client = self.client(None, port=self.server.own_port)
        try:
            return client.send(sender, [more.get("rcpt", "user@example.net")], data)
        finally:
            client.quit()

    def results(self, data):
        """Our field of what was delivered."""
        got = fields(data, "Authentication-Results")
        return got[0] if len(got) == 1 else f"{len(got)} fields: {got}"

    def taken(self, seconds=20):
        """Our field of the next delivery."""
        return self.results(self.mta.take(seconds))

    def stop(self):
        self.server.stop()
        self.tally.equal("vidimusd ends well", self.daemon.stop(), 0)
        self.dns.stop()
