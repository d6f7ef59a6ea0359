"""What can be told of a case by looking at it: the facts that rows of
`disagreements` name, beside those that the makers noted.  A fact says what is
there, by code of its own; it never asks a verifier."""
import re

import grammar

# --- SPF

def texts(case):
    return [b"".join(data).decode("latin-1") for (_, kind), rows in case.dns.sets.items()
            if kind == "TXT" for data in rows]


def anywhere(pattern):
    return lambda case: any(re.search(pattern, text) for text in texts(case))


def in_record(pattern):
    """PATTERN in a term of some record."""
    return lambda case: any(re.search(pattern, text, re.I) for text in texts(case)
                            if grammar.has_version(text))


def sender_domain(case):
    return (case.sender or case.helo).rpartition("@")[2]


def is_v4(case):
    return ":" not in case.ip or case.ip.startswith("::ffff:")


def includes_itself(case):
    named = [(re.escape(name), b"".join(row).decode("latin-1"))
             for (name, kind), rows in case.dns.sets.items() if kind == "TXT" for row in rows]
    return any(re.search(rf"include:({name}|%\{{d\}})", text, re.I) for name, text in named)


SPF = {
    "transformer R": anywhere(r"%\{[a-zA-Z]\d*R"),
    "capitals in a record": lambda case: any(
        re.search(r"%\{[A-Z]", text) for text in texts(case) if grammar.has_version(text)),
    "helo in a record": in_record(r"%\{h"),
    "delimiter alone": anywhere(r"%\{[a-zA-Z][-+,/_=.]*[-+,/_=][-+,/_=.]*\}"),
    "delimiter of names": anywhere(r"%\{[^slSL]\d*[rR]?[-+,/_=.]*[-+,/_=]"),
    "delimiter of names in a record": in_record(r"%\{[^sl]\d*r?[-+,/_=.]*[-+,/_=]"),
    "text ends in %%": anywhere(r"%%$"),
    "modifier in capitals": anywhere(r" (?!redirect|exp)(?i:redirect|exp)="),
    "include of the domain itself": includes_itself,
    "term outside of the grammar": lambda case: any(
        grammar.has_version(text) and not grammar.is_record(text) for text in texts(case)),
    "explanation outside of the grammar": lambda case: any(
        not grammar.is_explanation(text) for text in texts(case)),
    "more than 10 MX names": lambda case: any(
        kind == "MX" and len(rows) > 10 for (_, kind), rows in case.dns.sets.items()),
    "fault of an address": lambda case: any(kind in ("A", "AAAA") for _, kind in case.dns.faults),
    "fault of a reverse name": lambda case: any(kind == "PTR" for _, kind in case.dns.faults),
    "mx": in_record(r" [-+?~]?mx\b"),
    "ptr": lambda case: in_record(r" [-+?~]?ptr\b")(case) or anywhere(r"%\{[pP]")(case),
    "alias": lambda case: any(kind == "CNAME" for _, kind in case.dns.sets),
    "domain of one label": lambda case: "." not in sender_domain(case).rstrip("."),
    "domain ends in a dot": lambda case: sender_domain(case).endswith("."),
    "HELO ends in a dot": lambda case: case.helo.endswith("."),
    "sender without local part": lambda case: case.sender.startswith("@") or not case.sender,
    "HELO is an address": lambda case: case.helo.startswith("["),
    "client is IPv4, network IPv6": lambda case: is_v4(case) and in_record(
        r"ip6:([^ ]*/0|::ffff:)")(case),
    "macro in a record": in_record("%"),
    "long record": lambda case: any(len(text) > 450 for text in texts(case)
                                    if grammar.has_version(text)),
}


# --- DKIM

def signature_field(case, index):
    fields = [f for f in case.fields() if re.match(rb"DKIM-Signature[ \t]*:", f, re.I)]
    return fields[index].split(b":", 1)[1]


def tag(field, name):
    """The value of a tag with the blanks around it."""
    match = re.search(rb"(?:^|;)\s*" + name + rb"\s*=([^;]*)", field)
    return match.group(1) if match else None


def blanks_after_b(case, index):
    value = tag(signature_field(case, index), b"b")
    return value is not None and value != value.rstrip()


def simple_header(case, index):
    form = tag(signature_field(case, index), b"c")
    return form is None or form.strip().lower().startswith(b"simple")


def algorithm(case, index):
    return (tag(signature_field(case, index), b"a") or b"").strip().lower()


def key_texts(case):
    return [b"".join(data) for (_, kind), rows in case.dns.sets.items() if kind == "TXT"
            for data in rows]


DKIM = {
    "has l=": lambda case, index: tag(signature_field(case, index), b"l") is not None,
    "blanks after b=": blanks_after_b,
    "signature ends in a blank": lambda case, index: simple_header(case, index)
    and signature_field(case, index)[-1:] in (b" ", b"\t"),
    "h= names DKIM-Signature": lambda case, index: b"dkim-signature" in (
        tag(signature_field(case, index), b"h") or b"").lower(),
    "ed25519 signature": lambda case, index: algorithm(case, index).startswith(b"ed25519"),
    "key for several services": lambda case, index: any(
        re.search(rb"(^|;)\s*s\s*=[^;]*:", text) for text in key_texts(case)),
    "blank before a colon": lambda case, index: any(
        re.match(rb"[!-9;-~]+[ \t]+:", field) for field in case.fields()),
    "HTAB before a colon": lambda case, index: any(
        re.match(rb"[!-9;-~]+[ \t]*\t[ \t]*:", field) for field in case.fields()),
    "From before a blank": lambda case, index: any(
        field.startswith(b"From ") for field in case.fields()),
    "body without a last line end": lambda case, index:
    case.message.partition(b"\r\n\r\n")[2][-2:] not in (b"", b"\r\n"),
    "bare CR": lambda case, index: b"\r" in case.message.replace(b"\r\n", b""),
}


def facts_of(case, index):
    """Names of all facts of CASE and, for DKIM, its signature INDEX."""
    if case.method == "spf":
        return case.facts | {name for name, holds in SPF.items() if holds(case)}
    return case.facts | {name for name, holds in DKIM.items() if holds(case, index)}


# --- answers

NAME_MAX = 253  # octets


def facts_told(ours, theirs):
    """What the explanations of two fails have to do with each other."""
    we, they = ours.explanation, theirs.explanation
    told = {"we tell nothing": we is None, "they tell nothing": they is None,
            "explanation is long": we is not None and len(we) > NAME_MAX}
    if None not in (we, they):
        told["differ in the case of letters"] = we.lower() == they.lower()
        told["differ in the case of nibbles"] = nibbles_in_small(we) == nibbles_in_small(they)
    return {name for name, holds in told.items() if holds}


def nibbles_in_small(text):
    """TEXT with what may be nibbles of an IPv6 address, dots between, in small letters."""
    return text and re.sub(r"(?<![\w.-])[0-9A-F](\.[0-9A-F])*(?![\w.-])",
                           lambda match: match.group().lower(), text)
