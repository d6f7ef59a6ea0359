"""Cures: what is taken out of an SPF case before a verifier that reads it otherwise
is asked again.

None changes what the case means by RFC 7208.  So the verifier has to say about the
cured case what we said about the case itself; if it does not, something else made
the disagreement.
"""
import dataclasses
import functools
import ipaddress
import re

import grammar

STRING_MAX = 255


def copy(case, **changes):
    return dataclasses.replace(case, dns=case.dns.copy(), **changes)


def texts(edit):
    """EDIT on each TXT record as one text."""
    def cure(case):
        made = copy(case)
        for (_, kind), rows in made.dns.sets.items():
            if kind == "TXT":
                rows[:] = [strings(edit(b"".join(row).decode("latin-1"))) for row in rows]
        return made
    return cure


def strings(text):
    data = text.encode("latin-1")
    return [data[i:i + STRING_MAX] for i in range(0, max(len(data), 1), STRING_MAX)]


def replaced(pattern, by, flags=0):
    return texts(lambda text: re.sub(pattern, by, text, flags=flags))


def plain_names(case):
    """In small letters, without a dot at the end, the sender with a local part."""
    helo = case.helo.lower().removesuffix(".")
    local, _, domain = case.sender.rpartition("@")
    sender = f"{local or 'postmaster'}@{domain.lower().removesuffix('.') or helo}"
    return copy(case, helo=helo, sender=sender)


def no_ip6(case):
    """Networks of IPv6 are far from an IPv4 client."""
    if ":" in case.ip and not case.ip.startswith("::ffff:"):
        return case
    return replaced(r"\bip6:[0-9a-f:.]+(/\d+)?", "ip6:100::1", re.I)(case)


FAR = {"A": "240.0.0.1", "AAAA": "100::2"}  # no client's address


def reverse_names_answer(case):
    """An error behind ptr is a name that leads nowhere (§5.5), and so is nothing at all
    behind %{p}, which is no term and has no void lookup of its own (§4.6.4)."""
    made = copy(case)
    name = ipaddress.ip_address(case.ip.removeprefix("::ffff:")).reverse_pointer
    nothing = (name, "PTR") not in made.dns.sets and not has_ptr_term(case)
    if made.dns.faults.pop((name, "PTR"), None) or nothing:
        made.dns.add(name, "PTR", "nowhere.invalid")
    for host in hosts_of(made, "PTR"):
        for kind, address in FAR.items():
            if made.dns.faults.pop((host, kind), None) or not has_address(made.dns, host, kind):
                made.dns.add(host, kind, address)
    return made


def has_ptr_term(case):
    return any(re.search(rb" [-+?~]?ptr\b", record, re.I) for record in case.records())


def exchanges_answer(case):
    """A host of an MX record that does not exist is one that is far away."""
    made = copy(case)
    for host in hosts_of(made, "MX"):
        for kind, address in FAR.items():
            if not has_address(made.dns, host, kind):
                made.dns.add(host, kind, address)
    return made


def hosts_of(case, kind):
    return {row[-1].lower() for (_, each), rows in case.dns.sets.items() if each == kind
            for row in rows}


def has_address(dns, host, kind):
    return (host, kind) in dns.faults or any((host, each) in dns.sets for each in (kind, "CNAME"))


def told_explanations(case):
    """Without texts that can be neither a record nor an explanation."""
    made = copy(case)
    for (_, kind), rows in made.dns.sets.items():
        if kind == "TXT":
            rows[:] = [row for row in rows if is_told(b"".join(row).decode("latin-1"))]
    return made


def is_told(text):
    return grammar.has_version(text) or grammar.is_explanation(text)


CURES = {
    "plain names": plain_names,
    "r for R": replaced(r"(%\{[a-zA-Z]\d*)R", r"\1r"),
    "128 labels for all": replaced(r"(%\{[a-zA-Z])([-.+,/_=]+\})", r"\g<1>128\2"),
    "modifiers in small letters": replaced(r" (redirect|exp)=", lambda m: m.group().lower(), re.I),
    "no ip6 near an IPv4 client": no_ip6,
    "reverse names answer": reverse_names_answer,
    "hosts answer": lambda case: exchanges_answer(reverse_names_answer(case)),
    "explanations by the grammar": told_explanations,
}
EVERYTHING = "all of these"
ONE_BY_ONE = list(CURES.values())
CURES[EVERYTHING] = lambda case: functools.reduce(lambda made, cure: cure(made), ONE_BY_ONE, case)
