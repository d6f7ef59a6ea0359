"""The grammar of SPF records (RFC 7208 §12) as regular expressions, and what has
to come of a case by it: shares nothing with any verifier."""
import ipaddress
import re

from fixture import Failure

# §7.1; a count of labels must not be zero (§7.3)
TRANSFORMERS = r"(0*[1-9]\d*)?r?[-.+,/_=]*"
LITERAL = r"[\x21-\x24\x26-\x7e]"


def macro_expand(letters):
    return r"%%(\{[%s]%s\}|%%|_|-)" % (letters, TRANSFORMERS)


def macro_string(letters):
    return f"({macro_expand(letters)}|{LITERAL})*"


TOPLABEL = r"([a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])"
DOMAIN_SPEC = rf"{macro_string('slodiphv')}(\.{TOPLABEL}\.?|{macro_expand('slodiphv')})"
CIDR4, CIDR6 = r"/(0|[1-9]|[12]\d|3[0-2])", r"/(0|[1-9]\d?|1[01]\d|12[0-8])"
NUMBER = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"
TERM = re.compile(
    rf"[-+?~]?(all|include:{DOMAIN_SPEC}|exists:{DOMAIN_SPEC}|ptr(:{DOMAIN_SPEC})?"
    rf"|(a|mx)(:{DOMAIN_SPEC})?({CIDR4})?(/{CIDR6})?"
    rf"|ip4:{NUMBER}\.{NUMBER}\.{NUMBER}\.{NUMBER}({CIDR4})?|ip6:(?P<ip6>[0-9a-f:.]+)({CIDR6})?)"
    rf"|(redirect|exp)={DOMAIN_SPEC}"
    rf"|(?!redirect=|exp=)[a-z][-a-z0-9_.]*={macro_string('slodiphvcrt')}", re.I)
EXPLAIN_STRING = re.compile(rf"({macro_expand('slodiphvcrt')}|{LITERAL}| )*", re.I)


def is_ip6(text):
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_term(text):
    match = TERM.fullmatch(text)
    return match is not None and (match["ip6"] is None or is_ip6(match["ip6"]))


def is_record(text):
    """TEXT begins with a version section; modifiers may stand there once (§6)."""
    terms = [term for term in text[len("v=spf1"):].split(" ") if term]
    return all(is_term(term) for term in terms) and all(
        sum(term.lower().startswith(name) for term in terms) < 2 for name in ("redirect=", "exp="))


def is_explanation(text):
    return EXPLAIN_STRING.fullmatch(text) is not None


def has_version(text):
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


def is_domain(name):
    """Of several labels (§4.3); NAME is one by its letters."""
    labels = name.removesuffix(".").split(".")
    return len(labels) > 1 and all(0 < len(label) < 64 for label in labels) and "[" not in name


def result_of(case):
    """What has to come of CASE, if the grammar alone says it."""
    domain = (case.sender or case.helo).rpartition("@")[2]
    if not is_domain(domain):
        return "none"
    try:
        texts = [b"".join(row).decode("latin-1") for row in case.dns.get(domain, "TXT")]
    except Failure:
        return "temperror"
    records = [text for text in texts if has_version(text)]
    if not records:
        return "none"
    return None if len(records) == 1 and is_record(records[0]) else "permerror"
