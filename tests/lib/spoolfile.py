"""The spool of vidimusd, read and written by what src/report/README says and by none of
our code."""
import pathlib
import secrets
import urllib.parse
import zlib

LISTS = "reason", "auth_dkim"


def row_of(line):
    """The fields of one line (without LF); ValueError unless it is a row."""
    crc, rest = line.split(b" ", 1)
    if crc != b"%08x" % zlib.crc32(rest):
        raise ValueError("checksum")
    version, length, body = rest.split(b" ", 2)
    if version != b"1" or length != b"%06d" % len(body):
        raise ValueError("head")
    row = {key: [] for key in LISTS}
    for pair in body.decode("ascii").split(" "):
        key, value = pair.split("=", 1)
        if key in LISTS:
            row[key].append(urllib.parse.unquote(value))
        elif key in row:
            raise ValueError("twice")
        else:
            row[key] = urllib.parse.unquote(value)
    return row


def segments(directory, state="*"):
    return sorted(p for p in pathlib.Path(directory).glob("*." + state)
                  if p.suffix in (".open", ".closed"))


def rows(directory):
    """All rows of all segments; what follows the last LF of one is not yet a row."""
    return [row_of(line) for path in segments(directory)
            for line in path.read_bytes().split(b"\n")[:-1]]


def line(row):
    """ROW, {key: value or list of values}, as a line of a segment."""
    pairs = [f"{key}={urllib.parse.quote(str(one), safe='/:@,;=!+-._~')}" for key, value in row.items()
             for one in (value if isinstance(value, list) else [value])]
    body = " ".join(pairs).encode()
    rest = b"1 %06d " % len(body) + body
    return b"%08x " % zlib.crc32(rest) + rest + b"\n"


def write_closed(directory, lines):
    """A closed segment of LINES."""
    path = pathlib.Path(directory) / f"{secrets.randbits(60):016x}-{secrets.token_hex(8)}.closed"
    path.write_bytes(b"".join(lines))
    return path
