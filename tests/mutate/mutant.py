"""A scenario of tests/cases in parts that can be changed, and written out again."""
import dataclasses
import re
import shlex

# What eml_read() takes for a field: the name, blanks, a colon, lines that go on.
FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+[ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")


def split(message):
    """The fields of MESSAGE as (name, value) with their blanks, and what follows them."""
    start = message.index(b"\n") + 1 if message.startswith(b"From ") and b"\n" in message else 0
    fields = []
    while match := FIELD.match(message, start):
        fields.append((match[1], match[2]))
        start = match.end()
    return fields, message[start:]


def named(fields, name):
    """The values of the fields called NAME, first one first."""
    return [value for label, value in fields if label.rstrip(b" \t").lower() == name.lower()]


@dataclasses.dataclass
class Mutant:
    """One changed scenario.  FORGED: values of Authentication-Results fields that were put
    into it and claim our authserv-id."""
    name: str
    fields: list
    rest: bytes
    options: list  # [option, value]
    zone: list     # lines
    forged: list = dataclasses.field(default_factory=list)
    told: list = dataclasses.field(default_factory=list)  # mutations

    @classmethod
    def of(cls, folder):
        words = shlex.split((folder / "args").read_bytes().decode("utf-8", "surrogateescape"))
        fields, rest = split((folder / "msg.eml").read_bytes())
        zone = (folder / "zone").read_bytes().decode("latin-1").splitlines()
        return cls(folder.name, fields, rest, [list(pair) for pair in zip(words[::2], words[1::2])],
                   zone)

    def message(self):
        return b"".join(name + b":" + value + b"\n" for name, value in self.fields) + self.rest

    def set_message(self, octets):
        self.fields, self.rest = split(octets)

    def arguments(self):
        return [word for pair in self.options for word in pair]

    def zone_text(self):
        return ("\n".join(self.zone) + "\n").encode("latin-1")

    def write(self, place):
        """Leaves everything in the folder PLACE, as a scenario to be run again."""
        place.mkdir(parents=True, exist_ok=True)
        (place / "msg.eml").write_bytes(self.message())
        (place / "zone").write_bytes(self.zone_text())
        line = shlex.join(self.arguments()) + "\n"
        (place / "args").write_bytes(line.encode("utf-8", "surrogateescape"))
