"""Puts ARC sets on test messages (RFC 8617 §5.1); like signer.py, it shares
nothing with what vidimus verifies with."""
import base64
import hashlib
import re

from signer import canonical_body, canonical_field, fields_of, relaxed, signature_of

PARTS = [b"ARC-Authentication-Results", b"ARC-Message-Signature", b"ARC-Seal"]


def tag_list(tags):
    return "; ".join(f"{k}={v}" for k, v in tags.items() if v is not None)


def is_called(field, name):
    return field.split(b":")[0].strip().lower() == name.strip().lower()


def instance_of(field):
    found = re.search(rb"\bi\s*=\s*(\d+)", field.split(b":", 1)[1])
    return int(found.group(1)) if found else 0


def message_signature(header, body, d, s, key, instance, h, canon, tags):
    header_kind, body_kind = canon.split("/")
    hashed = canonical_body(body, body_kind)
    if tags.get("l") is not None:
        hashed = hashed[:int(tags["l"])]
    listed = tag_list({"i": instance, "a": "rsa-sha256", "c": canon, "d": d, "s": s, "h": h,
                       "bh": base64.b64encode(hashlib.sha256(hashed).digest()).decode(), **tags})
    unsigned = PARTS[1] + f": {listed}; b=".encode()
    pile, data = list(header), b""
    for name in h.split(":"):
        at = [i for i, f in enumerate(pile) if is_called(f, name.encode())]
        if at:
            data += canonical_field(pile.pop(at[-1]), header_kind)
    data += canonical_field(unsigned + b"\r\n", header_kind)[:-2]
    return unsigned + base64.b64encode(signature_of(data, key, "rsa-sha256")) + b"\r\n"


def seal_signature(sets, d, s, key, instance, cv, tags):
    """SETS: all fields that the seal covers, in its order."""
    listed = tag_list({"i": instance, "a": "rsa-sha256", "cv": cv, "d": d, "s": s,
                       "t": "1759990000", **tags})
    unsigned = PARTS[2] + f": {listed}; b=".encode()
    data = b"".join(relaxed(f) for f in sets) + relaxed(unsigned + b"\r\n")[:-2]
    return unsigned + base64.b64encode(signature_of(data, key, "rsa-sha256")) + b"\r\n"


def seal(message, results, d="lists.example", s="s1", key="rsa2048", instance=None, cv=None,
         h="From:To:Subject:Date", canon="relaxed/relaxed", ams=(), tags=()):
    """MESSAGE (LF line ends) with another set on top.  RESULTS is what the sealer
    says; AMS and TAGS override tags of the message signature and of the seal."""
    header, body = message.replace(b"\n", b"\r\n").split(b"\r\n\r\n", 1)
    fields = fields_of(header)
    arc = [f for f in fields if any(is_called(f, part) for part in PARTS)]
    instance = instance or max(map(instance_of, arc), default=0) + 1
    cv = cv or ("none" if instance == 1 else "pass")
    said = PARTS[0] + f": i={instance}; {results}\r\n".encode()
    ams_tags = dict(ams)
    signed = message_signature(fields, body, ams_tags.pop("d", d), ams_tags.pop("s", s), key,
                               instance, h, canon, ams_tags)
    covered = [] if cv == "fail" else [f for i in range(1, instance) for part in PARTS
                                       for f in arc if is_called(f, part) and instance_of(f) == i]
    sealed = seal_signature(covered + [said, signed], d, s, key, instance, cv, dict(tags))
    return (sealed + signed + said).replace(b"\r\n", b"\n") + message
