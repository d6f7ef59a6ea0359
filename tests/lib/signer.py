"""A small DKIM signer for test messages: every tag can be bent.

Canonicalises by itself (RFC 6376 §3.4) and leaves the arithmetic to the openssl
command, so it shares nothing with what vidimus verifies with.
"""
import base64
import hashlib
import pathlib
import re
import subprocess

KEYS = pathlib.Path(__file__).resolve().parents[1] / "cases" / "keys"


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def public_key(name):
    """What p= holds: base64 of the key."""
    der = openssl("pkey", "-in", str(KEYS / f"{name}.pem"), "-pubout", "-outform", "DER")
    return base64.b64encode(der[-32:] if name.startswith("ed25519") else der).decode()


def key_record(name="rsa2048", **tags):
    """The TXT record of a key as strings of a zone file."""
    kind = "ed25519" if name.startswith("ed25519") else "rsa"
    record = {"v": "DKIM1", "k": kind, "p": public_key(name), **tags}
    text = "; ".join(f"{k}={v}" for k, v in record.items() if v is not None)
    return " ".join(f'"{part}"' for part in re.findall(".{1,250}", text))


def signature_of(data, key, algorithm):
    pem = str(KEYS / f"{key}.pem")
    if key.startswith("ed25519"):
        digest = hashlib.sha256(data).digest()
        message = KEYS.parent / ".to-sign"  # pkeyutl -rawin wants a file
        message.write_bytes(digest)
        try:
            return openssl("pkeyutl", "-sign", "-inkey", pem, "-rawin", "-in", str(message))
        finally:
            message.unlink()
    return openssl("dgst", f"-{algorithm.split('-')[1]}", "-sign", pem, data=data)


def relaxed(field):
    name, value = field.split(b":", 1)
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def canonical_field(field, kind):
    return relaxed(field) if kind == "relaxed" else field


def canonical_body(body, kind):
    lines = body.split(b"\r\n")
    if kind == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return b"" if kind == "relaxed" else b"\r\n"
    return b"\r\n".join(lines) + b"\r\n"


def fields_of(header):
    """The fields with their folding, each ending in CRLF."""
    return [f + b"\r\n" for f in re.split(rb"\r\n(?![ \t])", header)]


def sign(message, d="example.org", s="s1", key="rsa2048", h="From:To:Subject:Date",
         canon="relaxed/relaxed", a=None, sign_as=None, **tags):
    """MESSAGE (LF line ends) with a signature field on top.  TAGS override tags
    of the field, None removes one; SIGN_AS signs that message instead."""
    signed = (sign_as or message).replace(b"\n", b"\r\n")
    header, body = signed.split(b"\r\n\r\n", 1)
    header_kind, body_kind = canon.split("/")
    algorithm = a or ("ed25519-sha256" if key.startswith("ed25519") else "rsa-sha256")
    hashed = canonical_body(body, body_kind)
    if tags.get("l") is not None:
        hashed = hashed[:int(tags["l"])]
    digest = hashlib.new(algorithm.split("-")[1], hashed).digest()
    field = {"v": "1", "a": algorithm, "c": canon, "d": d, "s": s, "h": h,
             "bh": base64.b64encode(digest).decode(), **tags}
    text = "; ".join(f"{k}={v}" for k, v in field.items() if v is not None)
    unsigned = f"DKIM-Signature: {text}; b=".encode("utf-8", "surrogateescape")

    pile = fields_of(header)
    data = b""
    for name in h.split(":"):
        wanted = name.strip().lower().encode()
        at = [i for i, f in enumerate(pile) if f.split(b":")[0].strip().lower() == wanted]
        if at:  # the lowest one not yet taken
            data += canonical_field(pile.pop(at[-1]), header_kind)
    data += canonical_field(unsigned + b"\r\n", header_kind)[:-2]
    value = base64.b64encode(signature_of(data, key, algorithm)).decode()
    return unsigned + value.encode() + b"\n" + message
