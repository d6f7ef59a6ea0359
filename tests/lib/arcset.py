"""Reads the newest ARC set of a message and verifies it (RFC 8617 §5.1.1, §5.1.2),
with nothing that vidimus verifies with: signer.py and the openssl command.

Verifiers stop at a seal that says cv=fail; this does not.
"""
import base64
import hashlib
import pathlib
import re
import subprocess
import tempfile

from sealer import PARTS, instance_of, is_called
from signer import canonical_body, canonical_field, fields_of, relaxed


def tags_of(field):
    """{name: value} of a signature field, white space removed."""
    value = re.sub(rb"\s+", b"", field.split(b":", 1)[1])
    return dict(tag.split(b"=", 1) for tag in value.split(b";") if tag)


def without_b(field):
    """FIELD as it was signed: b= emptied, no line end."""
    return re.sub(rb"([;:]\s*b\s*=)[^;]*", rb"\1", field.removesuffix(b"\r\n"), count=1)


class Message:
    """Octets with CRLF, taken apart."""

    def __init__(self, octets):
        header, _, self.body = octets.partition(b"\r\n\r\n")
        self.fields = fields_of(header)
        self.sets = {}  # instance -> {name of the part: field}
        for field in self.fields:
            for part in PARTS:
                if is_called(field, part):
                    self.sets.setdefault(instance_of(field), {})[part] = field

    def newest(self):
        """Its set: results, message signature, seal; None without."""
        return [self.sets[max(self.sets)].get(part) for part in PARTS] if self.sets else None


def good(signature, data, public_key):
    """PUBLIC_KEY: base64 as in p=."""
    with tempfile.TemporaryDirectory() as place:
        paths = [pathlib.Path(place) / name for name in ("key", "signature")]
        paths[0].write_bytes(base64.b64decode(public_key))
        paths[1].write_bytes(signature)
        run = subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", str(paths[0]),
                              "-signature", str(paths[1])], input=data, capture_output=True)
    return run.returncode == 0


def wrong_message_signature(message, field, public_key):
    tags = tags_of(field)
    header_kind, body_kind = (tags.get(b"c", b"simple/simple").decode() + "/simple").split("/")[:2]
    digest = hashlib.sha256(canonical_body(message.body, body_kind)).digest()
    if base64.b64decode(tags[b"bh"]) != digest:
        return "bh= of the message signature"
    pile, data = list(message.fields), b""
    for name in tags[b"h"].split(b":"):
        at = [i for i, f in enumerate(pile) if is_called(f, name)]
        if at:
            data += canonical_field(pile.pop(at[-1]), header_kind)
    data += canonical_field(without_b(field) + b"\r\n", header_kind)[:-2]
    return None if good(base64.b64decode(tags[b"b"]), data, public_key) else "b= of the message signature"


def wrong_seal(message, field, public_key):
    tags = tags_of(field)
    newest = max(message.sets)
    first = newest if tags[b"cv"] == b"fail" else 1
    covered = [message.sets.get(i, {}).get(part) for i in range(first, newest + 1) for part in PARTS]
    if not all(covered):
        return "an incomplete set below the seal"
    data = b"".join(relaxed(f) for f in covered[:-1]) + relaxed(without_b(field) + b"\r\n")[:-2]
    return None if good(base64.b64decode(tags[b"b"]), data, public_key) else "b= of the seal"


def wrong(octets, public_key):
    """What is wrong with the newest set, or None."""
    message = Message(octets)
    if not message.sets or not all(message.newest()):
        return "no set"
    _, signature, seal = message.newest()
    return (wrong_message_signature(message, signature, public_key)
            or wrong_seal(message, seal, public_key))
