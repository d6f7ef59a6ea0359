"""The DNS of one case: what vidimus reads as a zone file, and what the other
verifiers are answered with."""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import zonefile  # noqa: E402

CHAIN_MAX = 10  # CNAMEs followed


class Failure(Exception):
    """No answer: a timeout, or SERVFAIL."""


class Fixture:
    def __init__(self):
        self.sets = {}    # (name, type) -> list of data: bytes of each string for TXT
        self.faults = {}  # (name, type) -> "timeout" or "servfail"
        self.maker = None  # makes up data for a name and type that is asked for

    def add(self, name, kind, *data):
        """DATA: strings for TXT (bytes or text), preference and host for MX, else
        one text."""
        if kind == "TXT":
            data = [d if isinstance(d, bytes) else d.encode("latin-1") for d in data]
        self.sets.setdefault((name.lower(), kind), []).append(list(data))

    def fault(self, name, kind, what):
        self.faults[name.lower(), kind] = what

    def get(self, name, kind):
        """The data of NAME and what CNAMEs make of it."""
        name = name.lower().rstrip(".")
        for _ in range(CHAIN_MAX):
            self.make(name, kind)
            if (name, kind) in self.faults:
                raise Failure(self.faults[name, kind])
            if (name, kind) in self.sets:
                return self.sets[name, kind]
            if (name, "CNAME") not in self.sets:
                return []
            name = self.sets[name, "CNAME"][0][0].lower()
        return []

    def make(self, name, kind):
        """What is made up is part of the fixture from then on."""
        if self.maker and (name, kind) not in self.sets:
            for data in self.maker(name, kind):
                self.add(name, kind, *data)

    def copy(self):
        made = Fixture()
        made.sets = {key: [list(row) for row in rows] for key, rows in self.sets.items()}
        made.faults = dict(self.faults)
        made.maker = self.maker
        return made

    def adopt(self, other):
        """What OTHER holds under names and types that are not here."""
        for key, rows in other.sets.items():
            self.sets.setdefault(key, rows)

    def freeze(self):
        """Nothing more is made up."""
        self.maker = None

    def write(self, path):
        records = []
        for (name, kind), rows in self.sets.items():
            for data in rows:
                record = {"name": name, "type": kind}
                if kind == "TXT":
                    record["strings_hex"] = [part.hex() for part in data]
                elif kind == "MX":
                    record.update(pref=data[0], host=data[1])
                else:
                    record["value"] = data[0]
                records.append(record)
        faults = [{"name": name, "type": kind, "fault": what}
                  for (name, kind), what in self.faults.items()]
        zonefile.write({"records": records, "faults": faults}, path)

    def plain(self):
        """For verifiers.pl."""
        records = [[name, kind, *([part.hex() for part in data] if kind == "TXT" else data)]
                   for (name, kind), rows in self.sets.items() for data in rows]
        return {"records": records,
                "faults": [[name, kind, what] for (name, kind), what in self.faults.items()]}
