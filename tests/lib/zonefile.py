"""Writes a suite's DNS fixture as a zone file that vidimus reads."""

TYPES = ["A", "AAAA", "CNAME", "MX", "PTR", "TXT", "TLSA"]


def escape(octets, special):
    """Master-file form (RFC 1035 §5.1): anything odd as \\DDD."""
    return "".join(chr(o) if 0x20 < o < 0x7f and chr(o) not in special else f"\\{o:03d}"
                   for o in octets)


def name(text):
    """An absolute name; '' is the root.  Globs keep their '*'."""
    labels = [escape(label.encode(), '\\".;()$@') for label in text.rstrip(".").split(".")]
    return ".".join(labels) + "."


def possible(text):
    """Whether DNS can hold the name at all."""
    labels = text.rstrip(".").split(".")
    return text == "" or all(0 < len(label.encode()) <= 63 for label in labels)


def strings(record):
    if "strings_hex" in record:
        parts = [bytes.fromhex(part) for part in record["strings_hex"]]
    else:
        parts = [part.encode() for part in record["strings"]]
    parts = parts or [b""]
    return " ".join('"' + "".join(c if c == " " else escape(c.encode("latin-1"), '\\"')
                                  for c in part.decode("latin-1")) + '"' for part in parts)


def rdata(record):
    kind = record["type"]
    if kind == "TXT":
        return strings(record)
    if kind == "MX":
        return f"{record['pref']} {name(record['host'])}"
    return name(record["value"]) if kind in ("PTR", "CNAME") else record["value"]


def write(fixture, path):
    """FIXTURE: {"records": […], "faults": […]}."""
    lines = []
    for record in fixture.get("records", []):
        if record["type"] in TYPES and possible(record["name"]):
            lines.append(f"{name(record['name'])} {record['type']} {rdata(record)}")
    for fault in fixture.get("faults", []):
        kinds = TYPES if fault["type"] == "*" else [fault["type"]]
        for kind in kinds:
            if kind in TYPES and kind not in fault.get("except", []):
                lines.append(f"$FAULT {name(fault['name'])} {kind} {fault['fault']}")
    path.write_text("\n".join(lines) + "\n")
