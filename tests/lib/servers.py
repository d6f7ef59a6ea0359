"""A Postfix and a Sendmail that tests drive alike: both take mail for example.net,
forward what is for forwarded.example, relay for user bob (password "secret"), hand
all that is for elsewhere to the sink `outside`, and ask the milter at `listen`.

port: clients from anywhere, which get nothing added to their mail; auth_port: for who
logs in; own_port: this host's own clients.  good_ip, bad_ip, new_ip: addresses of
clients elsewhere; without one, a client is this host.
"""
import parts
import sendmail
from parts import Postfix, SaslServer
from sendmail import Sendmail
from sink import Sink


class PostfixServer:
    name, group = "Postfix", "postfix"
    good_ip, bad_ip, new_ip = "192.0.2.1", "203.0.113.66", "192.0.2.77"

    def __init__(self, base, services=()):
        """SERVICES: more of Postfix's."""
        self.port, self.auth_port, self.own_port = (parts.free_port() for _ in range(3))
        self.outside = Sink()
        auth = ["smtpd_sasl_auth_enable=yes", "smtpd_sasl_type=dovecot", "smtpd_sasl_path=vidimus/auth",
                "smtpd_relay_restrictions=permit_sasl_authenticated,reject"]
        milter = "unix:vidimus/milter.sock"
        # Clients elsewhere get nothing added, in spite of where XCLIENT comes from.
        self.mta = Postfix(base, [(self.port, ["local_header_rewrite_clients="]), (self.auth_port, auth),
                                  (self.own_port, []), *services],
                           settings=f"relayhost = [127.0.0.1]:{self.outside.port}\n"
                                    "relay_domains = forwarded.example\n"
                                    f"smtpd_milters = {milter}\nnon_smtpd_milters = {milter}\n")
        parts.give_to(self.mta.queue / "vidimus", "nobody")
        self.sasl = SaslServer(self.mta.queue / "vidimus" / "auth", "bob", "secret")
        self.listen = f"unix:{self.mta.queue}/vidimus/milter.sock"

    def stop(self):
        self.mta.stop()
        self.sasl.stop()
        self.outside.stop()


class SendmailServer:
    name, group = "Sendmail", "nogroup"
    good_ip, bad_ip, new_ip = Sendmail.GOOD_IP, Sendmail.BAD_IP, "127.0.1.77"

    def __init__(self, base):
        self.port = self.auth_port = self.own_port = parts.free_port()
        place = base / "milter"
        place.mkdir()
        parts.give_to(place, "nobody")
        self.listen = f"unix:{place}/milter.sock"
        self.mta = Sendmail(base, [(self.port, [])], milter=self.listen,
                            # NUL and a header of more than 32 kB come through, as they
                            # may elsewhere than with Debian's own settings.
                            settings="RELAY_DOMAIN(`forwarded.example')dnl\n"
                                     "define(`confREJECT_NUL', `false')dnl\n"
                                     "define(`confMAX_HEADERS_LENGTH', `262144')dnl")
        self.outside = self.mta.outside

    def stop(self):
        self.mta.stop()


SERVERS = {"postfix": PostfixServer, "sendmail": SendmailServer}


def available(name, tally):
    """Whether the server NAME can be had here; if not, TALLY is told."""
    try:
        if name == "sendmail":
            sendmail.fetch()
    except RuntimeError as why:
        tally.skip(str(why))
        return False
    return True
