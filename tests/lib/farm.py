"""The farm of the cookbook at work: hosts with one configuration, and a PostgreSQL set up
as the README tells."""
import collections
import contextlib
import re
import subprocess
import time

import parts
from daemonbench import Dns, session, wait_for_rows
from milterclient import plain_fields
from parts import VIDIMUS, Daemon
from postgresql import PostgreSQL
from reportmail import DAY, Report
from sink import Sink

GOOD_IP, BAD_IP = "198.51.100.1", "203.0.113.1"
DOMAINS = [f"d{i}.example" for i in range(6)]
PASSWORD = "it's a \\ secret"
UNAVAILABLE = 69  # what vidimus report ends with without its database


def certificate(place, name):
    """A certificate that vouches for itself and 127.0.0.1, and its key."""
    cert, key = place / f"{name}.pem", place / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


def first_number(text):
    return int(text.split()[0])


class Farm:
    """Hosts with the configuration TEXT, for which PLACE stands for /etc/vidimus.  Theirs
    alone are their sockets and spools, because they are all on this host.  CHECK counts,
    STARTED stops all of it."""

    def __init__(self, check, recipes, text, place, started):
        self.check, self.place, self.started = check, place, started
        self.readme = (recipes / "README").read_text()
        self.dns = Dns(place, zone="".join(
            f'{d}. TXT "v=spf1 ip4:{GOOD_IP} -all"\n_dmarc.{d}. TXT "v=DMARC1; p=reject; rua=mailto:r@{d}"\n'
            for d in DOMAINS) + "good.example. TXT x\n")
        started.callback(self.dns.stop)
        self.sink = Sink()
        started.callback(self.sink.stop)
        self.database = self.start_database()
        self.shared = self.share(text)
        self.wanted = collections.Counter()  # (domain, client, disposition): messages
        self.hosts = {name: self.start_host(name) for name in "ab"}

    def told(self, begins):
        """The command or line of the README that BEGINS so."""
        return re.search(rf"^    ({begins}.*?)(  +\(.*\))?$", self.readme, re.M)[1]

    def start_database(self):
        cert, key = certificate(self.place, "db")
        (self.place / "db-ca.pem").write_bytes(cert.read_bytes())
        parts.give_to(key, "postgres")
        access = self.told("hostssl").replace("192.0.2.0/27", "127.0.0.0/8")
        database = PostgreSQL(self.place, superuser="postgres", access=f"local all all trust\n{access}\n",
                              settings=["ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}"])
        self.started.callback(database.stop)
        for begins in "createuser", "createdb":
            done = database.type(self.told(begins), f"{PASSWORD}\n{PASSWORD}\n")
            self.check(f"farm: {begins}", done.returncode == 0, done)
        passfile = self.place / "pgpass"
        escaped = PASSWORD.replace("\\", "\\\\")
        passfile.write_text(f"127.0.0.1:{database.port}:vidimus:vidimus:{escaped}\n")
        passfile.chmod(0o600)
        return database

    def share(self, text):
        """One text for all hosts."""
        text = re.sub(r"^(listen|socket-group) .*\n", "", text, flags=re.M)
        text = text.replace("@db.example.org/", f"@127.0.0.1:{self.database.port}/")
        text = text.replace("/etc/vidimus/", f"{self.place}/")
        text = text.replace("reports {", f'reports {{\n submit = "smtp:127.0.0.1:{self.sink.port}"\n spool = "SPOOL"')
        return f'user = ""\nresolver {{ servers = {{"127.0.0.1@{self.dns.port}"}} }}\n' + text

    def start_host(self, name):
        host = Daemon(self.place, self.shared.replace("SPOOL", f"{self.place}/{name}.spool"),
                      f"unix:{self.place}/{name}.sock", name)
        self.started.callback(host.stop)
        return host

    def mail(self, name, domain, ip, count):
        """COUNT messages to the host NAME."""
        host = self.hosts[name]
        for _ in range(count):
            mta = session(host, ip=ip, helo="client.example")
            verdict = mta.message(f"<a@{domain}>", fields=plain_fields(f"a@{domain}"))
            mta.quit()
            if (verdict.code == "550") != (ip == BAD_IP):
                self.check(f"farm: {domain} from {ip}", False, verdict)
            self.wanted[domain, ip, "pass" if ip == GOOD_IP else "reject"] += 1

    def begin(self, name, *args):
        return subprocess.Popen([VIDIMUS, "report", *map(str, args), "-c", self.hosts[name].config],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def report(self, *args, names=None, status=0):
        """What `vidimus report` says on each host, all at once."""
        said = []
        for process in [self.begin(name, *args) for name in names or self.hosts]:
            out, err = process.communicate(timeout=120)
            self.check(f"farm: report {args[0]}", process.returncode == status, (process.returncode, err))
            said.append(out + err)
        return said

    def check_database(self):
        """Nobody else can say that he is the database."""
        ca = self.place / "db-ca.pem"
        true = ca.read_bytes()
        ca.write_bytes(certificate(self.place, "impostor")[0].read_bytes())
        said = self.report("init", names=["a"], status=UNAVAILABLE)
        self.check("farm: another certificate is refused", "certificate verify failed" in said[0], said)
        ca.write_bytes(true)
        self.check("farm: init, on one host", "vidimus report init" in self.told("runuser"))
        self.report("init", names=["a"])

    def check_import(self, rows):
        said = self.report("import")
        self.check("farm: each host brings its rows", [first_number(s) for s in said] == rows, said)
        said = self.report("import")
        self.check("farm: and once", [first_number(s) for s in said] == [0, 0], said)

    def check_reports(self):
        later = ["--now", (int(time.time()) // DAY + 1) * DAY + 7200]
        said = self.report("send", *later)
        reports = [Report(mail) for mail in self.sink.mails()]
        self.check("farm: one report a domain", sorted(r.domain for r in reports) == DOMAINS, (said, len(reports)))
        counts = collections.Counter()
        for (domain, _, ip, disposition), count in sum((r.counts() for r in reports), collections.Counter()).items():
            counts[domain, ip, disposition] += count
        self.check("farm: with the rows of both", counts == self.wanted, (counts, self.wanted))
        said = self.report("send", *later)
        self.check("farm: nothing goes twice", [first_number(s) for s in said] == [0, 0], said)


def check_farm(check, recipes, place):
    """The recipe, whose keys and vidimus.conf are in PLACE."""
    if DAY - time.time() % DAY < 60:  # a report is about a day: all of this is to be one
        time.sleep(60)
    place.chmod(0o755)  # the database is somebody else's there
    with contextlib.ExitStack() as started:
        farm = Farm(check, recipes, (place / "vidimus.conf").read_text(), place, started)
        farm.check_database()
        for i, domain in enumerate(DOMAINS):
            farm.mail("a", domain, GOOD_IP, 1 + i % 2)
            farm.mail("b", domain, GOOD_IP if i % 2 else BAD_IP, 2)
        farm.mail("a", DOMAINS[0], BAD_IP, 3)
        rows = [12, 12]
        for host, count in zip(farm.hosts.values(), rows):
            wait_for_rows(host, count)
            host.stop()  # whole segments only are imported
        farm.check_import(rows)
        farm.check_reports()
