"""What can be told of a case by looking at it: the facts that rows of
`disagreements` name, beside those that the makers noted.  A fact says what is
there, by code of its own; it never asks a verifier."""
import re


# --- SPF

def texts(case):
    return [b"".join(data).decode("latin-1") for (_, kind), rows in case.dns.sets.items()
            if kind == "TXT" for data in rows]


def found(pattern):
    return lambda case: any(re.search(pattern, text) for text in texts(case))


MACRO = r"%\{[a-zA-Z]\d*[rR]?[-.+,/_=]*\}"
TERM_ODD = re.compile(r"[^\x20-\x7e]")
NAME_END = r"(\.([a-zA-Z0-9]*[a-zA-Z][a-zA-Z0-9]*|[a-zA-Z0-9]+-[a-zA-Z0-9-]*[a-zA-Z0-9])\.?|%s)" % (
    r"%(\{[slodiphvSLODIPHV]\d*[rR]?[-.+,/_=]*\}|%|_|-)")
MACRO_STRING = r"(%(\{[slodiphvcrtSLODIPHVCRT]\d*[rR]?[-.+,/_=]*\}|%|_|-)|[\x21-\x24\x26-\x7e])*"
DOMAIN_SPEC = MACRO_STRING + NAME_END
CIDR4, CIDR6 = r"/(0|[1-9]\d?)", r"/(0|[1-9]\d{0,2})"
NUMBER = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"
TERM = re.compile(
    r"[-+?~]?(all|include:{d}|exists:{d}|ptr(:{d})?|(a|mx)(:{d})?({c4})?(/{c6})?"
    r"|ip4:{n}\.{n}\.{n}\.{n}({c4})?|ip6:[0-9a-f:.]+({c6})?)"
    r"|(redirect|exp)={d}|(?!redirect=|exp=)[a-z][-a-z0-9_.]*={m}".format(
        d=DOMAIN_SPEC, c4=CIDR4, c6=CIDR6, n=NUMBER, m=MACRO_STRING), re.I)


def outside_grammar(case):
    """Whether a term of some record is none by RFC 7208 §12."""
    return any(not TERM.fullmatch(term) for record in case.records()
               for term in record.decode("latin-1")[6:].split(" ") if term)


def sender_domain(case):
    return (case.sender or case.helo).rpartition("@")[2]


SPF = {
    "transformer R in capitals": found(r"%\{[a-zA-Z]\d*R"),
    "macro letter in capitals": found(r"%\{[A-Z]"),
    "helo in a record": lambda case: any(
        re.search(rb"%\{h", record, re.I) for record in case.records()),
    "delimiter alone": found(r"%\{[a-zA-Z][-+,/_=.]*[-+,/_=][-+,/_=.]*\}"),
    "delimiter for another letter than s and l": found(r"%\{[^slSL]\d*[rR]?[-+,/_=.]*[-+,/_=]"),
    "text ends in %%": found(r"%%$"),
    "text ends in a lone %": found(r"(?<!%)(%%)*%$"),
    "empty label": found(r"[:=][^ ]*\.\."),
    "alias": lambda case: any(kind == "CNAME" for _, kind in case.dns.sets),
    "modifier in capitals": found(r" (?!redirect|exp)(?i:redirect|exp)="),
    "include of the domain itself": lambda case: any(
        f"include:{name}" in text or "include:%{d}" in text
        for (name, kind), rows in case.dns.sets.items() if kind == "TXT"
        for text in (b"".join(data).decode("latin-1").lower() for data in rows)),
    "zero labels kept": found(r"%\{[a-zA-Z]0+[^0-9]"),
    "macro outside of the grammar": lambda case: any(
        "%{" in re.sub(MACRO, "", text) for text in texts(case)),
    "c, r, t in a record": lambda case: any(
        re.search(rb"[=:]\S*%\{[crtCRT]", record) for record in case.records()),
    "octet outside of ASCII": lambda case: any(TERM_ODD.search(t) for t in texts(case)),
    "term outside of the grammar": outside_grammar,
    "more than 10 MX names": lambda case: any(
        kind == "MX" and len(rows) > 10 for (_, kind), rows in case.dns.sets.items()),
    "fault behind a name": lambda case: any(
        kind in ("A", "AAAA", "PTR") for _, kind in case.dns.faults),
    "mx, ptr, p": lambda case: any(
        re.search(rb" [-+?~]?(mx|ptr)\b", record, re.I) for record in case.records())
    or found(r"%\{[pP]")(case),
    "domain of one label": lambda case: "." not in sender_domain(case).rstrip("."),
    "domain ends in a dot": lambda case: sender_domain(case).endswith("."),
    "HELO ends in a dot": lambda case: case.helo.endswith("."),
    "sender without local part": lambda case: case.sender.startswith("@") or not case.sender,
    "HELO is an address": lambda case: case.helo.startswith("["),
    "client is IPv4, network IPv6": lambda case: (":" not in case.ip or "ffff:" in case.ip) and any(
        re.search(rb"ip6:([^ ]*/0|::ffff:)", record, re.I) for record in case.records()),
    "macro in a record": lambda case: any(b"%" in record for record in case.records()),
    "long record": lambda case: any(len(record) > 450 for record in case.records()),
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


# --- both answers

def same_but_for_case(ours, theirs):
    texts_told = ours.explanation, theirs.explanation
    return None not in texts_told and texts_told[0].lower() == texts_told[1].lower()


def facts_of(case, index, ours, theirs):
    """Names of all facts of CASE and, for DKIM, its signature INDEX."""
    if case.method == "spf":
        told = {"differ in the case of letters"} if same_but_for_case(ours, theirs) else set()
        return case.facts | told | {name for name, holds in SPF.items() if holds(case)}
    return case.facts | {name for name, holds in DKIM.items() if holds(case, index)}
