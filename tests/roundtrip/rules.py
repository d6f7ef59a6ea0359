"""Whose mail the round trips sign, and how: a domain for each canonicalisation (and
one that is written with U-labels), each with an RSA and an Ed25519 key."""
import shutil

import outbound
from signer import KEYS

CANONS = {"ss": "simple/simple", "sr": "simple/relaxed", "rs": "relaxed/simple", "rr": "relaxed/relaxed"}
LABELS = list(CANONS)
DOMAINS = [f"{label}.{domain}" for label in LABELS for domain in (outbound.DOMAIN, outbound.A_DOMAIN)]
SELECTORS = {"r": "rsa2048", "e": "ed25519"}  # and the keys' names


def records():
    """{name of a key record: name of its key}."""
    return {f"{selector}._domainkey.{domain}": key for domain in DOMAINS
            for selector, key in SELECTORS.items()}


def copy_keys(place):
    """To PLACE, for nobody else to read."""
    for key in SELECTORS.values():
        shutil.copy(KEYS / f"{key}.pem", place)
        (place / f"{key}.pem").chmod(0o600)


def sections(place, selectors=tuple(SELECTORS), more=None):
    """The sign sections with the keys of SELECTORS in PLACE.  MORE: {label: options}."""
    keys = " ".join(f'key "{s}" {{ file = "{place}/{SELECTORS[s]}.pem" }}' for s in selectors)
    return "".join(f'sign "{domain}" {{ canonicalization = "{CANONS[domain[:2]]}" '
                   f'{(more or {}).get(domain[:2], "")} {keys} }}\n' for domain in DOMAINS)
