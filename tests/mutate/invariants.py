"""What must hold of every answer, whatever the message was."""
import re

import results_field
from mutant import named
from mutations import OURS
from results_field import Unreadable

RESULTS_FIELD = b"Authentication-Results"
# RFC 8601 §2.7 and RFC 9989, as far as we write them
REGISTERED = {
    "auth": {"smtp.auth", "smtp.mailfrom"}, "iprev": {"policy.iprev"},
    "spf": {"smtp.mailfrom", "smtp.helo"},
    "dkim": {"header.d", "header.i", "header.s", "header.a", "header.b"},
    "arc": {"smtp.remote-ip", "header.oldest-pass"}, "dmarc": {"header.from", "policy.dmarc"}}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but LF and TAB, which some may hold
EVIDENCE = re.compile(r"\.properties\.|\.record$")
VALUE_MAX = 255


class Broken(Exception):
    """An invariant does not hold."""


def require(holds, what):
    if not holds:
        raise Broken(what)


def inserted(answer, name="Authentication-Results"):
    return [step["value"] for step in answer["plan"]
            if step["action"] == "insert" and step["name"] == name]


def deleted(answer, name):
    return [step["index"] for step in answer["plan"]
            if step["action"] == "delete" and step["name"].lower() == name.lower()]


# --- no control octets

def texts(value, path="$"):
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from texts(inner, f"{path}[{i}]")


def no_controls_in(octets, what):
    """OCTETS are text for a terminal."""
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise Broken(f"{what} is no UTF-8: {error}") from None
    found = CONTROL.search(text)
    require(not found, f"{what} holds {found and found[0]!r} after "
                       f"{found and text[max(0, found.start() - 60):found.start()]!r}")


def no_controls(answer):
    """Nor in the texts of the answer.  What others sent and published stands there as
    evidence, escaped by JSON: it is not what the field tells."""
    for path, text in texts(answer):
        if EVIDENCE.search(path):
            continue
        folded = path.endswith(".value") and path.startswith("$.plan")
        bare = text.replace("\n\t", " ") if folded else text
        require(not CONTROL.search(bare) and "\n" not in bare and "\t" not in bare,
                f"control octets in {path}: {text!r}")


def reply(answer):
    found = answer["verdict"]["reply"]
    if found:
        require(found["text"].isascii() and found["text"].isprintable(), "reply is not printable")
        require(found["code"] // 100 == int(found["enhanced"][0]), "codes of the reply disagree")
    refused = answer["verdict"]["action"] in ("reject", "tempfail")
    require(refused == (found is not None), "an action without its reply")
    require(not refused or not answer["plan"], "a refused message is edited")


# --- our own field tells the results

def is_writable(text):
    return 0 < len(text.encode()) <= VALUE_MAX and not CONTROL.search(text) and \
        "�" not in text and "\n" not in text and "\t" not in text


def same_result(told, result):
    """TOLD in the field is RESULT of the answer, but for what no field may hold."""
    require((told["method"], told["result"]) == (result["method"], result["result"]),
            f"the field says {told}, the answer {result}")
    reason = result["reason"]
    require(told["reason"] == reason or (reason and not is_writable(reason)),
            f"the field gives reason {told['reason']!r}, the answer {reason!r}")
    wanted = {name: value for name, value in result["properties"].items()
              if name in REGISTERED[result["method"]] and is_writable(value)}
    require(told["properties"] == wanted, f"the field says {told['properties']}, meant {wanted}")


def field_tells_results(answer):
    for value in inserted(answer):
        try:
            name, told = results_field.read(value)
        except Unreadable as error:
            raise Broken(f"our field cannot be read: {error}: {value!r}") from None
        require(name == answer["authserv_id"], f"our field is of {name!r}")
        require(len(told) == len(answer["results"]), f"our field tells {len(told)} results")
        for each, result in zip(told, answer["results"]):
            same_result(each, result)
    require(len(inserted(answer)) <= 1, "two fields of ours")


# --- no field of ours that somebody else wrote

def no_forgery_survives(answer, mutant):
    if answer["origin"] in ("trusted", "own") or answer["verdict"]["reply"]:
        return  # handed back, or nobody will see the message
    values = named(mutant.fields, RESULTS_FIELD)
    gone = deleted(answer, "Authentication-Results")
    require(gone == sorted(set(gone), reverse=True), f"deletions out of order: {gone}")
    require(not gone or gone[0] <= len(values), f"deletes field {gone[:1]} of {len(values)}")
    for i, value in enumerate(values, 1):
        ours = value in mutant.forged or results_field.authserv_id(unfolded(value)) == OURS
        require(not ours or i in gone, f"a forged field stays: {value!r}")


def unfolded(value):
    return value.decode("latin-1").replace("\r\n", "\n")


# --- DMARC

def below(name, domain):
    return name == domain or name.endswith("." + domain)


def aligned(identifier, dmarc):
    organization = dmarc["organizational_domain"] or dmarc["from_domain"]
    return identifier == dmarc["from_domain"] or (
        below(identifier, organization) and below(dmarc["from_domain"], organization))


def identifiers(answer):
    """The domains that passed, by method."""
    for result in answer["results"]:
        properties = result["properties"]
        if result["result"] == "pass" and result["method"] == "dkim":
            yield "dkim", properties.get("header.d", "").lower()
        if result["result"] == "pass" and result["method"] == "spf":
            name = properties.get("smtp.mailfrom") or properties.get("smtp.helo", "")
            yield "spf", name.rpartition("@")[2].lower()


def domain_is_written(domain, value):
    """Whether the From body VALUE names DOMAIN, comments and blanks aside."""
    bare = re.sub(rb"[ \t\r\n]", b"", value)
    previous = None
    while previous != bare:
        previous, bare = bare, re.sub(rb"\((?:\\.|[^()\\])*\)", b"", bare)
    text = bare.decode("utf-8", "replace").lower()
    return domain in text or not text.isascii() or "xn--" in domain


def dmarc_pass_is_earned(answer, mutant):
    found = [r for r in answer["results"] if r["method"] == "dmarc"]
    dmarc = answer["dmarc"]
    require(len(found) == (dmarc is not None), "DMARC is told twice, or not at all")
    if dmarc is None or dmarc["result"] != "pass":
        require(not found or found[0]["result"] == dmarc["result"], "DMARC is told in two ways")
        return
    authors = named(mutant.fields, b"From")
    require(len(authors) == 1, f"dmarc=pass with {len(authors)} From fields")
    require(domain_is_written(dmarc["from_domain"], authors[0]),
            f"dmarc=pass for {dmarc['from_domain']}, From: {authors[0]!r}")
    passing = set(identifiers(answer))
    claimed = {(method, name.lower()) for method, name in dmarc["aligned"].items() if name}
    require(claimed, "dmarc=pass without an aligned identifier")
    require(claimed <= passing, f"dmarc=pass by {claimed - passing}, of {passing}")
    require(all(aligned(name, dmarc) for _, name in claimed), f"{claimed} do not align")


def softened_only_for_a_reason(answer):
    """A DMARC failure under a policy is never accepted without telling why."""
    dmarc, verdict = answer["dmarc"], answer["verdict"]
    if dmarc and dmarc["result"] == "fail" and dmarc["policy"] in ("reject", "quarantine"):
        require(verdict["action"] != "accept" or verdict["override"],
                f"accepted a failure under p={dmarc['policy']}")


def check(answer, mutant):
    """Raises Broken at the first invariant that ANSWER breaks."""
    no_controls(answer)
    reply(answer)
    field_tells_results(answer)
    no_forgery_survives(answer, mutant)
    dmarc_pass_is_earned(answer, mutant)
    softened_only_for_a_reason(answer)
